import { describe, expect, it } from 'vitest';
import { createAccess, type Actor } from './access.ts';

const lead: Actor = { userId: '@lead:example.org', local: true };
const partner: Actor = { userId: '@lead:partner.example', local: false };

function accessOf(grants: { company: boolean; departments: string[] }) {
  const access = createAccess(new Set(['org.person.read']));
  access.setSource({
    grants: () => Promise.resolve(grants),
    within: (id, roots) => Promise.resolve(roots.some((root) => id.startsWith(root))),
  });
  return access;
}

describe('access', () => {
  it('lets a company-wide role in everywhere', async () => {
    const access = accessOf({ company: true, departments: [] });
    expect(await access.can(lead, 'org.person.read', { kind: 'company' })).toBe(true);
    expect(await access.can(lead, 'org.person.read', { kind: 'department', id: 'x' })).toBe(true);
  });

  it('keeps a subtree role in its subtree, and out of the company', async () => {
    const access = accessOf({ company: false, departments: ['sales'] });
    expect(await access.can(lead, 'org.person.read', { kind: 'department', id: 'sales/north' })).toBe(true);
    expect(await access.can(lead, 'org.person.read', { kind: 'department', id: 'legal' })).toBe(false);
    expect(await access.can(lead, 'org.person.read', { kind: 'company' })).toBe(false);
  });

  it('hides what may not be seen as if it were not there', async () => {
    const access = accessOf({ company: false, departments: [] });
    await expect(access.require(lead, 'org.person.read', { kind: 'company' })).rejects.toMatchObject({
      code: 'platform.not_found',
    });
    await expect(access.requireSomewhere(lead, 'org.person.read')).rejects.toMatchObject({
      code: 'platform.not_allowed',
    });
  });

  it('gives users of other homeservers no role of ours, whatever the source says', async () => {
    const access = accessOf({ company: true, departments: [] });
    expect(await access.can(partner, 'org.person.read', { kind: 'company' })).toBe(false);
  });

  it('gives nobody anything before roles are known, and refuses unknown permissions', async () => {
    const access = createAccess(new Set(['org.person.read']));
    expect(await access.can(lead, 'org.person.read', { kind: 'company' })).toBe(false);
    await expect(access.can(lead, 'org.person.raed', { kind: 'company' })).rejects.toThrow(
      'Unknown permission',
    );
  });
});
