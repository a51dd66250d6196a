import type * as notices from '@qiao/notices/contract';
import { endpoint, type EndpointShape } from '@qiao/ui-kit';
import type { Static, TSchema } from 'typebox';

/* The domain's endpoints, typed by its contract. Only types are imported: no schema reaches the browser. */
type Of<S extends TSchema> = Static<S>;
const get = <T extends EndpointShape>(path: string) => endpoint<T>('GET', `/api/notices${path}`);
const post = <T extends EndpointShape>(path: string) => endpoint<T>('POST', `/api/notices${path}`);

interface ById {
  id: string;
}

export const noticesApi = {
  obligations: get<{
    query: Of<typeof notices.ObligationsQuery>;
    answer: Of<typeof notices.ObligationsPage>;
  }>('/obligations'),
  close: post<{ params: ById; body: Of<typeof notices.CloseObligation>; answer: notices.Obligation }>(
    '/obligations/:id/close',
  ),
  pending: get<{ answer: notices.Pending }>('/pending'),
  settings: get<{ answer: notices.Settings }>('/settings'),
  putSettings: endpoint<{ body: notices.PutSettings; answer: notices.Settings }>(
    'PUT',
    '/api/notices/settings',
  ),

  notices: get<{ query: Of<typeof notices.NoticesQuery>; answer: Of<typeof notices.NoticesPage> }>(
    '/notices',
  ),
  notice: get<{ params: ById; answer: notices.Notice }>('/notices/:id'),
  seen: post<{ params: ById }>('/notices/:id/seen'),
  confirm: post<{ params: ById }>('/notices/:id/confirm'),

  audiences: get<{ answer: notices.Audiences }>('/audiences'),
  count: post<{ body: notices.Audience; answer: Of<typeof notices.AudienceCount> }>('/audiences/count'),
  managed: get<{ query: Of<typeof notices.ManagedQuery>; answer: Of<typeof notices.ManagedNoticesPage> }>(
    '/managed',
  ),
  managedOne: get<{ params: ById; answer: notices.ManagedNotice }>('/managed/:id'),
  create: post<{ body: notices.CreateNotice; answer: notices.ManagedNotice }>('/managed'),
  patch: endpoint<{ params: ById; body: notices.PatchNotice; answer: notices.ManagedNotice }>(
    'PATCH',
    '/api/notices/managed/:id',
  ),
  discard: endpoint<{ params: ById }>('DELETE', '/api/notices/managed/:id'),
  send: post<{ params: ById; body: Of<typeof notices.SendNotice>; answer: notices.ManagedNotice }>(
    '/managed/:id/send',
  ),
  unschedule: post<{ params: ById; answer: notices.ManagedNotice }>('/managed/:id/unschedule'),
  recall: post<{ params: ById; answer: notices.ManagedNotice }>('/managed/:id/recall'),
  progress: get<{ params: ById; answer: notices.Progress }>('/managed/:id/progress'),
  recipients: get<{
    params: ById;
    query: Of<typeof notices.RecipientsQuery>;
    answer: Of<typeof notices.RecipientsPage>;
  }>('/managed/:id/recipients'),
  remind: post<{ params: ById; answer: Of<typeof notices.RemindedCount> }>('/managed/:id/remind'),
};

/** Names of cached answers; the client throws all of them away when it is told that something changed. */
export const keys = {
  all: ['notices'],
  /** Also the client's, for its line above everything. */
  pending: ['notices', 'pending'],
  obligations: ['notices', 'obligations'],
  list: ['notices', 'list'],
  one: (id: string) => ['notices', 'list', 'one', id],
  managed: ['notices', 'managed'],
  managedOne: (id: string) => ['notices', 'managed', id],
  settings: ['notices', 'settings'],
} as const;

/** How often lists look by themselves, milliseconds. */
export const LOOK_MS = 60_000;
