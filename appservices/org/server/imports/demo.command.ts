import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Command, Locale } from '@qiao/platform';
import { DEMO_MAPPING, readAdventureWorks, type DemoState } from '../../demo/adventure-works.ts';
import { createActivation } from '../lifecycle/activation.service.ts';
import { createLinks } from '../lifecycle/links.ts';
import { openAccounts } from '../lifecycle/homeserver.ts';
import { createLifecyclePolicy } from '../lifecycle/policy.ts';
import { provisionProgress } from '../provision/progress.ts';
import { createRoles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { terminalLocale } from './command.ts';
import { errorText } from './imports.present.ts';
import { importsRepository } from './imports.repository.ts';
import type { Imports } from './imports.service.ts';

const ACTOR = 'system:org.demo';
const SOURCE_NAME = 'Adventure Works';
const POLL_MS = 1000;
/** Nothing more comes: the server does not run, or its homeserver does not. */
const PATIENCE_MS = 30_000;

/** `org demo`: the example company, through the same imports as any other; a second time it changes nothing. */
export function demoCommand(context: OrgContext, imports: Imports): Command {
  const db = context.db as unknown as OrgDb;
  return {
    help: '[--no-wait]   load the example company Adventure Works',
    async run(args, print) {
      const locale = terminalLocale();
      const t = (key: string, params: Record<string, unknown> = {}): string =>
        context.texts.t(locale, `org:imports.demo.${key}`, params);
      print(t('reading'));
      const states = readAdventureWorks();
      const last = states.at(-1);
      if (!last) return 1;
      const sourceId = await importsRepository.namedSource(db, context.random.uuid(), SOURCE_NAME, 'json');
      const known = await countKnown(last);
      // Who has been moved already is not moved back to where the history began.
      const todo = known === last.people.length ? [last] : states;
      let changed = 0;
      for (const [n, state] of todo.entries()) {
        const result = await importState(state, sourceId);
        if ('error' in result) {
          print(result.error);
          return 1;
        }
        changed += result.changes;
        print(t('step', { step: n + 1, total: todo.length, changes: result.changes }));
      }
      if (changed === 0) print(t('there'));
      const { rows } = await sql<{ people: number; departments: number }>`select
          (select count(*) from org.person where source_id = ${sourceId}) as people,
          (select count(*) from org.department where state = 'active') as departments`.execute(db);
      print(t('directory', { ...rows[0] }));
      if (!args.includes('--no-wait')) await waitForHomeserver(print, t);
      await printLinks(last, print, t);
      return 0;

      async function importState(
        state: DemoState,
        source_id: string,
      ): Promise<{ changes: number } | { error: string }> {
        await mkdir(imports.folder, { recursive: true, mode: 0o700 });
        const id = context.random.uuid();
        const path = join(imports.folder, `${id}.json`);
        await writeFile(path, JSON.stringify(state), { mode: 0o600 });
        await imports.addFile(
          id,
          {
            kind: 'demo',
            actor: ACTOR,
            source_id,
            file_name: SOURCE_NAME,
            // What people change in the example company stays theirs.
            options: { missing_leave: false },
          },
          path,
          undefined,
          { columns: { ...DEMO_MAPPING.columns } },
        );
        const checked = await imports.checkNow(id, locale);
        if (checked.state !== 'checked') return { error: failure(checked.error, locale) };
        const done = await imports.applyNow(id, { skip_bad_rows: true, confirm_leavers: true });
        if (done.state !== 'done') return { error: failure(done.error, locale) };
        return { changes: done.progress['total'] ?? 0 };
      }
    },
  };

  function failure(error: Parameters<typeof errorText>[0] | null, locale: Locale): string {
    return errorText(
      error ?? { code: 'platform.internal', params: { request_id: '-' } },
      context.texts,
      locale,
    );
  }

  async function countKnown(state: DemoState): Promise<number> {
    const ids = state.people.map((person) => person.id);
    const { rows } = await sql<{ n: number }>`select count(*) as n from org.person
      where external_id = any(${ids})`.execute(db);
    return rows[0]?.n ?? 0;
  }

  async function waitForHomeserver(
    print: (line: string) => void,
    t: (key: string, params?: Record<string, unknown>) => string,
  ): Promise<void> {
    let shown = '';
    let since = Date.now();
    for (;;) {
      const { pending, done, enabled } = await provisionProgress(db);
      const sum = (counts: Readonly<Record<string, number>>): number =>
        Object.values(counts).reduce((total, count) => total + count, 0);
      const left = sum(pending);
      const line = t('provisioning', { done: sum(done), total: sum(done) + left });
      if (line !== shown) {
        print(line);
        shown = line;
        since = Date.now();
      }
      if (left === 0) return;
      if (!enabled || Date.now() - since > PATIENCE_MS) {
        print(t('provisioning_waits'));
        return;
      }
      await delay(POLL_MS);
    }
  }

  async function printLinks(
    state: DemoState,
    print: (line: string) => void,
    t: (key: string, params?: Record<string, unknown>) => string,
  ): Promise<void> {
    const accounts = openAccounts(context, true);
    try {
      const activation = createActivation(
        context,
        createLinks(context),
        accounts,
        createLifecyclePolicy(context, createRoles(context)),
      );
      const heads = state.departments.flatMap(({ id, heads: ids = [] }) => ids.map((head) => ({ id, head })));
      const lines: { text: string; until: Date }[] = [];
      for (const { id, head } of heads) {
        const { rows } = await sql<{ id: string; name: string; department: string }>`select p.id,
            p.display_name as name, d.name as department from org.person p, org.department d
          where p.external_id = ${head} and d.external_id = ${id} and p.activated_at is null
            and p.status in ('joining', 'active')`.execute(db);
        const person = rows[0];
        if (!person) continue;
        const made = await db
          .transaction()
          .execute((trx) => activation.createLink(trx, person.id, { way: 'list', by: ACTOR }));
        lines.push({ text: `${person.name} (${person.department}): ${made.link}`, until: made.expires_at });
      }
      const [first] = lines;
      if (!first) return;
      print(t('ready', { until: first.until.toISOString().slice(0, 10) }));
      for (const line of lines) print(`  ${line.text}`);
    } finally {
      await accounts.close();
    }
  }
}
