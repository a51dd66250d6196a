import { spawn } from 'node:child_process';
import { staticChecks } from './lib/checks.ts';
import { root } from './stack/index.ts';

/*
 * `npm run lint`: what `scripts/test` checks before it runs anything. `npm run lint -- admin appservices/org` looks at
 * these folders alone.
 */

const only = process.argv.slice(2);
let failed = 0;

await staticChecks(only.length === 0 ? undefined : only, (name, [program = '', ...args]) => {
  const begin = Date.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', (error) => (output += error.message));
    child.once('close', (code) => {
      if (code !== 0) {
        failed++;
        process.stdout.write(`${output.trimEnd()}\n`);
      }
      const seconds = ((Date.now() - begin) / 1000).toFixed(0);
      process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`);
      resolve();
    });
  });
});
process.exitCode = failed === 0 ? 0 : 1;
