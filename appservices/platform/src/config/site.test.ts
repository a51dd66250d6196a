import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, databaseUrl, openSecrets, openSite, parseConfig } from './site.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qiao-site-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const settings = {
  company_name: '桥',
  server_name: 'example.org',
  public_url: 'https://qiao.example.org',
  homeserver: { url: 'http://127.0.0.1:8481', managed: true },
  database: { url: 'postgresql://qiao@127.0.0.1:8482/qiao', managed: true },
  ports: { host: 8483 },
  domains: {},
};
const write = (value: unknown): void => {
  mkdirSync(join(dir, 'config'), { recursive: true });
  writeFileSync(join(dir, 'config', 'qiao.json'), typeof value === 'string' ? value : JSON.stringify(value));
};

describe('openSite', () => {
  it('reads settings, and adds the secret password to the database address', () => {
    write(settings);
    const site = openSite(dir);
    site.secrets.getOrCreate('database_password', () => 'p@ss/word');
    expect(site.settings.company_name).toBe('桥');
    expect(databaseUrl(site)).toBe('postgresql://qiao:p%40ss%2Fword@127.0.0.1:8482/qiao');
  });

  it.each([
    ['nothing there', undefined, /run scripts\/up first/],
    ['no JSON', '{', /is not JSON/],
    ['a bad port', { ...settings, ports: { host: 99999 } }, /ports\/host/],
    ['a bad address', { ...settings, public_url: 'qiao' }, /public_url/],
  ])('says what is wrong: %s', (_what, value, message) => {
    if (value !== undefined) write(value);
    expect(() => openSite(dir)).toThrow(ConfigError);
    expect(() => openSite(dir)).toThrow(message);
  });
});

describe('secrets', () => {
  it('are made once, readable by the owner alone', () => {
    const secrets = openSecrets(join(dir, 'secrets'));
    expect(secrets.find('as_token_org')).toBeUndefined();
    expect(() => secrets.get('as_token_org')).toThrow(ConfigError);
    const made = secrets.getOrCreate('as_token_org', () => 'one');
    expect(secrets.getOrCreate('as_token_org', () => 'two')).toBe(made);
    expect(statSync(secrets.path('as_token_org')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'secrets')).mode & 0o777).toBe(0o700);
  });

  it('cannot be read outside their folder', () => {
    expect(() => openSecrets(dir).find('../etc/passwd')).toThrow(ConfigError);
  });
});

it('parseConfig fills in defaults and names the setting that is wrong', () => {
  const schema = Type.Object({ days: Type.Integer({ default: 14, minimum: 1 }) });
  expect(parseConfig(schema, {}, 'domains.org')).toEqual({ days: 14 });
  expect(() => parseConfig(schema, { days: 0 }, 'domains.org')).toThrow(/domains\.org\/days/);
});
