import { randomBytes, randomUUID } from 'node:crypto';

/** Time as a dependency, so that tests decide what "now" is. */
export interface Clock {
  now(): Date;
}

/** Randomness as a dependency; the only source of ids and secrets. */
export interface Random {
  uuid(): string;
  /** `bytes` random bytes in unpadded base64url (RFC 4648, section 5). */
  token(bytes?: number): string;
}

export const systemClock: Clock = { now: () => new Date() };

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  token: (bytes = 32) => randomBytes(bytes).toString('base64url'),
};
