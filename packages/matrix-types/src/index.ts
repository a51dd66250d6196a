export * from './events.ts';
export * from './ids.ts';
