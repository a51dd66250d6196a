import type { Audience } from '@qiao/notices/contract';

/** What a person writes of a notice. */
export interface Written {
  readonly title: string;
  readonly body: string;
  readonly confirm: boolean;
  readonly audience: Audience;
  /** Local time as an input has it; empty: now. */
  readonly at: string;
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What was kept on the device, which another version may have written; undefined: none. */
export function parseWritten(value: unknown): Written | undefined {
  const { title, body, confirm, audience, at } = record(value);
  if (typeof title !== 'string' || typeof body !== 'string') return undefined;
  const { everybody, departments, roles } = record(audience);
  return {
    title,
    body,
    confirm: confirm !== false,
    audience: {
      everybody: everybody === true,
      departments: list(departments).flatMap((each) => {
        const { id, subtree } = record(each);
        return typeof id === 'string' ? [{ id, subtree: subtree !== false }] : [];
      }),
      roles: list(roles).filter((id) => typeof id === 'string'),
    },
    at: typeof at === 'string' ? at : '',
  };
}

const forComparison = ({ title, body, confirm, audience, at }: Written): string =>
  JSON.stringify([
    title,
    body,
    confirm,
    audience.everybody,
    audience.departments.map(({ id, subtree }) => `${id} ${String(subtree)}`).sort(),
    [...audience.roles].sort(),
    at,
  ]);

/** Whether two say the same, in whatever order people were chosen. */
export const sameWritten = (one: Written, other: Written): boolean =>
  forComparison(one) === forComparison(other);
