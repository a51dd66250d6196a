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
  inRoom: endpoint<{
    query: Static<typeof notices.InRoomQuery>;
    answer: Static<typeof notices.AskedMessages>;
  }>('GET', '/api/notices/obligations/in-room'),
  close: endpoint<{
    params: { id: string };
    body: Static<typeof notices.CloseObligation>;
    answer: notices.Obligation;
  }>('POST', '/api/notices/obligations/:id/close'),
  notice: endpoint<{ params: { id: string }; answer: notices.Notice }>('GET', '/api/notices/notices/:id'),
  confirmNotice: endpoint<{ params: { id: string } }>('POST', '/api/notices/notices/:id/confirm'),
  answered: endpoint<{
    body: Static<typeof notices.AnsweredEvent>;
    answer: Static<typeof notices.ClosedCount>;
  }>('POST', '/api/notices/obligations/answered'),
};

/** Cached answer about a notice to the person; the page of the notice has the same. */
export const noticeKey = (id: string): readonly string[] => ['notices', 'list', 'one', id];
/** Cached answers of the domain. */
export const NOTICES_KEY = ['notices'] as const;
/** `CHANGED_SIGNAL` and `NOTICES_BOT` of the contract, of which only types reach the browser. */
export const SIGNAL = 'im.qiao.notices.changed';
export const BOT = '_qiao_notices_bot';
