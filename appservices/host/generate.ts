import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
 * Writes the references under docs/reference from the manifests: they cannot lie. `--check` writes nothing and
 * ends with 1 where a file is stale.
 */

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
    'configuration.md': config,
    'permissions.md': permissions,
    'errors.md': errors,
    'claims.md': claims,
  };
}

const root = resolve(import.meta.dirname, '../..');
const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [name, text] of Object.entries(pages())) {
  const path = join(root, 'docs/reference', name);
  const options = await resolveConfig(path);
  const wanted = await format(text, { ...options, parser: 'markdown' });
  let found = '';
  try {
    found = readFileSync(path, 'utf8');
  } catch {
    // Not there yet: as stale as can be.
  }
  if (found === wanted) continue;
  if (check) stale.push(`docs/reference/${name}`);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
    process.stdout.write(`docs/reference/${name}\n`);
  }
}
if (stale.length > 0) {
  process.stderr.write(`Stale, run npm run generate: ${stale.join(', ')}\n`);
  process.exitCode = 1;
}
