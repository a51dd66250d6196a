import { DomainError } from '@qiao/platform';
import type { DirectoryChange } from '../changes.ts';
import { changesRepository } from '../changes.repository.ts';
import type { Changes } from '../changes.service.ts';
import { sourceActors } from '../leaver-guard.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { ScimError } from './errors.ts';
import type { ScimClient } from './scim.repository.ts';

/** How SCIM writes: one at a time, in the name of the source, its refusals in the words of SCIM. */
export interface Writing {
  /** One writer at a time, from the check of the version to the commit. */
  readonly writing: <T>(work: (trx: OrgTrx) => Promise<T>) => Promise<T>;
  readonly apply: (trx: OrgTrx, client: ScimClient, set: readonly DirectoryChange[]) => Promise<void>;
  /** A refusal of the directory, in English. */
  readonly said: (error: DomainError) => string;
}

export function createWriting(
  context: Pick<OrgContext, 'db' | 'texts' | 'clock'>,
  changes: Changes,
): Writing {
  const db = context.db as OrgDb;
  const said = (error: DomainError): string =>
    context.texts.t('en', error.code.replace('.', ':errors.'), error.params);
  return {
    said,
    async apply(trx, client, set) {
      const on = context.clock.now().toISOString().slice(0, 10);
      await changes.applyChanges(trx, set, { actor: sourceActors.scim(client.source_id), on });
    },
    async writing(work) {
      try {
        return await db.transaction().execute(async (trx) => {
          await changesRepository.lock(trx);
          return work(trx);
        });
      } catch (error) {
        throw error instanceof DomainError ? refusal(error, said(error)) : error;
      }
    },
  };
}

function refusal(error: DomainError, said: string): ScimError {
  switch (error.code) {
    case 'org.email_taken':
    case 'org.localpart_taken':
    case 'org.name_taken':
    case 'platform.conflict':
      return new ScimError(409, said, 'uniqueness');
    case 'org.would_make_cycle':
    case 'platform.bad_request':
    case 'platform.not_found':
    case 'org.localpart_not_valid':
      return new ScimError(400, said, 'invalidValue');
    case 'org.person_ended':
    case 'org.department_ended':
    case 'org.department_not_empty':
    case 'org.last_main_admin':
      return new ScimError(409, said);
    default:
      return new ScimError(error.status, said);
  }
}
