import { pino, type Logger } from 'pino';

export type Log = Logger;

/** Fields that never reach a log line, wherever they stand (message content, credentials). */
const REDACTED = [
  'content',
  'body',
  'password',
  'access_token',
  'token',
  'authorization',
  'cookie',
  'secret',
];

/** A structured JSON logger; message content and credentials are removed by name as a last line of defence. */
export function createLog(options: {
  level: string;
  name: string;
  destination?: { write(line: string): void };
}): Log {
  const paths = REDACTED.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  const settings = {
    level: options.level,
    base: { part: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: '[removed]' },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}
