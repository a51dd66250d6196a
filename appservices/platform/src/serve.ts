import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseAway } from './db/away.ts';
import { platformErrors } from './errors.ts';
import { RETRY_AFTER_SECONDS } from './http/http.ts';
import { createTexts, negotiateLocale } from './i18n/texts.ts';
import { createLog } from './observe/log.ts';
import { createHost, type Host, type HostOptions } from './process.ts';
import { platformTexts } from './texts.ts';

/** Waits between tries to start, milliseconds. */
const WAIT_MS = { first: 500, most: 5_000 };

/** A host process that serves, or waits for its database. */
export interface ServedHost {
  /** The host, once the database was there. Rejects with what it cannot start for. */
  readonly started: Promise<Host>;
  stop(): Promise<void>;
}

/**
 * Runs a host on a port. While the database is away it answers 503 and its health says so; the host begins by itself
 * when the database is there. Anything else that keeps it from starting is thrown by `started`.
 */
export function serveHost(options: Omit<HostOptions, 'serve'> & { port: number }): ServedHost {
  const { port, ...rest } = options;
  const stopping = new AbortController();
  const log = createLog({
    level: options.site.settings.log?.level ?? 'info',
    name: options.name,
    ...(options.logTo ? { destination: options.logTo } : {}),
  });
  const start = async (): Promise<Host> => {
    let waiting: Server | undefined;
    try {
      for (let wait = WAIT_MS.first; ; wait = Math.min(wait * 2, WAIT_MS.most)) {
        try {
          const host = await createHost({ ...rest, serve: true });
          try {
            if (waiting !== undefined) await close(waiting);
            waiting = undefined;
            if (!stopping.signal.aborted) await host.listen(port);
            return host;
          } catch (error) {
            await host.stop();
            throw error;
          }
        } catch (error) {
          if (!isDatabaseAway(error)) throw error;
          log.warn({ err: error, waitMs: wait }, 'the database is away: the start waits for it');
          waiting ??= await answerThatItWaits(port);
          await delay(wait, undefined, { signal: stopping.signal });
        }
      }
    } finally {
      if (waiting !== undefined) await close(waiting);
    }
  };
  const started = start();
  return {
    started,
    async stop() {
      stopping.abort();
      const host = await started.catch(() => undefined);
      await host?.stop();
    },
  };
}

/** Listens where the host will, and says that the database is away. */
async function answerThatItWaits(port: number): Promise<Server> {
  const texts = createTexts({ platform: platformTexts });
  const { code, status } = platformErrors.unavailable();
  const server = createServer((request, response) => {
    request.resume();
    const locale = negotiateLocale(request.headers['accept-language']);
    const body =
      request.url === '/health'
        ? { status: 'degraded', parts: { database: { ok: false, detail: 'no answer', code: 'no_answer' } } }
        : { error: { code, message: texts.t(locale, 'platform:errors.unavailable') } };
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'retry-after': String(RETRY_AFTER_SECONDS),
      // Soon another server listens here.
      connection: 'close',
    });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
