import chardet from 'chardet';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { UnreadableFile } from './unreadable.ts';

/** Encodings a person may choose, WHATWG labels; what is found in the file comes first when they are offered. */
export const ENCODINGS = [
  'utf-8',
  'gb18030',
  'big5',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'shift_jis',
  'euc-kr',
] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface DetectedEncoding {
  encoding: Encoding;
  /** All that can be chosen, likely ones first. */
  offered: Encoding[];
  /** False where the bytes fit several encodings: a person should look at the sample. */
  certain: boolean;
}

/** How much of a file is looked at around the first byte that is not UTF-8. */
const SAMPLE_BYTES = 256 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Our label for any WHATWG or chardet name of an encoding; undefined for one we do not read. */
export function encodingOf(name: string): Encoding | undefined {
  let label: string;
  try {
    label = new TextDecoder(name === 'UTF-16 LE' ? 'utf-16le' : name === 'UTF-16 BE' ? 'utf-16be' : name)
      .encoding;
  } catch {
    return undefined;
  }
  if (label === 'gbk') return 'gb18030';
  return ENCODINGS.find((known) => known === label);
}

const offer = (first: readonly Encoding[]): Encoding[] => [...new Set([...first, ...ENCODINGS])];

/** Characters that make up a good half of ordinary Chinese names, titles and departments, by script. */
const COMMON: Readonly<Record<'gb18030' | 'big5', ReadonlySet<string>>> = {
  gb18030: new Set(
    '工号姓名部门职位邮箱手机电话上级直属领导员编码性别入职日期状态经理主管总监助理销售市场研发技术财务人力资源行政生产采购质量客服运营产品设计仓储物流法中国公司分北京上海广州深圳一二三四五六七八九十大小王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕明华建国文军平志伟东海强晓生光林小民永杰丽敏静燕艳娟芳娜秀英红梅玲兰霞的是不了在有我他这个们',
  ),
  big5: new Set(
    '工號姓名部門職位郵箱手機電話上級直屬領導員編碼性別入職日期狀態經理主管總監助理銷售市場研發技術財務人力資源行政生產採購質量客服運營產品設計倉儲物流法中國公司分台北上海香港一二三四五六七八九十大小王李張劉陳楊趙黃周吳徐孫胡朱高林何郭馬羅梁宋鄭謝韓唐馮於董蕭程曹袁鄧許傅沈曾彭呂明華建國文軍平志偉東海強曉生光林小民永傑麗敏靜燕豔娟芳娜秀英紅梅玲蘭霞的是不了在有我他這個們信箱課處股專',
  ),
};

/** Share of common characters among the Chinese ones; -1 where bytes cannot be decoded at all. */
function fit(sample: Buffer, encoding: 'gb18030' | 'big5'): number {
  const text = new TextDecoder(encoding).decode(sample);
  const broken = text.split('\ufffd').length - 1;
  let han = 0;
  let common = 0;
  for (const character of text) {
    if (character < '\u2e80') continue;
    han++;
    if (COMMON[encoding].has(character)) common++;
  }
  return han === 0 || broken > han / 20 ? -1 : common / han - broken / han;
}

/** Finds the first byte that is not UTF-8, and counts what was fine; reads the whole file, a chunk at a time. */
async function checkUtf8(path: string): Promise<{ badAt: number | undefined }> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let position = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      decoder.decode(chunk as Buffer, { stream: true });
      position += (chunk as Buffer).length;
    }
    decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { badAt: position };
  }
  return { badAt: undefined };
}

/** How much of a sample is valid UTF-8 beyond ASCII, and how much is not. */
function utf8Share(sample: Buffer): number {
  const text = new TextDecoder().decode(sample);
  const broken = text.split('\ufffd').length - 1;
  const beyond = (text.match(/[^\u0000-\u007f]/g)?.length ?? 0) - broken;
  return broken + beyond === 0 ? 1 : beyond / (beyond + broken);
}

/**
 * Finds a text file's encoding: byte order marks, then UTF-8 over the whole file, then the likelier of the East
 * Asian and Western ones. @throws UnreadableFile for workbooks, other binary files, and empty ones.
 */
export async function detectEncoding(path: string): Promise<DetectedEncoding> {
  const file = await open(path);
  let head: Buffer;
  let sample: Buffer;
  try {
    const buffer = Buffer.alloc(4096);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    head = buffer.subarray(0, bytesRead);
    if (head.length === 0) throw new UnreadableFile('empty');
    if (head.length >= 3 && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) {
      return { encoding: 'utf-8', offered: offer(['utf-8']), certain: true };
    }
    if (head[0] === 0xff && head[1] === 0xfe) {
      return { encoding: 'utf-16le', offered: offer(['utf-16le']), certain: true };
    }
    if (head[0] === 0xfe && head[1] === 0xff) {
      return { encoding: 'utf-16be', offered: offer(['utf-16be']), certain: true };
    }
    // ZIP (xlsx, ods) and OLE (xls).
    if (head.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004', 'latin1')))
      throw new UnreadableFile('workbook');
    if (head.subarray(0, 4).equals(Buffer.from([0xd0, 0xcf, 0x11, 0xe0])))
      throw new UnreadableFile('workbook');
    const zeros = [0, 0];
    for (const [at, byte] of head.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
    const [even = 0, odd = 0] = zeros;
    if (even + odd > 0) {
      if (odd > head.length / 8 && even < odd / 8) {
        return { encoding: 'utf-16le', offered: offer(['utf-16le']), certain: false };
      }
      if (even > head.length / 8 && odd < even / 8) {
        return { encoding: 'utf-16be', offered: offer(['utf-16be']), certain: false };
      }
      throw new UnreadableFile('binary');
    }
    const { badAt } = await checkUtf8(path);
    if (badAt === undefined) return { encoding: 'utf-8', offered: offer(['utf-8']), certain: true };
    const large = Buffer.alloc(SAMPLE_BYTES + CHUNK_BYTES);
    const read = await file.read(large, 0, large.length, badAt);
    // From the first line break on, so that no character is cut.
    const cut = badAt === 0 ? 0 : large.subarray(0, read.bytesRead).indexOf(0x0a) + 1;
    sample = large.subarray(cut, read.bytesRead);
  } finally {
    await file.close();
  }
  // A UTF-8 file with a few broken characters stays UTF-8: they are told line by line.
  const share = utf8Share(sample);
  if (share > 0.9) return { encoding: 'utf-8', offered: offer(['utf-8']), certain: false };

  const guesses = chardet
    .analyse(sample.subarray(0, 64 * 1024))
    .flatMap((match) => encodingOf(match.name) ?? [])
    .filter((encoding) => !encoding.startsWith('utf'));
  const scores = { gb18030: fit(sample, 'gb18030'), big5: fit(sample, 'big5') };
  const best = scores.gb18030 >= scores.big5 ? 'gb18030' : 'big5';
  const score = scores[best];
  if (score > 0.15) {
    const other = best === 'gb18030' ? scores.big5 : scores.gb18030;
    return { encoding: best, offered: offer([best, ...guesses]), certain: score > 2 * other };
  }
  const first = guesses[0] ?? 'windows-1252';
  return { encoding: first, offered: offer([first, ...guesses]), certain: false };
}

/** A file's text, a chunk at a time, without its byte order mark. Bytes that fit nothing become U+FFFD. */
export async function* readText(path: string, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const text = decoder.decode(chunk as Buffer, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** The first characters of a file's text. */
export async function readHead(path: string, encoding: Encoding, characters: number): Promise<string> {
  let text = '';
  for await (const part of readText(path, encoding)) {
    text += part;
    if (text.length >= characters) break;
  }
  return text.slice(0, characters);
}
