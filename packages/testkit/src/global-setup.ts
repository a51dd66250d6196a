import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startTestStack, type RunningTestStack, type TestStackInfo } from './stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    qiaoStack: TestStackInfo;
  }
}

interface Shared {
  users: number;
  stack: Promise<RunningTestStack>;
}

// Projects load this file each on their own; they share one stack through the process.
const key = Symbol.for('qiao.testkit.stack');
const holder = globalThis as { [key]?: Shared | undefined };

/** vitest's globalSetup of the integration and e2e projects: one real stack for all of them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  holder[key] ??= { users: 0, stack: startTestStack() };
  const shared = holder[key];
  shared.users++;
  const { info } = await shared.stack;
  project.provide('qiaoStack', info);
  return async () => {
    shared.users--;
    if (shared.users > 0) return;
    holder[key] = undefined;
    const running = await shared.stack;
    const logs = process.env['QIAO_TEST_LOGS'];
    // The run's folder goes with the stack; what the parts said is wanted when a test failed.
    if (logs !== undefined && project.vitest.state.getCountOfFailedTests() > 0)
      cpSync(join(running.info.varDir, 'log'), logs, { recursive: true });
    await running.stop();
  };
}
