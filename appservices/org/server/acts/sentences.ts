import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { isOrgAct, type OrgAct } from '../../contract/acts.ts';

/*
 * What an act says in one sentence. Pure: the texts are `strings/<language>/acts.json`, one for each act and for each
 * variant (`<act>__<variant>`); names come from the caller. Details that were written down differently, by an earlier
 * version, are left out and not guessed.
 */

/** One act, as it was recorded. */
export interface RecordedAct {
  readonly action: string;
  readonly subject: string;
  readonly scope?: string | null | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** How things are called; undefined: gone, or never known. */
export interface ActNames {
  readonly actor: string;
  /** By subject: `person:<id>`, `department:<id>`, `role:<id>`, `source:<id>`. */
  readonly of: (subject: string) => string | undefined;
  readonly say: (key: string, params?: Record<string, unknown>) => string;
  /** Whether there is a text of that key. */
  readonly has: (key: string) => boolean;
  /** A field of a person (`org:imports.fields`), or of a department, role or source. */
  readonly field: (name: string) => string;
  readonly kind: (name: string) => string;
  readonly date: (timestamp: string) => string;
}

const Text = Type.String();
const Texts = Type.Array(Text);
const text = (value: unknown): string | undefined => (Value.Check(Text, value) ? value : undefined);
const list = (value: unknown): readonly string[] => (Value.Check(Texts, value) ? value : []);
const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
const count = (value: unknown): number =>
  typeof value === 'number' ? value : Array.isArray(value) ? value.length : 0;

interface Said {
  readonly variant?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Kinds of changes that an import's counts hold, in the order in which they are told. */
const COUNTED = [
  'department_add',
  'department_change',
  'department_move',
  'department_dissolve',
  'person_add',
  'person_change',
  'person_move',
  'person_leave',
];

/** The sentence of an act. */
export function sentenceOf(act: RecordedAct, names: ActNames): string {
  const { say } = names;
  const details = object(act.details);
  const gone = (): string => say('gone');
  const joined = (parts: readonly string[]): string => parts.join(say('list_separator'));
  const departments = (ids: readonly string[]): string =>
    joined(ids.map((id) => names.of(`department:${id}`) ?? gone()));
  const source = (id: unknown): string | undefined => {
    const found = text(id);
    return found === undefined ? undefined : names.of(`source:${found}`);
  };
  const value = (field: string, given: unknown): string => {
    if (typeof given === 'boolean') return say(given ? 'yes' : 'no');
    if (given === null || given === undefined || given === '') return say('empty');
    if (Array.isArray(given)) return String(given.length);
    return typeof given === 'string' || typeof given === 'number' ? String(given) : names.field(field);
  };
  const changes = (before: unknown, after: unknown): string => {
    const old = object(before);
    const now = object(after);
    const fields = Object.keys(now).filter(
      (field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]),
    );
    return fields.length === 0
      ? say('nothing_changed')
      : fields
          .map((field) => {
            const [was, is] = [value(field, old[field]), value(field, now[field])];
            const params = { field: names.field(field), before: was, after: is };
            return was === is ? say('changed', params) : say('change', params);
          })
          .join(say('separator'));
  };
  const fields = (): string => joined(list(details['fields']).map(names.field)) || say('nothing_changed');
  const scope = (): string => {
    const id = text(details['department_id']) ?? /^department:(.*)$/.exec(act.scope ?? '')?.[1];
    return id === undefined ? say('company') : (names.of(`department:${id}`) ?? gone());
  };
  const role = (): string =>
    names.of(`role:${text(details['role_id']) ?? ''}`) ?? text(details['role']) ?? gone();
  const named = (): string => names.of(act.subject) ?? text(details['name']) ?? gone();
  const file = (): string => text(details['file_name']) ?? source(details['source_id']) ?? gone();

  const said: Partial<Record<OrgAct, () => Said>> = {
    'org.department.add': () => {
      const parent = text(details['parent_id']);
      return parent === undefined
        ? {}
        : { variant: 'below', params: { under: names.of(`department:${parent}`) ?? gone() } };
    },
    'org.department.change': () => ({ params: { changes: changes(details['before'], details['after']) } }),
    'org.department.end': () => ({ variant: details['mode'] === 'converted' ? 'converted' : 'dissolved' }),
    'org.department.move': () => {
      const place = (id: unknown): string =>
        id === null ? say('top') : (names.of(`department:${text(id) ?? ''}`) ?? gone());
      return { params: { before: place(details['before']), after: place(details['after']) } };
    },
    'org.import.apply': () => {
      const counts = object(details['counts']);
      const told = COUNTED.filter((kind) => count(counts[kind]) > 0).map((kind) =>
        say('count', { count: count(counts[kind]), what: names.kind(kind) }),
      );
      return { params: { file: file(), counts: told.length === 0 ? say('nothing_changed') : joined(told) } };
    },
    'org.import.let_go': () => ({ params: { file: file(), count: count(details['people']) } }),
    'org.person.add': () => {
      const from = source(details['source_id']);
      const account = text(details['localpart']) ?? '';
      return from === undefined
        ? { params: { account } }
        : { variant: 'source', params: { account, source: from } };
    },
    'org.person.activation_links_ended': () => ({ params: { count: count(details['count']) } }),
    'org.person.change': () => ({ params: { fields: fields() } }),
    'org.person.place': () => {
      const [before, after] = [list(details['before']), list(details['after'])];
      const params = { before: departments(before), after: departments(after) };
      const same = [...before].sort().join() === [...after].sort().join();
      return {
        variant: same ? 'same' : before.length === 0 ? 'in' : after.length === 0 ? 'out' : undefined,
        params,
      };
    },
    'org.provisioning.language': () => {
      const language = text(details['language']);
      return {
        params: {
          language: language === undefined ? say('both') : language === 'en' ? 'English' : '简体中文',
        },
      };
    },
    'org.role.add': () => ({ params: { role: named(), count: list(details['permissions']).length } }),
    'org.role.change': () => ({
      params: {
        role: text(object(details['after'])['name']) ?? named(),
        changes: changes(details['before'], details['after']),
      },
    }),
    'org.role.grant': () => {
      const until = text(details['ends_at']);
      const params = { role: role(), scope: scope() };
      if (details['handed_over'] === true) return { variant: 'handed_over', params };
      return until === undefined
        ? { params }
        : { variant: 'until', params: { ...params, until: names.date(until) } };
    },
    'org.role.remove': () => ({ params: { role: text(details['name']) ?? gone() } }),
    'org.role.revoke': () => ({ params: { role: role(), scope: scope() } }),
    'org.scim_token.add': () => ({
      params: { name: text(details['name']) ?? gone(), source: source(details['source_id']) ?? gone() },
    }),
    'org.scim_token.remove': () => ({ params: { name: text(details['name']) ?? gone() } }),
    'org.setup.confirm': () => ({
      variant: details['done'] === false ? 'open' : 'done',
      params: { step: say(`steps.${details['step'] === 'rollout' ? 'rollout' : 'pilot'}`) },
    }),
    'org.source.add': () => ({
      params: {
        name: named(),
        kind: say(
          `kinds.${names.has(`kinds.${text(details['kind']) ?? ''}`) ? text(details['kind']) : 'csv'}`,
        ),
      },
    }),
    'org.source.adopt': () => ({ params: { name: named(), count: count(details['people']) } }),
    'org.source.change': () => ({ params: { name: named(), fields: fields() } }),
    'org.source.handover': () => ({
      params: {
        name: named(),
        count: count(details['people']),
        to: source(details['to']) ?? text(details['to_name']) ?? gone(),
      },
    }),
    'org.source.keep': () => ({ params: { name: named(), count: count(details['people']) } }),
    'org.source.let_go': () => ({ params: { name: named(), count: count(details['people']) } }),
    'org.source.remove': () => ({ params: { name: text(details['name']) ?? gone() } }),
    'org.visibility.change': () => ({
      params: { before: count(details['before']), after: count(details['after']) },
    }),
    'org.visibility.follow': () => ({
      params: {
        count: count(details['rules']),
        name: text(details['name']) ?? gone(),
        to: text(details['into_name']) ?? gone(),
      },
    }),
  };

  const key = act.action.replaceAll('.', '_');
  // An act of a version to come: its name is all that is known.
  if (!isOrgAct(act.action)) return `${names.actor}: ${act.action}`;
  const { variant, params = {} } = said[act.action]?.() ?? {};
  return say(`text.${key}${variant === undefined ? '' : `__${variant}`}`, {
    actor: names.actor,
    subject: names.of(act.subject) ?? text(details['name']) ?? gone(),
    ...params,
  });
}

/** Subjects whose names a sentence needs. */
export function subjectsOf({ subject, scope, details }: RecordedAct): string[] {
  const all = object(details);
  const ids = (kind: string, ...values: unknown[]): string[] =>
    values
      .flatMap((value) => (typeof value === 'string' ? [value] : list(value)))
      .map((id) => `${kind}:${id}`);
  return [
    subject,
    ...(scope?.startsWith('department:') ? [scope] : []),
    ...ids('department', all['parent_id'], all['department_id'], all['before'], all['after']),
    ...ids('source', all['source_id'], all['to']),
    ...ids('role', all['role_id']),
  ];
}
