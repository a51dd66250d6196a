import { expect, test } from 'vitest';
import { begunEdit, Drafts, editOf, editToDraft, rescueUnsent, type Draft } from './drafts.ts';

/** A storage in which sealing takes a while and removing does not. */
class Slow {
  readonly kept = new Map<string, unknown>();
  broken = false;
  readonly sealing: (() => void)[] = [];

  all(): Promise<(readonly [string, unknown])[]> {
    return this.broken ? Promise.reject(new Error('blocked')) : Promise.resolve([...this.kept]);
  }
  async put(_store: string, key: string, value: unknown): Promise<void> {
    if (this.broken) throw new Error('full');
    await new Promise<void>((resolve) => this.sealing.push(resolve));
    this.kept.set(key, value);
  }
  remove(_store: string, key: string): Promise<void> {
    this.kept.delete(key);
    return Promise.resolve();
  }
  /** Seals everything that waits, until nothing does. */
  async seal(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      for (const resolve of this.sealing.splice(0)) resolve();
      await Promise.resolve();
    }
  }
}

const draft = (text: string): Draft => ({ text, at: 1 });

test('a draft that is sent while it is being sealed does not come back', async () => {
  const store = new Slow();
  const drafts = new Drafts(store);
  drafts.put('!a', undefined, draft('你'));
  await Promise.resolve();
  drafts.put('!a', undefined, undefined);
  const flushed = drafts.flush();
  await store.seal();
  await flushed;
  expect([...store.kept]).toEqual([]);
});

test('drafts of a room and of its threads are apart; the list sees the room’s', async () => {
  const store = new Slow();
  const drafts = new Drafts(store);
  drafts.put('!a', undefined, draft('会话'));
  drafts.put('!a', '$t', draft('话题'));
  expect([drafts.get('!a')?.text, drafts.get('!a', '$t')?.text]).toEqual(['会话', '话题']);
  expect([...drafts.getSnapshot().byRoom.keys()]).toEqual(['!a']);
  const flushed = drafts.flush();
  await store.seal();
  await flushed;
  const again = new Drafts(store);
  await again.load('@me:x');
  expect([again.get('!a')?.text, again.get('!a', '$t')?.text]).toEqual(['会话', '话题']);
});

test('forms are kept like conversations, and are none', async () => {
  const store = new Slow();
  const drafts = new Drafts(store);
  drafts.form('notices/new').write({ title: '停电' });
  expect(drafts.getSnapshot().byRoom.size).toBe(0);
  const flushed = drafts.flush();
  await store.seal();
  await flushed;
  const again = new Drafts(store);
  await again.load('@me:x');
  expect(again.form('notices/new').read()).toEqual({ title: '停电' });
  expect(again.form('notices/other').read()).toBeUndefined();
  again.form('notices/new').write(undefined);
  await again.flush();
  expect([...store.kept]).toEqual([]);
});

test('storage that refuses keeps drafts in the page', async () => {
  const store = new Slow();
  store.broken = true;
  const drafts = new Drafts(store);
  await drafts.load('@me:x');
  drafts.put('!a', undefined, draft('还在'));
  await drafts.flush();
  expect(drafts.get('!a')?.text).toBe('还在');
});

test('what storage refuses is told, and written when it can be', async () => {
  const store = new Slow();
  const drafts = new Drafts(store);
  store.broken = true;
  drafts.put('!a', undefined, draft('一'));
  await drafts.flush();
  expect(drafts.getSnapshot().unkept).toBe(true);
  store.broken = false;
  const flushed = drafts.flush();
  await store.seal();
  await flushed;
  expect(drafts.getSnapshot().unkept).toBe(false);
  expect([...store.kept.keys()]).toEqual(['!a']);
});

test('editors give what they hold when it is collected', () => {
  const drafts = new Drafts(new Slow());
  const end = drafts.watch(() => {
    drafts.put('!a', editOf(undefined, '$e'), draft('改到一半'));
  });
  drafts.collect();
  expect(drafts.get('!a', editOf(undefined, '$e'))?.text).toBe('改到一半');
  // A change that was begun is none of the list's drafts.
  expect(drafts.getSnapshot().byRoom.size).toBe(0);
  drafts.put('!a', editOf(undefined, '$e'), undefined);
  end();
  drafts.collect();
  expect(drafts.get('!a', editOf(undefined, '$e'))).toBeUndefined();
});

test('an ended session leaves its texts to the same person only', async () => {
  const before = new Drafts(new Slow());
  before.put('!a', undefined, draft('草稿'));
  const item = { txnId: 't', roomId: '!b', type: 'm.room.message', content: { body: '没发出去' }, at: 2 };
  rescueUnsent('@me:x', before, [item]);
  const other = new Drafts(new Slow());
  await other.load('@other:x');
  expect(other.get('!a')).toBeUndefined();
  const after = new Drafts(new Slow());
  await after.load('@me:x');
  expect([after.get('!a')?.text, after.get('!b')?.text]).toEqual(['草稿', '没发出去']);
});

const change = (eventId: string, text: string, at: number): Draft => ({
  text,
  at,
  edit: { eventId, sender: '@me:x', senderName: 'me', text: '原文' },
});

test('changes of several messages are apart; the newest one goes on', () => {
  const drafts = new Drafts(new Slow());
  drafts.put('!a', editOf(undefined, '$one'), change('$one', '改一', 1));
  drafts.put('!a', editOf(undefined, '$two'), change('$two', '改二', 2));
  drafts.put('!a', editOf('$t', '$three'), change('$three', '话题里', 3));
  expect(begunEdit(drafts, '!a', undefined)?.text).toBe('改二');
  expect(begunEdit(drafts, '!a', '$t')?.text).toBe('话题里');
  drafts.put('!a', editOf(undefined, '$two'), undefined);
  expect(begunEdit(drafts, '!a', undefined)?.text).toBe('改一');
  expect(begunEdit(drafts, '!b', undefined)).toBeUndefined();
});

test('a change whose message is deleted becomes a draft, after one that is there', () => {
  const drafts = new Drafts(new Slow());
  drafts.put('!a', editOf(undefined, '$one'), change('$one', '改一', 1));
  expect(editToDraft(drafts, '!a', undefined, '$one')).toBe(true);
  expect(drafts.get('!a')).toEqual({ text: '改一', at: 1 });
  expect(begunEdit(drafts, '!a', undefined)).toBeUndefined();
  drafts.put('!a', editOf(undefined, '$two'), change('$two', '改二', 2));
  expect(editToDraft(drafts, '!a', undefined, '$two')).toBe(true);
  expect(drafts.get('!a')).toMatchObject({ text: '改一\n改二', source: '改一\n改二' });
  expect(editToDraft(drafts, '!a', undefined, '$two')).toBe(false);
});
