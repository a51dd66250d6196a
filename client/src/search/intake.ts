import { IdTable, STATE } from './columns.ts';
import { PARTIAL, type Messages } from './messages.ts';
import { fieldsOf } from './query.ts';
import { MemorySegment } from './segment.ts';
import { fold, tokenize } from './text.ts';
import type { SearchDoc } from './types.ts';

/** Hash of an edit's event id in two halves, and the message that has its text. */
export type NotedEdit = readonly [high: number, low: number, doc: number];

/** Takes messages in: decides which of several versions of one counts, and holds what is not written yet. */
export class Intake {
  readonly #messages: Messages;
  readonly #edits = new IdTable();
  #editList: NotedEdit[] = [];
  #memory: MemorySegment[];

  /** @param written number of messages that are written already, with these edits */
  constructor(messages: Messages, written: number, edits: readonly NotedEdit[]) {
    this.#messages = messages;
    this.#memory = [new MemorySegment(written)];
    for (const edit of edits) this.#noteEdit(...edit);
  }

  /** What is not written yet, oldest first. */
  get memory(): readonly MemorySegment[] {
    return this.#memory;
  }

  /** Postings that {@link begin} would take. */
  get postings(): number {
    return this.#memory.at(-1)?.postings ?? 0;
  }

  /** Bytes of memory, about. */
  get bytes(): number {
    return this.#edits.bytes + this.#memory.reduce((all, each) => all + each.postings, 0) * 40;
  }

  /** The edits whose text counts. */
  get edits(): readonly NotedEdit[] {
    this.#editList = this.#editList.filter(([, , doc]) => this.#messages.columns.state[doc] === STATE.alive);
    return this.#editList;
  }

  /** Begins to write: what comes from now on is apart. @returns what there is until now */
  begin(end: number): readonly MemorySegment[] {
    const memory = this.#memory.filter((each) => each.end > each.base);
    if (memory.length > 0) this.#memory.push(new MemorySegment(end));
    return memory;
  }

  /** What {@link begin} gave is written. */
  written(end: number): void {
    this.#memory = this.#memory.slice(this.#memory.findIndex((each) => each.base >= end));
  }

  /** Takes a message; one that is known only where it was in part, or `force`. @returns whether it is new */
  async add(doc: SearchDoc, force: boolean): Promise<boolean> {
    const known = this.#messages.find(doc.eventId);
    const state = known === undefined ? undefined : this.#messages.columns.state[known];
    if (state === STATE.redacted) return false;
    if (known === undefined || state !== STATE.alive) {
      this.#insert(doc);
      return true;
    }
    const partial = ((this.#messages.columns.kinds[known] ?? 0) & PARTIAL) !== 0;
    if (!partial && !force) return false;
    const old = await this.#messages.stored(known);
    const same =
      this.#messages.columns.sender[known] === this.#messages.senders.find(doc.sender) &&
      this.#messages.columns.room[known] === this.#messages.rooms.find(doc.roomId);
    // An edit that was seen first keeps its text; somebody else's edit was none.
    const edited = partial && same && old?.d !== undefined && old.d.ts >= (doc.edit?.ts ?? 0);
    this.#messages.end(known, STATE.dead);
    this.#insert(
      edited
        ? {
            ...doc,
            text: old.t,
            edit: old.d,
            ...(old.f === undefined ? {} : { file: old.f }),
            kinds: doc.kinds | ((this.#messages.columns.kinds[known] ?? 0) & ~PARTIAL),
          }
        : doc,
    );
    return true;
  }

  /** Takes the newest text of a message, before or after the message itself. */
  async edit(doc: SearchDoc & { edit: { eventId: string; ts: number } }): Promise<void> {
    const known = this.#messages.find(doc.eventId);
    const state = known === undefined ? undefined : this.#messages.columns.state[known];
    if (state === STATE.redacted) return;
    if (known === undefined || state !== STATE.alive) {
      this.#insert({ ...doc, kinds: doc.kinds | PARTIAL });
      return;
    }
    const columns = this.#messages.columns;
    if (
      columns.sender[known] !== this.#messages.senders.find(doc.sender) ||
      columns.room[known] !== this.#messages.rooms.find(doc.roomId)
    ) {
      return;
    }
    const old = await this.#messages.stored(known);
    if (old?.d !== undefined && (old.d.eventId === doc.edit.eventId || old.d.ts > doc.edit.ts)) return;
    const kinds = columns.kinds[known] ?? 0;
    const file = doc.file ?? old?.f;
    const next: SearchDoc = {
      ...doc,
      ts: columns.ts[known] ?? doc.ts,
      kinds: doc.kinds | (file === undefined ? kinds & PARTIAL : kinds),
      ...(file === undefined ? {} : { file }),
    };
    this.#messages.end(known, STATE.dead);
    this.#insert(next);
  }

  /** Takes a deletion. @returns the message whose text was the deleted edit's: it has to be fed again */
  async remove(eventId: string): Promise<{ roomId: string; eventId: string } | undefined> {
    const known = this.#messages.find(eventId);
    if (known !== undefined) {
      this.#messages.end(known, STATE.redacted);
      return undefined;
    }
    const edited = this.#edits.get(...this.#messages.hash(eventId));
    if (edited === undefined || this.#messages.columns.state[edited] !== STATE.alive) return undefined;
    const stored = await this.#messages.stored(edited);
    if (stored?.d?.eventId !== eventId) return undefined;
    this.#messages.end(edited, STATE.dead);
    return {
      roomId: this.#messages.rooms.list[this.#messages.columns.room[edited] ?? 0] ?? '',
      eventId: stored.e,
    };
  }

  #noteEdit(high: number, low: number, doc: number): void {
    this.#edits.set(high, low, doc);
    this.#editList.push([high, low, doc]);
  }

  #insert(doc: SearchDoc): void {
    const number = this.#messages.push(doc);
    if (doc.edit) this.#noteEdit(...this.#messages.hash(doc.edit.eventId), number);
    const memory = this.#memory.at(-1);
    if (!memory) return;
    for (const field of fieldsOf(doc)) tokenize(fold(field), (token) => memory.add(token, number));
    memory.end = number + 1;
  }
}
