import { expect, test, vi } from 'vitest';
import { holdWhileFull } from './full-disk.ts';

const full = (): Error => new Error('DomException QuotaExceededError: The disk is full');

/** An encryption that answers what `next` says, under the hold. */
function held(next: () => Promise<string>) {
  const asked: string[] = [];
  const crypto = {
    processSyncChanges: (changes: string) => {
      asked.push(changes);
      return next();
    },
  };
  const told: boolean[] = [];
  const pauses: (() => void)[] = [];
  const end = holdWhileFull(
    crypto,
    (is) => told.push(is),
    () => new Promise<void>((resolve) => pauses.push(resolve)),
  );
  const goOn = async (): Promise<void> => {
    await vi.waitFor(() => {
      expect(pauses.length).toBe(1);
    });
    pauses.pop()?.();
  };
  return { crypto, asked, told, end, goOn };
}

test('what fits goes through, and nothing is told', async () => {
  const { crypto, told } = held(() => Promise.resolve('taken'));
  expect(await crypto.processSyncChanges('keys')).toBe('taken');
  expect(told).toEqual([]);
});

test('a full disk holds the same keys until they are stored, however long it takes', async () => {
  let room = false;
  const { crypto, asked, told, goOn } = held(() =>
    room ? Promise.resolve('taken') : Promise.reject(full()),
  );
  const taking = crypto.processSyncChanges('keys');
  for (let turn = 0; turn < 20; turn++) await goOn();
  room = true;
  await goOn();
  expect(await taking).toBe('taken');
  expect(asked).toEqual(Array.from({ length: 22 }, () => 'keys'));
  expect([told[0], told.at(-1)]).toEqual([true, false]);
});

test('what fails otherwise is tried again, but does not end the sync', async () => {
  const { crypto, asked, goOn, told } = held(() => Promise.reject(new Error('unreachable')));
  const taking = crypto.processSyncChanges('keys');
  const failed = expect(taking).rejects.toThrow('unreachable');
  for (let turn = 0; turn < 3; turn++) await goOn();
  await failed;
  expect(asked.length).toBe(4);
  expect(told).not.toContain(true);
});

test('a session that ends leaves the answer untaken', async () => {
  const { crypto, asked, goOn, end } = held(() => Promise.reject(full()));
  const settled = vi.fn();
  void crypto.processSyncChanges('keys').then(settled, settled);
  await vi.waitFor(() => {
    expect(asked.length).toBe(1);
  });
  end();
  await goOn();
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
  expect(settled).not.toHaveBeenCalled();
  expect(asked.length).toBe(1);
});
