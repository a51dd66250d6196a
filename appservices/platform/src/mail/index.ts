export { parseMailAddress } from './address.ts';
export type { Mail, MailKind, MailListFilter, MailOrder, MailRow, MailState } from './mail.ts';
export { layoutMail, type ComposedMail, type MailText } from './message.ts';
export type { MailErrorCode } from './transport.ts';
export { createMailPost } from './mail.ts';
