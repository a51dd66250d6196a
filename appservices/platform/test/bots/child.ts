/**
 * A bot in a process of its own, for tests that kill it. Settings come as JSON in the first argument. Everything it
 * hears is appended to a file at once, so that what it heard survives the kill.
 */
import { appendFileSync } from 'node:fs';
import { parseUserId } from '@qiao/matrix-types';
import { createBot, fileSecrets } from '../../src/bots/index.ts';
import { MatrixLink, systemClock } from '../../src/matrix/index.ts';

/** What the child is told. */
export interface ChildSettings {
  url: string;
  token: string;
  userId: string;
  storeDir: string;
  secretsDir: string;
  /** One JSON line per event heard. */
  heardFile: string;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as ChildSettings;
const bot = createBot({
  link: MatrixLink.open({
    url: settings.url,
    token: settings.token,
    clock: systemClock,
    random: Math.random,
  }),
  userId: parseUserId(settings.userId),
  displayName: 'child',
  setDisplayName: async () => undefined,
  storeDir: settings.storeDir,
  secrets: fileSecrets(settings.secretsDir),
  texts: { newDevice: () => 'new device' },
  acceptInvite: () => true,
});
bot.on.message((event) => {
  const { eventId, text, redelivered } = event;
  appendFileSync(settings.heardFile, `${JSON.stringify({ eventId, text, redelivered })}\n`);
});
await bot.start();
process.stdout.write('ready\n');
