import { mediaOf, thumbnailOf, type MediaSource } from './media.ts';
import {
  asList,
  asRecord,
  asSize,
  asText,
  cleanBody,
  cleanName,
  withoutFallback,
  withoutHtmlFallback,
} from './safe-text.ts';

/** A picture's or video's size in CSS pixels, as the sender says. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

interface FileBody {
  readonly name: string;
  readonly source: MediaSource;
  /** Text that was sent with the file; undefined: none. */
  readonly caption: TextBody | undefined;
}

export interface TextBody {
  readonly kind: 'text';
  readonly as: 'text' | 'notice' | 'emote';
  readonly text: string;
  /** Formatted body as it came: to be sanitised by who shows it. */
  readonly html: string | undefined;
}

/** What a message says, parsed. */
export type MessageBody =
  | TextBody
  | (FileBody & {
      readonly kind: 'image';
      readonly sticker: boolean;
      readonly extent: Extent | undefined;
      readonly blurhash: string | undefined;
      readonly thumbnail: MediaSource | undefined;
    })
  | (FileBody & {
      readonly kind: 'video';
      readonly extent: Extent | undefined;
      readonly blurhash: string | undefined;
      readonly thumbnail: MediaSource | undefined;
      /** Milliseconds. */
      readonly duration: number | undefined;
    })
  | (FileBody & {
      readonly kind: 'audio';
      /** A voice message (MSC3245). */
      readonly voice: boolean;
      readonly duration: number | undefined;
      /** Amplitudes from 0 to 1; empty: not given. */
      readonly waveform: readonly number[];
    })
  | (FileBody & { readonly kind: 'file' })
  | { readonly kind: 'location'; readonly text: string; readonly geo: string | undefined }
  /** A message of a kind or shape that is not known here. */
  | { readonly kind: 'unknown'; readonly text: string };

/** Largest side of a picture or video that an event may declare; more is taken for not given. */
const LARGEST_SIDE = 30_000;
const MOST_AMPLITUDES = 100;
/** Largest amplitude of MSC3246. */
const FULL_AMPLITUDE = 1024;
const MXC = /^mxc:\/\/[A-Za-z0-9.\-:[\]]{1,255}\/[A-Za-z0-9_-]{1,255}$/;

const extentOf = (info: Readonly<Record<string, unknown>>): Extent | undefined => {
  const width = asSize(info['w']);
  const height = asSize(info['h']);
  if (width === undefined || height === undefined) return undefined;
  if (width < 1 || height < 1 || width > LARGEST_SIDE || height > LARGEST_SIDE) return undefined;
  return { width, height };
};

/** The file of a content; an address that is none of the media repository is no file. */
const checked = (source: MediaSource | undefined): MediaSource | undefined =>
  source && MXC.test(source.mxc) ? source : undefined;

/** The file of a message that is one; undefined where there is none that could be had. */
export const fileOf = (content: Readonly<Record<string, unknown>>): MediaSource | undefined =>
  checked(mediaOf(content));

const blurhashOf = (info: Readonly<Record<string, unknown>>): string | undefined => {
  const value = asText(info['xyz.amorgan.blurhash']) ?? asText(info['blurhash']);
  return value !== undefined && /^[0-9A-Za-z#$%*+,\-.:;=?@[\]^_{|}~]{6,90}$/.test(value) ? value : undefined;
};

const waveformOf = (content: Readonly<Record<string, unknown>>): number[] =>
  asList(asRecord(content['org.matrix.msc1767.audio'])['waveform'])
    .slice(0, MOST_AMPLITUDES)
    .map((each) => Math.min(1, (asSize(each) ?? 0) / FULL_AMPLITUDE));

/** The formatted body of a content; undefined where it has none. */
export const formattedBody = (content: Readonly<Record<string, unknown>>): string | undefined => {
  const html = asText(content['formatted_body']);
  return content['format'] === 'org.matrix.custom.html' && html !== undefined && html !== ''
    ? html
    : undefined;
};

/** The content of an `m.room.message` or `m.sticker`, of whatever shape it came. */
export function parseBody(
  type: string,
  content: Readonly<Record<string, unknown>>,
  isReply: boolean,
): MessageBody {
  const info = asRecord(content['info']);
  const body = cleanBody(content['body']);
  const text = isReply ? withoutFallback(body) : body;
  const msgtype = type === 'm.sticker' ? 'm.sticker' : asText(content['msgtype']);
  const unknown: MessageBody = { kind: 'unknown', text: cleanBody(text) };

  const source = fileOf(content);
  const fileName = asText(content['filename']);
  const name = cleanName(fileName ?? body, 'file');
  // The words beside a voice message are for clients that cannot play it (MSC3245).
  const voice = 'org.matrix.msc3245.voice' in content || 'org.matrix.msc3245.voice.v2' in content;
  const caption: TextBody | undefined =
    !voice && fileName !== undefined && body !== '' && fileName !== content['body']
      ? { kind: 'text', as: 'text', text: body, html: formattedBody(content) }
      : undefined;
  const thumbnail = (): MediaSource | undefined => checked(thumbnailOf(content));

  switch (msgtype) {
    case 'm.text':
    case 'm.notice':
    case 'm.emote': {
      const given = formattedBody(content);
      const html = isReply && given !== undefined ? withoutHtmlFallback(given) : given;
      if (typeof content['body'] !== 'string' && html === undefined) return unknown;
      const as = msgtype === 'm.text' ? 'text' : msgtype === 'm.notice' ? 'notice' : 'emote';
      return { kind: 'text', as, text, html };
    }
    case 'm.image':
    case 'm.sticker':
      return source
        ? {
            kind: 'image',
            sticker: msgtype === 'm.sticker',
            name,
            source,
            caption,
            extent: extentOf(info),
            blurhash: blurhashOf(info),
            thumbnail: thumbnail(),
          }
        : unknown;
    case 'm.video':
      return source
        ? {
            kind: 'video',
            name,
            source,
            caption,
            extent: extentOf(info),
            blurhash: blurhashOf(info),
            thumbnail: thumbnail(),
            duration: asSize(info['duration']),
          }
        : unknown;
    case 'm.audio':
      return source
        ? {
            kind: 'audio',
            name,
            source,
            caption,
            voice,
            duration:
              asSize(info['duration']) ?? asSize(asRecord(content['org.matrix.msc1767.audio'])['duration']),
            waveform: waveformOf(content),
          }
        : unknown;
    case 'm.file':
      return source ? { kind: 'file', name, source, caption } : unknown;
    case 'm.location': {
      const geo = asText(content['geo_uri']);
      return {
        kind: 'location',
        text,
        geo: geo !== undefined && /^geo:-?[\d.]{1,20},-?[\d.]{1,20}/.test(geo) ? geo.slice(0, 80) : undefined,
      };
    }
    default:
      return unknown;
  }
}

/** One to three emoji and nothing else. */
export const isBigEmoji = (text: string): boolean =>
  text.length <= 60 && /^(?:\s*\p{RGI_Emoji}\s*){1,3}$/v.test(text);
