// Ends with 0 when the supervisor of this checkout's var/ runs, else with 1. Needs no packages.
import { readFileSync } from 'node:fs';

try {
  const { pid, start } = JSON.parse(readFileSync('var/run/supervisor.json', 'utf8')) as {
    pid: number;
    start: string;
  };
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  process.exitCode = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] === start ? 0 : 1;
} catch {
  process.exitCode = 1;
}
