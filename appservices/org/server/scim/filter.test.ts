import { describe, expect, test } from 'vitest';
import { ScimError } from './errors.ts';
import { demanded, matches, parseFilter } from './filter.ts';
import { groupKind, userKind } from './schemas.ts';

const bjensen = {
  id: '2819c223-7f76-453a-919d-413861904646',
  userName: 'bjensen@Example.com',
  externalId: 'Ext-1',
  active: true,
  userType: 'Employee',
  name: { familyName: "O'Malley", givenName: '芭芭拉' },
  emails: [
    { type: 'work', value: 'bjensen@example.com', primary: true },
    { type: 'home', value: 'babs@jensen.org' },
  ],
  meta: { lastModified: '2011-05-13T04:42:34Z', created: '2010-01-23T04:56:22Z' },
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
    department: 'Tour Operations',
    manager: { value: '26118915-6090-4610-87e4-49d8ca9f808d' },
  },
};

const fits = (filter: string): boolean => matches(parseFilter(filter, userKind), bjensen);

describe('filters of RFC 7644, section 3.4.2.2', () => {
  test.each([
    ['userName eq "bjensen@example.com"', true],
    ['userName Eq "BJENSEN@example.com"', true],
    ['USERNAME eq "bjensen@example.com"', true],
    [`name.familyName co "O'Malley"`, true],
    ['userName sw "J"', false],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "B"', true],
    ['title pr', false],
    ['emails pr', true],
    ['meta.lastModified gt "2011-05-13T04:42:34Z"', false],
    ['meta.lastModified ge "2011-05-13T04:42:34Z"', true],
    // The same moment in another zone.
    ['meta.lastModified eq "2011-05-13T12:42:34+08:00"', true],
    ['meta.lastModified lt "2011-05-13T04:42:35Z"', true],
    ['title pr and userType eq "Employee"', false],
    ['title pr or userType eq "Intern"', false],
    ['userType eq "Employee" and (emails co "example.com" or emails.value co "jensen.org")', true],
    ['userType ne "Employee" and not (emails co "example.com" or emails.value co "jensen.org")', false],
    ['userType eq "Employee" and (emails.type eq "work")', true],
    ['userType eq "Employee" and emails[type eq "work" and value co "@example.com"]', true],
    // Both have to hold for one and the same address.
    ['emails[type eq "work" and value co "jensen.org"]', false],
    ['emails[type eq "home"].value ew "jensen.org"', true],
    ['emails[type eq "work"].value ew "jensen.org"', false],
    ['emails[not (type eq "work")]', true],
    ['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "tour operations"', true],
    [
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26118915-6090-4610-87e4-49d8ca9f808d"',
      true,
    ],
    ['active eq true', true],
    ['active eq "True"', true],
    ['active ne false', true],
    ['title eq null', true],
    ['userName ne null', true],
    // externalId is case exact.
    ['externalId eq "ext-1"', false],
    ['externalId eq "Ext-1"', true],
    ['name.givenName eq "\\u82ad\\u82ad拉"', true],
    // `and` binds more strongly than `or`.
    ['userType eq "x" and userType eq "x" or active eq true', true],
    ['active eq true or userType eq "x" and userType eq "x"', true],
    ['(active eq true or userType eq "x") and userType eq "x"', false],
  ])('%s', (filter, expected) => {
    expect(fits(filter)).toBe(expected);
  });

  test.each([
    '',
    'userName',
    'userName eq',
    'userName eq bjensen',
    'userName eq "a',
    'userName like "a"',
    'nothing eq "a"',
    'userName eq "a" and',
    'and userName eq "a"',
    '(userName eq "a"',
    'userName eq "a")',
    'not userName eq "a"',
    'userName[type eq "a"]',
    'emails[type eq "a"',
    'emails[userName eq "a"]',
    'active gt true',
    'active eq "perhaps"',
    'userName eq 5',
    'meta.lastModified gt "yesterday"',
    'name eq "a"',
    "userName eq 'a'",
    'userName eq "a"; drop table org.person',
    'userName eq "\\x41"',
    `${'('.repeat(31)}active eq true${')'.repeat(31)}`,
    `userName eq "${'a'.repeat(4000)}"`,
  ])('refuses %s', (filter) => {
    let error: unknown;
    try {
      parseFilter(filter, userKind);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ScimError);
    expect(error).toMatchObject({ status: 400, scimType: 'invalidFilter' });
  });

  test('any text is either a filter or refused as one', () => {
    const words = [
      'userName eq "a"',
      'active eq true',
      'emails[type eq "work"]',
      'title pr',
      '(title pr)',
      'userName',
      'emails',
      'eq',
      'pr',
      'and',
      'or',
      'not',
      '(',
      ')',
      '[',
      ']',
      '"a"',
      '"\\"',
      'true',
      'null',
      '7',
      '-1e9',
      '.value',
      'urn:ietf:params:scim:schemas:core:2.0:User',
      ':',
      "'",
      ';',
      '--',
      '/*',
      '%',
      '\u0000',
      '桥',
      '\\',
      '$ref',
      'meta.created',
      '"2011-05-13T04:42:34Z"',
    ];
    let seed = 7;
    // mulberry32: the same texts in every run.
    const next = (n: number): number => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % n;
    };
    let accepted = 0;
    for (let run = 0; run < 20_000; run++) {
      const filter = Array.from({ length: 1 + next(9) }, () => words[next(words.length)]).join(
        next(3) ? ' ' : '',
      );
      try {
        matches(parseFilter(filter, userKind), bjensen);
        accepted++;
      } catch (error) {
        if (!(error instanceof ScimError))
          throw new Error(`${filter} threw ${String(error)}`, { cause: error });
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });

  test('knows what the database can look up', () => {
    const of = (filter: string): unknown => demanded(parseFilter(filter, userKind));
    expect(of('userName eq "a" and active eq true')).toEqual([{ attribute: 'userName', value: 'a' }]);
    expect(of('userName eq "a" or userName eq "b"')).toEqual([]);
    expect(of('not (userName eq "a")')).toEqual([]);
    expect(demanded(parseFilter('displayName eq "Sales"', groupKind))).toEqual([
      { attribute: 'displayName', value: 'Sales' },
    ]);
  });
});
