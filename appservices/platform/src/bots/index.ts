export * from './bot.ts';
export { UndecryptableError, type ShareWith, type Trust, type UndecryptableReason } from './crypto.ts';
export * from './errors.ts';
export * from './residence.ts';
export * from './secrets.ts';
export type * from './types.ts';
