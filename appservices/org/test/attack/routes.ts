import type { AttackedCompany } from './company.ts';

/** One call: path with its ids, and body. */
export interface Attempt {
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How one route is attacked. */
export interface RouteCase {
  /** Needs no session. */
  readonly public?: true;
  /** What a public route answers to `main`; default: 404, for a token that is none. */
  readonly answers?: number;
  /** Members without rights may call it, too: their answer then holds nothing of what they may not see. */
  readonly everybody?: true;
  /**
   * What A's admin tries against B. `reads`: a call that is answered, but with nothing of B and nothing changed.
   * Default: refused as "not allowed" or "not found".
   */
  readonly attacks: (company: AttackedCompany) => readonly (Attempt & { readonly reads?: true })[];
  /** What the main administrator does with it, so that a refusal above is not just a broken route. */
  readonly main: (company: AttackedCompany) => Attempt | Promise<Attempt>;
}

const get = (url: string, ...queries: string[]): readonly (Attempt & { reads: true })[] =>
  ['', ...queries].map((query) => ({ url: `${url}${query}`, reads: true as const }));
const path = (rest: string): string => `/api/org${rest}`;
const companyOnly = (rest: string, body?: unknown): RouteCase => ({
  attacks: () => [{ url: path(rest), ...(body === undefined ? {} : { body }) }],
  main: () => ({ url: path(rest), ...(body === undefined ? {} : { body }) }),
});

/** `METHOD /url` → how it is attacked. A route that is not in here fails the suite. */
export const ROUTES: Readonly<Record<string, RouteCase>> = {
  'GET /api/org/me': { everybody: true, attacks: () => get(path('/me')), main: () => ({ url: path('/me') }) },
  'PUT /api/org/me/language': {
    // It names nobody: the caller's own language is all it reaches (partners: test/provision/api).
    attacks: () => [],
    main: () => ({ url: path('/me/language'), body: { language: 'en' } }),
  },

  // Conversations
  'POST /api/org/conversations': {
    attacks: ({ userId }) => [
      ...['bob', 'adminB', 'newB'].flatMap((key) => [
        { url: path('/conversations'), body: { kind: 'direct', user_id: userId(key) } },
        { url: path('/conversations'), body: { kind: 'group', name: 'Mine', user_ids: [userId(key)] } },
      ]),
      { url: path('/conversations'), body: { kind: 'direct', user_id: '@nobody:qiao.test' } },
    ],
    main: ({ userId }) => ({
      url: path('/conversations'),
      body: { kind: 'direct', user_id: userId('ann') },
    }),
  },
  'POST /api/org/conversations/renew': {
    // Whose room it is, is the homeserver's to say: without one nothing is renewed (see test/conversations).
    attacks: () => [],
    main: () => ({ url: path('/conversations/renew'), body: { room_id: '!room' } }),
  },

  // Departments
  'GET /api/org/departments': {
    attacks: () => get(path('/departments'), '?ended=true'),
    main: () => ({ url: path('/departments') }),
  },
  'POST /api/org/departments': {
    attacks: ({ id }) =>
      [id.b, id.b1, id.bEnded, id.root, null].map((parent_id) => ({
        url: path('/departments'),
        body: { name: 'Mine', parent_id },
      })),
    main: ({ id }) => ({ url: path('/departments'), body: { name: 'New', parent_id: id.root } }),
  },
  'PATCH /api/org/departments/:id': {
    attacks: ({ id }) => [
      ...[
        { name: 'Mine' },
        { hidden: false },
        { include_sub: true },
        { position: 0 },
        { head_ids: [id.admin] },
        { parent_id: id.a },
      ].flatMap((change) =>
        [id.b, id.b1, id.root, id.bEnded].map((department) => ({
          url: path(`/departments/${department}`),
          body: { version: 1, ...change },
        })),
      ),
      // The own root: where it stands is not the own admin's.
      { url: path(`/departments/${id.a}`), body: { version: 1, parent_id: id.b } },
      { url: path(`/departments/${id.a}`), body: { version: 1, parent_id: id.root } },
      { url: path(`/departments/${id.a}`), body: { version: 1, position: 0 } },
      { url: path(`/departments/${id.a1}`), body: { version: 1, parent_id: id.b1 } },
      { url: path(`/departments/${id.a1}`), body: { version: 1, parent_id: null } },
      { url: path(`/departments/${id.a1}`), body: { version: 1, parent_id: id.root } },
      // People of B as heads in A would be pulled into A.
      { url: path(`/departments/${id.a1}`), body: { version: 1, head_ids: [id.bob] } },
      { url: path(`/departments/${id.a1}`), body: { version: 1, head_ids: [id.ann, id.main] } },
    ],
    main: async (company) => {
      const { department } = await company.fresh();
      return { url: path(`/departments/${department}`), body: { version: 1, name: 'Renamed' } };
    },
  },
  'POST /api/org/departments/:id/merge': {
    attacks: ({ id }) =>
      [
        [id.b, id.a],
        [id.b1, id.a1],
        [id.a1, id.b1],
        [id.a1, id.root],
        [id.a, id.b],
        [id.root, id.a],
        [id.a, id.a1],
      ].map(([from, into_id]) => ({ url: path(`/departments/${from}/merge`), body: { into_id } })),
    main: async (company) => {
      const { department, other } = await company.fresh();
      return { url: path(`/departments/${department}/merge`), body: { into_id: other } };
    },
  },
  'POST /api/org/departments/:id/end': {
    attacks: ({ id }) => [
      ...[id.b, id.b2, id.root, id.a].flatMap((department) =>
        ['dissolve', 'convert'].map((mode) => ({
          url: path(`/departments/${department}/end`),
          body: { mode },
        })),
      ),
      { url: path(`/departments/${id.b1}/end`), body: { mode: 'dissolve', move_people_to: id.a1 } },
      { url: path(`/departments/${id.a1}/end`), body: { mode: 'dissolve', move_people_to: id.b1 } },
      { url: path(`/departments/${id.a1}/end`), body: { mode: 'dissolve', move_people_to: id.root } },
    ],
    main: async (company) => {
      const { department, other } = await company.fresh();
      return {
        url: path(`/departments/${department}/end`),
        body: { mode: 'dissolve', move_people_to: other },
      };
    },
  },

  // People
  'GET /api/org/people': {
    attacks: ({ id }) => [
      ...get(path('/people'), '?q=Bsecret', '?q=bob', '?status=suspended', '?activated=false', '?limit=200'),
      { url: path(`/people?department_id=${id.b}`) },
      { url: path(`/people?department_id=${id.b1}&subtree=false`) },
      { url: path(`/people?department_id=${id.root}`) },
    ],
    main: () => ({ url: path('/people') }),
  },
  'GET /api/org/people/:id': {
    attacks: ({ id }) => [
      ...[id.bob, id.bea, id.adminB, id.newB, id.main].map((person) => ({ url: path(`/people/${person}`) })),
      ...get(path(`/people/${id.lent}`)),
      ...get(path(`/people/${id.admin}`)),
    ],
    main: ({ id }) => ({ url: path(`/people/${id.bob}`) }),
  },
  'POST /api/org/people': {
    attacks: ({ id }) => [
      ...[[id.b1], [id.a1, id.b1], [id.root], [id.bEnded]].map((departments) => ({
        url: path('/people'),
        body: {
          display_name: 'Spy',
          departments: departments.map((department_id) => ({ department_id })),
        },
      })),
      ...[{ manager_id: id.bob }, { external_id: 'E-1' }].map((fact) => ({
        url: path('/people'),
        body: { display_name: 'Spy', departments: [{ department_id: id.a1 }], ...fact },
      })),
    ],
    main: ({ id }) => ({
      url: path('/people'),
      body: { display_name: 'New', departments: [{ department_id: id.a1 }] },
    }),
  },
  'PATCH /api/org/people/:id': {
    attacks: ({ id }) => [
      ...[id.bob, id.adminB, id.newB, id.bea, id.main].flatMap((person) =>
        [
          { display_name: 'X' },
          { email: 'me@example.com' },
          { manager_id: id.admin },
          { departments: [{ department_id: id.a1 }] },
        ].map((change) => ({ url: path(`/people/${person}`), body: { version: 1, ...change } })),
      ),
      // Rights within the own subtree that are above one's own.
      ...[
        { email: 'me@example.com' },
        { ends_on: '2020-01-01' },
        { departments: [{ department_id: id.a2 }] },
      ].map((change) => ({ url: path(`/people/${id.main2}`), body: { version: 1, ...change } })),
      // Lent from B: not the account, nor the place in B.
      ...[
        { email: 'me@example.com' },
        { departments: [{ department_id: id.a1, is_primary: true }, { department_id: id.b1 }] },
        { departments: [{ department_id: id.b2 }] },
      ].map((change) => ({ url: path(`/people/${id.lent}`), body: { version: 1, ...change } })),
      ...[
        { departments: [{ department_id: id.b1 }] },
        { departments: [{ department_id: id.a1 }, { department_id: id.root }] },
        { manager_id: id.bob },
        { external_id: 'E-1' },
      ].map((change) => ({ url: path(`/people/${id.ann}`), body: { version: 1, ...change } })),
    ],
    main: async (company) => {
      const { person } = await company.fresh();
      return { url: path(`/people/${person}`), body: { version: 1, title: 'Chief' } };
    },
  },

  // Activation
  'POST /api/org/people/:id/activation': {
    attacks: ({ id }) =>
      [id.bob, id.newB, id.adminB, id.main, id.main2, id.lent].map((person) => ({
        url: path(`/people/${person}/activation`),
      })),
    main: ({ id }) => ({ url: path(`/people/${id.newB}/activation`) }),
  },
  'POST /api/org/people/activations': {
    attacks: ({ id }) => [
      ...[[id.newB], [id.ann, id.newB], [id.main2]].map((person_ids) => ({
        url: path('/people/activations'),
        body: { person_ids },
      })),
      { url: path('/people/activations'), body: { department_id: id.b } },
      { url: path('/people/activations'), body: { department_id: id.root } },
    ],
    main: ({ id }) => ({ url: path('/people/activations'), body: { department_id: id.b } }),
  },
  'GET /api/org/people/:id/activation': {
    attacks: ({ id }) =>
      [id.bob, id.newB, id.adminB, id.main, id.main2, id.lent].map((person) => ({
        url: path(`/people/${person}/activation`),
      })),
    main: ({ id }) => ({ url: path(`/people/${id.newB}/activation`) }),
  },
  'DELETE /api/org/people/:id/activation': {
    attacks: ({ id }) =>
      [id.bob, id.newB, id.adminB, id.main, id.main2, id.lent].map((person) => ({
        url: path(`/people/${person}/activation`),
      })),
    main: ({ id }) => ({ url: path(`/people/${id.newB}/activation`) }),
  },
  'POST /api/org/people/:id/activation/mail': {
    attacks: ({ id }) =>
      [id.bob, id.newB, id.adminB, id.main, id.main2, id.lent].map((person) => ({
        url: path(`/people/${person}/activation/mail`),
      })),
    main: ({ id }) => ({ url: path(`/people/${id.bob}/activation/mail`) }),
  },
  'POST /api/org/activations/links': {
    attacks: ({ id }) => [
      ...[[id.newB], [id.ann, id.newB], [id.main2]].map((person_ids) => ({
        url: path('/activations/links'),
        body: { person_ids },
      })),
      { url: path('/activations/links'), body: { department_id: id.b } },
      { url: path('/activations/links'), body: { department_id: id.root } },
    ],
    main: ({ id }) => ({ url: path('/activations/links'), body: { department_id: id.b } }),
  },
  'POST /api/org/activations/mail': {
    attacks: ({ id }) => [
      ...[[id.newB], [id.ann, id.newB], [id.main2]].map((person_ids) => ({
        url: path('/activations/mail'),
        body: { person_ids },
      })),
      { url: path('/activations/mail'), body: { department_id: id.b } },
      { url: path('/activations/mail'), body: { department_id: id.root } },
    ],
    main: ({ id }) => ({ url: path('/activations/mail'), body: { department_id: id.b } }),
  },
  'GET /api/org/activations/mail': {
    attacks: () => get(path('/activations/mail')),
    main: () => ({ url: path('/activations/mail') }),
  },
  'GET /api/org/activations/mail/:id': {
    // One of the main administrator's, over B.
    attacks: ({ id }) => [{ url: path(`/activations/mail/${id.mailing}`) }],
    main: ({ id }) => ({ url: path(`/activations/mail/${id.mailing}`) }),
  },

  // Mail
  'GET /api/org/mail': { attacks: () => get(path('/mail')), main: () => ({ url: path('/mail') }) },
  'GET /api/org/mail/messages': {
    attacks: () => get(path('/mail/messages'), '?state=failed', '?state=kept', '?limit=200'),
    main: () => ({ url: path('/mail/messages') }),
  },
  'GET /api/org/mail/messages/:id': {
    attacks: ({ id }) => [id.mailB, id.keptB].map((mail) => ({ url: path(`/mail/messages/${mail}`) })),
    main: ({ id }) => ({ url: path(`/mail/messages/${id.keptB}`) }),
  },
  'POST /api/org/mail/messages/:id/retry': {
    attacks: ({ id }) => [id.mailB, id.keptB].map((mail) => ({ url: path(`/mail/messages/${mail}/retry`) })),
    main: ({ id }) => ({ url: path(`/mail/messages/${id.mailB}/retry`) }),
  },
  'POST /api/org/mail/test': {
    attacks: () => [{ url: path('/mail/test') }],
    main: () => ({ url: path('/mail/test') }),
  },

  // Forgotten passwords
  'POST /api/org/password/forgot': {
    public: true,
    answers: 202,
    attacks: () => [],
    main: ({ userId }) => ({ url: path('/password/forgot'), body: { name: userId('bob') } }),
  },
  'GET /api/org/password-requests': {
    attacks: () => get(path('/password-requests'), '?limit=200'),
    main: () => ({ url: path('/password-requests') }),
  },
  'POST /api/org/password-requests/:id/close': {
    attacks: ({ id }) => [{ url: path(`/password-requests/${id.requestB}/close`) }],
    main: ({ id }) => ({ url: path(`/password-requests/${id.requestB}/close`) }),
  },
  'POST /api/org/activation/info': {
    public: true,
    attacks: () => [{ url: path('/activation/info'), body: { token: 'x'.repeat(43) } }],
    main: () => ({ url: path('/activation/info'), body: { token: 'x'.repeat(43) } }),
  },
  'POST /api/org/activation/password': {
    public: true,
    attacks: () => [{ url: path('/activation/password'), body: { token: 'x'.repeat(43), password: 'a' } }],
    main: () => ({ url: path('/activation/password'), body: { token: 'x'.repeat(43), password: 'a' } }),
  },
  'POST /api/org/me/password': {
    everybody: true,
    attacks: () => [{ url: path('/me/password'), body: { password: 'a' }, reads: true }],
    main: () => ({ url: path('/me/password'), body: { password: 'a' } }),
  },
  'POST /api/org/activation': {
    public: true,
    attacks: () => [
      { url: path('/activation'), body: { token: 'x'.repeat(43), password: 'correct horse battery 9' } },
    ],
    main: () => ({
      url: path('/activation'),
      body: { token: 'x'.repeat(43), password: 'correct horse battery 9' },
    }),
  },

  // Leavers
  'POST /api/org/people/:id/offboarding': {
    attacks: ({ id }) => [
      ...[id.bob, id.adminB, id.newB, id.bea, id.main, id.main2, id.lent].map((person) => ({
        url: path(`/people/${person}/offboarding`),
        body: {},
      })),
      // Handing over is no way to put B's people, or anybody, into A.
      { url: path(`/people/${id.ann}/offboarding`), body: { handover_to: id.bob } },
      { url: path(`/people/${id.headA}/offboarding`), body: { handover_to: id.main } },
    ],
    main: async (company) => {
      const { person } = await company.fresh();
      return { url: path(`/people/${person}/offboarding`), body: {} };
    },
  },
  'GET /api/org/offboardings': {
    attacks: () => get(path('/offboardings'), '?state=suspended', '?limit=200'),
    main: () => ({ url: path('/offboardings') }),
  },
  'GET /api/org/offboardings/:id': {
    attacks: ({ id }) => [{ url: path(`/offboardings/${id.beaOffboarding}`) }],
    main: ({ id }) => ({ url: path(`/offboardings/${id.beaOffboarding}`) }),
  },
  'PUT /api/org/offboardings/:id/items/:item': {
    attacks: ({ id }) => [
      {
        url: path(`/offboardings/${id.beaOffboarding}/items/${id.beaItem}`),
        body: { to_person_id: id.admin },
      },
      {
        url: path(`/offboardings/${id.leaverAOffboarding}/items/${id.beaItem}`),
        body: { to_person_id: id.admin },
      },
      ...[id.bob, id.main].map((to_person_id) => ({
        url: path(`/offboardings/${id.leaverAOffboarding}/items/${id.leaverAItem}`),
        body: { to_person_id },
      })),
    ],
    main: ({ id }) => ({
      url: path(`/offboardings/${id.beaOffboarding}/items/${id.beaItem}`),
      body: { to_person_id: id.adminB },
    }),
  },
  ...Object.fromEntries(
    (['close', 'undo', 'check'] as const).map((act): [string, RouteCase] => [
      `POST /api/org/offboardings/:id/${act}`,
      {
        attacks: ({ id }) => [{ url: path(`/offboardings/${id.beaOffboarding}/${act}`) }],
        main: ({ id }) => ({ url: path(`/offboardings/${id.beaOffboarding}/${act}`) }),
      },
    ]),
  ),

  // Directory: for everybody, and nothing of B for A.
  'GET /api/org/directory/people': {
    everybody: true,
    attacks: ({ id }) => [
      ...get(path('/directory/people'), '?q=Bsecret', '?q=bob', '?limit=200'),
      { url: path(`/directory/people?department_id=${id.b}`) },
      { url: path(`/directory/people?department_id=${id.b1}&subtree=false`) },
    ],
    main: () => ({ url: path('/directory/people') }),
  },
  'POST /api/org/directory/people/lookup': {
    everybody: true,
    attacks: ({ userId }) => [
      {
        url: path('/directory/people/lookup'),
        body: { user_ids: [userId('bob'), userId('adminB'), userId('newB')] },
        reads: true,
      },
    ],
    main: ({ userId }) => ({ url: path('/directory/people/lookup'), body: { user_ids: [userId('bob')] } }),
  },
  'GET /api/org/directory/people/:id': {
    everybody: true,
    attacks: ({ id }) => [
      { url: path(`/directory/people/${id.bob}`) },
      { url: path(`/directory/people/${id.adminB}`) },
      // One's own, whose reports and managers are filtered.
      ...get(path(`/directory/people/${id.admin}`)),
    ],
    main: ({ id }) => ({ url: path(`/directory/people/${id.ann}`) }),
  },
  'GET /api/org/directory/departments': {
    everybody: true,
    attacks: () => get(path('/directory/departments')),
    main: () => ({ url: path('/directory/departments') }),
  },

  // Roles and grants
  'GET /api/org/roles': { attacks: () => get(path('/roles')), main: () => ({ url: path('/roles') }) },
  'POST /api/org/roles': companyOnly('/roles', { name: 'Own', permissions: ['org.person.read'] }),
  'PATCH /api/org/roles/:id': {
    attacks: ({ id }) =>
      [id.roleB, id.department_admin, id.main_admin].map((role) => ({
        url: path(`/roles/${role}`),
        body: { version: 1, permissions: ['org.person.read', 'org.import.run'] },
      })),
    main: ({ id }) => ({ url: path(`/roles/${id.roleB}`), body: { version: 1, name: 'Renamed' } }),
  },
  'DELETE /api/org/roles/:id': {
    attacks: ({ id }) => [{ url: path(`/roles/${id.roleB}`) }, { url: path(`/roles/${id.unusedRole}`) }],
    main: ({ id }) => ({ url: path(`/roles/${id.unusedRole}`) }),
  },
  'GET /api/org/permissions': {
    attacks: () => get(path('/permissions')),
    main: () => ({ url: path('/permissions') }),
  },
  'GET /api/org/grants': {
    attacks: ({ id }) =>
      get(
        path('/grants'),
        `?person_id=${id.adminB}`,
        `?role_id=${id.department_admin}`,
        `?person_id=${id.main}`,
      ),
    main: () => ({ url: path('/grants') }),
  },
  'POST /api/org/grants': {
    attacks: ({ id }) =>
      [
        [id.ann, id.department_admin, id.b],
        [id.admin, id.department_admin, id.b],
        [id.admin, id.department_admin, id.root],
        [id.admin, id.department_admin, null],
        [id.admin, id.main_admin, null],
        [id.admin, id.main_admin, id.a],
        [id.ann, id.roleB, id.a],
        [id.bob, id.department_admin, id.a],
        [id.main, id.department_admin, id.a],
        [id.ann, id.department_admin, id.bEnded],
      ].map(([person_id, role_id, department_id]) => ({
        url: path('/grants'),
        body: { person_id, role_id, department_id },
      })),
    main: ({ id }) => ({
      url: path('/grants'),
      body: { person_id: id.ann, role_id: id.department_admin, department_id: id.a2 },
    }),
  },
  'DELETE /api/org/grants/:id': {
    attacks: ({ id }) => [{ url: path(`/grants/${id.grantB}`) }],
    main: ({ id }) => ({ url: path(`/grants/${id.grantB}`) }),
  },

  // What is the company's alone
  'GET /api/org/visibility': companyOnly('/visibility'),
  'PUT /api/org/visibility': companyOnly('/visibility', { items: [] }),
  'GET /api/org/setup': companyOnly('/setup'),
  'POST /api/org/setup/confirm': companyOnly('/setup/confirm', { step: 'pilot', done: true }),
  'GET /api/org/acts': {
    attacks: ({ id }) => [
      { url: path('/acts') },
      { url: path(`/acts?subject=person:${id.bob}`) },
      { url: path(`/acts?person_id=${id.bob}`) },
    ],
    main: () => ({ url: path('/acts') }),
  },
  'GET /api/org/acts/types': companyOnly('/acts/types'),
  'GET /api/org/acts/export': {
    attacks: ({ id }) => [
      { url: path('/acts/export') },
      { url: path(`/acts/export?person_id=${id.bob}`) },
      { url: path('/acts/export?q=bob') },
    ],
    main: () => ({ url: path('/acts/export') }),
  },
  'GET /api/org/provisioning': companyOnly('/provisioning'),
  'PUT /api/org/provisioning': companyOnly('/provisioning', { enabled: false }),
  'POST /api/org/provisioning/reconcile': companyOnly('/provisioning/reconcile'),
  'GET /api/org/provisioning/problems': companyOnly('/provisioning/problems'),
  'POST /api/org/provisioning/problems/resolve': {
    attacks: ({ id }) => [
      { url: path('/provisioning/problems/resolve'), body: { subject: `person:${id.bob}`, action: 'adopt' } },
    ],
    main: ({ id }) => ({
      url: path('/provisioning/problems/resolve'),
      body: { subject: `person:${id.bob}`, action: 'retry' },
    }),
  },
  'GET /api/org/provisioning/drift': companyOnly('/provisioning/drift'),

  // Imports and sources
  'GET /api/org/imports': companyOnly('/imports'),
  'POST /api/org/imports': {
    attacks: () => [upload()],
    main: () => upload(),
  },
  'GET /api/org/imports/:id': onRun(''),
  'PUT /api/org/imports/:id/mapping': onRun('/mapping', { mapping: { columns: { display_name: 'name' } } }),
  'POST /api/org/imports/:id/apply': onRun('/apply', {}),
  ...Object.fromEntries(
    ['check', 'stop', 'resume', 'discard'].map((step) => [
      `POST /api/org/imports/:id/${step}`,
      onRun(`/${step}`),
    ]),
  ),
  'GET /api/org/imports/:id/changes': onRun('/changes'),
  'GET /api/org/imports/:id/problems': onRun('/problems'),
  'GET /api/org/sources': companyOnly('/sources'),
  'POST /api/org/sources': companyOnly('/sources', {
    kind: 'csv',
    name: 'Mine',
    settings: { path: 'people.csv' },
  }),
  'PATCH /api/org/sources/:id': onSource('', { version: 1, name: 'Mine' }),
  'DELETE /api/org/sources/:id': onSource(''),
  'POST /api/org/sources/:id/handover': onSource('/handover', {
    to_id: '00000000-0000-4000-8000-0000000f11e5',
    dry_run: false,
  }),
  'GET /api/org/sources/by-hand': companyOnly('/sources/by-hand'),
  'GET /api/org/sources/attention': companyOnly('/sources/attention'),
  'GET /api/org/sources/:id/held': onSource('/held'),
  'POST /api/org/sources/:id/held': onSource('/held', { decision: 'let_go', as_of: '2030-01-01T00:00:00Z' }),
  'GET /api/org/sources/:id/untaken': onSource('/untaken'),
  'POST /api/org/sources/:id/adopt': onSource('/adopt', { dry_run: true }),
  'POST /api/org/sources/:id/test': onSource('/test'),
  'POST /api/org/sources/:id/run': onSource('/run'),
  'GET /api/org/scim-tokens': companyOnly('/scim-tokens'),
  'POST /api/org/scim-tokens': companyOnly('/scim-tokens', { name: 'Mine' }),
  'DELETE /api/org/scim-tokens/:id': {
    attacks: ({ id }) => [{ url: path(`/scim-tokens/${id.scimToken}`) }],
    main: ({ id }) => ({ url: path(`/scim-tokens/${id.scimToken}`) }),
  },
};

function upload(): Attempt {
  return {
    url: path('/imports'),
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    body: '--x\r\ncontent-disposition: form-data; name="file"; filename="p.csv"\r\ncontent-type: text/csv\r\n\r\nname\r\nAnn\r\n--x--\r\n',
  };
}

function onRun(rest: string, body?: unknown): RouteCase {
  const attempt = ({ id }: AttackedCompany): Attempt => ({
    url: path(`/imports/${id.run}${rest}`),
    ...(body === undefined ? {} : { body }),
  });
  return { attacks: (company) => [attempt(company)], main: attempt };
}

function onSource(rest: string, body?: unknown): RouteCase {
  const attempt = (id: string | undefined): Attempt => ({
    url: path(`/sources/${id}${rest}`),
    ...(body === undefined ? {} : { body }),
  });
  return {
    attacks: ({ id }) => [attempt(id.source)],
    main: async (company) => attempt((await company.fresh()).source),
  };
}
