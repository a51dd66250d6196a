import { defineModule } from '@qiao/platform';
import { Type } from 'typebox';
import en from './strings/en.json' with { type: 'json' };
import zhHans from './strings/zh_Hans.json' with { type: 'json' };

/**
 * The audit domain's slot: it runs as its own process with its own registration, so that what it will hold
 * is out of reach of the rest from the first day. It keeps nothing yet.
 */
export default defineModule({
  id: 'audit',
  needs: [],
  config: Type.Object({}, { additionalProperties: false }),
  claims: { eventTypes: [], bots: ['_qiao_audit_bot'], permissions: [], domainEvents: [] },
  errors: {},
  texts: { en, zh_Hans: zhHans },
  migrations: {},
  setup: () => ({}),
});
