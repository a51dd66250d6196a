import { testServices } from '@qiao/ui-kit/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { NameIndex } from '../../matrix/people-pinyin.ts';
import { fitPerson, PeopleSearch } from './people.ts';

const index = new NameIndex();
beforeAll(() => index.load());

describe('somebody on the device', () => {
  const zhang = { userId: '@zw:x', name: '张伟', title: '研发经理', departments: ['工程组', '研发部'] };
  test.each([
    '张伟',
    'zw',
    'zhang w',
    '经理',
    '工程',
    'gcz',
    '张 研发',
    'yanfabu zhang',
    '研发部 经理',
    'zw',
  ])('is found by %s', (query) => {
    expect(fitPerson(zhang, query, index)).toBeGreaterThan(0);
  });
  test.each(['李', '张 销售', 'zhang xsb', '', ' '])('is not found by “%s”', (query) => {
    expect(fitPerson(zhang, query, index)).toBe(0);
  });
  test('the name comes before the department', () => {
    expect(fitPerson(zhang, '张', index)).toBeGreaterThan(fitPerson(zhang, '研发', index));
  });
});

describe('the search for people', () => {
  const listed = (id: string) => ({
    id,
    user_id: `@${id}:x`,
    display_name: id,
    title: null,
    department_names: ['研发部'],
    can_contact: true,
    activated: id !== 'new',
  });
  async function setUp(session: { personId?: string } = { personId: 'p' }) {
    const asked: string[] = [];
    const services = await testServices({
      session: { userId: '@me:x', ...session },
      answer: ({ method, path, query, body }) => {
        asked.push(`${method} ${path}?${String(query)}${body === undefined ? '' : JSON.stringify(body)}`);
        if (method === 'POST')
          return { items: (body as { user_ids: string[] }).user_ids.length ? [listed('li')] : [] };
        const one = query.get('user_id');
        if (one !== null) return { items: one === '@li:x' ? [listed('li')] : [], next: null };
        return { items: [listed('me'), listed('li'), listed('new')], next: 'more' };
      },
    });
    const isExternal = (userId: string) => !userId.endsWith(':x');
    const known = (userId: string) => ({
      userId,
      name: userId === '@pia:y' ? 'Pia' : userId,
      avatar: undefined,
      server: isExternal(userId) ? 'y' : undefined,
    });
    const search = new PeopleSearch({
      services,
      people: { isExternal, known, profile: (userId) => Promise.resolve(known(userId)) },
      places: {
        people: () => [
          { userId: '@me:x', name: 'Pim' },
          { userId: '@_qiao_bot:x', name: 'Pibot' },
          { userId: '@hidden:x', name: 'Pio' },
          { userId: '@pia:y', name: 'Pia' },
        ],
      },
      names: index,
    });
    return { search, asked };
  }

  test('asks the directory alone, without oneself, by pages', async () => {
    const { search, asked } = await setUp();
    const { people, next } = await search.find(' l ');
    expect(people.map(({ userId, activated }) => [userId, activated])).toEqual([
      ['@li:x', true],
      ['@new:x', false],
    ]);
    expect(next).toBe('more');
    await search.find('l', 'more');
    expect(asked).toEqual([
      'GET /api/org/directory/people?q=l&limit=20',
      'GET /api/org/directory/people?q=l&limit=20&after=more',
    ]);
    expect((await search.find(' ')).people).toEqual([]);
  });

  test('a whole Matrix id is a colleague, or an account of outside', async () => {
    const { search } = await setUp();
    const one = async (id: string) => (await search.find(id)).people[0];
    expect(await one('@li:x')).toMatchObject({ name: 'li', listed: true, departments: ['研发部'] });
    expect(await one('@pia:y')).toMatchObject({ name: 'Pia', listed: false, server: 'y' });
    expect(await one('@me:x')).toBeUndefined();
  });

  test('of shared conversations come people of outside; whom the rules hide, stay hidden', async () => {
    const { search } = await setUp();
    expect(search.known('pi').map(({ userId }) => userId)).toEqual(['@pia:y']);
  });

  test('whoever is in no company finds people of shared conversations, and asks no directory', async () => {
    const { search, asked } = await setUp({});
    expect(search.known('pi').map(({ userId }) => userId)).toEqual(['@hidden:x', '@pia:y']);
    expect((await search.find('pi')).people).toEqual([]);
    expect(await search.lookUp(['@li:x'])).toEqual(new Map());
    expect(asked).toEqual([]);
  });

  test('the directory is asked once it lets the reader in', async () => {
    const { search, asked } = await setUp({});
    let entered = 0;
    const end = search.onEntered(() => entered++);
    const services = await testServices({
      session: { userId: '@me:x', personId: 'p' },
      answer: () => ({ items: [listed('li')], next: null }),
    });
    search.enter(services);
    search.enter(services);
    expect([entered, search.inCompany]).toEqual([1, true]);
    expect((await search.find('li')).people.map(({ userId }) => userId)).toEqual(['@li:x']);
    expect(asked).toEqual([]);
    end();
  });

  test('people of a conversation are looked up two hundred at a time', async () => {
    const { search, asked } = await setUp();
    const ids = Array.from({ length: 201 }, (_, at) => `@p${String(at)}:x`);
    const found = await search.lookUp([...ids, '@pia:y', '@_qiao_bot:x']);
    expect(asked).toHaveLength(2);
    expect(asked.join()).not.toMatch(/pia|bot/);
    expect(search.withListing({ userId: '@li:x', name: '小李' }, found.get('@li:x'))).toMatchObject({
      name: '小李',
      departments: ['研发部'],
    });
  });
});
