import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer } from 'vite';
import { defaultVarDir, readConfig, root, runningSupervisor } from './stack/index.ts';

/*
 * `npm run dev`: the stack of `scripts/up` (or the one that runs already), and the pages of client and console from
 * vite, which shows a change of theirs at once. Arguments go to `scripts/up`, for example `npm run dev -- --demo`.
 */

const varDir = defaultVarDir();
const PAGES = { admin: 'Console', client: 'Client' } as const;
const POLL_MS = 500;

let stack: ChildProcess | undefined;
let stackEnded = false;

/** Where the stack is; undefined while it is not up. */
async function origin(): Promise<string | undefined> {
  if (runningSupervisor(varDir) === undefined) return undefined;
  const { public_url: url } = readConfig(varDir);
  const answer = await fetch(`${url}/_matrix/client/versions`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  await answer?.body?.cancel();
  return answer?.ok === true ? url : undefined;
}

let url = await origin();
if (url === undefined) {
  stack = spawn(join(root, 'scripts/up'), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
  stack.once('close', () => (stackEnded = true));
  // Read anew after each wait.
  const ended = (): boolean => stackEnded;
  while (url === undefined && !ended()) {
    await delay(POLL_MS);
    url = await origin();
  }
}
if (url === undefined) {
  process.exitCode = 1;
} else {
  // Both vite configurations send everything but the pages here.
  process.env['QIAO_ORIGIN'] = url;
  const servers = await Promise.all(
    Object.entries(PAGES).map(async ([page, name]) => {
      const server = await createServer({
        root: join(root, page),
        configFile: join(root, page, 'vite.config.ts'),
        clearScreen: false,
      });
      await server.listen();
      process.stdout.write(`${name}: ${server.resolvedUrls?.local[0] ?? ''}\n`);
      return server;
    }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
    // A Ctrl-C of the terminal reaches it as well; a stack that ran before stays.
    if (stack && !stackEnded) stack.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
  stack?.once('close', () => void stop());
}
