/**
 * To-device event without content from {@link NOTICES_BOT} to every device of a person: something of theirs in this
 * domain changed, look again. Not encrypted, because it says nothing.
 */
export const CHANGED_SIGNAL = 'im.qiao.notices.changed';
/** Localpart of the domain's bot. */
export const NOTICES_BOT = '_qiao_notices_bot';
/** Key in the content of a message that brings a notice: `{ "id": <uuid>, "confirm": <boolean> }`. */
export const NOTICE_KEY = 'im.qiao.notice';
/**
 * Key in the content of a message that asks for confirmation, with the same content as {@link QUESTION_KEY} and
 * `every_minutes`; its sender's client registers the obligations.
 */
export const URGENT_KEY = 'im.qiao.urgent';
/** Key in the content of a message that asks people: `{ "asked": [user ids], "due_at"?: RFC 3339 }`. */
export const QUESTION_KEY = 'im.qiao.question';
/** Reactions that confirm, without variation selectors. */
export const CONFIRM_REACTIONS: readonly string[] = ['✅', '☑', '✔'];

/** Whether a reaction confirms. */
export const isConfirmReaction = (key: string): boolean =>
  CONFIRM_REACTIONS.includes(key.replaceAll('\uFE0F', ''));
