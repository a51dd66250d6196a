import { setTimeout as delay } from 'node:timers/promises';
import { defaultVarDir, processStart, runningSupervisor, stopOrphans } from './stack/index.ts';

/** Longest an orderly stop takes (ms); afterwards the supervisor is killed and its parts are stopped from here. */
const patience = 60_000;

const varDir = defaultVarDir();
const supervisor = runningSupervisor(varDir);
if (supervisor !== undefined) {
  process.stdout.write(`Stopping (pid ${supervisor.pid})\n`);
  process.kill(supervisor.pid, 'SIGTERM');
  const deadline = Date.now() + patience;
  while (processStart(supervisor.pid) === supervisor.start) {
    if (Date.now() > deadline) {
      process.kill(supervisor.pid, 'SIGKILL');
      break;
    }
    await delay(50);
  }
}
const orphans = await stopOrphans(varDir);
if (orphans.length > 0) process.stdout.write(`Stopped what was left: ${orphans.join(', ')}\n`);
process.stdout.write(supervisor === undefined && orphans.length === 0 ? 'Nothing runs.\n' : 'Stopped.\n');
