import { Button } from '@vector-im/compound-web';
import type { Department, PersonDetail, PersonRef } from '@qiao/org/contract';
import {
  Banner,
  CheckField,
  CloseButton,
  cx,
  Dialog,
  DialogFoot,
  Drawer,
  dataOf,
  Facts,
  FormShell,
  Loaded,
  PersonLine,
  RouterLink,
  SelectField,
  Tag,
  TextAreaField,
  TextField,
  useGo,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { DepartmentPicker, PersonPicker } from '../parts/pickers.tsx';
import { LinkDialog } from '../ActivationView/LinkDialog.tsx';
import { PersonStatus } from '../parts/status.tsx';
import { EmailField } from './EmailField.tsx';
import { PersonViewModel, type PersonSnapshot, type PlacementEdit } from './PersonViewModel.ts';

interface Props {
  state: PersonSnapshot;
  model: PersonViewModel;
  person: PersonDetail;
}

function EditDialog({ state, model, person }: Props): ReactNode {
  const { t } = useText('org');
  const [given, setGiven] = useState({
    display_name: person.display_name,
    title: person.title ?? '',
    email: person.email ?? '',
    phone: person.phone ?? '',
  });
  const [manager, setManager] = useState<PersonRef | undefined>(person.manager ?? undefined);
  const [locale, setLocale] = useState<'zh-Hans' | 'en' | ''>(person.locale ?? '');
  const field = (name: keyof typeof given) => ({
    value: given[name],
    onChange: (value: string) => {
      setGiven({ ...given, [name]: value });
    },
  });
  return (
    <Dialog
      title={t('person.edit_title', { name: person.display_name })}
      onClose={model.close}
      footer={<DialogFoot form="person" label={t('save')} onClose={model.close} disabled={state.busy} />}
    >
      <FormShell
        id="person"
        onSubmit={() => {
          if (given.display_name.trim() !== '') void model.edit(person, { ...given, manager, locale });
        }}
      >
        {person.source && (
          <Banner tone="info" title={t('person.from_source', { name: person.source.name })}>
            {t('person.from_source_text')}
          </Banner>
        )}
        <TextField
          label={t('person.display_name')}
          maxLength={256}
          autoFocus
          error={given.display_name.trim() === '' ? t('required') : undefined}
          {...field('display_name')}
        />
        <div className="q-grid-2">
          <TextField label={t('person.title')} optional maxLength={256} {...field('title')} />
          <SelectField
            label={t('person.locale')}
            value={locale}
            onChange={(value) => {
              setLocale(value === 'en' || value === 'zh-Hans' ? value : '');
            }}
            options={[
              { value: '', label: t('person.locale_default') },
              { value: 'zh-Hans', label: t('languages.zh_Hans') },
              { value: 'en', label: t('languages.en') },
            ]}
          />
          <EmailField refused={state.refused} {...field('email')} />
          <TextField
            label={t('person.phone')}
            optional
            type="tel"
            maxLength={64}
            error={state.refused?.field === 'phone' ? t('person.phone_not_valid') : undefined}
            {...field('phone')}
          />
        </div>
        <PersonPicker
          label={t('person.manager')}
          optional
          value={manager}
          onChange={setManager}
          except={person.id}
        />
      </FormShell>
    </Dialog>
  );
}

const editable = (department: Department): boolean => department.editable;

function MoveDialog({ state, model, person }: Props): ReactNode {
  const { t } = useText('org');
  const [placements, setPlacements] = useState<readonly PlacementEdit[]>(
    person.departments.map((each) => ({
      department: { id: each.department_id, name: each.department_name },
      primary: each.is_primary,
      head: each.is_head,
      title: each.title ?? '',
    })),
  );
  const change = (at: number, patch: Partial<PlacementEdit>): void => {
    setPlacements(
      placements.map((each, index) =>
        index === at ? { ...each, ...patch } : patch.primary ? { ...each, primary: false } : each,
      ),
    );
  };
  return (
    <Dialog
      title={t('person.move_title', { name: person.display_name })}
      intro={t('person.move_intro')}
      onClose={model.close}
      footer={<DialogFoot form="person" label={t('save')} onClose={model.close} disabled={state.busy} />}
    >
      <FormShell
        id="person"
        onSubmit={() => {
          if (placements.length > 0) void model.move(person, placements);
        }}
      >
        {placements.map((each, index) => (
          <fieldset key={each.department.id} className="o-placement">
            <legend className="q-sr">{each.department.name}</legend>
            <div className="q-row q-row--spread">
              <strong>{each.department.name}</strong>
              {placements.length > 1 && (
                <CloseButton
                  onClick={() => {
                    const rest = placements.filter((other) => other !== each);
                    setPlacements(
                      each.primary ? rest.map((other, at) => ({ ...other, primary: at === 0 })) : rest,
                    );
                  }}
                />
              )}
            </div>
            <div className="q-grid-2">
              <CheckField
                label={t('person.primary')}
                checked={each.primary}
                disabled={each.primary}
                onChange={(primary) => {
                  change(index, { primary });
                }}
              />
              <CheckField
                label={t('person.head')}
                checked={each.head}
                onChange={(head) => {
                  change(index, { head });
                }}
              />
            </div>
          </fieldset>
        ))}
        <DepartmentPicker
          key={placements.length}
          label={t('person.add_department')}
          value={undefined}
          filter={editable}
          onChange={(department) => {
            if (!department || placements.some((each) => each.department.id === department.id)) return;
            setPlacements([
              ...placements,
              { department, primary: placements.length === 0, head: false, title: '' },
            ]);
          }}
        />
        {placements.length === 0 && <p className="q-field__error">{t('person.one_department')}</p>}
      </FormShell>
    </Dialog>
  );
}

function LeaveDialog({ state, model, person }: Props): ReactNode {
  const { t } = useText('org');
  const go = useGo();
  const [reason, setReason] = useState('');
  const [to, setTo] = useState<PersonRef | undefined>(person.manager ?? undefined);
  return (
    <Dialog
      title={t('leavers.start_title', { name: person.display_name })}
      onClose={model.close}
      footer={
        <DialogFoot
          form="person"
          label={t('leavers.start')}
          onClose={model.close}
          disabled={state.busy}
          destructive
        />
      }
    >
      <FormShell
        id="person"
        onSubmit={() => {
          void model.startLeaving(person, { reason, to }).then((id) => {
            if (id !== undefined) void go(`/leavers/${id}`);
          });
        }}
      >
        <Banner tone="warn" title={t('leavers.start_warning')}>
          {t('leavers.start_warning_text')}
        </Banner>
        <PersonPicker
          label={t('leavers.handover_to')}
          help={t('leavers.handover_to_help')}
          value={to}
          onChange={setTo}
          except={person.id}
        />
        <TextAreaField
          label={t('leavers.reason')}
          optional
          maxLength={1000}
          value={reason}
          onChange={setReason}
        />
      </FormShell>
    </Dialog>
  );
}

function People(props: { people: readonly PersonRef[]; none: string }): ReactNode {
  const go = useGo();
  if (props.people.length === 0) return <p className="q-muted">{props.none}</p>;
  return (
    <ul className="q-stack q-stack--tight">
      {props.people.map((each) => (
        <li key={each.id}>
          <PersonLine
            id={each.user_id}
            name={each.display_name}
            note={each.title}
            onOpen={() => void go(`/people/${each.id}`)}
          />
        </li>
      ))}
    </ul>
  );
}

function Details({ state, model, person }: Props): ReactNode {
  const { t, format } = useText('org');
  const { session } = useServices();
  const past = person.history.filter((each) => each.until !== null);
  const gone = person.status === 'left' || person.status === 'suspended';
  return (
    <div className="q-stack q-stack--wide">
      <div className="q-stack q-stack--tight">
        <PersonLine id={person.user_id} name={person.display_name} note={person.title} size="56px" />
        <div className="q-row">
          <PersonStatus person={person} />
          {person.account === 'locked' && <Tag tone="warn">{t('person.accounts.locked')}</Tag>}
          {person.account === 'none' && <Tag>{t('person.accounts.none')}</Tag>}
        </div>
      </div>
      {person.offboarding_id !== null && (
        <Banner
          tone="warn"
          title={t('person.leaving')}
          actions={
            <RouterLink to={`/leavers/${person.offboarding_id}`}>{t('person.open_leaving')}</RouterLink>
          }
        />
      )}
      {person.editable && !gone && (
        <div className="q-row">
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              model.open('edit');
            }}
          >
            {t('edit')}
          </Button>
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              model.open('move');
            }}
          >
            {t('person.move')}
          </Button>
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              model.open('link');
            }}
          >
            {person.activated_at === null ? t('person.activation_link') : t('person.reset')}
          </Button>
          {state.canOffboard && person.id !== session.personId && (
            <Button
              kind="tertiary"
              size="md"
              destructive
              onClick={() => {
                model.open('leave');
              }}
            >
              {t('leavers.start')}
            </Button>
          )}
        </div>
      )}
      <Facts
        items={[
          [t('person.user_id'), <span className="q-mono">{person.user_id}</span>],
          [t('person.email'), person.email],
          [t('person.phone'), person.phone],
          [
            t('person.activated_at'),
            person.activated_at === null ? t('person.not_yet') : format.dateTime(person.activated_at),
          ],
          person.account === 'created' && [
            t('person.keys_at'),
            person.keys_at === null ? t('person.no_keys') : format.dateTime(person.keys_at),
          ],
          person.external_id !== null && [t('person.external_id'), person.external_id],
          person.source !== null && [t('person.source'), person.source.name],
          person.starts_on !== null && [t('person.starts_on'), format.date(person.starts_on)],
          person.ends_on !== null && [t('person.ends_on'), format.date(person.ends_on)],
        ]}
      />
      <section className="q-stack q-stack--tight">
        <h3>{t('person.departments')}</h3>
        <ul className="o-history">
          {person.departments.map((each) => (
            <li key={each.department_id} className="o-history__now">
              <div className="q-row">
                <RouterLink to={`/departments/${each.department_id}`}>{each.department_name}</RouterLink>
                {each.is_primary && person.departments.length > 1 && <Tag>{t('person.primary')}</Tag>}
                {each.is_head && <Tag tone="info">{t('person.head')}</Tag>}
              </div>
              <p className="q-muted q-small">{t('person.since', { date: format.date(each.since) })}</p>
            </li>
          ))}
          {past.map((each) => (
            <li key={`${each.department_id}-${each.since}`} className={cx('q-muted')}>
              {each.department_name}
              <p className="q-small">
                {t('person.from_to', {
                  from: format.date(each.since),
                  to: each.until === null ? '' : format.date(each.until),
                })}
              </p>
            </li>
          ))}
        </ul>
      </section>
      <section className="q-stack q-stack--tight">
        <h3>{t('person.reporting_line')}</h3>
        <People people={person.reporting_line} none={t('person.no_manager')} />
      </section>
      {person.reports.length > 0 && (
        <section className="q-stack q-stack--tight">
          <h3>{t('person.reports', { count: person.reports.length })}</h3>
          <People people={person.reports} none="" />
        </section>
      )}
    </div>
  );
}

/** One person beside the list. */
export function PersonDrawer(props: { id: string; onClose: () => void }): ReactNode {
  const { t } = useText('org');
  const services = useServices();
  const [state, model] = useViewModel(() => new PersonViewModel(services, props.id));
  const person = dataOf(state.person);
  return (
    <>
      <Drawer title={t('person.heading')} onClose={props.onClose}>
        <Loaded of={state.person}>
          {(loaded) => <Details state={state} model={model} person={loaded} />}
        </Loaded>
      </Drawer>
      {person && state.dialog === 'edit' && <EditDialog state={state} model={model} person={person} />}
      {person && state.dialog === 'move' && <MoveDialog state={state} model={model} person={person} />}
      {person && state.dialog === 'leave' && <LeaveDialog state={state} model={model} person={person} />}
      {person && state.dialog === 'link' && (
        <LinkDialog person={person} anew={person.activated_at !== null} onClose={model.close} />
      )}
    </>
  );
}
