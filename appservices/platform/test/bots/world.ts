import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeUserId, parseServerName, type UserId } from '@qiao/matrix-types';
import { testStack, type TestStackInfo } from '@qiao/testkit';
import { createBot, fileSecrets, type BotOptions, type EncryptedBot } from '../../src/bots/index.ts';
import { MatrixLink, systemClock, type Logger, type Metrics } from '../../src/matrix/index.ts';

/** A logger that keeps warnings and errors, so that a test can say there were none (or which). */
export class KeptLog implements Logger {
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  debug(): void {
    // Too many to keep.
  }
  info(): void {
    // Not looked at.
  }
  warn(fields: Record<string, unknown>, message: string): void {
    this.lines.push({ level: 'warn', message, fields });
  }
  error(fields: Record<string, unknown>, message: string): void {
    this.lines.push({ level: 'error', message, fields });
  }
}

/** A metrics sink that adds up. */
export class KeptMetrics implements Metrics {
  readonly counts = new Map<string, number>();
  count(name: string, _labels?: unknown, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }
  gauge(): void {
    // Not looked at.
  }
  observe(): void {
    // Not looked at.
  }
}

/** A bot's surroundings for one test: its folder, secrets, link and log. Everything goes with `end`. */
export class BotWorld {
  readonly dir = mkdtempSync(join(tmpdir(), 'qiao-bot-'));
  readonly log = new KeptLog();
  readonly metrics = new KeptMetrics();
  readonly userId: UserId;
  readonly link: MatrixLink;
  readonly stack: TestStackInfo;
  readonly #bots: EncryptedBot[] = [];

  constructor(stack: TestStackInfo = testStack()) {
    this.stack = stack;
    const { prefix, asToken } = stack.appservices.sync;
    this.userId = makeUserId(
      `${prefix}bot_${randomBytes(4).toString('hex')}`,
      parseServerName(stack.serverName),
    );
    this.link = MatrixLink.open({
      url: stack.homeserverUrl,
      token: asToken,
      clock: systemClock,
      random: Math.random,
    });
  }

  get storeDir(): string {
    return join(this.dir, 'store');
  }
  get secretsDir(): string {
    return join(this.dir, 'secrets');
  }

  /** A bot on this folder; called again after `stop` it is the same bot. */
  bot(options: Partial<BotOptions> = {}): EncryptedBot {
    const bot = createBot({
      link: this.link,
      userId: this.userId,
      displayName: '小桥 Bot',
      storeDir: this.storeDir,
      secrets: fileSecrets(this.secretsDir),
      texts: { newDevice: () => '我换了新设备。 I have a new device.' },
      log: this.log,
      metrics: this.metrics,
      acceptInvite: () => true,
      setDisplayName: async (userId, name) => {
        await this.link.withToken(this.stack.moduleToken).request({
          method: 'POST',
          path: '/_synapse/client/qiao/v1/accounts/profile',
          route: 'POST accounts/profile',
          body: { items: [{ user_id: userId, displayname: name }] },
        });
      },
      ...options,
    });
    this.#bots.push(bot);
    return bot;
  }

  async end(): Promise<void> {
    for (const bot of this.#bots) await bot.stop();
    await this.link.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
