import { OpenModel } from './switcher.ts';

/** The window that begins a chat or a group. */
export const newChat = new OpenModel();
