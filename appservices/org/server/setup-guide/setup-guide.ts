import type { Setup } from '../../contract/api.ts';

/** What the steps are judged by, counted at one moment. */
export interface SetupFigures {
  readonly people: number;
  readonly activated: number;
  /** Activated people besides the main administrators. */
  readonly activated_others: number;
  readonly with_account: number;
  /** Have an account, and no device with keys yet: in no room. */
  readonly waiting: number;
  readonly departments: number;
  readonly without_head: number;
  readonly with_room: number;
  readonly problems: number;
  readonly main_admins: number;
  readonly department_admins: number;
  readonly imports_running: number;
  readonly last_import_failed: boolean;
  readonly pilot_confirmed: boolean;
  readonly rollout_confirmed: boolean;
}

type Step = Setup['steps'][number];

/** A company of one is the first administrator, made at the start. */
const FIRST_ADMIN = 1;
/** With one alone, nobody is left to help when the account is lost. */
const ENOUGH_MAIN_ADMINS = 2;

/** The guided set-up, from import to roll-out. Pure. */
export function setupSteps(f: SetupFigures): Step[] {
  const imported = f.people > FIRST_ADMIN;
  const importState = (): Step['state'] => {
    if (f.imports_running > 0) return 'doing';
    if (imported) return 'done';
    return f.last_import_failed ? 'problem' : 'todo';
  };
  const departmentState = (): Step['state'] => {
    if (f.departments === 0) return 'todo';
    return f.without_head > 0 ? 'doing' : 'done';
  };
  const provisionState = (): Step['state'] => {
    if (!imported && f.departments === 0) return 'todo';
    if (f.problems > 0) return 'problem';
    return f.with_account >= f.people && f.with_room >= f.departments ? 'done' : 'doing';
  };
  const adminState = (): Step['state'] => {
    if (f.main_admins >= ENOUGH_MAIN_ADMINS) return 'done';
    return f.department_admins > 0 ? 'doing' : 'todo';
  };
  const confirmed = (done: boolean, begun: boolean): Step['state'] =>
    done ? 'done' : begun ? 'doing' : 'todo';
  return [
    { id: 'import', state: importState(), figures: { people: f.people } },
    {
      id: 'departments',
      state: departmentState(),
      figures: { departments: f.departments, without_head: f.without_head },
    },
    {
      id: 'provision',
      state: provisionState(),
      figures: {
        people: f.people,
        accounts: f.with_account,
        waiting: f.waiting,
        departments: f.departments,
        rooms: f.with_room,
        problems: f.problems,
      },
    },
    {
      id: 'admins',
      state: adminState(),
      figures: { main_admins: f.main_admins, department_admins: f.department_admins },
    },
    {
      id: 'pilot',
      state: confirmed(f.pilot_confirmed, f.activated_others > 0),
      figures: { activated: f.activated, people: f.people },
    },
    {
      id: 'rollout',
      state: confirmed(f.rollout_confirmed, f.pilot_confirmed),
      figures: { activated: f.activated, people: f.people },
    },
  ];
}
