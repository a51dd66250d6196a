import type { Static } from 'typebox';
import type { Certificate } from '../../contract/index.ts';
import type { Residue } from './homeserver.ts';

export type Measured = Static<typeof Certificate>;

/** What our own tables say about a leaver at the time of measuring. */
export interface OwnResidue {
  /** Current placements in departments. */
  placements: number;
  /** Sessions of our HTTP interfaces. */
  sessions: number;
  grants: number;
  reports: number;
  /** Rooms in which the leaver was the only administrator, and nobody was made one nor decided against. */
  rooms_without_admin: number;
}

/**
 * The certificate of a leaver: every check is a count of what is left, so nothing left is what makes it complete.
 * `residue` is the homeserver's actual state now; undefined where the person never had an account.
 *
 * Keys: a member who leaves makes every client begin a new Megolm session before it sends again (Matrix
 * specification, "Sharing keys between devices"), and our bots do so by the membership. So the evidence for
 * `keys_rotated` is that the person is joined to and invited into no room, encrypted or not.
 */
export function measure(at: Date, residue: Residue | undefined, own: OwnResidue): Measured {
  const none: Residue = {
    deactivated: true,
    locked: true,
    has_password: false,
    devices: 0,
    access_tokens: 0,
    refresh_tokens: 0,
    login_tokens: 0,
    openid_tokens: 0,
    pushers: 0,
    parting: false,
    joined: [],
    invited: [],
    knocked: [],
    alone: [],
    sole_admin: [],
  };
  const left = residue ?? none;
  const rooms = left.joined.length + left.invited.length + left.knocked.length;
  const count = (id: Measured['checks'][number]['id'], found: number): Measured['checks'][number] => ({
    id,
    ok: found === 0,
    count: found,
  });
  const checks = [
    count('no_membership', rooms + own.placements),
    count('no_device', left.devices),
    count(
      'no_token',
      left.access_tokens + left.refresh_tokens + left.login_tokens + left.openid_tokens + left.pushers,
    ),
    count('no_session', own.sessions),
    count('no_sole_admin_room', Math.max(left.sole_admin.length, own.rooms_without_admin)),
    count('no_grant', own.grants),
    count('no_report', own.reports),
    count('keys_rotated', left.joined.length + left.invited.length + (left.parting ? 1 : 0)),
    count('account_closed', Number(!left.deactivated) + Number(left.has_password)),
  ];
  return { checked_at: at.toISOString(), complete: checks.every((check) => check.ok), checks };
}
