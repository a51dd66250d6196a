import type { CreateSource, Source } from '@qiao/org/contract';
import {
  CheckField,
  Dialog,
  DialogFoot,
  FormShell,
  PasswordField,
  RadioCards,
  SelectField,
  TextAreaField,
  TextField,
  ToggleField,
  useText,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import type { Static } from 'typebox';
import type { SourceKindName, SourcesSnapshot, SourcesViewModel } from './SourcesViewModel.ts';

/** Schedules that are offered; others are typed as cron. */
const SCHEDULES = ['', '0 2 * * *', '0 * * * *', '*/15 * * * *', '0 2 * * 1'] as const;
const SCHEDULE_KEYS: Readonly<Record<string, string>> = {
  '': 'never',
  '0 2 * * *': 'nightly',
  '0 * * * *': 'hourly',
  '*/15 * * * *': 'quarter',
  '0 2 * * 1': 'weekly',
};
const GUARDS = [0.02, 0.05, 0.1, 0.2, 0.5, 1];
const DEFAULT_GUARD = 0.1;
const KINDS = ['ldap', 'csv', 'json', 'scim'] as const;

const textOf = (settings: Readonly<Record<string, unknown>>, name: string): string => {
  const value = settings[name];
  return typeof value === 'string' ? value : '';
};

/** Adds or changes a source. */
export function SourceDialog(props: {
  state: SourcesSnapshot;
  model: SourcesViewModel;
  source: Source | undefined;
}): ReactNode {
  const { t, format } = useText('org');
  const { state, model, source } = props;
  const settings = source?.settings ?? {};
  const [kind, setKind] = useState<SourceKindName>(source?.kind ?? 'ldap');
  const [name, setName] = useState(source?.name ?? '');
  const [place, setPlace] = useState(textOf(settings, 'path'));
  const [ldap, setLdap] = useState({
    url: textOf(settings, 'url') || 'ldaps://',
    start_tls: settings['start_tls'] === true,
    bind_dn: textOf(settings, 'bind_dn'),
    bind_password: '',
    base_dn: textOf(settings, 'base_dn'),
    people_filter: textOf(settings, 'people_filter'),
    department_filter: textOf(settings, 'department_filter'),
    ca_certificate: textOf(settings, 'ca_certificate'),
  });
  const [schedule, setSchedule] = useState(source?.schedule ?? '');
  const [custom, setCustom] = useState(!(SCHEDULES as readonly string[]).includes(source?.schedule ?? ''));
  const [guard, setGuard] = useState(source?.leaver_guard ?? DEFAULT_GUARD);
  const [enabled, setEnabled] = useState(source?.enabled ?? true);
  const [tried, setTried] = useState(false);
  const needs = (text: string): string | undefined =>
    tried && text.trim() === '' ? t('required') : undefined;
  const ldapText = (field: Exclude<keyof typeof ldap, 'start_tls'>) => ({
    value: ldap[field],
    onChange: (value: string) => {
      setLdap({ ...ldap, [field]: value });
    },
  });
  const submit = (): void => {
    setTried(true);
    const isFile = kind === 'csv' || kind === 'json';
    if (name.trim() === '' || (isFile && place.trim() === '')) return;
    if (kind === 'ldap' && (!/^ldaps?:\/\/./.test(ldap.url) || ldap.base_dn.trim() === '')) return;
    const put = (field: 'people_filter' | 'department_filter' | 'ca_certificate') =>
      ldap[field].trim() === '' ? {} : { [field]: ldap[field].trim() };
    const given: Static<typeof CreateSource> = {
      kind,
      name: name.trim(),
      settings:
        kind === 'ldap'
          ? {
              url: ldap.url.trim(),
              start_tls: ldap.start_tls,
              bind_dn: ldap.bind_dn.trim(),
              base_dn: ldap.base_dn.trim(),
              // Left empty the one that is stored stays.
              ...(ldap.bind_password === '' ? {} : { bind_password: ldap.bind_password }),
              ...put('people_filter'),
              ...put('department_filter'),
              ...put('ca_certificate'),
            }
          : kind === 'scim'
            ? {}
            : { path: place.trim() },
      ...(kind === 'scim' ? {} : { schedule: schedule.trim() === '' ? null : schedule.trim() }),
      leaver_guard: guard,
      enabled,
    };
    void model.save(given);
  };
  const close = (): void => {
    model.edit(undefined);
  };
  return (
    <Dialog
      size="large"
      title={source ? t('sources.edit_title', { name: source.name }) : t('sources.add')}
      onClose={close}
      footer={<DialogFoot form="source" label={t('save')} onClose={close} disabled={state.busy} />}
    >
      <FormShell id="source" onSubmit={submit}>
        {!source && (
          <RadioCards
            label={t('sources.kind')}
            value={kind}
            onChange={(value) => {
              setKind(KINDS.find((each) => each === value) ?? 'ldap');
            }}
            options={KINDS.map((each) => ({
              value: each,
              label: t(`sources.kinds.${each}`),
              help: t(`sources.kind_help.${each}`),
            }))}
          />
        )}
        <TextField
          label={t('sources.name')}
          value={name}
          maxLength={200}
          error={needs(name)}
          onChange={setName}
        />
        {(kind === 'csv' || kind === 'json') && (
          <TextField
            label={t('sources.place')}
            help={t('sources.place_help')}
            value={place}
            error={needs(place)}
            spellCheck={false}
            onChange={setPlace}
          />
        )}
        {kind === 'ldap' && (
          <>
            <TextField
              label={t('sources.ldap.url')}
              spellCheck={false}
              error={tried && !/^ldaps?:\/\/./.test(ldap.url) ? t('sources.ldap.url_wrong') : undefined}
              {...ldapText('url')}
            />
            <CheckField
              label={t('sources.ldap.start_tls')}
              help={t('sources.ldap.start_tls_help')}
              checked={ldap.start_tls}
              onChange={(start_tls) => {
                setLdap({ ...ldap, start_tls });
              }}
            />
            <div className="q-grid-2">
              <TextField label={t('sources.ldap.bind_dn')} spellCheck={false} {...ldapText('bind_dn')} />
              <PasswordField
                label={t('sources.ldap.bind_password')}
                help={source ? t('sources.ldap.password_kept') : undefined}
                autoComplete="new-password"
                {...ldapText('bind_password')}
              />
            </div>
            <TextField
              label={t('sources.ldap.base_dn')}
              spellCheck={false}
              error={needs(ldap.base_dn)}
              {...ldapText('base_dn')}
            />
            <div className="q-grid-2">
              <TextField
                label={t('sources.ldap.people_filter')}
                optional
                spellCheck={false}
                {...ldapText('people_filter')}
              />
              <TextField
                label={t('sources.ldap.department_filter')}
                optional
                spellCheck={false}
                {...ldapText('department_filter')}
              />
            </div>
            <TextAreaField
              label={t('sources.ldap.ca_certificate')}
              optional
              mono
              {...ldapText('ca_certificate')}
            />
          </>
        )}
        {kind !== 'scim' && (
          <div className="q-grid-2">
            <SelectField
              label={t('sources.schedule')}
              value={custom ? 'custom' : schedule}
              onChange={(value) => {
                setCustom(value === 'custom');
                if (value !== 'custom') setSchedule(value);
              }}
              options={[
                ...SCHEDULES.map((each) => ({
                  value: each,
                  label: t(`sources.schedules.${SCHEDULE_KEYS[each] ?? 'never'}`),
                })),
                { value: 'custom', label: t('sources.schedules.custom') },
              ]}
            />
            {custom && (
              <TextField
                label={t('sources.cron')}
                help={t('sources.cron_help')}
                spellCheck={false}
                value={schedule}
                onChange={setSchedule}
              />
            )}
          </div>
        )}
        <SelectField
          label={t('imports.guard')}
          help={t('imports.guard_help')}
          value={String(guard)}
          onChange={(value) => {
            setGuard(Number(value));
          }}
          options={[...new Set([...GUARDS, guard])]
            .sort((one, other) => one - other)
            .map((each) => ({ value: String(each), label: format.percent(each) }))}
        />
        <ToggleField label={t('sources.enabled')} checked={enabled} onChange={setEnabled} />
      </FormShell>
    </Dialog>
  );
}
