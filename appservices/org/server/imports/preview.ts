import type { ImportMapping, ImportRun } from '../../contract/api.ts';
import type { PeopleFieldName } from './guess-mapping.ts';
import { Problems } from './problems.ts';
import type { FileFacts } from './read-file.ts';
import { createRowReader, type PersonRow, type SourceRow } from './rows.ts';
import { statusOf } from './statuses.ts';

/** Names of the columns of a file that no field is read from. */
export function unusedColumns(file: FileFacts, mapping: ImportMapping | null): string[] {
  const used = new Set(Object.values(mapping?.columns ?? {}));
  return (file.columns ?? []).map(({ name }) => name).filter((name) => !used.has(name));
}

/** What the columns of a file became, and what their sample values are read as. */
export function readSamples(file: FileFacts, mapping: ImportMapping | null): ImportRun['columns'] {
  const columns = file.columns ?? [];
  if (mapping === null) return columns;
  const fields = new Map(
    Object.entries(mapping.columns).map(([field, column]) => [column, field as PeopleFieldName]),
  );
  const { status: _, ...others } = mapping.columns;
  const read = createRowReader({ ...mapping, columns: others }, new Problems(), file.orders);
  const meaningOf = statusOf(mapping);
  return columns.map(({ name, samples }) => {
    const field = fields.get(name);
    if (field === undefined) return { name, samples };
    return { name, samples, field, read: samples.map((sample) => readAs(field, sample)) };
  });

  function readAs(field: PeopleFieldName, sample: string): string | null {
    if (field === 'status') return meaningOf(sample) ?? null;
    const values: SourceRow['values'] = { external_id: '0', display_name: '-', [field]: sample };
    const found = read({ line: null, at: null, values });
    const row: PersonRow | undefined =
      'row' in found ? found.row : 'refused' in found ? found.refused.row : undefined;
    const value = row?.[field];
    if (typeof value === 'boolean') return value ? 'yes' : 'no';
    if (field === 'localpart') return value ?? row?.login ?? null;
    if (field === 'department') return file.divided?.[sample]?.join('; ') ?? value ?? null;
    return value ?? null;
  }
}
