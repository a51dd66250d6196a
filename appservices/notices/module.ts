import { defineModule } from '@qiao/platform';
import { noticesErrorTable, NOTICES_BOT, noticesPermissions } from './contract/index.ts';
import { migrations } from './migrations/index.ts';
import { NoticesConfig } from './server/config.ts';
import { setup } from './server/setup.ts';
import en from './strings/en.json' with { type: 'json' };
import zhHans from './strings/zh_Hans.json' with { type: 'json' };

/** Who has read, who owes an answer, and notices (CHAT-2, CHAT-3, CHAT-6). */
export default defineModule({
  id: 'notices',
  needs: ['org', 'push'],
  config: NoticesConfig,
  claims: {
    eventTypes: ['im.qiao.notices.changed'],
    bots: [NOTICES_BOT],
    serviceUsers: [{ localpart: NOTICES_BOT, rooms: 'internal' }],
    permissions: noticesPermissions,
    domainEvents: [],
  },
  errors: noticesErrorTable,
  texts: { en, zh_Hans: zhHans },
  migrations,
  setup,
});
