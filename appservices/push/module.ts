import { defineModule } from '@qiao/platform';
import { pushErrorTable } from './contract/index.ts';
import { migrations } from './migrations/index.ts';
import { PushConfig } from './server/config.ts';
import { setup } from './server/setup.ts';
import { pushTexts } from './server/texts.ts';

export default defineModule({
  id: 'push',
  needs: [],
  config: PushConfig,
  claims: { eventTypes: [], bots: [], permissions: [], domainEvents: [] },
  errors: pushErrorTable,
  texts: pushTexts,
  migrations,
  setup,
});
