import { defineConfig } from 'vitest/config';

const ignored = ['**/node_modules/**', '**/dist/**', '.venv/**', 'var/**', '.tsbuild/**'];

/**
 * unit: beside the code, no stack. integration and e2e share one real stack that is started once.
 * `npx vitest run --project integration appservices/platform` runs one folder's.
 */
export default defineConfig({
  test: {
    exclude: ignored,
    // What is polled for comes when the machine has time for it; the usual second is too short on a busy one.
    expect: { poll: { timeout: 20_000 } },
    // The parts of the stack are ended in it.
    teardownTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: ignored,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['**/*.itest.ts'],
          exclude: ignored,
          globalSetup: ['packages/testkit/src/global-setup.ts'],
          // Time limits are for a busy machine; a test that fails by time alone is wrong.
          // Files wait on the homeserver more than on the processor.
          maxWorkers: 3,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.ts', '**/*.pictures.ts'],
          exclude: ignored,
          globalSetup: ['packages/testkit/src/global-setup.ts'],
          maxWorkers: 2,
          testTimeout: 240_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
