// Ends with 0 when node_modules holds exactly what package-lock.json names, else with 1. Needs no packages.
import { existsSync, readFileSync } from 'node:fs';

interface Entry {
  version?: string;
  resolved?: string;
  link?: boolean;
  optional?: boolean;
  devOptional?: boolean;
  peer?: boolean;
}

function read(path: string): Record<string, Entry> {
  return (JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, Entry> }).packages;
}

function isCurrent(): boolean {
  // npm writes this list last: an interrupted installation has none.
  if (!existsSync('node_modules/.package-lock.json')) return false;
  const installed = read('node_modules/.package-lock.json');
  const wanted = read('package-lock.json');
  for (const [path, entry] of Object.entries(wanted)) {
    // The workspaces themselves are not in the installed list.
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) continue;
    const there = installed[path];
    if (there === undefined) {
      // For another platform, or npm would have it.
      if (entry.optional === true || entry.devOptional === true || entry.peer === true) continue;
      return false;
    }
    if (there.version !== entry.version || there.resolved !== entry.resolved) return false;
  }
  return Object.entries(installed).every(
    ([path, entry]) => path in wanted && (entry.link === true || existsSync(path)),
  );
}

try {
  process.exitCode = isCurrent() ? 0 : 1;
} catch {
  process.exitCode = 1;
}
