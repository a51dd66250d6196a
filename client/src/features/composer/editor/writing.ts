import type { WrittenText } from '../../../matrix/sender-content.ts';

/** What is kept of a text that is not sent. */
export interface SavedText {
  /** Plain, for a preview. */
  readonly text: string;
  readonly document?: unknown;
  readonly source?: string;
}

/** What is typed at the cursor and could be completed. */
export interface Trigger {
  readonly kind: 'mention' | 'emoji';
  /** Without its sign. */
  readonly query: string;
  /** Where it is, in the editor's own positions. */
  readonly from: number;
  readonly to: number;
}

/** What takes the place of a {@link Trigger}. */
export type Completion =
  | { readonly kind: 'mention'; readonly id: string; readonly name: string }
  | { readonly kind: 'emoji'; readonly text: string };

export const FORMATS = [
  'bold',
  'italic',
  'strike',
  'code',
  'list',
  'numbered',
  'quote',
  'codeblock',
] as const;
export type Format = (typeof FORMATS)[number];

/** What both editors, rich and Markdown source, can do. */
export interface Writing {
  focus(): void;
  isBlank(): boolean;
  /** What would be sent. */
  message(): Promise<WrittenText>;
  save(): SavedText;
  markdown(): string;
  clear(): void;
  insert(text: string): void;
  complete(trigger: Trigger, completion: Completion): void;
  format(format: Format): void;
  /** Makes the selection a link; without a selection the address is its text. */
  link(href: string): void;
  selectedText(): string;
  /** Whether Enter makes a line of what stands at the cursor: code, or an item of a list. */
  takesLines(): boolean;
}

/** What an editor tells its owner. */
export interface WritingEvents {
  readonly onReady: (writing: Writing | undefined) => void;
  readonly onChange: () => void;
  readonly onTrigger: (trigger: Trigger | undefined) => void;
  readonly onFormats: (active: ReadonlySet<Format>) => void;
  /** A key that is not the input method's. @returns whether it is done with */
  readonly onKey: (event: KeyboardEvent) => boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/* The full-width signs are what a Chinese keyboard gives. */
const MENTION = /(?:^|[^\p{Script=Latin}\p{N}._@/-])[@＠]([^\s@＠:/\ufffc]{0,40})$/u;
const EMOJI = /(?:^|[^\p{Script=Latin}\p{N}:/])[:：]([+\-_\p{L}\p{N}]{1,30})$/u;
const LATIN_ONE = /^[a-z\d]$/i;

/**
 * What could be completed at the end of a text. An input method's marks between syllables (zhang'san) do not end it.
 * @param end position of the text's end
 */
export function triggerAt(before: string, end: number): Trigger | undefined {
  const mention = MENTION.exec(before)?.[1];
  if (mention !== undefined)
    return { kind: 'mention', query: mention, from: end - mention.length - 1, to: end };
  const emoji = EMOJI.exec(before)?.[1];
  // One Chinese character is a word, one letter is not, nor a time (10:30).
  if (emoji === undefined || LATIN_ONE.test(emoji) || /^\d+$/.test(emoji)) return undefined;
  return { kind: 'emoji', query: emoji, from: end - emoji.length - 1, to: end };
}

/** Files of a paste or drop. A picture that is copied from a page comes as HTML, too: the text wins then. */
export function filesOf(data: DataTransfer | null): File[] {
  return data ? [...data.files] : [];
}
