import { parseArgs } from 'node:util';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { DomainError, type Command, type Locale } from '@qiao/platform';
import type { OrgContext } from '../context.ts';
import { changeTotal, errorText, problemText } from './imports.present.ts';
import { storedError, type Imports } from './imports.service.ts';
import { unusedColumns } from './preview.ts';

/** Lines shown of differences and problems each. */
const SHOWN = 40;
export const COMMAND_ACTOR = 'system:command';

/** The language of the terminal (POSIX: LC_ALL, LC_MESSAGES, LANG). */
export const terminalLocale = (env: NodeJS.ProcessEnv = process.env): Locale =>
  /^zh/i.test(env['LC_ALL'] ?? env['LC_MESSAGES'] ?? env['LANG'] ?? '') ? 'zh-Hans' : 'en';

/** `org import <file>`: shows what would change; `--apply` applies it. */
export function importCommand(context: OrgContext, imports: Imports): Command {
  const { texts } = context;
  return {
    help: '<file> [--apply] [--skip-bad-rows] [--confirm-leavers] [--keep-missing] [--encoding E]   import a CSV or JSON file',
    async run(args, print) {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          apply: { type: 'boolean', default: false },
          'skip-bad-rows': { type: 'boolean', default: false },
          'confirm-leavers': { type: 'boolean', default: false },
          'keep-missing': { type: 'boolean', default: false },
          encoding: { type: 'string' },
        },
      });
      const [path] = positionals;
      if (path === undefined) {
        print('org import <file> [--apply]');
        return 2;
      }
      const locale = terminalLocale();
      const t = (key: string, params: Record<string, unknown> = {}): string =>
        texts.t(locale, `org:imports.command.${key}`, params);
      let open: string | undefined;
      try {
        let run = await imports.upload({ userId: COMMAND_ACTOR, local: true }, locale, {
          name: basename(path),
          content: createReadStream(path),
          encoding: values.encoding,
        });
        open = run.id;
        if (values['keep-missing'] && run.mapping) {
          run = await imports.putMapping(
            run.id,
            { mapping: run.mapping, options: { missing_leave: false } },
            locale,
          );
        }
        run = await imports.checkNow(run.id, locale);
        if (run.state === 'failed' && run.error) {
          print(errorText(run.error, texts, locale));
          return 1;
        }
        const shown = await imports.changes(run.id, { kind: undefined, after: 0, limit: SHOWN });
        const total = changeTotal(run.counts);
        print(t('checked', { ...run.counts, changes: total }));
        const unused = unusedColumns(run.file, run.mapping);
        if (unused.length > 0) {
          const names = new Intl.ListFormat(locale).format(unused.slice(0, SHOWN));
          print(`  ${t('unused', { names })}`);
          if (unused.length > SHOWN) print(`  ${t('more', { count: unused.length - SHOWN })}`);
        }
        for (const problem of await imports.problems(run.id, {
          severity: undefined,
          after: 0,
          limit: SHOWN,
        })) {
          const where = [problem.line === null ? '' : t('line', { line: problem.line }), problem.column ?? '']
            .filter(Boolean)
            .join(', ');
          print(
            `  ${t(problem.severity)}${where === '' ? '' : ` (${where})`}: ${problemText(problem, texts, locale)}`,
          );
        }
        const problems = (run.counts['errors'] ?? 0) + (run.counts['warnings'] ?? 0);
        if (problems > SHOWN) print(`  ${t('more', { count: problems - SHOWN })}`);
        for (const change of shown) {
          const kind = texts.t(locale, `org:imports.kinds.${change.kind}`);
          print(`  ${kind}: ${change.label}${describe(change.before, change.after)}`);
        }
        if (total > SHOWN) print(`  ${t('more', { count: total - SHOWN })}`);
        if (total === 0) {
          print(t('nothing'));
          return 0;
        }
        if (!values.apply) {
          print(t('how_to_apply'));
          return 0;
        }
        run = await imports.applyNow(run.id, {
          skip_bad_rows: values['skip-bad-rows'],
          confirm_leavers: values['confirm-leavers'],
        });
        if (run.error) {
          print(errorText(run.error, texts, locale));
          return 1;
        }
        print(t('applied'));
        return 0;
      } catch (error) {
        const stored = storedError(error);
        if (stored) print(errorText(stored, texts, locale));
        else if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          print(texts.t(locale, 'org:imports.reasons.gone'));
        else if (error instanceof DomainError)
          print(texts.t(locale, error.code.replace('.', ':errors.'), error.params));
        else throw error;
        return 1;
      } finally {
        // What was not applied is of no more use; a run that is done cannot be discarded.
        if (open !== undefined) await imports.discard(open).catch(() => undefined);
      }
    },
  };
}

const word = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
function describe(before: Record<string, unknown> | null, after: Record<string, unknown> | null): string {
  const record = after ?? before ?? {};
  const parts = Object.entries(record).map(([key, value]) =>
    before && after && key in before
      ? `${key} ${word(before[key])} → ${word(value)}`
      : `${key} ${word(value)}`,
  );
  return parts.length === 0 ? '' : `   ${parts.join(', ')}`;
}
