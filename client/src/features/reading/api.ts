import type * as notices from '@qiao/notices/contract';
import { endpoint } from '@qiao/ui-kit';
import type { Static } from 'typebox';

/** Endpoints of the notices domain that need a conversation beside them. */
export const readingApi = {
  pending: endpoint<{ answer: notices.Pending }>('GET', '/api/notices/pending'),
  create: endpoint<{ body: notices.CreateObligations; answer: Static<typeof notices.CreatedObligations> }>(
    'POST',
    '/api/notices/obligations',
  ),
  of: endpoint<{
    query: Static<typeof notices.OfEventQuery>;
    answer: Static<typeof notices.ObligationList>;
  }>('GET', '/api/notices/obligations/of'),
  answered: endpoint<{
    body: Static<typeof notices.AnsweredEvent>;
    answer: Static<typeof notices.ClosedCount>;
  }>('POST', '/api/notices/obligations/answered'),
};

/** Cached answers of the domain. */
export const NOTICES_KEY = ['notices'] as const;
/** `CHANGED_SIGNAL` and `NOTICES_BOT` of the contract, of which only types reach the browser. */
export const SIGNAL = 'im.qiao.notices.changed';
export const BOT = '_qiao_notices_bot';
