import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder. */
export const root: string = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Files and folders the stack uses, all inside the checkout. */
export const paths = {
  venv: join(root, '.venv'),
  python: join(root, '.venv/bin/python'),
  livekit: join(root, '.venv/bin/livekit-server'),
  templates: join(root, 'synapse-config/templates'),
  host: join(root, 'appservices/host/main.ts'),
  gateway: join(root, 'scripts/stack/gateway.ts'),
  certificates: join(root, 'scripts/stack/make_certificates.py'),
  clientDist: join(root, 'client/dist'),
  adminDist: join(root, 'admin/dist'),
  portalDist: join(root, 'appservices/guests/ui/portal/dist'),
} as const;

/**
 * Where Synapse finds our module (`qiao_synapse`), or undefined while the checkout has none.
 * Both usual Python layouts are known: beside `pyproject.toml` and under `src/`.
 */
export function synapseModulePath(): string | undefined {
  const module = join(root, 'synapse-config/module');
  return [module, join(module, 'src')].find((folder) => existsSync(join(folder, 'qiao_synapse/__init__.py')));
}

/** The folder of an installation's data: `QIAO_VAR`, else `var` in the checkout. */
export function defaultVarDir(): string {
  return resolve(root, process.env['QIAO_VAR'] ?? 'var');
}

/**
 * Where Matrix clients ask for a place in a call (MSC4195), or undefined while no domain answers there:
 * what is announced must exist.
 */
export function callsServiceUrl(publicUrl: string): string | undefined {
  return existsSync(join(root, 'appservices/calls/module.ts')) ? `${publicUrl}/api/calls/livekit` : undefined;
}
