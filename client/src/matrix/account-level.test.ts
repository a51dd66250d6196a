import { expect, test } from 'vitest';
import { accountLevelOf } from './account-level.ts';

const rules = (on: { master?: boolean; message?: boolean; encrypted?: boolean }): unknown => ({
  global: {
    override: [{ rule_id: '.m.rule.master', enabled: on.master ?? false }],
    underride: [
      { rule_id: '.m.rule.message', enabled: on.message ?? true },
      { rule_id: '.m.rule.encrypted', enabled: on.encrypted ?? true },
      { rule_id: '.m.rule.room_one_to_one', enabled: true },
    ],
  },
});

test.each([
  [rules({}), 'all'],
  [rules({ message: false, encrypted: false }), 'mentions'],
  // Half of it, as another client may have left it.
  [rules({ message: false }), 'all'],
  [rules({ master: true }), 'none'],
  [undefined, 'mentions'],
  [{ global: { override: 'x', underride: [5, null] } }, 'mentions'],
])('the level of rules (%#)', (content, level) => {
  expect(accountLevelOf(content)).toBe(level);
});
