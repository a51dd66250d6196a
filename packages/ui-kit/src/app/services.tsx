import { QueryClient } from '@tanstack/react-query';
import { TooltipProvider } from '@vector-im/compound-web';
import { createContext, use, useEffect, type ReactNode } from 'react';
import { I18nextProvider, useTranslation } from 'react-i18next';
import type { ApiError } from '../api/client.ts';
import { asApiError, type ApiClient } from '../api/client.ts';
import type { Formats, I18n } from '../i18n/i18n.ts';
import type { UiLocale } from '../i18n/locales.ts';
import { localBrand, type LocalBrand } from './brand.ts';
import { ConfirmModel, ToastsModel } from './notices.ts';

/** Where a permission is held. */
export interface Scopes {
  readonly company: boolean;
  readonly departments: readonly string[];
}

/** Who uses the interface, and what the person may do. */
export interface Session {
  readonly userId: string;
  readonly displayName: string;
  readonly personId: string | undefined;
  readonly companyName: string;
  readonly permissions: Readonly<Record<string, Scopes>>;
}

/** Whether a permission is held: somewhere, or over the whole company. */
export function holds(session: Session, permission: string, over: 'any' | 'company' = 'any'): boolean {
  const scopes = session.permissions[permission];
  if (!scopes) return false;
  return scopes.company || (over === 'any' && scopes.departments.length > 0);
}

/** Whether somebody administers anything: then there is something in the console. Everybody may read the directory. */
export const administers = (session: Session): boolean =>
  Object.keys(session.permissions).some((name) => name !== 'org.directory.read');

/** What was begun in a form and is stored nowhere else. */
export interface FormDraft {
  /** What was written last, as it is: parse it; undefined: nothing. */
  readonly read: () => unknown;
  /** Keeps a value that JSON can hold; undefined: there is nothing to keep any more. */
  readonly write: (value: unknown) => void;
}

/** What a message says in one line, and where it stands. */
export interface Glance {
  readonly room: string;
  readonly text: string;
  /** Not so: the text says why this device does not show the message. */
  readonly readable: boolean;
  /** The text is all that the message says; not so of a file, a picture, or of more than a line. */
  readonly whole: boolean;
}

/** What the client lets domains' views do in Matrix; absent where there is no Matrix session (the console). */
export interface MatrixAccess {
  /** Sends an event, encrypted where the room is; answers its id when the homeserver has it. */
  readonly send: (roomId: string, type: string, content: Record<string, unknown>) => Promise<string>;
  /** Shows a room, at an event if one is given. */
  readonly openRoom: (roomId: string, eventId?: string) => void;
  /**
   * What a message says in one line, as far as this device can read it, and where it stands; for lists of messages of
   * many conversations. Undefined where it cannot be had. Text comes from anybody.
   */
  readonly glance: (roomId: string, eventId: string) => Promise<Glance | undefined>;
  /** Shows the profile of a person. */
  readonly openPerson: (userId: string) => void;
  /**
   * The draft of a form, by a name that begins with the domain's: sealed on this device, kept over reloads, gone with
   * the sign-out.
   */
  readonly draft: (form: string) => FormDraft;
}

/** What views and view models are given by the program that shows them. */
export interface Services {
  readonly matrix?: MatrixAccess | undefined;
  readonly api: ApiClient;
  readonly queries: QueryClient;
  readonly i18n: I18n;
  readonly toasts: ToastsModel;
  readonly confirm: ConfirmModel;
  readonly session: Session;
  /** Says in the reader's language what went wrong. */
  readonly explain: (error: unknown) => string;
  /** Runs a change: tells success or failure, and answers whether it worked. */
  readonly attempt: <T>(
    work: () => Promise<T>,
    options?: {
      done?: string;
      invalidate?: readonly (readonly unknown[])[];
      /** Where the screen itself shows it, at the field, it is told there alone. */
      toldElsewhere?: (error: ApiError) => boolean;
    },
  ) => Promise<{ ok: true; value: T } | { ok: false; error: ApiError }>;
}

/** How long an answer is used without asking again, in milliseconds. */
const FRESH_MS = 15_000;

export function makeQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        refetchOnWindowFocus: true,
        networkMode: 'always',
        // Only what may pass by itself is tried again.
        retry: (failures, error) => {
          const { status } = asApiError(error);
          return failures < 2 && (status === 502 || status === 503);
        },
      },
    },
  });
}

/** What an error says to a person; our servers' errors come translated. */
export function explainWith(i18n: I18n): (error: unknown) => string {
  return (error) => {
    const { code, message } = asApiError(error);
    if (message !== '' && code !== 'kit.unexpected') return message;
    const key = code.startsWith('kit.') ? code.slice(4) : 'unreadable';
    return i18n.t(`kit:errors.${key}`);
  };
}

export function makeServices(
  parts: Pick<Services, 'api' | 'i18n' | 'session'> & Partial<Services>,
): Services {
  const queries = parts.queries ?? makeQueries();
  const toasts = parts.toasts ?? new ToastsModel();
  const explain = explainWith(parts.i18n);
  return {
    queries,
    toasts,
    confirm: new ConfirmModel(),
    explain,
    attempt: async (work, options = {}) => {
      try {
        const value = await work();
        if (options.done) toasts.success(options.done);
        for (const key of options.invalidate ?? []) void queries.invalidateQueries({ queryKey: key });
        return { ok: true, value };
      } catch (thrown) {
        const error = asApiError(thrown);
        // The sign-in page says it; a toast on top would be noise.
        if (error.code !== 'platform.not_signed_in' && options.toldElsewhere?.(error) !== true) {
          toasts.show({ kind: 'error', text: explain(error), requestId: error.requestId });
        }
        if (error.code === 'platform.changed_meanwhile') {
          for (const key of options.invalidate ?? []) void queries.invalidateQueries({ queryKey: key });
        }
        return { ok: false, error };
      }
    },
    ...parts,
  };
}

const ServicesContext = createContext<Services | undefined>(undefined);

export function ServicesProvider(props: { services: Services; children: ReactNode }): ReactNode {
  return (
    <ServicesContext value={props.services}>
      <I18nextProvider i18n={props.services.i18n.instance}>
        <TooltipProvider>{props.children}</TooltipProvider>
      </I18nextProvider>
    </ServicesContext>
  );
}

export function useServices(): Services {
  const services = use(ServicesContext);
  if (!services) throw new Error('ServicesProvider is missing');
  return services;
}

/**
 * Lets a view model go on with the services of now: who uses the interface is known a moment after a start, and a view
 * that was made anew then would lose what is open in it.
 */
export function useEntering(model: { readonly enter: (services: Services) => void }): void {
  const services = useServices();
  useEffect(() => {
    model.enter(services);
  }, [model, services]);
}

/** The brand in the chosen language. */
export function useBrand(): LocalBrand {
  const { i18n } = useServices();
  useTranslation(undefined, { i18n: i18n.instance, useSuspense: false });
  return localBrand(i18n.brand, i18n.locale);
}

export type TextOf = (key: string, values?: Record<string, unknown>) => string;

/** Texts and formats of one namespace in the chosen language; the component follows a change. */
export function useText(namespace: string): { t: TextOf; format: Formats; locale: UiLocale } {
  const { i18n } = useServices();
  useTranslation(undefined, { i18n: i18n.instance, useSuspense: false });
  return {
    t: (key, values) => i18n.t(`${namespace}:${key}`, values),
    format: i18n.format,
    locale: i18n.locale,
  };
}
