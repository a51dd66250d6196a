import type { WrittenText } from '../../matrix/sender-content.ts';

const SHRUG = '¯\\_(ツ)_/¯';

/** `/me` and `/shrug`, as other clients know them; everything else that begins with a slash is text. */
export function applySlash(text: WrittenText): WrittenText {
  const [, command, rest = ''] = /^[/／](me|shrug)(?:\s+([\s\S]*))?$/.exec(text.body) ?? [];
  if (command === 'me' && rest.trim() !== '') {
    const html = text.html?.replace(/^(<p>)?[/／]me\s+/, '$1');
    return { ...text, body: rest, html, emote: true };
  }
  if (command === 'shrug') {
    const html = text.html?.replace(
      /^(<p>)?[/／]shrug\s*/,
      (_all, open: string | undefined) => `${open ?? ''}${SHRUG} `,
    );
    return { ...text, body: rest === '' ? SHRUG : `${SHRUG} ${rest}`, html };
  }
  return text;
}
