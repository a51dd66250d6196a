import type { Draft, Drafts } from '../../matrix/drafts.ts';
import type { Beginning } from './editor/RichEditor.tsx';
import type { Writing } from './editor/writing.ts';

/** What an editor begins with for a draft. */
export const beginningOf = (draft: Draft | undefined): Beginning =>
  draft === undefined
    ? {}
    : {
        ...(draft.document === undefined ? {} : { document: draft.document }),
        ...(draft.source === undefined ? {} : { source: draft.source }),
        text: draft.text,
      };

/**
 * Keeps what is in an editor, unless it is kept already.
 * @param part thread id, or what stands for a change of a message
 */
export function putDraft(
  drafts: Drafts,
  roomId: string,
  part: string | undefined,
  writing: Writing,
  about: Pick<Draft, 'reply' | 'edit'>,
): void {
  if (writing.isBlank()) {
    const some = Object.keys(about).length > 0;
    drafts.put(roomId, part, some ? { text: '', ...about, at: Date.now() } : undefined);
    return;
  }
  const saved = writing.save();
  const before = drafts.get(roomId, part);
  const same =
    before?.reply?.eventId === about.reply?.eventId &&
    before?.edit?.eventId === about.edit?.eventId &&
    JSON.stringify([before?.document, before?.source]) === JSON.stringify([saved.document, saved.source]);
  if (!same) drafts.put(roomId, part, { ...saved, ...about, at: Date.now() });
}
