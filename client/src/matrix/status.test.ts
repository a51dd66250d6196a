// @vitest-environment happy-dom
import { ClientEvent, SyncState, type MatrixClient } from 'matrix-js-sdk';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { StatusModel } from './status.ts';

const DAY_MS = 86_400_000;

function setUp() {
  const loop = Object.assign(new EventEmitter(), {
    state: SyncState.Prepared,
    getSyncState: () => loop.state,
  });
  const status = new StatusModel(loop as unknown as MatrixClient);
  const become = (state: SyncState): void => {
    loop.state = state;
    loop.emit(ClientEvent.Sync, state, null, {});
  };
  return { status, become, connection: () => status.getSnapshot().connection };
}

test('the browser’s word that there is no network counts at once, and ends where nothing was missed', () => {
  const { become, connection, status } = setUp();
  become(SyncState.Syncing);
  expect(connection()).toBe('live');
  globalThis.dispatchEvent(new Event('offline'));
  expect(connection()).toBe('offline');
  globalThis.dispatchEvent(new Event('online'));
  expect(connection()).toBe('live');
  become(SyncState.Reconnecting);
  globalThis.dispatchEvent(new Event('online'));
  expect(connection()).toBe('offline');
  status.stop();
  become(SyncState.Syncing);
  globalThis.dispatchEvent(new Event('offline'));
  expect(connection()).toBe('live');
});

test('a clock that is far off is told, one that is a little off is not', () => {
  const { status } = setUp();
  status.hearServerTime(Date.now() - 40_000);
  expect(status.clockOff).toBe(0);
  status.hearServerTime(Date.now() - DAY_MS);
  expect(Math.round(status.clockOff / DAY_MS)).toBe(1);
  status.hearServerTime(Date.now() + DAY_MS);
  expect(Math.round(status.clockOff / DAY_MS)).toBe(-1);
  // Set right again.
  status.hearServerTime(Date.now());
  expect(status.clockOff).toBe(0);
  status.stop();
});
