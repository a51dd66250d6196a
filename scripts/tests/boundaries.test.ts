import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import rules, { needsRules } from '../../.dependency-cruiser.mjs';

/** Files in scripts/fixtures/planted break the import rules on purpose: each has to be caught. */
it('catches every planted violation of who may import whom', async () => {
  const planted = join(import.meta.dirname, '../fixtures/planted');
  const { output } = await cruise(
    ['appservices', 'admin', 'packages'],
    {
      baseDir: planted,
      ruleSet: { forbidden: [...rules.forbidden, ...needsRules(planted)] as never },
      validate: true,
      tsPreCompilationDeps: true,
    },
    { extensions: ['.ts', '.tsx'] },
  );
  const found = (output as ICruiseResult).summary.violations.map(
    (violation) => `${violation.rule.name}: ${violation.from}`,
  );
  expect(found.sort()).toEqual([
    'contract-is-browser-safe: appservices/org/contract/api.ts',
    'domain-ui-stands-on-contracts: appservices/org/ui/View.tsx',
    'domains-stay-apart: appservices/tasks/server/task.service.ts',
    'domains-stay-apart: appservices/tasks/ui/Board.tsx',
    'hosts-of-ui-import-domains-in-modules-only: admin/src/page.tsx',
    'matrix-types-has-no-io: packages/matrix-types/src/ids.ts',
    'migrations-are-frozen: appservices/org/migrations/001_org.ts',
    'no-cycle: appservices/tasks/server/board.ts',
    'platform-knows-no-domain: appservices/platform/src/helper.ts',
    'tasks-needs-what-it-imports: appservices/tasks/server/rooms.service.ts',
  ]);
});
