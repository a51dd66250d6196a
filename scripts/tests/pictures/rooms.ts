import { join } from 'node:path';
import {
  activate,
  callApi,
  login,
  makeUser,
  NioClient,
  PASSWORD,
  uploadKeys,
  waitFor,
  type TestBrowser,
  type TestUser,
} from '@qiao/testkit';
import { GERMAN, LONG_DEPARTMENT, RESEARCH, UIGHUR, type Company } from './company.ts';

/* What 张伟 has in the client: conversations with everything that is written, sent and asked in them. */

export const LONG_ROOM = '产品发布筹备 · Launch preparation and delivery to existing customers, autumn 2026';
export const FILE = '2026年第三季度_采购合同_最终版_修订3_signed-by-both-parties_(scan).pdf';
export const OUTSIDER = 'Aleksandra Wiśniewska-Kowalczyk';

/** The conversations by what is in them, and messages by what they are. */
export interface Rooms {
  /** Encrypted, of all kinds of messages. */
  readonly main: string;
  /** Encrypted, of two. */
  readonly direct: string;
  /** Nothing was written in it, and nobody else is there. */
  readonly empty: string;
  /** Made by 张伟, with 李娜 and somebody who has not activated. */
  readonly own: string;
  /** Goes on elsewhere. */
  readonly replaced: string;
  /** Only who made it may write. */
  readonly announcements: string;
  /** Invitations of somebody who is not of the company. */
  readonly invited: readonly string[];
  readonly messages: Readonly<Record<string, string>>;
  /** Somebody who is not in the directory, without a conversation. */
  readonly outsider: TestUser;
  readonly close: () => Promise<void>;
}

/** A picture as people send them: drawn by the browser, of a size. */
async function pictureOf(chromium: TestBrowser, width: number, height: number): Promise<Buffer> {
  const { page, context } = await chromium.newPage({ width, height });
  await page.setContent(
    `<body style="margin:0;height:100vh;background:conic-gradient(from 40deg,#2f6fed,#f5b83d,#d9485f,#2aa876,#2f6fed)">
    <p style="margin:0;padding:8%;font:700 ${String(Math.round(width / 14))}px sans-serif;color:#fff">${String(width)} × ${String(height)}</p>`,
  );
  const picture = await page.screenshot();
  await context.close();
  return picture;
}

const CODE = `export async function pay(order: Order): Promise<Receipt> {
  // 先检查库存，再扣款 —— a line that is longer than the column in which it is shown, as lines of code are wont to be
  if (order.lines.some((line) => line.count <= 0)) throw new Error('nothing to pay');
  return ledger.book({ at: new Date(), lines: order.lines, total: order.lines.reduce((sum, line) => sum + line.price, 0) });
}`;
const TABLE = [
  ['项目', 'Verantwortlich', 'Budget', 'Status', 'Anmerkung'],
  ['华东区推广', GERMAN, '¥ 1,280,000.00', '进行中', 'Freigabe durch die Geschäftsführung steht noch aus'],
  ['Messeauftritt', '李娜', '€ 42.500,00', 'done', ''],
  ['培训', UIGHUR, '¥ 96,000.00', '未开始', '等待场地确认'],
];
const LONG_TEXT = Array.from(
  { length: 40 },
  (_, line) =>
    `${String(line + 1)}. 本次发布涉及的系统较多，请各位负责人在周五下班前确认自己的部分已经完成联调。 ` +
    'Everybody who is responsible for a part confirms until Friday evening that it works together with the others.',
).join('\n');

/** Invites as colleagues do, and waits until all are in. */
const waitForAll = (user: TestUser, roomId: string, people: readonly string[]): Promise<unknown> =>
  waitFor(
    async () => {
      const here = await user.members(roomId);
      return people.every((each) => here.includes(each));
    },
    { what: 'everybody in the room' },
  );

/**
 * Fills the company's conversations. 张伟's device has to be there: what is written before cannot be read by it.
 * @param viewer 张伟
 */
export async function makeRooms(company: Company, chromium: TestBrowser, viewer: TestUser): Promise<Rooms> {
  const { own, api } = company;
  const { info } = own;
  const person = (name: string): { id: string; user_id: string } => {
    const found = company.people.get(name);
    if (!found) throw new Error(`${name} is not there`);
    return found;
  };
  for (const name of [GERMAN, UIGHUR]) {
    const { link } = await api<{ link: string }>('POST', `/api/org/people/${person(name).id}/activation`, {});
    await activate(info, link);
  }
  // Each writes with a client of another make, and has a session for what is not encrypted anyway.
  const colleague = async (name: string): Promise<{ user: TestUser; nio: NioClient }> => {
    const { user_id: userId } = person(name);
    const nio = new NioClient(join(info.varDir, 'nio', userId.slice(1, userId.indexOf(':'))));
    await nio.login({ homeserver: info.homeserverUrl, user_id: userId, password: PASSWORD });
    await nio.startSync();
    return { nio, user: await login(info.homeserverUrl, userId, PASSWORD) };
  };
  const [lina, wang, german, uighur] = await Promise.all([
    colleague('李娜'),
    colleague('王芳'),
    colleague(GERMAN),
    colleague(UIGHUR),
  ]);
  const outsider = await makeUser({ name: 'aleksandra', displayName: OUTSIDER, stack: info });
  await uploadKeys(outsider);
  const outside = await makeUser({ name: 'partner', displayName: 'Wei Zhang (Vertrieb)', stack: info });
  await uploadKeys(outside);

  const here = [viewer, wang.user, german.user, uighur.user].map(({ userId }) => userId);
  const main = await lina.nio.createRoom({
    name: LONG_ROOM,
    invite: [...here, person('欧阳修远').user_id, person('陈静').user_id],
    encrypted: true,
  });
  const direct = await wang.nio.createRoom({ invite: [viewer.userId], encrypted: true, is_direct: true });
  await Promise.all([
    waitForAll(lina.user, main, here),
    waitForAll(wang.user, direct, [viewer.userId]),
    ...[wang, german, uighur].map(({ nio }) =>
      waitFor(async () => (await nio.state()).rooms[main]?.encrypted === true, { what: 'the room' }),
    ),
  ]);
  await lina.user.setState(main, 'm.room.topic', '', {
    topic:
      '每周三 10:00 例会；文件放在共享盘 /launch。Wednesdays at ten; files are on the share, minutes in the thread.',
  });
  const ids: Record<string, string> = {};
  const html = (nio: NioClient, body: string, formatted: string): Promise<string> =>
    nio.send(main, 'm.room.message', {
      msgtype: 'm.text',
      body,
      format: 'org.matrix.custom.html',
      formatted_body: formatted,
      'm.mentions': {},
    });
  const file = async (
    nio: NioClient,
    name: string,
    data: Uint8Array,
    type: string,
    more: Record<string, unknown>,
  ): Promise<string> => {
    const content: Record<string, unknown> = {};
    // Uploaded without being sent: what it is said to be is ours to say.
    const answer = await fetch(
      `${info.homeserverUrl}/_matrix/media/v3/upload?filename=${encodeURIComponent(name)}`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${lina.user.accessToken}`, 'content-type': type },
        body: new Uint8Array(data),
      },
    );
    content['url'] = ((await answer.json()) as { content_uri: string }).content_uri;
    return nio.send(main, 'm.room.message', {
      body: name,
      filename: name,
      ...content,
      ...more,
      info: { size: data.length, mimetype: type, ...(more['info'] as object) },
    });
  };

  ids['first'] = await lina.nio.sendText(main, '大家好，发布会定在 9 月 18 日，地点还没有定。');
  ids['german'] = await german.nio.sendText(
    main,
    'Die Rechtsschutzversicherungsgesellschaften und das Donaudampfschifffahrtsgesellschaftskapitänspatent: see https://intranet.example.org/finance/2026/q3/consolidated-statements/preliminary/appendix-7?view=print&lang=de#section-4.2.1',
  );
  await wang.nio.sendText(main, '收到 👌');
  ids['reply'] = await uighur.nio.sendText(
    main,
    '地点可以选张江园区的报告厅，能坐三百人，音响也是新的。 The hall seats three hundred.',
    { reply_to: ids['first'] },
  );
  ids['formatted'] = await html(
    german.nio,
    'Zusammenfassung',
    `<h3>Zusammenfassung · 摘要</h3><p><strong>Bis Freitag</strong> <em>prüfen</em> wir <code>release/2026.9</code> und <del>nicht</del> mehr:</p><ul><li>Verträge<ul><li>华东区</li><li>Österreich</li></ul></li><li>Preise</li></ul><ol><li>第一步</li><li>第二步</li></ol><blockquote><p>Was lange währt, wird endlich gut.</p></blockquote><p>内幕：<span data-mx-spoiler="结果">第一名是华东区</span> <a href="https://matrix.to/#/${viewer.userId}">张伟</a></p>`,
  );
  ids['code'] = await html(
    lina.nio,
    CODE,
    `<pre><code class="language-typescript">${CODE.replaceAll('<', '&lt;')}</code></pre>`,
  );
  ids['table'] = await html(
    german.nio,
    TABLE.map((row) => row.join('\t')).join('\n'),
    `<table><thead><tr>${(TABLE[0] ?? []).map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${TABLE.slice(
      1,
    )
      .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
      .join('')}</tbody></table>`,
  );
  ids['long'] = await uighur.nio.sendText(main, LONG_TEXT);
  ids['landscape'] = await file(
    wang.nio,
    '会场平面图-landscape.png',
    await pictureOf(chromium, 1600, 700),
    'image/png',
    { msgtype: 'm.image', body: '从后排看过去是这样', info: { w: 1600, h: 700 } },
  );
  ids['portrait'] = await file(
    wang.nio,
    'IMG_20260918_portrait.png',
    await pictureOf(chromium, 700, 1500),
    'image/png',
    { msgtype: 'm.image', info: { w: 700, h: 1500 } },
  );
  ids['file'] = await file(lina.nio, FILE, new Uint8Array(2_400_000), 'application/pdf', {
    msgtype: 'm.file',
  });
  ids['voice'] = await file(uighur.nio, 'Voice message.ogg', new Uint8Array(9_000), 'audio/ogg', {
    msgtype: 'm.audio',
    body: 'Voice message',
    info: { duration: 14_000 },
    'org.matrix.msc1767.audio': {
      duration: 14_000,
      waveform: Array.from({ length: 60 }, (_, at) =>
        Math.round(512 + 500 * Math.sin(at / 3) * Math.cos(at)),
      ),
    },
    'org.matrix.msc3245.voice': {},
  });
  ids['video'] = await file(lina.nio, 'walk-through.mp4', new Uint8Array(48_000), 'video/mp4', {
    msgtype: 'm.video',
    info: { w: 1280, h: 720, duration: 83_000 },
  });
  const answers = [
    '张江园区报告厅（三百人）',
    'Kongresszentrum Donaustadt, großer Saal mit Simultandolmetschanlage',
    'Online only',
  ];
  ids['poll'] = await lina.nio.send(main, 'org.matrix.msc3381.poll.start', {
    'org.matrix.msc1767.text': '在哪里办？',
    'org.matrix.msc3381.poll.start': {
      question: {
        'org.matrix.msc1767.text': '发布会在哪里办？ Where do we hold the launch event this year?',
      },
      kind: 'org.matrix.msc3381.poll.disclosed',
      max_selections: 1,
      answers: answers.map((text, at) => ({ id: String(at), 'org.matrix.msc1767.text': text })),
    },
  });
  for (const [at, { nio }] of [wang, german, uighur].entries())
    await nio.send(main, 'org.matrix.msc3381.poll.response', {
      'm.relates_to': { rel_type: 'm.reference', event_id: ids['poll'] },
      'org.matrix.msc3381.poll.response': { answers: [String(at === 2 ? 0 : at)] },
    });
  ids['popular'] = await lina.nio.sendText(main, '通过了！🎉 谢谢大家');
  const keys = '👍🎉❤️👏🚀🔥💪🙏😂✅👀🌹☕💯⭐🍻'.match(/\p{Extended_Pictographic}\uFE0F?/gu) ?? [];
  for (const [at, key] of [...keys, '收到，马上处理'].entries())
    for (const { user } of [lina, wang, german, uighur].slice(0, 1 + (at % 4)))
      await user.send(main, 'm.reaction', {
        'm.relates_to': { rel_type: 'm.annotation', event_id: ids['popular'], key },
      });
  const removed = await wang.nio.sendText(main, '发错群了');
  await wang.nio.command('redact', { room_id: main, event_id: removed });
  const edited = await german.nio.sendText(main, 'Am 17.');
  await german.nio.sendText(main, 'Am 18. September um 10 Uhr', { replaces: edited });
  // What no key will ever open, and what nobody knows how to show.
  await lina.user.send(main, 'm.room.encrypted', {
    algorithm: 'm.megolm.v1.aes-sha2',
    sender_key: 'A'.repeat(43),
    device_id: lina.user.deviceId,
    session_id: 'B'.repeat(43),
    ciphertext: 'AwgAEnACgAkLmt6qF84IK++J7UDH2Za1YVchHyprqTqsg',
  });
  await german.nio.send(main, 'm.room.message', {
    msgtype: 'm.location',
    body: '张江园区 3 号楼',
    geo_uri: 'geo:31.2,121.6',
  });
  ids['thread'] = await german.nio.sendText(
    main,
    'Die Preise besprechen wir hier im Thread. 价格在话题里讨论。',
  );
  for (const [at, { nio }] of [lina, wang, uighur, german].entries())
    await nio.sendText(main, ['海外价格呢？', '下周给', '阿联酋也要', 'Spätestens am Montag.'][at] ?? '', {
      thread: ids['thread'],
    });
  await wang.nio.sendText(main, '🎉🎉🎉');
  await lina.user.setState(main, 'm.room.pinned_events', '', { pinned: [ids['first'], ids['file']] });

  await wang.nio.sendText(direct, '周报我放共享盘了');
  await wang.nio.sendText(direct, '方便的时候看一下？ No hurry.');

  // Of the person's own: nobody else is there.
  const empty = await viewer.createRoom({ name: '随手记' });
  const group = await viewer.createRoom({
    name: '预算讨论',
    invite: [lina.user.userId, person('赵敏').user_id],
  });
  const announcements = await lina.user.createRoom({
    name: '行政通知',
    preset: 'public_chat',
    invite: [viewer.userId],
    power_level_content_override: { events_default: 50 },
  });
  const replaced = await wang.user.createRoom({ name: '旧的测试组', invite: [viewer.userId] });
  await waitForAll(lina.user, announcements, [viewer.userId]);
  await waitForAll(wang.user, replaced, [viewer.userId]);
  await lina.user.sendText(announcements, '食堂周六不开。The canteen is closed on Saturday.');
  await wang.user.setState(replaced, 'm.room.tombstone', '', {
    body: '搬到新群',
    replacement_room: announcements,
  });
  const invited = [
    await outside.createRoom({
      name: 'Lieferantengespräche Herbst 2026 · 供应商沟通与合同谈判',
      invite: [viewer.userId],
    }),
    await outside.createRoom({ is_direct: true, invite: [viewer.userId] }),
  ];

  // Asked by somebody: a question with a time, and one that is urgent.
  const session = async (user: TestUser): Promise<string> => {
    const openid = await user.openIdToken();
    return (await callApi<{ token: string }>(info, 'POST', '/api/session', { openid, delivery: 'token' }))
      .token;
  };
  const token = await session(lina.user);
  const ask = async (key: string, text: string, more: Record<string, unknown>): Promise<void> => {
    ids[key] = await lina.nio.sendText(main, text, { mentions: [viewer.userId] });
    await callApi(
      info,
      'POST',
      '/api/notices/obligations',
      { room_id: main, event_id: ids[key], asked: [viewer.userId], ...more },
      token,
    );
  };
  await ask('question', '张伟，预算批了吗？ Is the budget approved?', {
    kind: 'question',
    due_at: new Date(Date.now() + 26 * 3_600_000).toISOString(),
  });
  await ask('urgent', '机房空调停了，请马上确认！ The air conditioning of the server room has failed.', {
    kind: 'urgent',
    every_minutes: 30,
  });

  // Notices: to confirm, read, recalled, scheduled, and a draft.
  const { items } = await api<{ items: { id: string; name: string }[] }>('GET', '/api/org/departments');
  const department = (name: string): { id: string; subtree: boolean } => ({
    id: items.find((each) => each.name === name)?.id ?? '',
    subtree: true,
  });
  const everybody = { everybody: true, departments: [], roles: [] };
  const some = { everybody: false, departments: [RESEARCH, LONG_DEPARTMENT].map(department), roles: [] };
  const notice = async (
    title: string,
    send: object | undefined,
    more: Record<string, unknown> = {},
  ): Promise<string> => {
    const body = `**10 月 1 日至 8 日**放假，*9 月 28 日*（周一）上班。\n\n- 值班表见 https://intranet.example.org/duty\n- 紧急情况打 8888\n\n1. Fahrzeuge abstellen\n2. Fenster schließen`;
    const { id } = await api<{ id: string }>('POST', '/api/notices/managed', {
      title,
      body,
      confirm: false,
      audience: everybody,
      ...more,
    });
    if (send) await api('POST', `/api/notices/managed/${id}/send`, { version: 1, ...send });
    return id;
  };
  await notice('关于2026年国庆节放假安排及假期值班、车辆停放、门窗安全检查的通知', {}, { confirm: true });
  ids['notice'] = await notice('Brandschutzübung am Donnerstag', {}, { confirm: true });
  const recalled = await notice('食堂调价', {});
  await waitFor(
    async () =>
      (await api<{ items: { id: string; state: string }[] }>('GET', '/api/notices/managed?state=sent')).items
        .length === 3,
    { what: 'the notices on their way', timeout: 60_000 },
  );
  await api('POST', `/api/notices/managed/${recalled}/recall`, {});
  await notice(
    '下月的安全培训',
    { at: new Date(Date.now() + 80 * 3_600_000).toISOString() },
    { audience: some },
  );
  await notice('年会（草稿）', undefined, { audience: some });

  return {
    main,
    direct,
    empty,
    own: group,
    replaced,
    announcements,
    invited,
    messages: ids,
    outsider,
    close: async () => {
      await Promise.all([lina, wang, german, uighur].map(({ nio }) => nio.close()));
    },
  };
}
