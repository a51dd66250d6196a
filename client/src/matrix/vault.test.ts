import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Vault, type StoredSession, type VaultBreak } from './vault.ts';

/** As much of IndexedDB as the vault uses, whose connections can be ended. */
class Storage {
  rows = new Map<string, unknown>();
  connections: { onclose: (() => void) | null; ended: boolean }[] = [];
  refuse = false;
  /** So many reads of values fail, as those of a connection that has ended and has not said so yet. */
  failing = 0;

  open(): unknown {
    const connection = {
      onclose: null,
      ended: false,
      transaction: () => {
        if (connection.ended) throw new DOMException('closing', 'InvalidStateError');
        return { objectStore: () => this.#store() };
      },
    };
    return this.#answer(() => {
      if (this.refuse) throw new DOMException('no', 'UnknownError');
      this.connections.push(connection);
      return connection;
    });
  }

  /** Ends every connection, as the browser does. */
  end(): void {
    for (const connection of this.connections.splice(0)) {
      connection.ended = true;
      connection.onclose?.();
    }
  }

  #store(): unknown {
    const { rows } = this;
    return {
      get: (name: string) =>
        this.#answer(() => {
          if (name !== 'key' && this.failing-- > 0) throw new DOMException('closing', 'AbortError');
          return rows.get(name);
        }),
      put: (value: unknown, name: string) => this.#answer(() => rows.set(name, value)),
      add: (value: unknown, name: string) => this.#answer(() => rows.set(name, value)),
      delete: (name: string) => this.#answer(() => rows.delete(name)),
    };
  }

  #answer(work: () => unknown): unknown {
    const request = { result: undefined, error: undefined } as {
      result: unknown;
      error: unknown;
      onsuccess?: () => void;
      onerror?: () => void;
    };
    queueMicrotask(() => {
      try {
        request.result = work();
        request.onsuccess?.();
      } catch (error) {
        request.error = error;
        request.onerror?.();
      }
    });
    return request;
  }
}

const session: StoredSession = {
  homeserverUrl: 'https://example.org',
  userId: '@a:example.org',
  deviceId: 'D',
  accessToken: 't',
};
let storage: Storage;

beforeEach(() => {
  storage = new Storage();
  vi.stubGlobal('indexedDB', { open: () => storage.open() });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function signedIn(): Promise<{ vault: Vault; secret: Uint8Array; broke: Promise<VaultBreak> }> {
  const vault = await Vault.open();
  await vault.save(session);
  const broke = Promise.withResolvers<VaultBreak>();
  vault.onBreak = broke.resolve;
  return { vault, secret: await vault.secret(), broke: broke.promise };
}

test('a connection that ends takes nothing along: the vault goes on', async () => {
  const { vault, secret, broke } = await signedIn();
  storage.end();
  // Asked before it is known how it stands.
  expect(await vault.load()).toEqual(session);
  expect(await broke).toBe('kept');
  expect(await vault.secret()).toEqual(secret);
  await vault.save({ ...session, accessToken: 'u' });
  const again = Promise.withResolvers<VaultBreak>();
  vault.onBreak = again.resolve;
  storage.end();
  expect(await again.promise).toBe('kept');
  expect((await vault.load())?.accessToken).toBe('u');
});

test('deleted data are told, and no other secret takes the place of the first', async () => {
  const { vault, broke } = await signedIn();
  storage.rows.clear();
  storage.end();
  await expect(vault.secret()).rejects.toThrow('gone');
  // A renewed token does not hide it.
  await vault.save(session);
  expect(await broke).toBe('deleted');
});

test('a secret alone that is gone is told, too', async () => {
  const { broke } = await signedIn();
  storage.rows.delete('secret');
  storage.end();
  expect(await broke).toBe('deleted');
});

test('data that are deleted while they are looked at are told as deleted, not as a storage that is closed', async () => {
  const { vault, broke } = await signedIn();
  storage.rows.clear();
  storage.failing = 2;
  storage.end();
  await expect(vault.secret()).rejects.toThrow('gone');
  expect(await broke).toBe('deleted');
});

test('where nobody is signed in nothing can be lost', async () => {
  const vault = await Vault.open();
  const broke = Promise.withResolvers<VaultBreak>();
  vault.onBreak = broke.resolve;
  storage.rows.clear();
  storage.end();
  expect(await broke.promise).toBe('kept');
  expect(await vault.load()).toBeUndefined();
});

test('a database that cannot be opened for a while is opened then, one that never can is told', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const { vault, broke } = await signedIn();
  storage.refuse = true;
  storage.end();
  await vi.advanceTimersByTimeAsync(500);
  storage.refuse = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(await broke).toBe('kept');
  const again = Promise.withResolvers<VaultBreak>();
  vault.onBreak = again.resolve;
  storage.refuse = true;
  storage.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await again.promise).toBe('closed');
});
