import { expect, test } from 'vitest';
import { asItem, FinderViewModel, type FinderSource } from './FinderViewModel.ts';
import { noteOf } from './people.ts';
import { somebody } from './testing.ts';

const PEOPLE = [
  somebody('@zw1:x', '张伟', { title: '研发经理', departments: ['工程组'] }),
  somebody('@zw2:x', '张伟', { title: '销售经理', departments: ['销售部'] }),
  somebody('@ln:x', '李娜'),
  somebody('@ww:x', '王五'),
  somebody('@wwx:x', '王五星'),
  somebody('@no:x', '赵六', { canContact: false }),
];

/** A directory by pages of two, which answers when the test lets it. */
function setUp(options: { several?: boolean; source?: Partial<FinderSource> } = {}) {
  const asked: string[] = [];
  const server = { isAway: false };
  const model = new FinderViewModel(
    {
      find: (query, after) => {
        asked.push(query);
        if (server.isAway) return Promise.reject(new Error('away'));
        const all = PEOPLE.filter(({ name }) => name.includes(query)).map(asItem);
        const from = Number(after ?? 0);
        const to = from + 2;
        return Promise.resolve({ items: all.slice(from, to), next: to < all.length ? String(to) : null });
      },
      ...options.source,
    },
    { several: options.several ?? true },
  );
  const now = () => model.getSnapshot();
  const shown = () => now().items.map(({ key }) => key);
  const ready = () => expect.poll(() => now().state).toBe('ready');
  return { model, asked, server, now, shown, ready };
}

test('what is typed is asked for once it rests, not while an input method composes', async () => {
  const { model, asked, now, shown, ready } = setUp();
  model.type("li'na", true);
  expect(now()).toMatchObject({ query: "li'na", state: 'idle' });
  model.type('李');
  model.type('李娜');
  expect(now().state).toBe('busy');
  await ready();
  expect(asked).toEqual(['李娜']);
  expect(shown()).toEqual(['@ln:x']);
  model.type('没有');
  expect(shown()).toEqual([]);
  await ready();
  expect(now()).toMatchObject({ items: [], active: -1, state: 'ready' });
  model.type(' ');
  expect(now().state).toBe('idle');
});

test('more come by pages, by the arrow too; a failure is told and can be tried again', async () => {
  const source: Partial<FinderSource> = {
    find: (_query, after) =>
      Promise.resolve({
        items: [asItem(somebody(`@p${after ?? '0'}:x`, '员工'))],
        next: after === '2' ? null : String(Number(after ?? 0) + 1),
      }),
  };
  const { model, now, shown, ready } = setUp({ source });
  model.type('员');
  await ready();
  expect(now().hasMore).toBe(true);
  model.move(1);
  await expect.poll(shown).toEqual(['@p0:x', '@p1:x']);
  model.move(1);
  expect(now().active).toBe(1);
  await model.more();
  expect(shown()).toHaveLength(3);
  expect(now().hasMore).toBe(false);
  model.move(1);
  model.move(1);
  expect(now().active).toBe(0);

  const { model: other, server, now: then } = setUp();
  server.isAway = true;
  other.type('李娜');
  await expect.poll(() => then().state).toBe('failed');
  server.isAway = false;
  other.retry();
  await expect.poll(() => then().items.length).toBe(1);
});

test('people are chosen, and given up; who may not be contacted is not', async () => {
  const { model, now, ready } = setUp();
  model.toggle(PEOPLE[2]!);
  model.toggle(PEOPLE[0]!);
  expect(now().chosen.map(({ name }) => name)).toEqual(['李娜', '张伟']);
  model.toggle(PEOPLE[2]!);
  model.removeLast();
  expect(now().chosen).toEqual([]);
  model.type('赵六');
  await ready();
  expect(model.barOf(now().items[0]!)).toBe('no_contact');
  model.toggle(PEOPLE[5]!);
  expect(now().chosen).toEqual([]);
});

test.each(['张伟、李娜，王五\n钱七', '张伟,李娜;王五\t钱七,'])(
  'names of a list are chosen where it is clear who is meant: %j',
  async (list) => {
    const { model, now, shown, ready } = setUp();
    expect(model.paste('李娜')).toBe(false);
    expect(model.paste(list)).toBe(true);
    expect(now().resolving).toBe(true);
    await expect.poll(() => now().resolving).toBe(false);
    // Not 王五星, although the search finds him, too.
    expect(new Set(now().chosen.map(({ userId }) => userId))).toEqual(new Set(['@ln:x', '@ww:x']));
    expect(now().open).toHaveLength(2);
    expect(now().open).toContainEqual({ name: '张伟', why: 'several' });
    expect(now().open).toContainEqual({ name: '钱七', why: 'nobody' });
    // Which of the two is asked at once.
    await ready();
    expect(now().query).toBe('张伟');
    expect(shown()).toEqual(['@zw1:x', '@zw2:x']);
    expect(PEOPLE.slice(0, 2).map(noteOf)).toEqual(['研发经理 · 工程组', '销售经理 · 销售部']);
    model.toggle(PEOPLE[1]!);
    expect(now().open).toEqual([{ name: '钱七', why: 'nobody' }]);
    expect(now().query).toBe('');
    model.drop('钱七');
    expect(now().open).toEqual([]);
  },
);

test('a separator that is typed ends a name', async () => {
  const { model, now } = setUp();
  model.type('李娜、王');
  expect(now().query).toBe('王');
  await expect.poll(() => now().chosen.map(({ name }) => name)).toEqual(['李娜']);
  // Where only one is chosen it is a character like others.
  const { model: one, now: then } = setUp({ several: false });
  one.type('李娜、王');
  expect(then().query).toBe('李娜、王');
  expect(one.paste('李娜、王五')).toBe(false);
});

test('what was asked before the directory lets one in is asked again then', async () => {
  let enter = (): void => undefined;
  const { model, asked, ready } = setUp({
    source: {
      again: (ask) => {
        enter = ask;
        return () => undefined;
      },
    },
  });
  const unmount = model.mount();
  model.type('李娜');
  await ready();
  enter();
  await ready();
  await expect.poll(() => asked).toEqual(['李娜', '李娜']);
  unmount();
});
