/** Permissions of the organisation; a role is a set of them, granted over the company or a department's subtree. */
export const orgPermissions = [
  { name: 'org.directory.read', scopes: ['company', 'department'] },
  { name: 'org.department.read', scopes: ['company', 'department'] },
  { name: 'org.department.edit', scopes: ['company', 'department'] },
  { name: 'org.person.read', scopes: ['company', 'department'] },
  { name: 'org.person.edit', scopes: ['company', 'department'] },
  { name: 'org.person.offboard', scopes: ['company', 'department'] },
  { name: 'org.role.read', scopes: ['company', 'department'] },
  { name: 'org.role.grant', scopes: ['company', 'department'] },
  { name: 'org.role.edit', scopes: ['company'] },
  { name: 'org.visibility.edit', scopes: ['company'] },
  { name: 'org.import.run', scopes: ['company'] },
  { name: 'org.source.edit', scopes: ['company'] },
  { name: 'org.installation.read', scopes: ['company'] },
  { name: 'org.installation.edit', scopes: ['company'] },
] as const;
export type OrgPermission = (typeof orgPermissions)[number]['name'];

/** What the built-in roles hold. A department admin's are granted over a subtree; a member's are the company's. */
export const builtinRoles: Readonly<
  Record<'main_admin' | 'department_admin' | 'member', readonly OrgPermission[]>
> = {
  main_admin: orgPermissions.map((permission) => permission.name),
  department_admin: [
    'org.department.read',
    'org.department.edit',
    'org.person.read',
    'org.person.edit',
    'org.person.offboard',
    'org.role.read',
    'org.role.grant',
  ],
  member: ['org.directory.read'],
};
