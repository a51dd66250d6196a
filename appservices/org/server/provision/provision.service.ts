import { makeErrors, platformErrors, type Locale } from '@qiao/platform';
import { sql } from 'kysely';
import type { Static } from 'typebox';
import {
  orgErrorTable,
  type DriftPage,
  type Language,
  type Provisioning,
  type ProvisionProblemPage,
  type ResolveProblem,
} from '../../contract/index.ts';
import { actorNames } from '../actors.ts';
import { createChanges } from '../changes.service.ts';
import { isPersonLocalpart } from '../imports/localpart.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { provisionProgress } from './progress.ts';
import { RECONCILE_JOB, type Provisioner } from './provisioner.ts';

const errors = makeErrors('org', orgErrorTable);

/** What the console's provisioning page can ask and do. */
export function createProvisionService(org: OrgContext, provisioner: Provisioner) {
  const db = org.db as unknown as OrgDb;
  const changes = createChanges(org);
  const text = (locale: Locale, area: string, key: string, params: Record<string, unknown>): string => {
    const path = `org:provision.${area}.${key}`;
    return org.texts.has(locale, path)
      ? org.texts.t(locale, path, params)
      : org.texts.t(locale, 'org:provision.problem.failed', { detail: key });
  };

  return {
    async get(): Promise<Provisioning> {
      const progress = await provisionProgress(db, {
        texts: org.texts,
        serverName: org.homeserver.serverName,
        companyName: org.site.settings.company_name,
      });
      return {
        pending: { ...progress.pending },
        done: { ...progress.done },
        waiting: progress.waiting,
        running: provisioner.state.running,
        enabled: progress.enabled,
        homeserver_ok: provisioner.state.homeserverOk,
        problems: progress.problems,
        last_reconciled_at: progress.lastReconciledAt,
        language: progress.language,
      };
    },

    async setEnabled(actor: string, enabled: boolean): Promise<void> {
      await org.acts.record(db as never, {
        actor,
        action: enabled ? 'org.provisioning.resume' : 'org.provisioning.stop',
        subject: 'provisioning:all',
      });
      await provisioner.setEnabled(enabled);
    },

    /** Which language rooms' topics have; they are changed by the next run. */
    async setLanguage(actor: string, language: Language | null): Promise<void> {
      await db.transaction().execute(async (trx) => {
        await sql`update org.workspace set settings =
          ${language === null ? sql`settings - 'locale'` : sql`settings || ${JSON.stringify({ locale: language })}::jsonb`}`.execute(
          trx,
        );
        await org.acts.record(trx as never, {
          actor,
          action: 'org.provisioning.language',
          subject: 'provisioning:all',
          details: { language },
        });
        await provisioner.ask(trx);
      });
    },

    async reconcile(actor: string): Promise<void> {
      await db.transaction().execute(async (trx) => {
        await org.acts.record(trx as never, {
          actor,
          action: 'org.provisioning.reconcile',
          subject: 'provisioning:all',
        });
        await org.queue.enqueue(trx as never, RECONCILE_JOB, {}, { key: `${RECONCILE_JOB}:all` });
      });
    },

    async problems(
      locale: Locale,
      page: { after?: string | undefined; limit?: number | undefined },
    ): Promise<Static<typeof ProvisionProblemPage>> {
      const limit = page.limit ?? 50;
      const { rows } = await sql<{
        subject: string;
        kind: string;
        code: string;
        detail: string | null;
        attempts: number;
        last_at: Date;
        label: string | null;
      }>`select b.subject, b.kind, b.code, b.detail, b.attempts, b.last_at
        from org.provision_problem b where b.subject > ${page.after ?? ''} order by b.subject limit ${limit + 1}`.execute(
        db,
      );
      const items = rows.slice(0, limit).map((row) => ({
        subject: row.subject,
        kind: row.kind,
        code: row.code,
        message: text(locale, 'problem', row.code, { detail: row.detail ?? '' }),
        attempts: row.attempts,
        last_at: row.last_at.toISOString(),
      }));
      return { items, next: rows.length > limit ? (items.at(-1)?.subject ?? null) : null };
    },

    /**
     * Carries out what a person decided about an item that failed.
     * @throws DomainError `platform.not_found`, `org.localpart_not_valid`, `org.localpart_taken`, `platform.conflict`
     */
    async resolve(actor: string, decision: Static<typeof ResolveProblem>): Promise<void> {
      await db.transaction().execute(async (trx) => {
        const problem = await trx
          .selectFrom('org.provision_problem')
          .selectAll()
          .where('subject', '=', decision.subject)
          .forUpdate()
          .executeTakeFirst();
        if (!problem) throw platformErrors.not_found();
        const personId = /^person:([0-9a-f-]{36})$/.exec(problem.subject)?.[1];
        if (decision.action !== 'retry') {
          // Only somebody else's account calls for a decision, and a bot's can never be taken.
          const allowed =
            personId !== undefined &&
            (problem.code === 'account_exists' ||
              (decision.action === 'rename' &&
                ['account_is_bot', 'localpart_not_valid'].includes(problem.code)));
          if (!allowed) throw platformErrors.conflict();
          if (decision.action === 'adopt') {
            await trx
              .updateTable('org.person')
              .set({ account: 'created', applied_name: null })
              .where('id', '=', personId)
              .where('account', '=', 'none')
              .execute();
          } else {
            const { localpart } = decision;
            if (localpart === undefined || !isPersonLocalpart(localpart)) throw errors.localpart_not_valid();
            await changes.applyChanges(trx, [{ kind: 'person_change', id: personId, set: { localpart } }], {
              actor,
              on: org.clock.now().toISOString().slice(0, 10),
            });
          }
        }
        await trx.deleteFrom('org.provision_problem').where('subject', '=', problem.subject).execute();
        await org.acts.record(trx as never, {
          actor,
          action: `org.provisioning.${decision.action}`,
          subject: problem.subject,
          details: { code: problem.code },
        });
        await provisioner.ask(trx);
      });
      // The account may have keys.
      if (decision.action === 'adopt') provisioner.keys.again();
    },

    async drift(
      locale: Locale,
      page: { after?: string | undefined; limit?: number | undefined },
    ): Promise<Static<typeof DriftPage>> {
      const limit = page.limit ?? 50;
      const before =
        page.after !== undefined && /^\d{1,15}$/.test(page.after) ? Number(page.after) : undefined;
      let query = db
        .selectFrom('org.drift')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (before !== undefined) query = query.where('id', '<', before);
      const rows = await query.execute();
      const ids = rows.flatMap(({ detail: { user_id: id } }) => (typeof id === 'string' ? [id] : []));
      const names = await actorNames(
        { db, serverName: org.homeserver.serverName, texts: org.texts },
        ids,
        locale,
      );
      const items = rows.slice(0, limit).map((row) => {
        const state = (value: unknown): string =>
          typeof value === 'string' ? org.texts.t(locale, `org:provision.drift_state.${value}`) : '';
        const { actual, expected, user_id: id, ...detail } = row.detail;
        return {
          id: row.id,
          kind: row.kind,
          subject: row.subject,
          message: text(locale, 'drift', row.kind, {
            ...detail,
            // Whoever is not of the directory has no other name than the id.
            user_id: typeof id === 'string' ? names(id).name : '',
            actual: state(actual),
            expected: state(expected),
          }),
          found_at: row.found_at.toISOString(),
          repaired_at: row.repaired_at === null ? null : row.repaired_at.toISOString(),
        };
      });
      return { items, next: rows.length > limit ? String(items.at(-1)?.id ?? '') : null };
    },
  };
}

export type ProvisionService = ReturnType<typeof createProvisionService>;
