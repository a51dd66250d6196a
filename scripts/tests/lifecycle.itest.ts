import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startTestStack, waitFor } from '@qiao/testkit';
import {
  defaultPorts,
  findOrphans,
  freePorts,
  initialConfig,
  processStart,
  root,
  secretPath,
  type Ports,
  type StackEvent,
} from '@qiao/scripts/stack';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** Whether the server behind a URL answers 200. */
async function answers(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}

describe('a supervised stack', () => {
  test('starts a crashed part again and says where its log is', async () => {
    const events: StackEvent[] = [];
    const { stack, info, stop } = await startTestStack({
      supervise: true,
      backoff: 50,
      onEvent: (event) => events.push(event),
    });
    try {
      const before = stack.pid('synapse');
      await stack.killPart('synapse');
      await waitFor(() => stack.pid('synapse') !== undefined && stack.pid('synapse') !== before);
      await waitFor(() => answers(`${info.homeserverUrl}/health`), { timeout: 60_000 });
      const crash = events.find((event) => event.kind === 'crashed');
      expect(crash).toMatchObject({ part: 'synapse', reason: 'SIGKILL', again: 50 });
      expect(crash?.kind === 'crashed' && existsSync(crash.log)).toBe(true);

      // The database's crash takes nothing along: what was written is there again.
      await stack.killPart('postgres');
      await waitFor(
        () => events.filter((event) => event.kind === 'ready' && event.part === 'postgres').length >= 2,
        {
          timeout: 60_000,
        },
      );
      await waitFor(() => answers(`${info.homeserverUrl}/_matrix/client/versions`), { timeout: 60_000 });
    } finally {
      await stop();
    }
    expect(existsSync(info.varDir)).toBe(false);
  });

  test('lets a part rest that keeps crashing, and tries it again', async () => {
    const events: StackEvent[] = [];
    const { stack, stop } = await startTestStack({
      parts: ['gateway'],
      supervise: true,
      backoff: 10,
      onEvent: (event) => events.push(event),
    });
    // Nobody is kept waiting for an answer that never comes.
    const holder = createServer((socket) => socket.destroy());
    try {
      // Until the port is ours, and not that of the gateway which is started again.
      await waitFor(async () => {
        await stack.killPart('gateway');
        return new Promise<boolean>((resolve) => {
          holder.once('error', () => resolve(false));
          holder.listen(stack.config.ports.gateway, '127.0.0.1', () => resolve(true));
        });
      });
      const rests = (): number[] =>
        events.flatMap((event) =>
          event.kind === 'gave-up' && event.again !== undefined ? [event.again] : [],
        );
      await waitFor(() => rests().length >= 2, { timeout: 120_000, what: 'the second rest' });
      expect(events.filter((event) => event.kind === 'crashed').length).toBeGreaterThan(2);
      // Longer each time.
      expect(rests().slice(0, 2)).toEqual([1_200, 2_400]);
      await new Promise((resolve) => holder.close(resolve));
      const { gateway } = stack.config.ports;
      await waitFor(() => answers(`http://127.0.0.1:${gateway}/gateway/health`), {
        timeout: 60_000,
        what: 'the gateway to come back by itself',
      });
    } finally {
      holder.close();
      await stop();
    }
  });
});

describe('the commands', () => {
  let varDir = '';
  let ports: Ports;
  const running: ChildProcess[] = [];

  beforeEach(async () => {
    mkdirSync(join(root, 'var/test'), { recursive: true });
    varDir = mkdtempSync(join(root, 'var/test/commands-'));
    const free = await freePorts(Object.keys(defaultPorts).length);
    ports = Object.fromEntries(
      Object.keys(defaultPorts).map((name, at) => [name, free[at]]),
    ) as unknown as Ports;
    mkdirSync(join(varDir, 'config'));
    writeFileSync(join(varDir, 'config/qiao.json'), JSON.stringify(initialConfig({ ports, calls: false })));
  });

  afterEach(async () => {
    await command('down.ts').done;
    for (const child of running.splice(0)) child.kill('SIGKILL');
    rmSync(varDir, { recursive: true, force: true });
  });

  interface Running {
    child: ChildProcess;
    output: () => string;
    done: Promise<{ code: number | null; output: string }>;
  }

  function command(script: string, ...args: string[]): Running {
    const child = spawn(process.execPath, [join(root, 'scripts', script), ...args], {
      cwd: root,
      env: { ...process.env, QIAO_VAR: varDir, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (output += data.toString()));
    const done = new Promise<{ code: number | null; output: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, output })),
    );
    return { child, output: () => output, done };
  }

  async function ready(one: Running): Promise<void> {
    await waitFor(
      () => {
        if (one.child.exitCode !== null) throw new Error(one.output());
        return /s {2}Ready$/m.test(one.output());
      },
      { timeout: 150_000, what: 'up to be ready' },
    ).catch((error: unknown) => {
      throw new Error(one.output(), { cause: error });
    });
  }

  const pidsOf = (): number[] => findOrphans(varDir).map((record) => record.pid);

  test('up, a second up, a killed up, up again, Ctrl-C', { timeout: 400_000 }, async () => {
    const first = command('up.ts');
    await ready(first);
    expect(first.output()).toMatch(/Workspace +http:\/\/localhost:\d+\n/);
    expect(first.output()).toMatch(/Calls +off/);
    expect(await answers(`http://127.0.0.1:${ports.gateway}/_matrix/client/versions`)).toBe(true);
    expect((await fetch(`http://127.0.0.1:${ports.gateway}/_synapse/admin/v1/register`)).status).toBe(404);

    // Its addresses are known a moment after "Ready".
    const second = await waitFor(async () => {
      const result = await command('up.ts').done;
      return result.output.includes('Workspace') && result;
    });
    expect(second.code).toBe(0);
    expect(second.output).toContain(`runs here already (pid ${first.child.pid})`);

    const examined = await command('doctor.ts', '--json').done;
    const { findings } = JSON.parse(examined.output) as {
      findings: { check: string; level: string; text: string }[];
    };
    expect(findings).toContainEqual(expect.objectContaining({ check: 'database', level: 'ok' }));
    expect(findings).toContainEqual(expect.objectContaining({ check: 'homeserver', level: 'ok' }));
    expect(findings).toContainEqual(expect.objectContaining({ check: 'gateway', level: 'ok' }));

    const config = readFileSync(join(varDir, 'config/qiao.json'), 'utf8');
    const left = pidsOf();
    first.child.kill('SIGKILL');
    await first.done;
    expect(pidsOf()).toEqual(left);

    const again = command('up.ts');
    await ready(again);
    expect(again.output()).toContain('Stopped parts of an earlier run that was killed');
    for (const pid of left) expect(processStart(pid)).toBeUndefined();
    expect(readFileSync(join(varDir, 'config/qiao.json'), 'utf8')).toBe(config);

    const now = pidsOf();
    expect(now.length).toBeGreaterThan(2);
    again.child.kill('SIGINT');
    expect((await again.done).code).toBe(0);
    for (const pid of now) expect(processStart(pid)).toBeUndefined();
    expect((await command('down.ts').done).output).toBe('Nothing runs.\n');
  });

  test.each(['Database: starting', 'Homeserver: starting'])('Ctrl-C at "%s" leaves nothing', async (line) => {
    const starting = command('up.ts');
    await waitFor(() => starting.output().includes(line), { timeout: 60_000, what: line });
    starting.child.kill('SIGINT');
    const { code, output } = await starting.done;
    expect(code).toBe(0);
    expect(output).toContain('Stopped');
    expect(pidsOf()).toEqual([]);
    expect(existsSync(join(varDir, 'run/supervisor.json'))).toBe(false);
  });

  test('a taken port is named with its holder, and nothing is left running', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(ports.synapse, '127.0.0.1', resolve));
    expect((holder.address() as AddressInfo).port).toBe(ports.synapse);
    const { code, output } = await command('up.ts').done;
    holder.close();
    expect(code).toBe(1);
    expect(output).toContain(`Port ${ports.synapse} is taken by`);
    expect(output).toContain(`pid ${process.pid}`);
    expect(pidsOf()).toEqual([]);
  });

  test('a broken configuration is one sentence', async () => {
    writeFileSync(join(varDir, 'config/qiao.json'), '{"ports": {"host": 1.5}}');
    const { code, output } = await command('up.ts').done;
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toContain('"ports.host" must be a port number.');
  });

  test('doctor works while all is stopped, and finds a secret that others can read', async () => {
    await command('up.ts', '--reset').done; // Without a terminal the answer is no; nothing starts.
    mkdirSync(join(varDir, 'secrets'), { mode: 0o700 });
    writeFileSync(secretPath(varDir, 'database_password'), 'x', { mode: 0o600 });
    const calm = await command('doctor.ts').done;
    expect(calm.output).toContain('stack: is stopped');
    expect(calm.code).toBe(0);
    chmodSync(secretPath(varDir, 'database_password'), 0o644);
    const alarmed = await command('doctor.ts').done;
    expect(alarmed.code).toBe(1);
    expect(alarmed.output).toMatch(/FAIL {2}secrets: others can read .*database_password/);
    expect(alarmed.output).toContain('→ chmod go-rwx');
  });

  test('--reset without a terminal removes nothing', async () => {
    const { code, output } = await command('up.ts', '--reset').done;
    expect(code).toBe(1);
    expect(output).toContain('Nothing was removed.');
    expect(existsSync(join(varDir, 'config/qiao.json'))).toBe(true);
  });
});
