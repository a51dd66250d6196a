export * from './browser.ts';
export * from './company.ts';
export * from './context.ts';
export * from './database.ts';
export * from './nio.ts';
export { startTestStack, testSecretPath } from './stack.ts';
export type { RunningTestStack, TestAppservice, TestStackInfo, TestStackOptions } from './stack.ts';
export * from './users.ts';
export * from './wait.ts';
