import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  SiteSettings,
  orderModules,
  platformErrorTable,
  platformTexts,
  type Catalogue,
} from '@qiao/platform';
import { stringify } from 'yaml';
import { format, resolveConfig } from 'prettier';
import { domains } from './domains.ts';

/*
 * Writes the references under docs/reference from the manifests, and the index of docs/adr: they cannot lie. `--check` writes nothing and
 * ends with 1 where a file is stale.
 */

const root = resolve(import.meta.dirname, '../..');

interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  enum?: readonly unknown[];
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: readonly string[];
}

const NOTE = '<!-- Made by `npm run generate` from the manifests; do not edit. -->';
const cell = (value: string): string => value.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

function settingRows(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]) => {
    const key = prefix ? `${prefix}.${name}` : name;
    if (one.properties) return settingRows(one, key);
    const limits = [
      one.enum ? one.enum.map(String).join(', ') : one.type,
      one.minimum === undefined ? undefined : `from ${one.minimum}`,
      one.maximum === undefined ? undefined : `to ${one.maximum}`,
    ].filter((part) => part !== undefined);
    const preset = one.default === undefined ? '' : `\`${JSON.stringify(one.default)}\``;
    return [`| \`${key}\` | ${cell(limits.join(' '))} | ${preset} | ${cell(one.description ?? '')} |`];
  });
}

function textAt(catalogue: Catalogue, key: string): string {
  let at: string | Catalogue | undefined = catalogue;
  for (const part of key.split('.')) at = typeof at === 'object' ? at[part] : undefined;
  return typeof at === 'string' ? at : '';
}

function pages(): Record<string, string> {
  const modules = orderModules(domains);
  const config = [
    '# Configuration',
    NOTE,
    'Settings stand in `var/config/qiao.json`; secrets are one file each in `var/secrets`.',
    '## Installation',
    '| setting | value | default | meaning |\n| --- | --- | --- | --- |\n' +
      settingRows(SiteSettings, '').join('\n'),
    ...modules.flatMap((module) => {
      const rows = settingRows(module.config, `domains.${module.id}`);
      return rows.length === 0
        ? []
        : [
            `## ${textAt(module.texts.en, 'name') || module.id}`,
            '| setting | value | default | meaning |\n| --- | --- | --- | --- |\n' + rows.join('\n'),
          ];
    }),
  ].join('\n\n');
  const permissions = [
    '# Permissions',
    NOTE,
    'A role is a set of permissions, granted over the whole company or over a department and all below it.',
    '| permission | can be granted over |\n| --- | --- |\n' +
      modules
        .flatMap((module) => module.claims.permissions)
        .map((permission) => `| \`${permission.name}\` | ${permission.scopes.join(', ')} |`)
        .join('\n'),
  ].join('\n\n');
  const errorRows = [
    { id: 'platform', table: platformErrorTable as Record<string, { status: number }>, texts: platformTexts },
    ...modules.map((module) => ({ id: module.id, table: module.errors, texts: module.texts })),
  ].flatMap(({ id, table, texts }) =>
    Object.entries(table).map(
      ([key, { status }]) =>
        `| \`${id}.${key}\` | ${status} | ${cell(textAt(texts.en, `errors.${key}`))} | ${cell(textAt(texts.zh_Hans, `errors.${key}`))} |`,
    ),
  );
  const errors = [
    '# Errors',
    NOTE,
    'An error answer is `{"error": {"code", "message", "request_id", "details"?}}`; the message is in the language of `Accept-Language`.',
    '| code | HTTP status | English | 简体中文 |\n| --- | --- | --- | --- |\n' + errorRows.join('\n'),
  ].join('\n\n');
  const claims = [
    '# What each domain claims',
    NOTE,
    'Two domains claiming the same thing end the start with both names.',
    '| domain | needs | bots | Matrix event types | domain events |\n| --- | --- | --- | --- | --- |\n' +
      modules
        .map((module) => {
          const list = (values: readonly string[]): string => values.map((value) => `\`${value}\``).join(' ');
          const { claims: own } = module;
          return `| ${module.id} | ${list(module.needs)} | ${list(own.bots)} | ${list(own.eventTypes)} | ${list(own.domainEvents)} |`;
        })
        .join('\n'),
    '## Registrations',
    'Each domain with a bot has an appservice registration of its own (`qiao-<domain>`), made at every start from its manifest into `var/synapse/registrations`. Shape, without tokens:',
    '```yaml\n' +
      stringify({
        id: 'qiao-org',
        url: 'http://127.0.0.1:8483/_matrix-as/org',
        sender_localpart: '_qiao_org_sender',
        rate_limited: false,
        namespaces: { users: [{ exclusive: true, regex: '@_qiao_org_?[a-z0-9_-]*:<server name>' }] },
      }) +
      '```',
  ].join('\n\n');
  return {
    'docs/reference/configuration.md': config,
    'docs/reference/permissions.md': permissions,
    'docs/reference/errors.md': errors,
    'docs/reference/claims.md': claims,
    'docs/adr/README.md': decisions(),
  };
}

/** The decisions by number; what stands between a record's title and its context says how it stands to others. */
function decisions(): string {
  const folder = join(root, 'docs/adr');
  const rows = readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.md$/.test(name))
    .sort()
    .map((name) => {
      const [first = '', ...rest] = readFileSync(join(folder, name), 'utf8').split('\n');
      const title = /^# (\d+)\. (.+)$/.exec(first);
      const end = rest.findIndex((line) => /^(?:## )?Context\b/.test(line));
      if (!title || end < 0) throw new Error(`docs/adr/${name}: no number and title, or no context`);
      const status = rest.slice(0, end).join(' ').trim() || 'In force.';
      return `- [${title[1] ?? ''}. ${title[2] ?? ''}](${name}): ${status}`;
    });
  return [
    '# Decisions',
    NOTE.replace('the manifests', 'the records'),
    'Each record says what was known, what was tried, what was decided and what follows. A decision is changed by a new record that names the old one; the old one then says so below its title.',
    rows.join('\n'),
  ].join('\n\n');
}

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [name, text] of Object.entries(pages())) {
  const path = join(root, name);
  const options = await resolveConfig(path);
  const wanted = await format(text, { ...options, parser: 'markdown' });
  let found = '';
  try {
    found = readFileSync(path, 'utf8');
  } catch {
    // Not there yet: as stale as can be.
  }
  if (found === wanted) continue;
  if (check) stale.push(name);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
    process.stdout.write(`${name}\n`);
  }
}
if (stale.length > 0) {
  process.stderr.write(`Stale, run npm run generate: ${stale.join(', ')}\n`);
  process.exitCode = 1;
}
