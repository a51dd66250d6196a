import type { Audiences } from '@qiao/notices/contract';
import { CheckField, SearchBox, useText, type Formats, type TextOf } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import type { ComposeSnapshot, ComposeViewModel } from './ComposeViewModel.ts';

/** Departments shown at once; the rest is found by typing. */
const SHOWN = 60;

/** `Sales / East`, by id. */
function pathsOf(departments: Audiences['departments']): Map<string, string> {
  const byId = new Map(departments.map((one) => [one.id, one]));
  return new Map(
    departments.map((one) => {
      const names: string[] = [];
      for (let at: typeof one | undefined = one; at !== undefined && names.length < 20;) {
        names.unshift(at.name);
        at = at.parent_id === null ? undefined : byId.get(at.parent_id);
      }
      return [one.id, names.join(' / ')];
    }),
  );
}

/** How many of those it is for have not come yet, and what becomes of it for them; empty: all are here. */
export function notActivatedText(
  t: TextOf,
  format: Formats,
  { people = 0, notActivated }: Pick<ComposeSnapshot, 'people' | 'notActivated'>,
): string {
  if (notActivated === 0) return '';
  return notActivated === people
    ? t('audience.none_activated')
    : t('audience.not_activated', { number: format.number(notActivated) });
}

/** Whom a notice goes to. */
export function AudiencePicker(props: {
  audiences: Audiences;
  state: ComposeSnapshot;
  model: ComposeViewModel;
}): ReactNode {
  const { t, format } = useText('notices');
  const { audiences, state, model } = props;
  const { audience } = state;
  const [query, setQuery] = useState('');
  const paths = pathsOf(audiences.departments);
  const chosen = new Map(audience.departments.map((one) => [one.id, one]));
  const found = audiences.departments
    .filter(
      ({ id }) => chosen.has(id) || (paths.get(id) ?? '').toLowerCase().includes(query.trim().toLowerCase()),
    )
    .sort((one, other) => (paths.get(one.id) ?? '').localeCompare(paths.get(other.id) ?? ''));
  return (
    <div className="q-stack">
      {audiences.everybody && (
        <CheckField label={t('audience.everybody')} checked={audience.everybody} onChange={model.everybody} />
      )}
      {!audience.everybody && (
        <>
          <div>
            <SearchBox label={t('audience.find')} value={query} onChange={setQuery} />
          </div>
          <div className="n-ticks" role="group" aria-label={t('audience.departments')}>
            {found.slice(0, SHOWN).map(({ id }) => (
              <div key={id} className="q-row q-row--spread">
                <CheckField
                  label={paths.get(id) ?? ''}
                  checked={chosen.has(id)}
                  onChange={(on) => {
                    model.department(id, on);
                  }}
                />
                {chosen.has(id) && (
                  <CheckField
                    label={t('audience.subtree')}
                    checked={chosen.get(id)?.subtree ?? true}
                    onChange={(on) => {
                      model.subtree(id, on);
                    }}
                  />
                )}
              </div>
            ))}
            {found.length === 0 && <p className="q-muted">{t('audience.none')}</p>}
            {found.length > SHOWN && <p className="q-muted">{t('audience.more')}</p>}
          </div>
          {audiences.roles.length > 0 && (
            <div className="n-ticks" role="group" aria-label={t('audience.roles')}>
              {audiences.roles.map((role) => (
                <CheckField
                  key={role.id}
                  label={t('audience.role', { name: role.name })}
                  checked={audience.roles.includes(role.id)}
                  onChange={(on) => {
                    model.role(role.id, on);
                  }}
                />
              ))}
            </div>
          )}
        </>
      )}
      <p className="q-muted" role="status">
        {state.people === undefined
          ? ''
          : `${t('audience.people', { count: state.people })} ${notActivatedText(t, format, state)}`}
      </p>
    </div>
  );
}
