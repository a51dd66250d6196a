// Ends with 0 when node_modules holds exactly what package-lock.json names, else with 1.
import { existsSync, readFileSync } from 'node:fs';

const read = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/** @returns {boolean} */
function isCurrent() {
  if (!existsSync('node_modules/.package-lock.json')) return false;
  const installed = read('node_modules/.package-lock.json');
  const wanted = read('package-lock.json');
  for (const [path, entry] of Object.entries(wanted)) {
    // The workspaces themselves are not in the installed list.
    if (!path.includes('node_modules/')) continue;
    const there = installed[path];
    if (there === undefined) {
      // For another platform, or npm would have it.
      if (entry.optional === true || entry.peer === true) continue;
      return false;
    }
    if (there.version !== entry.version || there.resolved !== entry.resolved) return false;
  }
  return Object.keys(installed).every((path) => path in wanted && (installed[path].link || existsSync(path)));
}

try {
  process.exitCode = isCurrent() ? 0 : 1;
} catch {
  process.exitCode = 1;
}
