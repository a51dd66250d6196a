import { render, type RenderResult } from '@testing-library/react';
import type { ReactNode } from 'react';
import { MemoryRouter } from 'react-router';
import { ApiClient } from '../api/client.ts';
import { makeServices, ServicesProvider, type Services, type Session } from '../app/services.tsx';
import { kitCatalogues } from '../i18n/catalogues.ts';
import { I18n, type Catalogues } from '../i18n/i18n.ts';
import type { UiLocale } from '../i18n/locales.ts';

export { catalogueProblems } from './catalogues.ts';

/** A request that a test answers: `GET /api/org/people?q=a`. */
export type Answerer = (request: {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}) => unknown;

/** An error answer for an {@link Answerer} to throw. */
export class Refuse extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: unknown;

  constructor(status: number, code: string, details?: unknown) {
    super(code);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** A `fetch` that a test answers. */
export const answeringFetch =
  (answer: Answerer): typeof fetch =>
  async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, 'http://test.invalid');
    const text = typeof init?.body === 'string' ? init.body : '';
    try {
      const value = await answer({
        method: init?.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      });
      return new Response(value === undefined ? null : JSON.stringify(value), {
        status: value === undefined ? 204 : 200,
      });
    } catch (error) {
      if (!(error instanceof Refuse)) throw error;
      const { code, status, details } = error;
      const body = {
        error: { code, message: code, request_id: 'req-1', ...(details === undefined ? {} : { details }) },
      };
      return new Response(JSON.stringify(body), { status });
    }
  };

/** Services for tests of view models and views; the server is what `answer` says. */
export async function testServices(options: {
  answer: Answerer;
  catalogues?: Readonly<Record<string, Catalogues>>;
  locale?: UiLocale;
  session?: Partial<Session>;
}): Promise<Services> {
  const i18n = await I18n.create({ kit: kitCatalogues, ...options.catalogues }, options.locale ?? 'en');
  return makeServices({
    i18n,
    api: new ApiClient({ language: () => i18n.locale, fetch: answeringFetch(options.answer) }),
    session: {
      userId: '@admin:test.invalid',
      displayName: 'Admin',
      personId: undefined,
      companyName: 'Test',
      permissions: {},
      ...options.session,
    },
  });
}

/** Renders a view as the console would, at an address. */
export const renderView = (view: ReactNode, services: Services, at = '/'): RenderResult =>
  render(
    <MemoryRouter initialEntries={[at]}>
      <ServicesProvider services={services}>{view}</ServicesProvider>
    </MemoryRouter>,
  );
