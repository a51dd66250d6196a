import { ViewModel } from '@qiao/ui-kit';
import { ClientEvent, EventType, PushRuleKind, type MatrixClient } from 'matrix-js-sdk';
import { accountLevelOf, GROUP_RULES, MASTER_RULE, type AccountLevel } from './account-level.ts';
import { ACCOUNT_DATA } from './names.ts';

/** The account's rules for all conversations; they hold on all devices, and in other clients, too. */
export class NotifyRules extends ViewModel<{ readonly level: AccountLevel | undefined }> {
  readonly #client: MatrixClient;

  constructor(client: MatrixClient) {
    super({ level: undefined });
    this.#client = client;
    client.on(ClientEvent.AccountData, (event) => {
      if (event.getType() === ACCOUNT_DATA.pushRules) this.set({ level: accountLevelOf(event.getContent()) });
    });
    client.on(ClientEvent.Sync, () => {
      if (this.snapshot.level !== undefined) return;
      const stored = client.getAccountData(EventType.PushRules);
      if (stored) this.set({ level: accountLevelOf(stored.getContent()) });
    });
  }

  /** @throws MatrixError */
  readonly choose = async (level: AccountLevel): Promise<void> => {
    const client = this.#client;
    if (level !== 'none')
      for (const id of GROUP_RULES)
        await client.setPushRuleEnabled('global', PushRuleKind.Underride, id, level === 'all');
    await client.setPushRuleEnabled('global', PushRuleKind.Override, MASTER_RULE, level === 'none');
    this.set({ level });
  };
}
