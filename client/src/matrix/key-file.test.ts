import { describe, expect, test } from 'vitest';
import { KeyFileError, openKeyFile, sealKeyFile } from './key-file.ts';

const ROUNDS = 1_000;
const why = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'opened',
    (error: unknown) => (error instanceof KeyFileError ? error.why : error),
  );

/** Made by another client (Element's test vectors: "plain", "password", 10 rounds). */
const OTHERS = `-----BEGIN MEGOLM SESSION DATA-----
AXNhbHRzYWx0c2FsdHNhbHSIiIiIiIiIiIiIiIiIiIiIAAAACmIRUW2OjZ3L2l6j9h0lHlV3M2dx
cissyYBxjsfsAndErh065A8=
-----END MEGOLM SESSION DATA-----`;

describe('key files', () => {
  test("another client's file is read", async () => {
    expect(await openKeyFile(OTHERS, 'password')).toBe('plain');
  });

  test('our own too, of any length', async () => {
    const text = JSON.stringify(
      Array.from({ length: 3_000 }, (_, index) => ({ session_id: `密钥${String(index)}` })),
    );
    const file = await sealKeyFile(text, '口令 one', ROUNDS);
    expect(file.split('\n').every((line) => line.length <= 96)).toBe(true);
    expect(await openKeyFile(file, '口令 one')).toBe(text);
  });

  test('a wrong passphrase and a changed file are told from no key file', async () => {
    const file = await sealKeyFile('[]', 'right', ROUNDS);
    expect(await why(openKeyFile(file, 'wrong'))).toBe('wrong-passphrase');
    expect(await why(openKeyFile(file.replace(/\n./, '\nB'), 'right'))).toBe('not-a-key-file');
    for (const other of [
      '',
      'hello',
      file.slice(0, 60),
      file.replace(/\n[\s\S]*\n-----END/, '\nAXNh\n-----END'),
    ])
      expect(await why(openKeyFile(other, 'right'))).toBe('not-a-key-file');
  });
});
