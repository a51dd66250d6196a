import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { catalogueKeys, createTexts, orderModules } from '@qiao/platform';
import { describe, expect, it } from 'vitest';
import { APART, domains } from './domains.ts';

describe('the domains together', () => {
  it('start in an order that gives each what it needs', () => {
    expect(orderModules(domains).map((module) => module.id)).toEqual(['audit', 'org', 'push', 'notices']);
    expect(domains.map((module) => module.id)).toEqual(expect.arrayContaining([...APART]));
  });

  it.each(domains.map((module) => [module.id, module] as const))(
    '%s has both languages complete',
    (id, module) => {
      expect(catalogueKeys(module.texts.zh_Hans)).toEqual(catalogueKeys(module.texts.en));
      const texts = createTexts({ [id]: module.texts });
      for (const key of Object.keys(module.errors)) {
        expect(texts.has('zh-Hans', `${id}:errors.${key}`), key).toBe(true);
        expect(texts.has('en', `${id}:errors.${key}`), key).toBe(true);
      }
    },
  );

  it('have references that are not stale', () => {
    const generate = join(import.meta.dirname, 'generate.ts');
    expect(execFileSync(process.execPath, [generate, '--check'], { encoding: 'utf8' })).toBe('');
  });
});

describe('the command line', () => {
  const main = (...args: string[]): { status: number; text: string } => {
    try {
      const text = execFileSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
        env: { ...process.env, QIAO_VAR: join(import.meta.dirname, 'no-such-folder') },
      });
      return { status: 0, text };
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return { status, text: stderr };
    }
  };

  it('says what it can do', () => {
    expect(main('--help')).toMatchObject({
      status: 0,
      text: expect.stringContaining('registrations') as string,
    });
  });

  it('says in one sentence that there is no installation yet', () => {
    const { status, text } = main('run');
    expect(status).toBe(2);
    expect(text).toMatch(/^No configuration at .*qiao\.json: run scripts\/up first\n$/);
  });
});
