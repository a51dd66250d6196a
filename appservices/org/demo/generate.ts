/** What a generated company looks like. */
export interface CompanyShape {
  people: number;
  departments: number;
  /** Levels of departments. */
  depth: number;
  /** The same seed makes the same company, always. */
  seed: number;
}

// Frequent Chinese surnames and characters of given names, and English names; public common knowledge.
const SURNAMES = Array.from(
  '王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文',
);
const GIVEN = Array.from(
  '伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉玲斌宇浩凯健俊帆雪婷雯欣怡佳琪梦瑶思远子轩泽宏博晨阳天佑雨萱嘉诚志鹏海燕春梅国庆建华晓东小红',
);
const FIRST = [
  'Ann',
  'Bob',
  'Carol',
  'David',
  'Emma',
  'Frank',
  'Grace',
  'Henry',
  'Irene',
  'Jack',
  'Karen',
  'Leo',
  'Maria',
  'Noah',
  'Olivia',
  'Paul',
  'Quinn',
  'Rosa',
  'Sam',
  'Tina',
  'Umar',
  'Vera',
  'Will',
  'Xenia',
  'Yusuf',
  'Zoë',
  'José',
  'Renée',
];
const LAST = [
  'Adams',
  'Baker',
  'Clark',
  'Díaz',
  'Evans',
  'Foster',
  'García',
  'Hill',
  'Ivanov',
  'Jones',
  'Kim',
  'Lopez',
  'Müller',
  'Novak',
  "O'Brien",
  'Patel',
  'Quist',
  'Rossi',
  'Smith',
  'Tanaka',
  'Usman',
  'Vogel',
  'Walker',
  'Xu',
  'Young',
  'Zhao',
];
const UNITS = [
  '研发',
  '销售',
  '市场',
  '财务',
  '人力资源',
  '生产',
  '采购',
  '质量',
  '客户服务',
  '运营',
  '物流',
  '法务',
  'Sales',
  'Finance',
  'Engineering',
  'Support',
  'Design',
  'Operations',
  'Quality',
  'Data',
];
const TITLES = [
  '工程师',
  '高级工程师',
  '专员',
  '主管',
  '经理',
  '顾问',
  'Engineer',
  'Analyst',
  'Specialist',
  'Manager',
];

/** Small, fast, and the same everywhere (mulberry32, public domain, Tommy Ettinger). */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const quote = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/**
 * A company as CSV with a header: id, name, e-mail, title, department path, manager's id, whether head. The tree
 * has `depth` levels; every department has people, the first of which heads it and reports to the head above.
 */
export function generateCompany({ people, departments, depth, seed }: CompanyShape): string {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  // Departments: as many on each level as keeps every one below an existing one.
  const tree: { path: string; parent: number; level: number }[] = [{ path: '总部', parent: -1, level: 1 }];
  for (let n = 1; n < departments; n++) {
    // The first ones go straight down, so that every level is there.
    const above = n < depth ? n - 1 : random(tree.length);
    let parent = above;
    while ((tree[parent]?.level ?? 1) >= depth) parent = tree[parent]?.parent ?? 0;
    const place = tree[parent] ?? { path: '总部', level: 1 };
    tree.push({ path: `${place.path}/${pick(UNITS)}${n}`, parent, level: place.level + 1 });
  }
  const heads: string[] = [];
  const lines = ['id,name,email,title,department,manager,is head'];
  for (let n = 0; n < people; n++) {
    const at = n < tree.length ? n : random(tree.length);
    const isHead = n < tree.length;
    const id = `G${String(n + 1).padStart(6, '0')}`;
    if (isHead) heads[at] = id;
    const chinese = random(10) < 7;
    const name = chinese
      ? `${pick(SURNAMES)}${pick(GIVEN)}${random(3) === 0 ? '' : pick(GIVEN)}`
      : `${pick(FIRST)} ${pick(LAST)}`;
    const manager = isHead ? (heads[tree[at]?.parent ?? -1] ?? '') : (heads[at] ?? '');
    const cells = [
      id,
      name,
      `g${n + 1}@example.com`,
      isHead ? (chinese ? '负责人' : 'Head') : pick(TITLES),
      tree[at]?.path ?? '',
      manager,
      isHead ? 'yes' : 'no',
    ];
    lines.push(cells.map(quote).join(','));
  }
  return `${lines.join('\n')}\n`;
}
