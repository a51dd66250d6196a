import { asList, asRecord } from './safe-text.ts';

/** What the account wants to be told about where a conversation says nothing else. */
export const ACCOUNT_LEVELS = ['all', 'mentions', 'none'] as const;
export type AccountLevel = (typeof ACCOUNT_LEVELS)[number];

/** Switches everything off while it is on (client-server API, "Predefined rules"). */
export const MASTER_RULE = '.m.rule.master';
/** Messages of groups. Those of direct chats, mentions, invitations and calls have rules of their own. */
export const GROUP_RULES = ['.m.rule.message', '.m.rule.encrypted'] as const;

const enabled = (rules: unknown, id: string): boolean =>
  asList(rules).some((each) => asRecord(each)['rule_id'] === id && asRecord(each)['enabled'] !== false);

/** @param rules content of `m.push_rules` */
export function accountLevelOf(rules: unknown): AccountLevel {
  const global = asRecord(asRecord(rules)['global']);
  if (enabled(global['override'], MASTER_RULE)) return 'none';
  return GROUP_RULES.some((id) => enabled(global['underride'], id)) ? 'all' : 'mentions';
}
