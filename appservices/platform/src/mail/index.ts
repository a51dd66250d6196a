export { parseMailAddress } from './address.ts';
export type { Mail } from './mail.ts';
export type { MailKind, MailListFilter, MailOrder, MailRow, MailState } from './model.ts';
export { layoutMail, type ComposedMail, type MailText } from './message.ts';
export type { MailErrorCode, NotNeeded } from './transport.ts';
export { createMailPost } from './mail.ts';
