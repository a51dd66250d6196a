import type { Department, PersonRef } from '@qiao/org/contract';
import { SearchPicker, useServices, useText, type Choice, type Services } from '@qiao/ui-kit';
import { useCallback, type ReactNode } from 'react';
import { keys, orgApi } from '../api.ts';

const SHOWN = 20;

export interface PersonChoice extends Choice {
  readonly person: PersonRef;
}

/** Finds a person who still works here; `anybody`: those who have left, too. */
export function PersonPicker(props: {
  label: string;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  value: PersonRef | undefined;
  onChange: (person: PersonRef | undefined) => void;
  /** Nobody picks this person (the leaver cannot take over). */
  except?: string | undefined;
  anybody?: boolean;
}): ReactNode {
  const { api } = useServices();
  const { t } = useText('org');
  const { except, anybody = false } = props;
  const search = useCallback(
    async (q: string, signal: AbortSignal): Promise<readonly PersonChoice[]> => {
      const { items } = await api.call(orgApi.people, {
        query: { limit: SHOWN, ...(q === '' ? {} : { q }) },
        signal,
      });
      return items
        .filter(
          (person) =>
            person.id !== except && (anybody || person.status === 'active' || person.status === 'joining'),
        )
        .map((person) => ({
          id: person.id,
          label: person.display_name,
          note: [person.title, person.departments.find((each) => each.is_primary)?.department_name]
            .filter(Boolean)
            .join(' · '),
          person: {
            id: person.id,
            display_name: person.display_name,
            user_id: person.user_id,
            title: person.title,
          },
        }));
    },
    [api, except, anybody],
  );
  return (
    <SearchPicker<PersonChoice>
      label={props.label}
      help={props.help}
      error={props.error}
      optional={props.optional ?? false}
      placeholder={t('pickers.person')}
      value={
        props.value && {
          id: props.value.id,
          label: props.value.display_name,
          note: props.value.title ?? undefined,
        }
      }
      onChange={(choice) => {
        props.onChange(choice?.person);
      }}
      search={search}
    />
  );
}

/** All departments the actor may see; cached, so that pickers open at once. */
export const loadDepartments = async (
  { api, queries }: Pick<Services, 'api' | 'queries'>,
  ended = false,
): Promise<readonly Department[]> =>
  queries.query({
    queryKey: [...keys.departments, { ended }],
    queryFn: async ({ signal }) =>
      (await api.call(orgApi.departments, { query: ended ? { ended } : {}, signal })).items,
  });

/** `Sales / East / Shanghai`. */
export function pathOf(id: string, departments: ReadonlyMap<string, Department>): string {
  const names: string[] = [];
  let at = departments.get(id);
  while (at && names.length < 20) {
    names.unshift(at.name);
    at = at.parent_id === null ? undefined : departments.get(at.parent_id);
  }
  return names.join(' / ');
}

export interface DepartmentRef {
  readonly id: string;
  readonly name: string;
}

/** Finds a department by its name or a part of its path. */
export function DepartmentPicker(props: {
  label: string;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  value: DepartmentRef | undefined;
  onChange: (department: DepartmentRef | undefined) => void;
  /** Which departments can be picked at all. */
  filter?: (department: Department) => boolean;
}): ReactNode {
  const services = useServices();
  const { t } = useText('org');
  const { api, queries } = services;
  const { filter } = props;
  const search = useCallback(
    async (q: string): Promise<readonly (Choice & DepartmentRef)[]> => {
      const all = await loadDepartments({ api, queries });
      const byId = new Map(all.map((each) => [each.id, each]));
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      return all
        .filter((each) => each.state === 'active' && (filter?.(each) ?? true))
        .map((each) => ({ each, path: pathOf(each.id, byId) }))
        .filter(({ path }) => words.every((word) => path.toLowerCase().includes(word)))
        .slice(0, SHOWN)
        .map(({ each, path }) => ({
          id: each.id,
          name: each.name,
          label: each.name,
          note: path === each.name ? undefined : path,
        }));
    },
    [api, queries, filter],
  );
  return (
    <SearchPicker<Choice & DepartmentRef>
      label={props.label}
      help={props.help}
      error={props.error}
      optional={props.optional ?? false}
      placeholder={t('pickers.department')}
      value={props.value && { id: props.value.id, label: props.value.name }}
      onChange={(choice) => {
        props.onChange(choice && { id: choice.id, name: choice.name });
      }}
      search={search}
    />
  );
}
