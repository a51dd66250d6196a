import { endpoint, type EndpointShape } from '@qiao/ui-kit';
import type * as org from '@qiao/org/contract';
import type { Static, TSchema } from 'typebox';

/*
 * The organisation's endpoints, typed by its contract. Only types are imported: no schema reaches the
 * browser.
 */
type Of<S extends TSchema> = Static<S>;
const get = <T extends EndpointShape>(path: string) => endpoint<T>('GET', `/api/org${path}`);
const post = <T extends EndpointShape>(path: string) => endpoint<T>('POST', `/api/org${path}`);
const put = <T extends EndpointShape>(path: string) => endpoint<T>('PUT', `/api/org${path}`);
const patch = <T extends EndpointShape>(path: string) => endpoint<T>('PATCH', `/api/org${path}`);
const remove = <T extends EndpointShape>(path: string) => endpoint<T>('DELETE', `/api/org${path}`);

interface ById {
  id: string;
}
type PageQuery = Partial<Of<typeof org.PageQuery>>;

export const orgApi = {
  me: get<{ answer: org.Me }>('/me'),
  setup: get<{ answer: org.Setup }>('/setup'),
  confirmSetup: post<{ body: Of<typeof org.ConfirmSetup>; answer: org.Setup }>('/setup/confirm'),

  departments: get<{ query: Of<typeof org.DepartmentQuery>; answer: Of<typeof org.DepartmentList> }>(
    '/departments',
  ),
  createDepartment: post<{ body: Of<typeof org.CreateDepartment>; answer: org.Department }>('/departments'),
  patchDepartment: patch<{ params: ById; body: Of<typeof org.PatchDepartment>; answer: org.Department }>(
    '/departments/:id',
  ),
  mergeDepartment: post<{ params: ById; body: Of<typeof org.MergeDepartment> }>('/departments/:id/merge'),
  endDepartment: post<{ params: ById; body: Of<typeof org.EndDepartment> }>('/departments/:id/end'),

  people: get<{ query: Of<typeof org.PeopleQuery>; answer: org.PeoplePage }>('/people'),
  person: get<{ params: ById; answer: org.PersonDetail }>('/people/:id'),
  createPerson: post<{ body: Of<typeof org.CreatePerson>; answer: org.Person }>('/people'),
  patchPerson: patch<{ params: ById; body: Of<typeof org.PatchPerson>; answer: org.Person }>('/people/:id'),
  activation: get<{ params: ById; answer: org.ActivationState }>('/people/:id/activation'),
  activationLink: post<{ params: ById; answer: Of<typeof org.ActivationLink> }>('/people/:id/activation'),
  endActivation: remove<{ params: ById; answer: Of<typeof org.ActivationEnded> }>('/people/:id/activation'),
  mailActivation: post<{ params: ById; answer: org.MailEntry }>('/people/:id/activation/mail'),
  activationSheets: post<{ body: Of<typeof org.SheetBatch>; answer: org.SheetLinks }>('/activations/links'),
  mailActivations: post<{ body: Of<typeof org.MailActivations>; answer: org.ActivationMailing }>(
    '/activations/mail',
  ),
  mailings: get<{ answer: Of<typeof org.ActivationMailingList> }>('/activations/mail'),
  passwordRequests: get<{ query: PageQuery; answer: Of<typeof org.PasswordRequestPage> }>(
    '/password-requests',
  ),
  closePasswordRequest: post<{ params: ById; answer: undefined }>('/password-requests/:id/close'),

  mail: get<{ answer: org.MailState }>('/mail'),
  mails: get<{ query: Of<typeof org.MailQuery>; answer: Of<typeof org.MailPage> }>('/mail/messages'),
  mailMessage: get<{ params: ById; answer: org.MailMessage }>('/mail/messages/:id'),
  retryMail: post<{ params: ById; answer: org.MailEntry }>('/mail/messages/:id/retry'),
  testMail: post<{ answer: org.MailEntry }>('/mail/test'),
  activationBatch: post<{ body: Of<typeof org.ActivationBatch> }>('/people/activations'),

  roles: get<{ answer: Of<typeof org.RoleList> }>('/roles'),
  createRole: post<{ body: Of<typeof org.CreateRole>; answer: org.Role }>('/roles'),
  patchRole: patch<{ params: ById; body: Of<typeof org.PatchRole>; answer: org.Role }>('/roles/:id'),
  deleteRole: remove<{ params: ById }>('/roles/:id'),
  permissions: get<{ answer: Of<typeof org.PermissionList> }>('/permissions'),
  grants: get<{ query: Of<typeof org.GrantQuery>; answer: Of<typeof org.GrantPage> }>('/grants'),
  createGrant: post<{ body: Of<typeof org.CreateGrant>; answer: org.Grant }>('/grants'),
  deleteGrant: remove<{ params: ById }>('/grants/:id'),

  visibility: get<{ answer: Of<typeof org.VisibilityRules> }>('/visibility'),
  putVisibility: put<{ body: Of<typeof org.PutVisibilityRules>; answer: Of<typeof org.VisibilityRules> }>(
    '/visibility',
  ),

  imports: get<{ query: PageQuery; answer: Of<typeof org.ImportPage> }>('/imports'),
  import: get<{ params: ById; answer: org.ImportRun }>('/imports/:id'),
  uploadImport: post<{ body: FormData; answer: org.ImportRun }>('/imports'),
  putMapping: put<{ params: ById; body: Of<typeof org.PutImportMapping>; answer: org.ImportRun }>(
    '/imports/:id/mapping',
  ),
  checkImport: post<{ params: ById; answer: org.ImportRun }>('/imports/:id/check'),
  applyImport: post<{ params: ById; body: Of<typeof org.ApplyImport>; answer: org.ImportRun }>(
    '/imports/:id/apply',
  ),
  stopImport: post<{ params: ById; answer: org.ImportRun }>('/imports/:id/stop'),
  resumeImport: post<{ params: ById; answer: org.ImportRun }>('/imports/:id/resume'),
  discardImport: post<{ params: ById; answer: org.ImportRun }>('/imports/:id/discard'),
  importChanges: get<{
    params: ById;
    query: PageQuery & { kind?: Of<typeof org.ChangeKind> };
    answer: Of<typeof org.ImportChangePage>;
  }>('/imports/:id/changes'),
  importProblems: get<{ params: ById; query: PageQuery; answer: Of<typeof org.ImportProblemPage> }>(
    '/imports/:id/problems',
  ),

  sources: get<{ answer: Of<typeof org.SourceList> }>('/sources'),
  createSource: post<{ body: Of<typeof org.CreateSource>; answer: org.Source }>('/sources'),
  patchSource: patch<{ params: ById; body: Of<typeof org.PatchSource>; answer: org.Source }>('/sources/:id'),
  deleteSource: remove<{ params: ById }>('/sources/:id'),
  handoverSource: post<{
    params: { id: string };
    body: Of<typeof org.SourceHandoverWish>;
    answer: Of<typeof org.SourceHandover>;
  }>('/sources/:id/handover'),
  peopleByHand: get<{ query: PageQuery; answer: Of<typeof org.PeopleByHand> }>('/sources/by-hand'),
  adoptPeople: post<{
    params: ById;
    body: Of<typeof org.SourceAdoption>;
    answer: Of<typeof org.SourceHandover>;
  }>('/sources/:id/adopt'),
  sourcesAttention: get<{ answer: org.SourcesAttention }>('/sources/attention'),
  heldLeavers: get<{ params: ById; query: PageQuery; answer: Of<typeof org.HeldLeavers> }>(
    '/sources/:id/held',
  ),
  decideHeld: post<{
    params: ById;
    body: Of<typeof org.HeldDecision>;
    answer: Of<typeof org.HeldDecided>;
  }>('/sources/:id/held'),
  untaken: get<{ params: ById; query: PageQuery; answer: Of<typeof org.UntakenPage> }>(
    '/sources/:id/untaken',
  ),
  testSource: post<{ params: ById; answer: Of<typeof org.SourceTest> }>('/sources/:id/test'),
  runSource: post<{ params: ById; answer: org.ImportRun }>('/sources/:id/run'),
  scimTokens: get<{ answer: Of<typeof org.ScimTokenList> }>('/scim-tokens'),
  createScimToken: post<{
    body: Of<typeof org.CreateScimToken>;
    answer: Of<typeof org.CreatedScimToken>;
  }>('/scim-tokens'),
  deleteScimToken: remove<{ params: ById }>('/scim-tokens/:id'),

  startOffboarding: post<{
    params: ById;
    body: Of<typeof org.StartOffboarding>;
    answer: org.OffboardingDetail;
  }>('/people/:id/offboarding'),
  offboardings: get<{
    query: Of<typeof org.OffboardingQuery>;
    answer: Of<typeof org.OffboardingPage>;
  }>('/offboardings'),
  offboarding: get<{ params: ById; answer: org.OffboardingDetail }>('/offboardings/:id'),
  putHandover: put<{
    params: Of<typeof org.HandoverItemParams>;
    body: Of<typeof org.PutHandoverItem>;
    answer: org.OffboardingDetail;
  }>('/offboardings/:id/items/:item'),
  closeOffboarding: post<{ params: ById; answer: org.OffboardingDetail }>('/offboardings/:id/close'),
  undoOffboarding: post<{ params: ById; answer: org.OffboardingDetail }>('/offboardings/:id/undo'),
  checkOffboarding: post<{ params: ById; answer: org.OffboardingDetail }>('/offboardings/:id/check'),

  provisioning: get<{ answer: org.Provisioning }>('/provisioning'),
  putProvisioning: put<{ body: Of<typeof org.PutProvisioning>; answer: org.Provisioning }>('/provisioning'),
  reconcile: post<{ answer: undefined }>('/provisioning/reconcile'),
  provisionProblems: get<{ query: PageQuery; answer: Of<typeof org.ProvisionProblemPage> }>(
    '/provisioning/problems',
  ),
  resolveProblem: post<{ body: Of<typeof org.ResolveProblem> }>('/provisioning/problems/resolve'),
  drift: get<{ query: PageQuery; answer: Of<typeof org.DriftPage> }>('/provisioning/drift'),

  acts: get<{ query: Of<typeof org.ActQuery>; answer: Of<typeof org.ActPage> }>('/acts'),
  actTypes: get<{ answer: Of<typeof org.ActTypes> }>('/acts/types'),
  exportActs: get<{ query: Of<typeof org.ActExportQuery> }>('/acts/export'),
};

/** Names of cached answers; a change throws away what it touches. */
export const keys = {
  all: ['org'],
  setup: ['org', 'setup'],
  departments: ['org', 'departments'],
  people: ['org', 'people'],
  person: (id: string) => ['org', 'people', 'one', id],
  activation: (id: string) => ['org', 'activation', id],
  mailings: ['org', 'mailings'],
  passwordRequests: ['org', 'password-requests'],
  mail: ['org', 'mail'],
  roles: ['org', 'roles'],
  permissions: ['org', 'permissions'],
  grants: ['org', 'grants'],
  visibility: ['org', 'visibility'],
  imports: ['org', 'imports'],
  import: (id: string) => ['org', 'imports', 'one', id],
  sources: ['org', 'sources'],
  sourcesAttention: ['org', 'sources', 'attention'],
  byHand: ['org', 'sources', 'by-hand'],
  scimTokens: ['org', 'scim-tokens'],
  offboardings: ['org', 'offboardings'],
  provisioning: ['org', 'provisioning'],
  acts: ['org', 'acts'],
} as const;
