import { describe, expect, test } from 'vitest';
import { setupSteps, type SetupFigures } from './setup-guide.ts';

const fresh: SetupFigures = {
  people: 1,
  activated: 1,
  activated_others: 0,
  with_account: 1,
  waiting: 0,
  departments: 0,
  without_head: 0,
  with_room: 0,
  problems: 0,
  main_admins: 1,
  department_admins: 0,
  imports_running: 0,
  last_import_failed: false,
  pilot_confirmed: false,
  rollout_confirmed: false,
};
const states = (more: Partial<SetupFigures>) =>
  Object.fromEntries(setupSteps({ ...fresh, ...more }).map(({ id, state }) => [id, state]));

describe('the guided set-up', () => {
  test('begins with everything to do', () => {
    expect(Object.values(states({})).every((state) => state === 'todo')).toBe(true);
  });
  test('shows an import at work, failed and done', () => {
    expect(states({ imports_running: 1 }).import).toBe('doing');
    expect(states({ last_import_failed: true }).import).toBe('problem');
    expect(states({ people: 290, last_import_failed: true }).import).toBe('done');
  });
  test('the homeserver is done when it has every account and room', () => {
    const company = { people: 290, departments: 22, without_head: 1, with_account: 290 };
    expect(states({ ...company, with_room: 21 }).provision).toBe('doing');
    expect(states({ ...company, with_room: 22 }).provision).toBe('done');
    expect(states({ ...company, with_room: 22, problems: 1 }).provision).toBe('problem');
    expect(states(company).departments).toBe('doing');
  });
  test('one main administrator alone is not enough', () => {
    expect(states({ department_admins: 3 }).admins).toBe('doing');
    expect(states({ main_admins: 2 }).admins).toBe('done');
  });
  test('pilot and roll-out are a person’s word', () => {
    expect(states({ activated_others: 5 }).pilot).toBe('doing');
    expect(states({ pilot_confirmed: true })).toMatchObject({ pilot: 'done', rollout: 'doing' });
  });
});
