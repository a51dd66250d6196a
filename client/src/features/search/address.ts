import { ANY_FILE, KIND } from '../../search/types.ts';

/** What of the index is asked for. */
export const TABS = ['messages', 'files', 'people', 'rooms'] as const;
export type SearchTab = (typeof TABS)[number];

/** Kinds that can be filtered by. */
export const FILE_FILTERS = { any: ANY_FILE, image: KIND.image, file: KIND.file, link: KIND.link } as const;
export type FileFilter = keyof typeof FILE_FILTERS;

export const SPANS = ['week', 'month', 'year'] as const;
export type Span = (typeof SPANS)[number];

/** A search as the page's address keeps it. */
export interface SearchAddress {
  readonly text: string;
  readonly tab: SearchTab;
  readonly order: 'time' | 'relevance';
  readonly roomId?: string | undefined;
  readonly sender?: string | undefined;
  readonly file?: FileFilter | undefined;
  /** First and last day, `YYYY-MM-DD`, of the reader's time zone. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export const NO_SEARCH: SearchAddress = { text: '', tab: 'messages', order: 'time' };

const oneOf = <T extends string>(list: readonly T[], value: string | null): T | undefined =>
  list.find((each) => each === value);
const day = (value: string | null): string | undefined =>
  value !== null && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

/** Reads `q=…&tab=…`; what does not fit is left out. */
export function readAddress(given: string): SearchAddress {
  const values = new URLSearchParams(given);
  return {
    text: (values.get('q') ?? '').slice(0, 200),
    tab: oneOf(TABS, values.get('tab')) ?? 'messages',
    order: values.get('order') === 'relevance' ? 'relevance' : 'time',
    roomId: values.get('room') ?? undefined,
    sender: values.get('from_user') ?? undefined,
    file: oneOf(Object.keys(FILE_FILTERS) as FileFilter[], values.get('has')),
    from: day(values.get('since')),
    to: day(values.get('until')),
  };
}

/** The opposite of {@link readAddress}; empty for an empty search. */
export function writeAddress(address: SearchAddress): string {
  const values = new URLSearchParams();
  if (address.text !== '') values.set('q', address.text);
  if (address.tab !== 'messages') values.set('tab', address.tab);
  if (address.order !== 'time') values.set('order', address.order);
  if (address.roomId) values.set('room', address.roomId);
  if (address.sender) values.set('from_user', address.sender);
  if (address.file) values.set('has', address.file);
  if (address.from) values.set('since', address.from);
  if (address.to) values.set('until', address.to);
  return values.toString();
}

const DAY = 86_400_000;

/** Milliseconds of a span of days in the reader's time zone: from inclusive, to exclusive. */
export function spanOf(address: Pick<SearchAddress, 'from' | 'to'>): { from?: number; to?: number } {
  const from = address.from === undefined ? NaN : Date.parse(`${address.from}T00:00:00`);
  const last = address.to === undefined ? undefined : new Date(`${address.to}T00:00:00`);
  // The day after, whatever the clock's change makes of 24 hours.
  if (last) last.setDate(last.getDate() + 1);
  const to = last?.getTime() ?? NaN;
  return { ...(Number.isNaN(from) ? {} : { from }), ...(Number.isNaN(to) ? {} : { to }) };
}

const asDay = (at: Date): string =>
  `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`;

/** The first day of a span that ends today. */
export function daysBack(span: Span, now: number): string {
  return asDay(new Date(now - { week: 6, month: 29, year: 364 }[span] * DAY));
}
