import { defineModule } from '@qiao/platform';
import { orgErrorTable, orgEvents, orgPermissions, ROOMS_LOCALPART } from './contract/index.ts';
import { migrations } from './migrations/index.ts';
import { setup } from './server/setup.ts';
import { orgTexts } from './server/texts.ts';
import { OrgConfig } from './server/config.ts';

export default defineModule({
  id: 'org',
  needs: [],
  config: OrgConfig,
  claims: {
    eventTypes: [],
    bots: ['_qiao_org_bot', ROOMS_LOCALPART],
    serviceUsers: [
      { localpart: '_qiao_org_bot', rooms: 'internal' },
      // Makes people's conversations; one with somebody outside federates.
      { localpart: ROOMS_LOCALPART, rooms: 'any' },
    ],
    permissions: orgPermissions,
    domainEvents: Object.keys(orgEvents),
  },
  errors: orgErrorTable,
  texts: orgTexts,
  migrations,
  hears: true,
  setup,
});
