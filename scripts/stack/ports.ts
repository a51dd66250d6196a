import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';

/** Who listens on a port. */
export interface PortHolder {
  /** Process id, or undefined when the machine does not tell (another user's process). */
  pid?: number;
  /** The command line, shortened. */
  command?: string;
  /** Folder of another Qiao, when it is one. */
  qiao?: string;
}

/** Whether this process could listen on the port on loopback now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

const firstRandomPort = 20_000;
const randomPorts = 12_000;
/** Ports are given from blocks of this many, to one stack each. */
const blockSize = 32;

/**
 * Free ports for a short-lived stack, below the range the system gives to outgoing connections. They lie in a block of
 * which no port is used: so a stack keeps also those on which it will start something later.
 * @throws Error when no block is free.
 */
export async function freePorts(count: number): Promise<number[]> {
  if (count > blockSize) throw new Error(`At most ${blockSize} ports are given at once.`);
  const blocks = Math.floor(randomPorts / blockSize);
  for (let tries = 0; tries < 10 * blocks; tries++) {
    const first = firstRandomPort + Math.floor(Math.random() * blocks) * blockSize;
    const ports = Array.from({ length: blockSize }, (_, at) => first + at);
    const free = await Promise.all(ports.map((port) => isPortFree(port)));
    if (!free.includes(false)) return ports.slice(0, count);
  }
  throw new Error('This machine has too few free ports.');
}

/** Who listens on a TCP port, read from /proc; undefined when nobody does. */
export function portHolder(port: number): PortHolder | undefined {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let descriptors: string[];
    try {
      descriptors = readdirSync(`/proc/${pid}/fd`);
    } catch {
      continue;
    }
    for (const descriptor of descriptors) {
      let target: string;
      try {
        target = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        continue;
      }
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined && inodes.has(inode)) return describeHolder(Number(pid));
    }
  }
  return {};
}

function describeHolder(pid: number): PortHolder {
  const holder: PortHolder = { pid };
  try {
    holder.command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 120);
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const varDir = environment.find((line) => line.startsWith('QIAO_VAR='))?.slice('QIAO_VAR='.length);
    if (varDir?.startsWith('/') === true) holder.qiao = basename(varDir) === 'var' ? dirname(varDir) : varDir;
  } catch {
    // Another user's process: what is known is enough.
  }
  return holder;
}

function listeningInodes(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let lines: string[];
    try {
      lines = readFileSync(table, 'utf8').split('\n').slice(1);
    } catch {
      continue;
    }
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      // Field 3 is the state; 0A is LISTEN.
      if (fields[1]?.endsWith(suffix) === true && fields[3] === '0A' && fields[9] !== undefined)
        inodes.add(fields[9]);
    }
  }
  return inodes;
}

/** One sentence on who holds a port. */
export function describePort(port: number, holder: PortHolder | undefined): string {
  if (holder?.qiao !== undefined)
    return `Port ${port} is taken by another Qiao at ${holder.qiao} (pid ${holder.pid}).`;
  if (holder?.pid !== undefined)
    return `Port ${port} is taken by pid ${holder.pid}: ${holder.command ?? 'unknown command'}`;
  return `Port ${port} is taken by a process of another user.`;
}
