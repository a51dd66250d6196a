import { waitFor } from '@qiao/testkit';
import type { ImportRun } from '../../contract/api.ts';
import { importsParts } from '../../server/imports/parts.ts';
import type { TestOrg } from './context.ts';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  body: T;
}

/** The imports' HTTP interface as the administrator uses it. */
export interface ImportsApi {
  url: string;
  admin: Record<string, string>;
  call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>;
  upload(
    content: string | Buffer,
    name?: string,
    fields?: Record<string, string>,
  ): Promise<Answer<ImportRun>>;
  /** Waits until nothing is under way. */
  settled(id: string): Promise<ImportRun>;
  /** Uploads and checks. */
  check(content: string | Buffer, name?: string): Promise<ImportRun>;
  apply(id: string, confirm?: object): Promise<ImportRun>;
  problems(
    id: string,
  ): Promise<{ line: number | null; column: string | null; code: string; message: string }[]>;
  changes(id: string): Promise<{ kind: string; label: string; before: unknown; after: unknown }[]>;
}

export async function startImportsApi(org: TestOrg, options: { work?: boolean } = {}): Promise<ImportsApi> {
  const parts = importsParts(org.context);
  const http = await org.serve(parts);
  const url = `${await http.listen({ port: 0, host: '127.0.0.1' })}/api/org`;
  if (options.work ?? true) await org.work(parts);
  const admin = await org.signIn('@admin:test');
  const call = async <T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = admin,
  ): Promise<Answer<T>> => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T };
  };
  const api: ImportsApi = {
    url,
    admin,
    call,
    async upload(content, name = 'people.csv', fields = {}) {
      const form = new FormData();
      for (const [key, value] of Object.entries(fields)) form.append(key, value);
      form.append('file', new Blob([typeof content === 'string' ? content : new Uint8Array(content)]), name);
      const response = await fetch(`${url}/imports`, { method: 'POST', headers: admin, body: form });
      return { status: response.status, body: (await response.json()) as ImportRun };
    },
    settled: (id) =>
      waitFor(
        async () => {
          const { body } = await call<ImportRun>('GET', `/imports/${id}`);
          return body.state === 'checking' || body.state === 'applying' ? undefined : body;
        },
        { what: `import ${id}`, timeout: 60_000 },
      ),
    async check(content, name) {
      const uploaded = await api.upload(content, name);
      if (uploaded.status !== 200) throw new Error(JSON.stringify(uploaded.body));
      const started = await call('POST', `/imports/${uploaded.body.id}/check`);
      if (started.status !== 200) throw new Error(JSON.stringify(started.body));
      return api.settled(uploaded.body.id);
    },
    async apply(id, confirm = {}) {
      const started = await call('POST', `/imports/${id}/apply`, confirm);
      if (started.status !== 200) throw new Error(JSON.stringify(started.body));
      return api.settled(id);
    },
    problems: async (id) =>
      (await call<{ items: never[] }>('GET', `/imports/${id}/problems?limit=200`)).body.items,
    changes: async (id) =>
      (await call<{ items: never[] }>('GET', `/imports/${id}/changes?limit=200`)).body.items,
  };
  return api;
}
