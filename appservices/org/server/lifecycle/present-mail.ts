import type { MailEntry, PersonRef } from '../../contract/index.ts';
import { mailErrorCodes } from '../../contract/index.ts';
import type { SeenMail } from './mails.service.ts';

const KINDS = ['activation', 'password', 'test'] as const;

/** A mail as the interface tells of it. */
export function presentMail({ row, readable }: SeenMail, persons: ReadonlyMap<string, PersonRef>): MailEntry {
  return {
    id: row.id,
    kind: KINDS.find((kind) => kind === row.kind) ?? 'test',
    to: row.to_address,
    person: persons.get(row.person) ?? null,
    state: row.state,
    created_at: row.created_at.toISOString(),
    sent_at: row.sent_at?.toISOString() ?? null,
    attempts: row.attempts,
    next_at: row.next_at?.toISOString() ?? null,
    error:
      row.error_code === null
        ? null
        : {
            code: mailErrorCodes.find((code) => code === row.error_code) ?? 'internal',
            text: row.error_text ?? '',
          },
    readable,
  };
}
