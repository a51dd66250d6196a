import type { ImportMapping, StatusMeaning } from '../../contract/api.ts';
import { nameKey } from '../names.ts';

const WORDS: Readonly<Record<StatusMeaning, readonly string[]>> = {
  working: [
    '',
    ...[
      '在职',
      '在岗',
      '在编',
      '正式',
      '正式员工',
      '正式工',
      '已转正',
      '转正',
      '全职',
      '兼职',
      '合同工',
      '编制内',
    ],
    ...['试用', '试用期', '试用中', '试用员工', '见习', '见习期', '实习', '实习生', '实习中', '实习期'],
    ...[
      '外包',
      '外包人员',
      '外聘',
      '派遣',
      '劳务',
      '劳务派遣',
      '顾问',
      '返聘',
      '退休返聘',
      '借调',
      '临时',
      '临时工',
    ],
    ...['休假', '产假', '病假', '长假', '停薪留职', '出差', '正常', '有效', '启用'],
    ...['在職', '試用', '試用期', '正職', '約聘', '實習', '派遣', '留職停薪'],
    ...[
      'active',
      'employed',
      'working',
      'current',
      'regular',
      'permanent',
      'full-time',
      'full time',
      'part-time',
    ],
    ...['part time', 'probation', 'probationary', 'on probation', 'trial', 'intern', 'internship', 'trainee'],
    ...['apprentice', 'contractor', 'contract', 'external', 'outsourced', 'temporary', 'temp', 'consultant'],
    ...['on leave', 'parental leave', 'sabbatical', 'enabled'],
  ],
  left: [
    ...[
      '离职',
      '已离职',
      '已离任',
      '离岗',
      '离任',
      '辞职',
      '已辞职',
      '解聘',
      '已解聘',
      '解雇',
      '辞退',
      '已辞退',
      '开除',
    ],
    ...[
      '退休',
      '已退休',
      '离休',
      '合同终止',
      '终止',
      '解除合同',
      '不在职',
      '已故',
      '注销',
      '停用',
      '禁用',
      '无效',
    ],
    ...['離職', '已離職', '退休', '解僱', '資遣'],
    ...['left', 'leaver', 'terminated', 'resigned', 'retired', 'dismissed', 'departed', 'inactive', 'former'],
    ...['ended', 'separated', 'quit', 'fired', 'deceased', 'disabled'],
  ],
  skip: [
    ...['待入职', '未入职', '拟入职', '待报到', '未报到', '放弃入职', '候选人', '已发offer', '尚未到職'],
    ...['not started', 'pending', 'pre-hire', 'prehire', 'offer', 'onboarding', 'candidate', 'upcoming'],
  ],
};

const MEANINGS: ReadonlyMap<string, StatusMeaning> = new Map(
  (['skip', 'left', 'working'] as const).flatMap((meaning) =>
    WORDS[meaning].map((word): [string, StatusMeaning] => [word, meaning]),
  ),
);

const YES = new Set(['是', 'yes', 'true', 'y', '√']);
const NO = new Set(['否', 'no', 'false', 'n', '×']);

/** What a value of the status column means by itself; undefined where only a person can say. */
export function guessStatus(value: string, column: string): StatusMeaning | undefined {
  const key = nameKey(value);
  const meaning = MEANINGS.get(key);
  if (meaning !== undefined || (!YES.has(key) && !NO.has(key))) return meaning;
  // Yes and no say what the column asks.
  const asks = nameKey(column);
  const left = /离职|離職|inactive|left|terminated|disabled/.test(asks);
  if (!left && !/在职|在職|active|employed|enabled/.test(asks)) return undefined;
  return left === YES.has(key) ? 'left' : 'working';
}

/** What a value means: as somebody has said in the mapping, else by itself. Width, case and blanks do not count. */
export function statusOf(mapping: ImportMapping): (value: string) => StatusMeaning | undefined {
  const said = new Map(
    Object.entries(mapping.statuses ?? {}).map(([value, meaning]) => [nameKey(value), meaning]),
  );
  const column = mapping.columns.status ?? '';
  const found = new Map<string, StatusMeaning | undefined>();
  return (value) => {
    if (!found.has(value)) found.set(value, said.get(nameKey(value)) ?? guessStatus(value, column));
    return found.get(value);
  };
}

/** The meanings of a column's values; those nobody knows are left out. */
export function guessStatuses(values: readonly string[], column: string): Record<string, StatusMeaning> {
  return Object.fromEntries(
    values.flatMap((value) => {
      const meaning = guessStatus(value, column);
      return meaning === undefined ? [] : [[value, meaning] as const];
    }),
  );
}
