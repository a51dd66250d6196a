import type { WorkerCalls, WorkerMessage } from './protocol.ts';
import { SEARCH_DATABASE } from './records.ts';
import { IndexDamaged } from './types.ts';

/** Something that happened in the worker without having been asked for. */
export type WorkerEvent = Extract<WorkerMessage, { event: string }>;

/** The page's side of the index's worker. */
export class SearchClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  #next = 1;

  /** @param onEvent what the worker tells by itself */
  constructor(onEvent: (event: WorkerEvent) => void) {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if ('event' in data) {
        onEvent(data);
        return;
      }
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('answer' in data) waiting?.resolve(data.answer as never);
      else if (data.error.name === 'IndexDamaged') waiting?.reject(new IndexDamaged(data.error.message));
      else waiting?.reject(Object.assign(new Error(data.error.message), { name: data.error.name }));
    };
    this.#worker.onerror = () => {
      this.#fail(new Error('the search worker failed'));
    };
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Asks the worker. @throws IndexDamaged, or what went wrong there */
  call<Name extends keyof WorkerCalls>(
    name: Name,
    args: WorkerCalls[Name]['args'],
  ): Promise<WorkerCalls[Name]['answer']> {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, args });
    });
  }

  open(key: CryptoKey, database: string = SEARCH_DATABASE): Promise<WorkerCalls['open']['answer']> {
    return this.call('open', { key, database });
  }

  /** Writes and ends the worker. */
  async close(): Promise<void> {
    await this.call('close', undefined).catch(() => undefined);
    this.kill();
  }

  /** Ends the worker at once; what it had not written is lost. */
  kill(): void {
    this.#worker.terminate();
    this.#fail(new Error('the search worker was ended'));
  }
}
