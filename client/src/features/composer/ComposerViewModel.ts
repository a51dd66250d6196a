import { ViewModel } from '@qiao/ui-kit';
import type { ComposeEvent } from '../../matrix/compose-target.ts';
import { begunEdit, editOf as editPart, editToDraft } from '../../matrix/drafts.ts';
import { EVENT } from '../../matrix/names.ts';
import { writeBarrier } from '../../matrix/sender-access.ts';
import { editOf, textContent, type Content } from '../../matrix/sender-content.ts';
import { isDeleted, lastOwnText, ownText, watchDeletions } from '../../matrix/sender-own.ts';
import type { SendTo } from '../../matrix/sender.ts';
import type { AskToSend, Taken } from '../reading/AskViewModel.ts';
import { Completing } from './completing.ts';
import type { ComposerDeps, ComposerPart, ComposerSnapshot } from './composer-types.ts';
import { beginningOf, putDraft } from './drafts.ts';
import { meaningOfEnter } from './editor/ime.ts';
import type { Beginning } from './editor/RichEditor.tsx';
import type { Format, Writing } from './editor/writing.ts';
import { readPreferences, writePreferences, type ComposerPreferences } from './preferences.ts';
import { applySlash } from './slash.ts';

/** Largest content of a message, in bytes: an event holds 65,536, encrypted a third more than its text. */
export const MAX_CONTENT_BYTES = 45_000;
/** How long changes are gathered before the draft is kept, in milliseconds. */
const DRAFT_MS = 150;

/** Whether some of the text is selected in what has the focus. */
const hasSelection = (target: EventTarget | null): boolean =>
  target instanceof HTMLTextAreaElement
    ? target.selectionStart !== target.selectionEnd
    : document.getSelection()?.isCollapsed === false;

const isTooLong = (content: Content): boolean => new Blob([JSON.stringify(content)]).size > MAX_CONTENT_BYTES;

const NO_FORMATS: ReadonlySet<Format> = new Set();

/** Where messages of a conversation or a thread are written. */
export class ComposerViewModel extends ViewModel<ComposerSnapshot> {
  readonly #deps: ComposerDeps;
  readonly #completing: Completing;
  readonly onTrigger: Completing['on'];
  readonly choose: Completing['choose'];
  #writing: Writing | undefined;
  #editing: ComposeEvent | undefined;
  /** Something of the message that is changed has been changed. */
  #touched = false;
  #sending = false;
  #saving: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: ComposerDeps) {
    const { client, drafts } = deps.matrix;
    const draft = drafts.get(deps.roomId, deps.threadId);
    super({
      ...readPreferences(),
      // A draft opens as it was written.
      ...(draft?.source !== undefined && draft.document === undefined ? { mode: 'source' as const } : {}),
      barrier: writeBarrier(client, deps.roomId),
      encrypted: client.getRoom(deps.roomId)?.hasEncryptionStateEvent() ?? false,
      editor: 0,
      beginning: beginningOf(draft),
      blank: (draft?.text ?? '') === '',
      formats: NO_FORMATS,
      reply: undefined,
      edit: undefined,
      completion: undefined,
      files: [],
      part: undefined,
    });
    this.#deps = deps;
    this.#completing = new Completing(deps, {
      shown: () => this.snapshot.completion,
      show: (completion) => {
        this.set({ completion });
      },
      complete: (trigger, completion) => {
        this.#writing?.complete(trigger, completion);
      },
    });
    this.onTrigger = this.#completing.on;
    this.choose = this.#completing.choose;
  }

  protected override onMount(): void {
    const { matrix, roomId, threadId, target } = this.#deps;
    const draft = matrix.drafts.get(roomId, threadId);
    const begun = begunEdit(matrix.drafts, roomId, threadId)?.edit;
    const { reply, edit } = target.getSnapshot();
    // A change that was begun goes on; the draft beside it comes back when that is done.
    if (begun && !reply && !edit) target.edit(begun);
    else if (draft?.reply && !reply) target.reply(draft.reply);
    this.own(target.subscribe(this.#follow));
    this.#follow();
    this.own(watchDeletions(matrix.client, roomId, this.#onDeleted));
    this.own(
      matrix.sender.watchAccess(roomId, () => {
        this.set({
          barrier: writeBarrier(matrix.client, roomId),
          encrypted: matrix.client.getRoom(roomId)?.hasEncryptionStateEvent() ?? false,
        });
      }),
    );
    const onHidden = (): void => {
      if (document.visibilityState !== 'hidden') return;
      this.#saveDraft();
      void matrix.drafts.flush();
    };
    document.addEventListener('visibilitychange', onHidden);
    this.own(matrix.drafts.watch(this.#saveDraft));
    this.own(() => {
      document.removeEventListener('visibilitychange', onHidden);
      this.#saveDraft();
      matrix.sender.typing(roomId, false);
    });
  }

  /** The editor is there, or goes. */
  readonly onReady = (writing: Writing | undefined): void => {
    if (!writing) this.#saveDraft();
    this.#writing = writing;
  };

  readonly onChange = (): void => {
    const blank = this.#writing?.isBlank() ?? true;
    if (blank !== this.snapshot.blank) this.set({ blank });
    this.#touched = true;
    if (this.#editing === undefined) this.#deps.matrix.sender.typing(this.#deps.roomId, !blank);
    this.#saving ??= setTimeout(this.#saveDraft, DRAFT_MS);
  };

  readonly onFormats = (formats: ReadonlySet<Format>): void => {
    const { formats: before } = this.snapshot;
    if (formats.size !== before.size || [...formats].some((format) => !before.has(format)))
      this.set({ formats });
  };

  /** A key that is not the input method's. @returns whether it is done with */
  readonly onKey = (event: KeyboardEvent): boolean => {
    if (this.#completing.key(event)) return true;
    const { key } = event;
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    // Ctrl or ⌘ with Enter sends from code and lists, too.
    const isLine = plain && this.#writing?.takesLines() === true;
    if (key === 'Enter' && !isLine && meaningOfEnter(event, this.snapshot.sendKey) === 'send') {
      void this.send();
      return true;
    }
    if (key === 'Escape' && (this.snapshot.reply ?? this.snapshot.edit)) {
      this.#deps.target.clear();
      return true;
    }
    if (key === 'ArrowUp' && plain && this.snapshot.blank && !this.snapshot.edit) {
      const last = lastOwnText(this.#deps.matrix.client, this.#deps.roomId, this.#deps.threadId);
      if (last) this.#deps.target.edit(last);
      return last !== undefined;
    }
    // Without a selection the key opens the quick switcher, as everywhere else.
    const isCtrlK =
      key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (isCtrlK && hasSelection(event.target)) {
      this.set({ part: 'link' });
      return true;
    }
    return false;
  };

  /** Sends what is written. */
  readonly send = async (): Promise<void> => {
    const writing = this.#writing;
    if (!writing || this.#sending || this.snapshot.barrier || writing.isBlank()) return;
    this.#sending = true;
    try {
      const message = applySlash(await writing.message());
      if (message.body === '') return;
      const { sender } = this.#deps.matrix;
      let content = textContent(message);
      let to: SendTo = this.sendTo();
      if (this.#editing !== undefined) {
        const before = ownText(this.#deps.matrix.client, this.#deps.roomId, this.#editing.eventId);
        const same =
          before?.['body'] === content['body'] && before?.['formatted_body'] === content['formatted_body'];
        if (same) {
          this.#deps.target.clear();
          return;
        }
        content = editOf(content, this.#editing.eventId, before ?? {});
        to = {};
      }
      if (isTooLong(content)) {
        this.#deps.onTooLong();
        return;
      }
      // Nobody waits for it here: the timeline shows how it stands.
      sender.send(this.#deps.roomId, EVENT.message, content, to).catch(() => undefined);
      if (this.#editing === undefined) {
        writing.clear();
        this.#forgetDraft(this.#deps.threadId);
      }
      this.#deps.target.clear();
      sender.typing(this.#deps.roomId, false);
    } finally {
      this.#sending = false;
    }
  };

  /** What is written, as Markdown; undefined: nothing. */
  written(): string | undefined {
    return this.snapshot.blank ? undefined : this.#writing?.markdown();
  }

  /**
   * Sends what is written, or the text of who asks, so that people are asked by it.
   * @returns whether it is on its way, or why not; then everything stays as it is
   */
  readonly sendAsk = async (ask: AskToSend): Promise<Taken> => {
    const writing = this.#writing;
    if (this.snapshot.barrier) return { taken: false, why: 'barrier' };
    if (this.#sending || this.#editing !== undefined) return { taken: false, why: 'busy' };
    this.#sending = true;
    let sent: Promise<string>;
    try {
      const message =
        ask.text === undefined
          ? writing && applySlash(await writing.message())
          : { body: ask.text, userIds: [], room: false };
      if (!message || message.body.trim() === '') return { taken: false, why: 'nothing' };
      const { sender } = this.#deps.matrix;
      const text = textContent({ ...message, userIds: [...message.userIds, ...ask.userIds] });
      const content = { ...text, ...ask.content };
      if (isTooLong(content)) return { taken: false, why: 'too_long' };
      sent = sender.send(this.#deps.roomId, EVENT.message, content, this.sendTo());
      if (ask.text === undefined) {
        writing?.clear();
        this.#forgetDraft(this.#deps.threadId);
      }
      this.#deps.target.clear();
      sender.typing(this.#deps.roomId, false);
    } finally {
      this.#sending = false;
    }
    return { taken: true, sent };
  };

  /** Where what is written goes: thread and reply. */
  sendTo(): SendTo {
    const { reply } = this.snapshot;
    return {
      threadId: this.#deps.threadId,
      reply: reply && { eventId: reply.eventId, sender: reply.sender },
    };
  }

  /** Sends something that is not text (a poll), as a reply or in the thread like text. */
  readonly sendEvent = (type: string, content: Content): void => {
    this.#deps.matrix.sender.send(this.#deps.roomId, type, content, this.sendTo()).catch(() => undefined);
    this.#deps.target.clear();
  };

  readonly addFiles = (files: readonly File[]): void => {
    if (this.snapshot.barrier || files.length === 0) return;
    this.set({ files: [...this.snapshot.files, ...files], part: undefined });
  };

  readonly removeFile = (file: File): void => {
    this.set({ files: this.snapshot.files.filter((other) => other !== file) });
  };

  readonly clearFiles = (): void => {
    this.set({ files: [] });
  };

  /** The files are on their way. */
  readonly filesSent = (): void => {
    this.set({ files: [] });
    this.#deps.target.clear();
  };

  readonly open = (part: ComposerPart | undefined): void => {
    this.set({ part });
  };

  readonly close = (): void => {
    this.set({ part: undefined });
    this.#writing?.focus();
  };

  readonly insert = (text: string): void => {
    this.#writing?.insert(text);
  };

  readonly format = (format: Format): void => {
    this.#writing?.format(format);
  };

  readonly link = (href: string): void => {
    this.set({ part: undefined });
    this.#writing?.link(href);
  };

  readonly cancelTarget = (): void => {
    this.#deps.target.clear();
    this.#writing?.focus();
  };

  /** Rich text or its Markdown source; what is written goes along. */
  readonly setMode = (mode: ComposerPreferences['mode']): void => {
    const writing = this.#writing;
    if (!writing || mode === this.snapshot.mode) return;
    const source = writing.markdown();
    this.#saveDraft();
    this.#begin({ source }, { mode });
    this.#keep();
  };

  readonly setToolbar = (toolbar: boolean): void => {
    this.set({ toolbar });
    this.#keep();
  };

  readonly setSendKey = (sendKey: ComposerPreferences['sendKey']): void => {
    this.set({ sendKey });
    this.#keep();
  };

  #keep(): void {
    const { mode, toolbar, sendKey } = this.snapshot;
    writePreferences({ mode, toolbar, sendKey });
  }

  #begin(beginning: Beginning, more: Partial<ComposerSnapshot> = {}): void {
    // The editor that goes has nothing more to say: what it holds is of before.
    this.#writing = undefined;
    this.set({
      beginning,
      editor: this.snapshot.editor + 1,
      completion: undefined,
      formats: NO_FORMATS,
      ...more,
    });
  }

  readonly #follow = (): void => {
    const { reply, edit } = this.#deps.target.getSnapshot();
    const { client, drafts } = this.#deps.matrix;
    const { roomId, threadId } = this.#deps;
    const replyChanged = reply?.eventId !== this.snapshot.reply?.eventId;
    this.set({ reply, edit });
    if (edit && edit.eventId !== this.#editing?.eventId) {
      if (isDeleted(client, roomId, edit.eventId)) {
        this.#giveBack(edit.eventId);
        return;
      }
      const begun = drafts.get(roomId, editPart(threadId, edit.eventId));
      const content = ownText(client, roomId, edit.eventId) ?? {};
      const goesOn = begun !== undefined;
      if (!goesOn && content['body'] === undefined) {
        this.#turnBack();
        return;
      }
      this.#saveDraft();
      this.#editing = edit;
      this.#touched = goesOn;
      if (goesOn) {
        const source = begun.source !== undefined && begun.document === undefined;
        this.#begin(beginningOf(begun), { blank: begun.text === '', mode: source ? 'source' : 'rich' });
        return;
      }
      const html = content['formatted_body'];
      const body = typeof content['body'] === 'string' ? content['body'] : '';
      const rich = this.snapshot.mode === 'rich' || typeof html === 'string';
      this.#begin(typeof html === 'string' ? { html } : { text: body }, {
        blank: false,
        mode: rich ? 'rich' : 'source',
      });
    } else if (!edit && this.#editing !== undefined) {
      const { eventId } = this.#editing;
      this.#editing = undefined;
      this.#forgetDraft(editPart(threadId, eventId));
      this.#showDraft();
    } else if (replyChanged) {
      if (reply) this.#writing?.focus();
      this.#saveDraft();
    }
  };

  #showDraft(): void {
    const draft = this.#deps.matrix.drafts.get(this.#deps.roomId, this.#deps.threadId);
    this.#begin(beginningOf(draft), { blank: (draft?.text ?? '') === '', mode: readPreferences().mode });
  }

  /** The message that is changed is deleted: what was written is an ordinary draft again. */
  #giveBack(eventId: string): void {
    this.#saveDraft();
    const { roomId, threadId, matrix, target } = this.#deps;
    const back = editToDraft(matrix.drafts, roomId, threadId, eventId);
    const editing = this.#editing;
    if (editing?.eventId === eventId) target.clear();
    else this.#turnBack();
    if (back && !editing) this.#showDraft();
  }

  /** What was to be changed cannot be: a change that was begun before it goes on. */
  #turnBack(): void {
    if (this.#editing) this.#deps.target.edit(this.#editing);
    else this.#deps.target.clear();
  }

  readonly #onDeleted = (): void => {
    const { matrix, roomId } = this.#deps;
    const editing = this.#editing;
    if (editing && isDeleted(matrix.client, roomId, editing.eventId)) this.#giveBack(editing.eventId);
  };

  readonly #saveDraft = (): void => {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    const writing = this.#writing;
    const { reply } = this.snapshot;
    if (!writing) return;
    const { roomId, threadId, matrix } = this.#deps;
    if (this.#editing === undefined)
      putDraft(matrix.drafts, roomId, threadId, writing, reply ? { reply } : {});
    else if (this.#touched)
      putDraft(matrix.drafts, roomId, editPart(threadId, this.#editing.eventId), writing, {
        edit: this.#editing,
      });
  };

  #forgetDraft(part: string | undefined): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.#deps.matrix.drafts.put(this.#deps.roomId, part, undefined);
  }
}
