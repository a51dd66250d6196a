import { ViewModel, type FormDraft } from '@qiao/ui-kit';
import type { ComposeEvent } from './compose-target.ts';
import type { OutboxItem } from './outbox-types.ts';
import type { SealedStore } from './outbox-store.ts';

/** What was begun in a composer and is not sent. */
export interface Draft {
  /** For the conversation list: plain text. */
  readonly text: string;
  /** The editor's own form, or the Markdown source. */
  readonly document?: unknown;
  readonly source?: string;
  readonly reply?: ComposeEvent;
  /** The message that it changes: a change that was begun. */
  readonly edit?: ComposeEvent;
  /** When it was last changed, milliseconds since 1970. */
  readonly at: number;
}

/** By room id; of the conversation itself, not of its threads. */
export interface DraftsSnapshot {
  readonly byRoom: ReadonlyMap<string, Draft>;
  /** The browser's storage refused: something is in memory alone. */
  readonly unkept: boolean;
}

/** In place of a room id: drafts of forms. */
const FORM = 'form';

/** How long changes are gathered before they are written, in milliseconds. */
const WRITE_MS = 250;

const keyOf = (roomId: string, threadId: string | undefined): string =>
  threadId === undefined ? roomId : `${roomId} ${threadId}`;

const isDraft = (value: unknown): value is Draft =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Draft).text === 'string' &&
  typeof (value as Draft).at === 'number';

/** Drafts of every conversation and thread: in memory, and sealed on this device. They never leave it. */
export class Drafts extends ViewModel<DraftsSnapshot> {
  readonly #store: Pick<SealedStore, 'all' | 'put' | 'remove'> & Partial<Pick<SealedStore, 'onEmptied'>>;
  readonly #drafts = new Map<string, Draft>();
  readonly #unwritten = new Set<string>();
  #writing: ReturnType<typeof setTimeout> | undefined;
  #writtenAt = 0;
  #flushing: Promise<void> = Promise.resolve();
  readonly #editors = new Set<() => void>();

  constructor(store: Pick<SealedStore, 'all' | 'put' | 'remove'> & Partial<Pick<SealedStore, 'onEmptied'>>) {
    super({ byRoom: new Map(), unkept: false });
    this.#store = store;
    store.onEmptied?.(() => {
      for (const key of this.#drafts.keys()) this.#unwritten.add(key);
      void this.flush();
    });
  }

  /** Reads what an earlier page left, and what an ended session of the same person left in this one. */
  async load(userId: string): Promise<void> {
    try {
      for (const [key, value] of await this.#store.all('drafts')) {
        if (isDraft(value) && !this.#drafts.has(key)) this.#drafts.set(key, value);
      }
    } catch {
      // Without storage drafts live as long as the page.
    }
    for (const [key, draft] of rescued.get(userId) ?? []) {
      this.#drafts.set(key, draft);
      this.#unwritten.add(key);
    }
    if (rescued.delete(userId)) void this.flush();
    this.#tell();
  }

  /** Everything, by room id or `room id, blank, thread id`. */
  get all(): ReadonlyMap<string, Draft> {
    return this.#drafts;
  }

  get(roomId: string, threadId?: string): Draft | undefined {
    return this.#drafts.get(keyOf(roomId, threadId));
  }

  /** Keeps a draft; undefined: there is none any more. */
  put(roomId: string, threadId: string | undefined, draft: Draft | undefined): void {
    const key = keyOf(roomId, threadId);
    if (draft) this.#drafts.set(key, draft);
    else if (!this.#drafts.delete(key)) return;
    this.#unwritten.add(key);
    // The first change is written at once, those that follow are gathered.
    const since = Date.now() - this.#writtenAt;
    if (since < 0 || since >= WRITE_MS) void this.flush();
    else this.#writing ??= setTimeout(() => void this.flush(), WRITE_MS - since);
    if (threadId === undefined) this.#tell();
  }

  /** The draft of a form that belongs to no conversation. */
  form(name: string): FormDraft {
    return {
      read: () => this.get(FORM, name)?.document,
      write: (value) => {
        this.put(FORM, name, value === undefined ? undefined : { text: '', document: value, at: Date.now() });
      },
    };
  }

  /** An editor that puts what it holds when it is asked to; answers what ends it. */
  watch(put: () => void): () => void {
    this.#editors.add(put);
    return () => {
      this.#editors.delete(put);
    };
  }

  /** Takes what is in the editors now. */
  collect(): void {
    for (const put of this.#editors) put();
  }

  /** Writes what is not written yet; called when the page is hidden. */
  readonly flush = async (): Promise<void> => {
    clearTimeout(this.#writing);
    this.#writing = undefined;
    this.#writtenAt = Date.now();
    // One after the other: what is sealed takes longer than what is removed, and must not come after it.
    this.#flushing = this.#flushing.then(() => this.#write());
    await this.#flushing;
  };

  async #write(): Promise<void> {
    const keys = [...this.#unwritten];
    this.#unwritten.clear();
    let refused = false;
    await Promise.all(
      keys.map(async (key) => {
        const draft = this.#drafts.get(key);
        try {
          await (draft ? this.#store.put('drafts', key, draft) : this.#store.remove('drafts', key));
        } catch {
          // Written again with the next change.
          this.#unwritten.add(key);
          refused = true;
        }
      }),
    );
    if (refused !== this.snapshot.unkept) this.set({ unkept: refused });
  }

  #tell(): void {
    const byRoom = new Map<string, Draft>();
    for (const [key, draft] of this.#drafts) if (!key.includes(' ')) byRoom.set(key, draft);
    this.set({ byRoom });
  }
}

/** The part of a key that stands for a change of one message of a conversation or a thread. */
export const editOf = (threadId: string | undefined, eventId: string): string =>
  `edit ${threadId ?? ''} ${eventId}`;

/** The newest change that was begun in a conversation or a thread. */
export function begunEdit(drafts: Drafts, roomId: string, threadId: string | undefined): Draft | undefined {
  const begin = keyOf(roomId, editOf(threadId, ''));
  return [...drafts.all]
    .filter(([key, draft]) => key.startsWith(begin) && draft.edit)
    .map(([, draft]) => draft)
    .sort((one, other) => other.at - one.at)[0];
}

const joined = (before: Draft | undefined, text: string): string =>
  before ? `${before.source ?? before.text}\n${text}` : text;

/**
 * Makes an ordinary draft of a change whose message is not there any more.
 * @returns whether there was one
 */
export function editToDraft(
  drafts: Drafts,
  roomId: string,
  threadId: string | undefined,
  eventId: string,
): boolean {
  const part = editOf(threadId, eventId);
  const begun = drafts.get(roomId, part);
  if (!begun) return false;
  drafts.put(roomId, part, undefined);
  const { edit: _edit, ...text } = begun;
  if (text.text === '') return false;
  const before = drafts.get(roomId, threadId);
  if (before === undefined || before.text === '') drafts.put(roomId, threadId, { ...before, ...text });
  else {
    const { document: _document, ...rest } = before;
    const both = joined(before, text.source ?? text.text);
    drafts.put(roomId, threadId, { ...rest, text: both, source: both, at: text.at });
  }
  return true;
}

/** By user id: what sessions left that the homeserver ended; as long as the page lives. */
const rescued = new Map<string, Map<string, Draft>>();

/** Keeps drafts and unsent texts of a session whose storage is about to be forgotten. */
export function rescueUnsent(userId: string, drafts: Drafts, unsent: readonly OutboxItem[]): void {
  const kept = new Map(drafts.all);
  for (const { roomId, threadId, content, at } of unsent) {
    // Of a change its new text.
    const changed = content['m.new_content'];
    const { body } = (typeof changed === 'object' && changed !== null ? changed : content) as {
      body?: unknown;
    };
    if (typeof body !== 'string') continue;
    const key = keyOf(roomId, threadId);
    const before = kept.get(key);
    const text = joined(before, body);
    kept.set(key, { text, source: text, at });
  }
  if (kept.size > 0) rescued.set(userId, kept);
}
