// @vitest-environment happy-dom
import { ViewModel } from '@qiao/ui-kit';
import { Refuse, testServices } from '@qiao/ui-kit/testing';
import { describe, expect, test } from 'vitest';
import type { AccountLevel } from '../../matrix/account-level.ts';
import type { NotifyRules } from '../../matrix/notify-rules.ts';
import type { PushDevice, PushSnapshot } from '../../pwa/push-device.ts';
import { NotificationsViewModel } from './NotificationsViewModel.ts';

/** This browser, as far as the page sees it. */
class Device extends ViewModel<Pick<PushSnapshot, 'state' | 'id'>> {
  outcome: 'delivered' | 'gone' | Error = 'delivered';
  begun = 0;
  removed: string[] = [];
  constructor(state: PushSnapshot['state']) {
    super({ state, id: undefined });
  }
  found(id: string): void {
    this.set({ id });
  }
  begin = (): Promise<void> => {
    this.begun++;
    return Promise.resolve();
  };
  turnOn = (): Promise<void> => {
    this.set({ state: 'on', id: 'own' });
    return Promise.resolve();
  };
  turnOff = (): Promise<void> => {
    this.set({ state: 'off', id: undefined });
    return Promise.resolve();
  };
  test = (): Promise<string> =>
    this.outcome instanceof Error ? Promise.reject(this.outcome) : Promise.resolve(this.outcome);
  removeOther = (id: string): Promise<void> => {
    this.removed.push(id);
    return Promise.resolve();
  };
}

class Rules extends ViewModel<{ level: AccountLevel }> {
  fails = false;
  constructor() {
    super({ level: 'all' });
  }
  choose = (level: AccountLevel): Promise<void> => {
    if (this.fails) return Promise.reject(new Error('offline'));
    this.set({ level });
    return Promise.resolve();
  };
}

const subscription = (id: string) => ({
  id,
  label: id,
  created_at: '2026-07-01T08:00:00.000Z',
  delivered_at: null,
});

async function setUp(listed: () => string[], state: PushSnapshot['state'] = 'off') {
  const services = await testServices({ answer: () => ({ items: listed().map(subscription) }) });
  const device = new Device(state);
  const rules = new Rules();
  const model = new NotificationsViewModel(
    services,
    device as unknown as PushDevice,
    rules as unknown as NotifyRules,
  );
  const others = (): string[] | string => {
    const { others: remote } = model.getSnapshot();
    return remote.state === 'ready' ? remote.data.map((each) => each.id) : remote.state;
  };
  return { services, device, rules, model, others };
}

describe('notifications', () => {
  test('list other devices only, and what did not work at the start is tried again', async () => {
    let listed = ['phone'];
    const { model, device, others } = await setUp(() => listed);
    const unmount = model.mount();
    expect(device.begun).toBe(1);
    await expect.poll(others).toEqual(['phone']);
    listed = ['own', 'phone', 'tablet'];
    await model.toggle(true);
    await expect.poll(others).toEqual(['phone', 'tablet']);
    await model.toggle(false);
    listed = [];
    await model.remove('phone', 'done');
    expect(device.removed).toEqual(['phone']);
    await expect.poll(others).toEqual([]);
    unmount();
  });

  test('list nothing before it is known which one is this', async () => {
    const { model, device, services, others } = await setUp(() => ['own', 'phone'], 'looking');
    const unmount = model.mount();
    await expect.poll(() => services.queries.isFetching()).toBe(0);
    expect(others()).toBe('loading');
    device.found('own');
    expect(others()).toEqual(['phone']);
    unmount();
  });

  test('wait for the session of our own interfaces; another refusal is said', async () => {
    let code = 'platform.not_signed_in';
    const { model, services, others } = await setUp(() => {
      throw new Refuse(code === 'platform.not_signed_in' ? 401 : 403, code);
    });
    const unmount = model.mount();
    await expect.poll(() => services.queries.isFetching()).toBe(0);
    expect(others()).toBe('loading');
    code = 'push.only_members';
    await services.queries.invalidateQueries();
    await expect.poll(others).toBe('failed');
    unmount();
  });

  test.each([
    ['delivered', 'delivered'],
    ['gone', 'gone'],
    [new Error('offline'), 'error'],
  ] as const)('say how a test went (%s)', async (outcome, said) => {
    const { model, device } = await setUp(() => []);
    device.outcome = outcome;
    await model.sendTest();
    expect(model.getSnapshot().test).toBe(said);
    await model.toggle(true);
    expect(model.getSnapshot().test).toBeUndefined();
  });

  test('of the account change, or stay as they were with a word about it', async () => {
    const { model, rules, services } = await setUp(() => []);
    await model.chooseLevel('mentions');
    expect(rules.getSnapshot().level).toBe('mentions');
    rules.fails = true;
    await model.chooseLevel('none');
    expect(rules.getSnapshot().level).toBe('mentions');
    expect(model.getSnapshot().choosing).toBeUndefined();
    expect(services.toasts.getSnapshot().toasts).toHaveLength(1);
  });
});
