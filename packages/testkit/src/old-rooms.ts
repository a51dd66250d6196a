import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { RunningTestStack } from './stack.ts';

interface HomeserverSettings {
  readonly modules: readonly { readonly module: string; readonly config: Record<string, unknown> }[];
}

/**
 * Lets people of a stack of the test's own make rooms as they did before the Synapse module looked at them: of any
 * version, with themselves as creators. The homeserver is restarted twice.
 */
export async function withRoomsOfBefore<T>(running: RunningTestStack, work: () => Promise<T>): Promise<T> {
  const { varDir } = running.info;
  const written = readFileSync(join(varDir, 'synapse/homeserver.yaml'), 'utf8');
  const { modules } = parse(written) as HomeserverSettings;
  const folder = join(varDir, 'config/synapse.d');
  const file = join(folder, 'rooms-of-before.yaml');
  mkdirSync(folder, { recursive: true });
  const changed = modules.map(({ module, config }) => ({
    module,
    config: { ...config, people_rooms: false },
  }));
  // YAML is a superset of JSON.
  writeFileSync(file, JSON.stringify({ modules: changed }), { mode: 0o600 });
  await running.stack.restartPart('synapse');
  try {
    return await work();
  } finally {
    rmSync(file);
    await running.stack.restartPart('synapse');
  }
}
