export * from './acts.ts';
export * from './api.ts';
export * from './domain-events.ts';
export * from './errors.ts';
export * from './handover.ts';
export * from './permissions.ts';
export * from './read.ts';
export * from './rooms.ts';
