export * from './errors.ts';
export * from './link.ts';
export * from './ports.ts';
export { DEFAULT_CONCURRENCY, DEFAULT_RETRY, DEFAULT_TIMEOUT_MS, path } from './transport.ts';
export type { Call, RetryPolicy, TransportOptions } from './transport.ts';
export type * from './types.ts';
