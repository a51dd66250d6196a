/** Permissions of notices; over a department they hold for it and everything below. */
export const noticesPermissions = [
  { name: 'notices.notice.send', scopes: ['company', 'department'], roles: ['department_admin'] },
] as const;
export const SEND_NOTICE = 'notices.notice.send';
