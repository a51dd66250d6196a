import { describe, expect, test } from 'vitest';
import { fits, parseQuery } from './query.ts';
import { SearchIndex } from './search-index.ts';
import { makeKey, MemoryRecords, randomFrom, realSentences } from './testing.ts';
import { fold } from './text.ts';
import { ANY_FILE, KIND, type SearchDoc, type SearchOp, type SearchRequest } from './types.ts';

const ALL = 100_000;
const ask = (text: string, more: Partial<SearchRequest> = {}): SearchRequest => ({
  text,
  order: 'time',
  limit: ALL,
  ...more,
});
const message = (number: number, text: string, more: Partial<SearchDoc> = {}): SearchDoc => ({
  eventId: `$event-${String(number)}`,
  roomId: `!room${String(number % 7)}:qiao.test`,
  sender: `@user${String(number % 11)}:qiao.test`,
  ts: 1_700_000_000_000 + ((number * 7919) % 5000) * 61_000,
  kinds: KIND.text,
  text,
  ...more,
});
const add = (doc: SearchDoc): SearchOp => ({ op: 'add', doc });
const ids = (docs: readonly SearchDoc[]): string[] => docs.map((doc) => doc.eventId).sort();

const open = async (records = new MemoryRecords(), key?: CryptoKey) => {
  const used = key ?? (await makeKey());
  return { ...(await SearchIndex.open(records, used)), records, key: used };
};

describe('over real sentences', () => {
  const corpus = [...realSentences('zh-cn'), ...realSentences('zh-tw'), ...realSentences('ja')].map(
    (text, number) => message(number, text),
  );

  test('every two characters are found where a scan finds them, and nowhere else', async () => {
    const { index } = await open();
    // In several segments and in memory.
    for (let from = 0; from < corpus.length; from += 1000) {
      await index.apply(corpus.slice(from, from + 1000).map(add));
      if (from + 1000 < corpus.length) await index.flush();
    }
    expect(corpus.length).toBeGreaterThan(5000);
    // The scan knows nothing of tokens: the text in one form, and whether it has the two characters.
    const texts = corpus.map((doc) => doc.text.normalize('NFKC').toLowerCase());
    const pairs = new Map<string, Set<number>>();
    for (const [number, text] of texts.entries()) {
      for (const match of text.matchAll(/(?=(\p{Script=Han}{2}))/gu)) {
        const pair = match[1] ?? '';
        let found = pairs.get(pair);
        if (!found) pairs.set(pair, (found = new Set()));
        found.add(number);
      }
    }
    expect(pairs.size).toBeGreaterThan(2000);
    for (const [pair, found] of pairs) {
      const page = await index.search(ask(pair));
      expect(page.exact).toBe(true);
      expect(page.total).toBe(found.size);
      const hits = new Set(page.hits.map((doc) => doc.eventId));
      for (const number of found) if (!hits.has(`$event-${String(number)}`)) expect.fail(`${pair} missed`);
    }
  });

  test('longer phrases, words, several terms and filters: as a scan', async () => {
    // The scan folds every text for every query: a part of the corpus.
    const some = corpus.slice(0, 2000);
    const { index } = await open();
    await index.apply(some.map(add));
    await index.flush();
    const random = randomFrom(4);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    for (let round = 0; round < 80; round++) {
      const text = fold(pick(some).text);
      const from = Math.floor(random() * text.length);
      const piece = text.slice(from, from + 1 + Math.floor(random() * 7));
      const query =
        round % 4 === 0
          ? `"${piece}"`
          : round % 4 === 1
            ? `${piece} ${fold(pick(some).text).slice(0, 2)}`
            : piece;
      const more: Partial<SearchRequest> = {
        ...(random() < 0.3 && { roomIds: ['!room1:qiao.test', '!room4:qiao.test'] }),
        ...(random() < 0.3 && { senders: ['@user3:qiao.test', '@nobody:qiao.test'] }),
        ...(random() < 0.3 && { from: 1_700_100_000_000, to: 1_700_200_000_000 }),
      };
      const read = parseQuery(query);
      const expected =
        read.needs.length === 0 && more.roomIds === undefined && more.senders === undefined
          ? []
          : some.filter(
              (doc) =>
                fits(read, doc) &&
                (more.roomIds?.includes(doc.roomId) ?? true) &&
                (more.senders?.includes(doc.sender) ?? true) &&
                doc.ts >= (more.from ?? 0) &&
                doc.ts < (more.to ?? Infinity),
            );
      const page = await index.search(ask(query, more));
      expect(ids(page.hits), query).toEqual(ids(expected));
      expect(page.hits.map((doc) => doc.ts)).toEqual(
        page.hits.map((doc) => doc.ts).toSorted((one, other) => other - one),
      );
    }
  });

  test('pages join without a gap, by time and by relevance', async () => {
    const { index } = await open();
    await index.apply(corpus.map(add));
    for (const order of ['time', 'relevance'] as const) {
      const whole = await index.search(ask('类型参数', { order }));
      expect(whole.hits.length).toBeGreaterThan(30);
      const paged: string[] = [];
      let after: number | undefined = 0;
      while (after !== undefined) {
        const page = await index.search(ask('类型参数', { order, limit: 7, after }));
        paged.push(...page.hits.map((doc) => doc.eventId));
        after = page.next;
      }
      expect(paged).toEqual(whole.hits.map((doc) => doc.eventId));
    }
  });
});

describe('changes', () => {
  test('an edit replaces, whichever comes first', async () => {
    const edit: SearchOp = {
      op: 'edit',
      doc: { ...message(1, '改成合同'), edit: { eventId: '$edit', ts: 1_800_000_000_000 } },
    };
    for (const ops of [
      [add(message(1, '发票')), edit],
      [edit, add(message(1, '发票'))],
    ]) {
      const { index } = await open();
      await index.apply(ops);
      expect((await index.search(ask('发票'))).hits).toEqual([]);
      const [hit] = (await index.search(ask('合同'))).hits;
      expect(hit?.ts).toBe(message(1, '').ts);
      expect(index.stats.messages).toBe(1);
    }
  });

  test('an older edit and an edit by somebody else do nothing', async () => {
    const { index } = await open();
    const edit = (text: string, ts: number, more: Partial<SearchDoc> = {}): SearchOp => ({
      op: 'edit',
      doc: { ...message(1, text, more), edit: { eventId: `$${text}`, ts } },
    });
    await index.apply([
      add(message(1, '原文')),
      edit('第二版', 200),
      edit('第一版', 100),
      edit('冒充', 300, { sender: '@mallory:qiao.test' }),
    ]);
    expect((await index.search(ask('第二版'))).total).toBe(1);
    expect((await index.search(ask('冒充'))).total).toBe(0);
  });

  test('a redacted message is gone for good; a redacted edit asks for the text', async () => {
    const { index } = await open();
    await index.apply([
      add(message(1, '机密文件')),
      add(message(2, '原文')),
      { op: 'edit', doc: { ...message(2, '改过'), edit: { eventId: '$edit', ts: 9 } } },
    ]);
    await index.flush();
    const { stale } = await index.apply([
      { op: 'remove', eventId: '$event-1' },
      { op: 'remove', eventId: '$edit' },
      add(message(1, '机密文件')),
    ]);
    expect(stale).toEqual([{ roomId: message(2, '').roomId, eventId: '$event-2' }]);
    expect((await index.search(ask('机密'))).total).toBe(0);
    expect((await index.search(ask('改过'))).total).toBe(0);
    await index.apply([{ op: 'add', doc: message(2, '原文'), force: true }]);
    expect((await index.search(ask('原文'))).total).toBe(1);
  });

  test('rooms are dropped, and may come again', async () => {
    const { index } = await open();
    const docs = Array.from({ length: 700 }, (_, number) => message(number, `合同${String(number)}`));
    await index.apply(docs.map(add));
    await index.flush();
    index.dropRooms(['!room1:qiao.test']);
    expect((await index.search(ask('合同'))).total).toBe(600);
    expect(index.rooms()).not.toContain('!room1:qiao.test');
    await index.apply(docs.map(add));
    expect((await index.search(ask('合同'))).total).toBe(700);
  });

  test('files and links by kind, without a word too', async () => {
    const { index } = await open();
    await index.apply([
      add(message(1, '看图', { kinds: KIND.image, file: { name: '白板.png', size: 5 } })),
      add(message(2, 'https://qiao.test/a', { kinds: KIND.text | KIND.link })),
    ]);
    expect(ids((await index.search(ask('', { kinds: ANY_FILE }))).hits)).toEqual(['$event-1']);
    expect(ids((await index.search(ask('qiao', { kinds: KIND.link }))).hits)).toEqual(['$event-2']);
    expect(ids((await index.search(ask('白板 png'))).hits)).toEqual(['$event-1']);
    expect((await index.search(ask(''))).hits).toEqual([]);
  });
});

describe('at rest', () => {
  test('nothing of the texts, in no coding; another key or a moved record is refused', async () => {
    const { index, records, key } = await open();
    const texts = realSentences('zh-cn').slice(0, 1500);
    await index.apply(texts.map((text, number) => add(message(number, text))));
    await index.settle();
    const at = [...records.records.values()].map(({ data }) => Buffer.from(data).toString('latin1'));
    const needles = [
      ...new Set(texts.flatMap((text) => text.match(/\p{L}{4,}/gu) ?? [])),
      '$event-12',
      '!room',
    ];
    for (const needle of needles) {
      for (const coding of ['utf8', 'utf16le'] as const) {
        const bytes = Buffer.from(needle, coding).toString('latin1');
        if (at.some((record) => record.includes(bytes))) expect.fail(`${needle} in the clear`);
      }
    }

    expect((await SearchIndex.open(records.survivors(), key)).damaged).toBe(false);
    expect((await SearchIndex.open(records.survivors(), await makeKey())).damaged).toBe(true);

    // Two records of texts change places.
    const swapped = records.survivors();
    const keys = [...swapped.records.keys()].filter((each) => each > 0);
    for (let at = 0; at + 1 < keys.length; at += 2) {
      const [one, other] = [swapped.records.get(keys[at]!)!, swapped.records.get(keys[at + 1]!)!];
      swapped.records.set(keys[at]!, other).set(keys[at + 1]!, one);
    }
    const again = await SearchIndex.open(swapped, key);
    if (!again.damaged) await expect(again.index.search(ask('类型'))).rejects.toThrow('record');
  });

  test('a redacted text is not kept', async () => {
    const { index, records, key } = await open();
    await index.apply(
      Array.from({ length: 200 }, (_, number) => add(message(number, `合同${String(number)}`))),
    );
    await index.settle();
    await index.apply([{ op: 'remove', eventId: '$event-7' }]);
    await index.settle();
    const { index: reopened } = await SearchIndex.open(records.survivors(), key);
    expect((await reopened.search(ask('合同'))).total).toBe(199);
    await reopened.apply([add(message(7, '合同7'))]);
    expect((await reopened.search(ask('合同7'))).hits.map((doc) => doc.text)).not.toContain('合同7');
  });
});

describe('random histories', () => {
  const words = realSentences('zh-cn')
    .slice(0, 120)
    .flatMap((text) => text.match(/\p{Script=Han}{2,6}|[a-zA-Z]{3,}/gu) ?? []);

  test.each([1, 2, 3, 4, 5, 6])('seed %i: as a scan, also after crashes', async (seed) => {
    const random = randomFrom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const sentence = (): string =>
      Array.from({ length: 1 + Math.floor(random() * 5) }, () => pick(words)).join(pick(['', ' ', '，']));
    const { key, ...first } = await open();
    let { index, records } = first;
    /** What has to be found; `saved` is what it was at the last write that succeeded. */
    let model = new Map<string, SearchDoc>();
    let saved = new Map(model);
    let number = 0;
    const check = async (): Promise<void> => {
      for (let round = 0; round < 6; round++) {
        const query = pick(words).slice(0, 2 + Math.floor(random() * 3));
        const read = parseQuery(query);
        const expected = [...model.values()].filter((doc) => fits(read, doc));
        const page = await index.search(ask(query));
        expect(ids(page.hits), `${query} of ${String(model.size)}`).toEqual(ids(expected));
        for (const hit of page.hits) expect(hit.text).toBe(model.get(hit.eventId)?.text);
      }
      expect(index.stats.messages).toBe(model.size);
    };
    for (let step = 0; step < 120; step++) {
      const what = random();
      if (what < 0.55) {
        const docs = Array.from({ length: 1 + Math.floor(random() * 90) }, () =>
          message(++number, sentence()),
        );
        for (const doc of docs) model.set(doc.eventId, doc);
        await index.apply(docs.map(add), { upTo: number });
      } else if (what < 0.65 && model.size > 0) {
        const doc = pick([...model.values()]);
        const edit = { eventId: `$edit-${String(++number)}`, ts: 1_900_000_000_000 + number };
        const next = { ...doc, text: sentence(), edit };
        model.set(doc.eventId, next);
        await index.apply([{ op: 'edit', doc: next }], { upTo: number });
      } else if (what < 0.75 && model.size > 0) {
        const doc = pick([...model.values()]);
        model.delete(doc.eventId);
        await index.apply([{ op: 'remove', eventId: doc.eventId }], { upTo: ++number });
      } else if (what < 0.9) {
        await (random() < 0.5 ? index.flush() : index.settle());
        saved = new Map(model);
      } else if (what < 0.95) {
        // The page is closed in order.
        await index.settle();
        await index.close();
        saved = new Map(model);
        ({ index, records } = await open(records.survivors(), key));
      } else {
        // It ends in the middle of writing.
        records.commitsLeft = Math.floor(random() * 4);
        const unwritten = new Map(model);
        const wrote = await index.flush().then(
          () => true,
          () => false,
        );
        await index.close();
        ({ index, records } = await open(records.survivors(), key));
        model = new Map(wrote ? unwritten : saved);
        saved = new Map(model);
        number += 1000;
      }
      if (step % 6 === 0) await check();
    }
    await index.settle();
    await check();
    // A crash loses the newest at most; what is left is as small as the segments' sizes allow.
    expect(index.stats.segments).toBeLessThan(16);
  });
});
