import type { Company, Who } from '../company.ts';

/** One call: path with its ids, and body. */
export interface Attempt {
  readonly url: string;
  readonly body?: unknown;
}

/** What is there before the attacks. */
export interface Target {
  readonly company: Company;
  /** Bob's message to Bea, with a question. */
  readonly event: string;
  readonly obligation: string;
  /** Notices to B by B's admin: sent, and a draft. */
  readonly sent: string;
  readonly draft: string;
}

/** How one route is attacked. */
export interface RouteCase {
  /**
   * What A's people try against B. `reads`: answered, but with nothing of B. Default: refused as "not allowed" or
   * "not found".
   */
  readonly attacks: (target: Target) => readonly (Attempt & { readonly reads?: true })[];
  /** Bad input: 400, whoever asks. */
  readonly bad: (target: Target) => readonly Attempt[];
  /** What works, so that a refusal above is not just a broken route. */
  readonly ok: { readonly who: Who; readonly call: (target: Target) => Attempt };
}

const at = (rest: string): string => `/api/notices${rest}`;
const NIL = '00000000-0000-4000-8000-000000000000';
/** Ids that are none. */
const HOSTILE = ['nothing', "'; drop table notices.notice; --", '%00', '..%2F..', 'A'.repeat(250)];
const badIds = (path: (id: string) => string, body?: unknown): readonly Attempt[] =>
  HOSTILE.map((id) => ({ url: at(path(encodeURIComponent(id))), ...(body === undefined ? {} : { body }) }));
const audience = (more: object): object => ({ everybody: false, departments: [], roles: [], ...more });
const manage = (rest: string, body?: unknown): Pick<RouteCase, 'attacks' | 'bad'> => ({
  attacks: ({ sent, draft }) =>
    [sent, draft, NIL].map((id) => ({
      url: at(`/managed/${id}${rest}`),
      ...(body === undefined ? {} : { body }),
    })),
  bad: () => badIds((id) => `/managed/${id}${rest}`, body),
});

/** `METHOD /url` → how it is attacked. A route that is not in here fails the suite. */
export const ROUTES: Readonly<Record<string, RouteCase>> = {
  'POST /api/notices/obligations': {
    attacks: ({ company: { user, room }, event }) => [
      // Bob's message is not theirs, whoever is asked; nor is a room they are not in.
      ...[user.bea.userId, user.bob.userId, user.main.userId].map((asked) => ({
        url: at('/obligations'),
        body: { room_id: room, event_id: event, kind: 'question', asked: [asked] },
      })),
      {
        url: at('/obligations'),
        body: { room_id: '!nowhere', event_id: event, kind: 'urgent', asked: [user.bea.userId] },
      },
      {
        url: at('/obligations'),
        body: { room_id: room, event_id: '$nothing', kind: 'unread', asked: [user.bea.userId] },
      },
    ],
    bad: ({ company: { user, room }, event }) =>
      [
        {},
        { kind: 'other' },
        { asked: [] },
        { asked: ['bea'] },
        { asked: [7] },
        { asked: Array.from({ length: 201 }, (_, index) => `@p${String(index)}:x`) },
        { room_id: 'room' },
        { room_id: '!r\u0000' },
        { event_id: { $ne: '' } },
        { event_id: `$${'e'.repeat(300)}` },
        { due_at: 'tomorrow' },
        { due_at: '2020-01-01T00:00:00Z' },
        { kind: 'urgent', every_minutes: 1 },
        { kind: 'urgent', every_minutes: 4.5 },
        { text: 'what the message says' },
      ].map((change, index) => ({
        url: at('/obligations'),
        body:
          index === 0
            ? {}
            : { room_id: room, event_id: event, kind: 'question', asked: [user.bea.userId], ...change },
      })),
    ok: {
      who: 'bob',
      call: ({ company: { user, room }, event }) => ({
        url: at('/obligations'),
        body: { room_id: room, event_id: event, kind: 'urgent', asked: [user.bea.userId, user.ben.userId] },
      }),
    },
  },
  'GET /api/notices/obligations': {
    attacks: () =>
      ['?side=owe', '?side=wait', '?side=wait&state=closed'].map((query) => ({
        url: at(`/obligations${query}`),
        reads: true,
      })),
    bad: () =>
      [
        '',
        '?side=all',
        '?side=owe&limit=0',
        '?side=owe&limit=1000',
        '?side=owe&after=x',
        '?side=owe&after=WzFd',
      ].map((query) => ({ url: at(`/obligations${query}`) })),
    ok: { who: 'bea', call: () => ({ url: at('/obligations?side=owe') }) },
  },
  'GET /api/notices/obligations/of': {
    attacks: ({ company: { room }, event }) => [
      {
        url: at(`/obligations/of?room_id=${encodeURIComponent(room)}&event_id=${encodeURIComponent(event)}`),
        reads: true,
      },
    ],
    bad: () =>
      ['', '?room_id=x&event_id=y', '?room_id=!r'].map((query) => ({ url: at(`/obligations/of${query}`) })),
    ok: {
      who: 'bob',
      call: ({ company: { room }, event }) => ({
        url: at(`/obligations/of?room_id=${encodeURIComponent(room)}&event_id=${encodeURIComponent(event)}`),
      }),
    },
  },
  'GET /api/notices/obligations/in-room': {
    attacks: ({ company: { room } }) => [
      { url: at(`/obligations/in-room?room_id=${encodeURIComponent(room)}`), reads: true },
    ],
    bad: () =>
      ['', '?room_id=x', '?room_id=!r%00'].map((query) => ({ url: at(`/obligations/in-room${query}`) })),
    ok: {
      who: 'bob',
      call: ({ company: { room } }) => ({
        url: at(`/obligations/in-room?room_id=${encodeURIComponent(room)}`),
      }),
    },
  },
  'POST /api/notices/obligations/:id/close': {
    attacks: ({ obligation }) =>
      [obligation, NIL].flatMap((id) =>
        ['handled', 'withdrawn', 'reply'].map((how) => ({
          url: at(`/obligations/${id}/close`),
          body: { how },
        })),
      ),
    bad: ({ obligation }) => [
      ...badIds((id) => `/obligations/${id}/close`, { how: 'reply' }),
      ...[{}, { how: 'left' }, { how: 'handled', by: '@x:y' }].map((body) => ({
        url: at(`/obligations/${obligation}/close`),
        body,
      })),
    ],
    ok: {
      who: 'bea',
      call: ({ obligation }) => ({ url: at(`/obligations/${obligation}/close`), body: { how: 'handled' } }),
    },
  },
  'POST /api/notices/obligations/answered': {
    attacks: ({ company: { user, room }, event }) => [
      {
        url: at('/obligations/answered'),
        body: { room_id: room, event_id: event, how: 'reply' },
        reads: true,
      },
      {
        url: at('/obligations/answered'),
        body: { room_id: room, event_id: event, how: 'reply', by: user.bea.userId },
        reads: true,
      },
    ],
    bad: ({ company: { room }, event }) =>
      [
        {},
        { room_id: room, event_id: event, how: 'handled' },
        { room_id: room, event_id: event, how: 'reply', by: 'bea' },
      ].map((body) => ({ url: at('/obligations/answered'), body })),
    ok: {
      who: 'bea',
      call: ({ company: { room }, event }) => ({
        url: at('/obligations/answered'),
        body: { room_id: room, event_id: event, how: 'reaction' },
      }),
    },
  },
  'GET /api/notices/pending': {
    attacks: () => [{ url: at('/pending'), reads: true }],
    bad: () => [],
    ok: { who: 'bea', call: () => ({ url: at('/pending') }) },
  },
  'GET /api/notices/settings': {
    attacks: () => [{ url: at('/settings'), reads: true }],
    bad: () => [],
    ok: { who: 'bea', call: () => ({ url: at('/settings') }) },
  },
  'PUT /api/notices/settings': {
    // Nobody's settings but one's own can be named.
    attacks: () => [],
    bad: () =>
      [
        {},
        { zone: 'Middle/Earth' },
        { zone: '../etc' },
        { quiet_from: '25:00' },
        { quiet_from: '9:00' },
        { quiet_from: '08:30', quiet_to: '08:00' },
        { every_minutes: 1 },
        { user_id: '@x:y' },
      ].map((change, index) => ({
        url: at('/settings'),
        body: index === 0 ? {} : { ...SETTINGS, ...change },
      })),
    ok: { who: 'bea', call: () => ({ url: at('/settings'), body: SETTINGS }) },
  },
  'PUT /api/notices/settings/pause': {
    attacks: () => [],
    bad: () =>
      [
        {},
        { until: 'tomorrow' },
        { until: 5 },
        // Longer than a week.
        { until: '2036-11-23T04:00:00.000Z' },
        { until: null, user_id: '@x:y' },
      ].map((body) => ({ url: at('/settings/pause'), body })),
    ok: { who: 'bea', call: () => ({ url: at('/settings/pause'), body: { until: null } }) },
  },

  'GET /api/notices/notices': {
    attacks: () =>
      ['', '?filter=to_confirm', '?limit=100'].map((query) => ({ url: at(`/notices${query}`), reads: true })),
    bad: () => ['?filter=none', '?limit=-1', '?after=x'].map((query) => ({ url: at(`/notices${query}`) })),
    ok: { who: 'bea', call: () => ({ url: at('/notices') }) },
  },
  'GET /api/notices/notices/:id': {
    attacks: ({ sent, draft }) => [sent, draft, NIL].map((id) => ({ url: at(`/notices/${id}`) })),
    bad: () => badIds((id) => `/notices/${id}`),
    ok: { who: 'bea', call: ({ sent }) => ({ url: at(`/notices/${sent}`) }) },
  },
  'POST /api/notices/notices/:id/seen': {
    attacks: ({ sent, draft }) => [sent, draft, NIL].map((id) => ({ url: at(`/notices/${id}/seen`) })),
    bad: () => badIds((id) => `/notices/${id}/seen`),
    ok: { who: 'bea', call: ({ sent }) => ({ url: at(`/notices/${sent}/seen`) }) },
  },
  'POST /api/notices/notices/:id/confirm': {
    attacks: ({ sent, draft }) => [sent, draft, NIL].map((id) => ({ url: at(`/notices/${id}/confirm`) })),
    bad: () => badIds((id) => `/notices/${id}/confirm`),
    ok: { who: 'bea', call: ({ sent }) => ({ url: at(`/notices/${sent}/confirm`) }) },
  },

  'GET /api/notices/audiences': {
    attacks: () => [{ url: at('/audiences'), reads: true }],
    bad: () => [],
    ok: { who: 'adminB', call: () => ({ url: at('/audiences') }) },
  },
  'POST /api/notices/audiences/count': {
    attacks: ({ company: { department, role } }) =>
      audiencesOfB(department, role.sender).map((body) => ({ url: at('/audiences/count'), body })),
    bad: () => BAD_AUDIENCES.map((body) => ({ url: at('/audiences/count'), body })),
    ok: {
      who: 'adminB',
      call: ({ company: { department } }) => ({
        url: at('/audiences/count'),
        body: audience({ departments: [{ id: department.b, subtree: true }] }),
      }),
    },
  },
  'GET /api/notices/managed': {
    attacks: () =>
      ['', '?state=draft', '?state=sent', '?state=recalled'].map((query) => ({
        url: at(`/managed${query}`),
        reads: true,
      })),
    bad: () => ['?state=gone', '?after=x', '?limit=x'].map((query) => ({ url: at(`/managed${query}`) })),
    ok: { who: 'adminB', call: () => ({ url: at('/managed') }) },
  },
  'POST /api/notices/managed': {
    attacks: ({ company: { department, role } }) =>
      audiencesOfB(department, role.sender).map((one) => ({
        url: at('/managed'),
        body: { title: 'T', body: 'B', confirm: true, audience: one },
      })),
    bad: ({ company: { department } }) => {
      const good = {
        title: 'T',
        body: 'B',
        confirm: true,
        audience: audience({ departments: [{ id: department.b, subtree: true }] }),
      };
      return [
        {},
        { ...good, title: '' },
        { ...good, title: ' \u0000 ' },
        { ...good, title: 'T'.repeat(201) },
        { ...good, body: '\u0007' },
        { ...good, body: 'b'.repeat(12_001) },
        { ...good, body: '> '.repeat(5900) },
        { ...good, confirm: 'yes' },
        { ...good, state: 'sent' },
        ...BAD_AUDIENCES.map((one) => ({ ...good, audience: one })),
      ].map((body) => ({ url: at('/managed'), body }));
    },
    ok: {
      who: 'adminB',
      call: ({ company: { department } }) => ({
        url: at('/managed'),
        body: {
          title: 'T',
          body: 'B',
          confirm: true,
          audience: audience({ departments: [{ id: department.b1, subtree: false }] }),
        },
      }),
    },
  },
  'GET /api/notices/managed/:id': {
    ...manage(''),
    ok: { who: 'adminB', call: ({ draft }) => ({ url: at(`/managed/${draft}`) }) },
  },
  'PATCH /api/notices/managed/:id': {
    ...manage('', { version: 1, title: 'Mine' }),
    ok: {
      who: 'adminB',
      call: ({ draft }) => ({ url: at(`/managed/${draft}`), body: { version: 1, title: 'Better' } }),
    },
  },
  'POST /api/notices/managed/:id/send': {
    ...manage('/send', { version: 1 }),
    ok: {
      who: 'adminB',
      call: ({ draft }) => ({
        url: at(`/managed/${draft}/send`),
        body: { version: 2, at: '2026-12-24T08:00:00Z' },
      }),
    },
  },
  'POST /api/notices/managed/:id/unschedule': {
    ...manage('/unschedule'),
    ok: { who: 'adminB', call: ({ draft }) => ({ url: at(`/managed/${draft}/unschedule`) }) },
  },
  'GET /api/notices/managed/:id/progress': {
    ...manage('/progress'),
    ok: { who: 'adminB', call: ({ sent }) => ({ url: at(`/managed/${sent}/progress`) }) },
  },
  'GET /api/notices/managed/:id/recipients': {
    attacks: ({ sent, draft }) =>
      [sent, draft, NIL].map((id) => ({ url: at(`/managed/${id}/recipients?show=pending`) })),
    bad: ({ sent }) => [
      ...badIds((id) => `/managed/${id}/recipients?show=pending`),
      { url: at(`/managed/${sent}/recipients`) },
      { url: at(`/managed/${sent}/recipients?show=all`) },
    ],
    ok: { who: 'adminB', call: ({ sent }) => ({ url: at(`/managed/${sent}/recipients?show=pending`) }) },
  },
  'POST /api/notices/managed/:id/remind': {
    ...manage('/remind'),
    ok: { who: 'adminB', call: ({ sent }) => ({ url: at(`/managed/${sent}/remind`) }) },
  },
  'POST /api/notices/managed/:id/recall': {
    ...manage('/recall'),
    ok: { who: 'adminB', call: ({ sent }) => ({ url: at(`/managed/${sent}/recall`) }) },
  },
  'DELETE /api/notices/managed/:id': {
    ...manage(''),
    ok: { who: 'adminB', call: ({ draft }) => ({ url: at(`/managed/${draft}`) }) },
  },
};

export const SETTINGS = {
  zone: 'Europe/Berlin',
  quiet: true,
  quiet_from: '19:00',
  quiet_to: '07:30',
  quiet_weekends: true,
  urgent_through: false,
  every_minutes: 60,
  direct: false,
};

/** What A's admin may not send to. */
function audiencesOfB(department: Company['department'], role: string): object[] {
  return [
    audience({ everybody: true }),
    audience({ roles: [role] }),
    ...[department.b, department.b1, department.root, NIL].flatMap((id) => [
      audience({ departments: [{ id, subtree: true }] }),
      audience({ departments: [{ id, subtree: false }] }),
      audience({
        departments: [
          { id: department.a1, subtree: true },
          { id, subtree: false },
        ],
      }),
    ]),
    audience({ everybody: true, departments: [{ id: department.a1, subtree: true }] }),
  ];
}

const BAD_AUDIENCES: readonly unknown[] = [
  undefined,
  {},
  { everybody: 'yes', departments: [], roles: [] },
  audience({ departments: ['x'] }),
  audience({ departments: [{ id: 'x', subtree: true }] }),
  audience({ roles: ["' or true"] }),
  audience({ people: [] }),
  audience({ departments: Array.from({ length: 201 }, () => ({ id: NIL, subtree: true })) }),
];
