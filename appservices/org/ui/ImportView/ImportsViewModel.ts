import type { ImportRun } from '@qiao/org/contract';
import {
  asApiError,
  LOADING,
  ViewModel,
  watchPages,
  type ApiError,
  type Pages,
  type Remote,
  type Services,
} from '@qiao/ui-kit';
import { keys, orgApi } from '../api.ts';

export interface ImportsSnapshot {
  readonly runs: Remote<Pages<ImportRun>>;
  readonly upload: { readonly name: string; readonly sent: number; readonly total: number } | undefined;
  readonly failure: { readonly error: ApiError; readonly name: string } | undefined;
}

/** The largest file the server takes, in bytes. */
export const MAX_FILE_BYTES = 256 * 1000 * 1000;

/** Uploads, and the imports so far. */
export class ImportsViewModel extends ViewModel<ImportsSnapshot> {
  readonly #services: Services;
  #abort: AbortController | undefined;

  constructor(services: Services) {
    super({ runs: LOADING, upload: undefined, failure: undefined });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const watching = watchPages<ImportRun>(
      queries,
      {
        key: keys.imports,
        load: (after, signal) =>
          api.call(orgApi.imports, {
            query: after === undefined ? { limit: 20 } : { limit: 20, after },
            signal,
          }),
      },
      (runs) => {
        this.set({ runs });
      },
    );
    this.own(watching.end);
  }

  /** @returns the id of the new import; undefined where it did not work */
  readonly upload = async (file: File): Promise<string | undefined> => {
    const { api, queries, i18n } = this.#services;
    if (file.size > MAX_FILE_BYTES) {
      this.#services.toasts.show({
        kind: 'error',
        text: i18n.t('org:imports.too_large', { limit: i18n.format.bytes(MAX_FILE_BYTES) }),
      });
      return undefined;
    }
    const abort = new AbortController();
    this.#abort = abort;
    this.set({ upload: { name: file.name, sent: 0, total: file.size }, failure: undefined });
    const form = new FormData();
    form.set('file', file);
    try {
      const run = await api.upload(
        orgApi.uploadImport,
        form,
        ({ sent, total }) => {
          this.set({ upload: { name: file.name, sent, total } });
        },
        abort.signal,
      );
      queries.setQueryData(keys.import(run.id), run);
      void queries.invalidateQueries({ queryKey: keys.imports });
      return run.id;
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.code !== 'kit.aborted') this.set({ failure: { error, name: file.name } });
      return undefined;
    } finally {
      this.set({ upload: undefined });
      this.#abort = undefined;
    }
  };

  readonly cancel = (): void => {
    this.#abort?.abort();
  };
}
