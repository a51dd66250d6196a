import { parseArgs } from 'node:util';
import { DomainError, type Command } from '@qiao/platform';
import type { Changes } from '../changes.service.ts';
import { isPersonLocalpart } from '../imports/localpart.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import type { Activation } from './activation.service.ts';
import type { Link } from './links.ts';
import { peopleRepository } from './people.repository.ts';

const ACTOR = 'system:first-admin';

/** The answer of `org first-admin --json`, one line. */
export interface FirstAdmin {
  /** Null where the account is activated already and no `--renew` was given. */
  link: string | null;
  user_id: string;
  activated: boolean;
}

/**
 * Makes the installation's first main administrator: a person in no department, with an account and an activation
 * link. Repeating it changes nothing but the link, which is new each time until it was used.
 */
export function firstAdminCommand(
  context: OrgContext,
  parts: { changes: Changes; roles: Roles; activation: Activation },
): Command {
  const db = context.db as OrgDb;
  const { changes, roles, activation } = parts;
  const { clock, random, homeserver, texts, log } = context;
  return {
    help: '[--json] [--localpart admin] [--email A] [--name N] [--renew]   first main administrator, with an activation link',
    async run(args, print) {
      const { values } = parseArgs({
        args: [...args],
        options: {
          json: { type: 'boolean', default: false },
          renew: { type: 'boolean', default: false },
          localpart: { type: 'string', default: 'admin' },
          email: { type: 'string' },
          name: { type: 'string' },
        },
      });
      const { localpart, email } = values;
      if (
        !isPersonLocalpart(localpart) ||
        (email !== undefined && !/^[^\s@]{1,64}@[^\s@]{1,255}$/.test(email))
      ) {
        print(texts.t('en', 'org:lifecycle.first_admin.not_valid'));
        return 2;
      }
      const userId = `@${localpart}:${homeserver.serverName}`;
      const made = await db.transaction().execute(async (trx) => {
        const known = await trx
          .selectFrom('org.person')
          .select(['id', 'status', 'activated_at'])
          .where('localpart', '=', localpart)
          .executeTakeFirst();
        if (known && (known.status === 'suspended' || known.status === 'left')) return undefined;
        const id = known?.id ?? random.uuid();
        if (!known) {
          const person = {
            id,
            localpart,
            display_name: values.name ?? 'Administrator',
            external_id: null,
            given_name: null,
            family_name: null,
            email: email ?? null,
            phone: null,
            title: null,
            locale: null,
            manager_id: null,
            starts_on: null,
            ends_on: null,
            source_id: null,
          };
          const on = clock.now().toISOString().slice(0, 10);
          await changes.applyChanges(trx, [{ kind: 'person_add', person, placements: [] }], {
            actor: ACTOR,
            on,
          });
        }
        await roles.grantMainAdmin(trx, id, ACTOR);
        const activated = known?.activated_at !== null && known?.activated_at !== undefined;
        let link: Link | undefined;
        if (!activated || values.renew)
          link = await activation.createLink(trx, id, { way: 'dialog', by: ACTOR });
        return { id, activated, link };
      });
      if (!made) {
        print(texts.t('en', 'org:lifecycle.first_admin.suspended', { user_id: userId }));
        return 1;
      }
      // With the homeserver down the link works all the same: activation makes the account.
      await db
        .transaction()
        .execute(async (trx) => {
          const person = await peopleRepository.lock(trx, made.id);
          if (person) await activation.ensureAccount(trx, person);
        })
        .catch((error: unknown) => {
          if (!(error instanceof DomainError)) throw error;
          log.warn({ code: error.code }, 'first administrator has no account yet');
        });
      const answer: FirstAdmin = {
        link: made.link?.link ?? null,
        user_id: userId,
        activated: made.activated,
      };
      if (values.json) print(JSON.stringify(answer));
      else if (answer.link !== null) {
        print(texts.t('en', 'org:lifecycle.first_admin.link', { link: answer.link }));
      } else print(texts.t('en', 'org:lifecycle.first_admin.activated', { user_id: userId }));
      return 0;
    },
  };
}
