import { inject } from 'vitest';
import type { PartName } from '@qiao/scripts/stack';
// Adds `qiaoStack` to vitest's provided values.
import type {} from './global-setup.ts';
import type { TestStackInfo } from './stack.ts';

/** The stack the running test has. */
export function testStack(): TestStackInfo {
  return inject('qiaoStack');
}

/** Acts on the shared stack's parts from a test. Each call resolves when it is done. */
export interface StackControl {
  /** Starts a part if it does not run and waits until it is ready; throws with its log's end. */
  ensure(...parts: PartName[]): Promise<void>;
  stop(part: PartName): Promise<void>;
  /** kill -9 of the part; it does not come back by itself. */
  kill(part: PartName): Promise<void>;
  restart(part: PartName): Promise<void>;
  /** The last lines the part printed. */
  log(part: PartName): Promise<string>;
}

/**
 * The control of a stack. Stopping a part of the shared stack disturbs other test files that run
 * now: a test that does so takes a stack of its own (`startTestStack`).
 */
export function stackControl(info: TestStackInfo = testStack()): StackControl {
  const ask = async (action: string, part: PartName): Promise<string> => {
    const answer = await fetch(`${info.control.url}/${action}/${part}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${info.control.token}` },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${action} ${part}: ${text}`);
    return text;
  };
  return {
    ensure: async (...parts) => {
      for (const part of parts) await ask('ensure', part);
    },
    stop: async (part) => {
      await ask('stop', part);
    },
    kill: async (part) => {
      await ask('kill', part);
    },
    restart: async (part) => {
      await ask('restart', part);
    },
    log: (part) => ask('log', part),
  };
}
