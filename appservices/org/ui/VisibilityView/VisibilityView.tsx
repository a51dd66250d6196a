import { Button } from '@vector-im/compound-web';
import DownIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-down';
import UpIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-up';
import DeleteIcon from '@vector-im/compound-design-tokens/assets/web/icons/delete';
import EditIcon from '@vector-im/compound-design-tokens/assets/web/icons/edit';
import PlusIcon from '@vector-im/compound-design-tokens/assets/web/icons/plus';
import VisibleIcon from '@vector-im/compound-design-tokens/assets/web/icons/visibility-on';
import {
  Banner,
  Card,
  CloseButton,
  Dialog,
  DialogFoot,
  EmptyState,
  FormShell,
  IconAction,
  Loaded,
  PageHead,
  SelectField,
  Tag,
  TextField,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, useState, type ReactNode } from 'react';
import '../org.css';
import { DepartmentPicker } from '../parts/pickers.tsx';
import {
  EMPTY_RULE,
  VisibilityViewModel,
  type Ended,
  type Rule,
  type VisibilitySnapshot,
} from './VisibilityViewModel.ts';

type Party = Rule['viewer'];
interface Props {
  state: VisibilitySnapshot;
  model: VisibilityViewModel;
}

function usePartyText(names: ReadonlyMap<string, string>): (party: Party, ended: readonly Ended[]) => string {
  const { t, format } = useText('org');
  return (party, ended) => {
    const parts: string[] = [];
    if (party.departments && party.departments.length > 0) {
      parts.push(
        t('visibility.in_departments', {
          names: format.list(
            party.departments.map(
              (id) =>
                names.get(id) ??
                ended.find((each) => each.id === id)?.name ??
                t('visibility.unknown_department'),
            ),
          ),
        }),
      );
    }
    if (party.titles && party.titles.length > 0) {
      parts.push(t('visibility.with_titles', { names: format.list(party.titles) }));
    }
    if (party.external === true) parts.push(t('visibility.external'));
    if (party.external === false) parts.push(t('visibility.internal'));
    return parts.length === 0 ? t('visibility.everybody') : parts.join(t('visibility.and'));
  };
}

function PartyFields(props: {
  legend: string;
  party: Party;
  names: ReadonlyMap<string, string>;
  ended: readonly Ended[];
  onChange: (party: Party) => void;
}): ReactNode {
  const { t } = useText('org');
  const { party } = props;
  const endedById = new Map(props.ended.map((each) => [each.id, each]));
  const departments = party.departments ?? [];
  const [added, setAdded] = useState<ReadonlyMap<string, string>>(new Map());
  const change = (patch: Partial<Record<keyof Party, unknown>>): void => {
    const next = Object.fromEntries(
      Object.entries({ ...party, ...patch }).filter(
        ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
      ),
    );
    props.onChange(next);
  };
  return (
    <fieldset className="o-placement">
      <legend className="q-field__label">{props.legend}</legend>
      {departments.length > 0 && (
        <ul className="o-picked-list">
          {departments.map((id) => (
            <li key={id}>
              <span className="q-row">
                {props.names.get(id) ??
                  added.get(id) ??
                  endedById.get(id)?.name ??
                  t('visibility.unknown_department')}
                {endedById.has(id) && (
                  <Tag tone="warn">{t(`departments.states.${endedById.get(id)?.state ?? 'dissolved'}`)}</Tag>
                )}
              </span>
              <CloseButton
                onClick={() => {
                  change({ departments: departments.filter((each) => each !== id) });
                }}
              />
            </li>
          ))}
        </ul>
      )}
      <DepartmentPicker
        key={departments.length}
        label={t('visibility.add_department')}
        optional
        value={undefined}
        onChange={(department) => {
          if (!department || departments.includes(department.id)) return;
          setAdded(new Map(added).set(department.id, department.name));
          change({ departments: [...departments, department.id] });
        }}
      />
      <TextField
        label={t('visibility.titles')}
        help={t('visibility.titles_help')}
        optional
        value={(party.titles ?? []).join(', ')}
        onChange={(text) => {
          change({ titles: text === '' ? [] : text.split(/,\s?|，\s?/) });
        }}
      />
      <SelectField
        label={t('visibility.origin')}
        value={party.external === undefined ? '' : String(party.external)}
        onChange={(value) => {
          change({ external: value === '' ? undefined : value === 'true' });
        }}
        options={[
          { value: '', label: t('visibility.any_origin') },
          { value: 'false', label: t('visibility.internal') },
          { value: 'true', label: t('visibility.external') },
        ]}
      />
    </fieldset>
  );
}

const clean = (party: Party): Party => {
  const titles = party.titles?.map((each) => each.trim()).filter((each) => each !== '');
  return { ...party, ...(titles === undefined ? {} : { titles }) };
};

type Verdict = 'all' | 'see' | 'none';
const verdictOf = (rule: Rule): Verdict =>
  rule.can_contact && rule.can_see ? 'all' : rule.can_see ? 'see' : 'none';

function RuleDialog({ state, model }: Props): ReactNode {
  const { t } = useText('org');
  const { editing } = state;
  const [rule, setRule] = useState<Rule>(editing === 'new' || !editing ? EMPTY_RULE : editing.rule);
  const ended = editing === 'new' || !editing ? [] : editing.ended;
  const close = (): void => {
    model.edit(undefined);
  };
  return (
    <Dialog
      size="large"
      title={editing === 'new' ? t('visibility.add') : t('visibility.edit')}
      onClose={close}
      footer={<DialogFoot form="rule" label={t('visibility.take')} onClose={close} />}
    >
      <FormShell
        id="rule"
        onSubmit={() => {
          model.put({ ...rule, viewer: clean(rule.viewer), target: clean(rule.target) });
        }}
      >
        {ended.length > 0 && (
          <Banner tone="warn" title={t('visibility.broken_rule')}>
            {t('visibility.broken_fix')}
          </Banner>
        )}
        <div className="q-grid-2">
          <PartyFields
            legend={t('visibility.viewer')}
            party={rule.viewer}
            names={state.departmentNames}
            ended={ended}
            onChange={(viewer) => {
              setRule({ ...rule, viewer });
            }}
          />
          <PartyFields
            legend={t('visibility.target')}
            party={rule.target}
            names={state.departmentNames}
            ended={ended}
            onChange={(target) => {
              setRule({ ...rule, target });
            }}
          />
        </div>
        <SelectField
          label={t('visibility.verdict')}
          value={verdictOf(rule)}
          onChange={(value) => {
            setRule({ ...rule, can_see: value !== 'none', can_contact: value === 'all' });
          }}
          options={(['all', 'see', 'none'] as const).map((each) => ({
            value: each,
            label: t(`visibility.verdicts.${each}`),
          }))}
        />
        <TextField
          label={t('visibility.note')}
          optional
          maxLength={500}
          value={rule.note ?? ''}
          onChange={(note) => {
            setRule({ ...rule, note: note === '' ? null : note });
          }}
        />
      </FormShell>
    </Dialog>
  );
}

/** Who may see and contact whom: the first rule that fits decides. */
export default function VisibilityView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const [state, model] = useViewModel(() => new VisibilityViewModel(services));
  const partyText = usePartyText(state.departmentNames);
  const { dirty } = state;
  useEffect(() => {
    if (!dirty) return;
    const warn = (event: BeforeUnloadEvent): void => {
      event.preventDefault();
    };
    addEventListener('beforeunload', warn);
    return () => {
      removeEventListener('beforeunload', warn);
    };
  }, [dirty]);
  const tones = { all: 'good', see: 'info', none: 'warn' } as const;
  return (
    <>
      <PageHead
        title={t('visibility.title')}
        intro={t('visibility.intro')}
        actions={
          <Button
            kind="primary"
            size="md"
            Icon={PlusIcon}
            onClick={() => {
              model.edit('new');
            }}
          >
            {t('visibility.add')}
          </Button>
        }
      />
      <Card flush>
        <Loaded of={state.rules}>
          {(rules) => (
            <>
              {rules.some((draft) => draft.ended.length > 0) && (
                <div className="o-pad">
                  <Banner tone="warn" title={t('visibility.broken')}>
                    {t('visibility.broken_text')}
                  </Banner>
                </div>
              )}
              {rules.length === 0 ? (
                <EmptyState
                  Icon={VisibleIcon}
                  title={t('visibility.empty')}
                  text={t('visibility.empty_text')}
                />
              ) : (
                <ol className="o-rules">
                  {rules.map((draft, index) => (
                    <li key={draft.key} className="o-rule">
                      <span className="o-rule__number">{index + 1}</span>
                      <div>
                        <p>
                          {t('visibility.sentence', {
                            viewer: partyText(draft.rule.viewer, draft.ended),
                            target: partyText(draft.rule.target, draft.ended),
                          })}
                        </p>
                        <div className="q-row">
                          <Tag tone={tones[verdictOf(draft.rule)]}>
                            {t(`visibility.verdicts.${verdictOf(draft.rule)}`)}
                          </Tag>
                          {draft.ended.length > 0 && (
                            <Tag tone="bad">
                              {t('visibility.names_ended', {
                                names: format.list(draft.ended.map((each) => each.name)),
                              })}
                            </Tag>
                          )}
                          {draft.rule.note && <span className="q-muted q-small">{draft.rule.note}</span>}
                        </div>
                      </div>
                      <div className="o-rule__actions">
                        <IconAction
                          label={t('visibility.up', { number: index + 1 })}
                          Icon={UpIcon}
                          disabled={index === 0}
                          onClick={() => {
                            model.shift(draft, -1);
                          }}
                        />
                        <IconAction
                          label={t('visibility.down', { number: index + 1 })}
                          Icon={DownIcon}
                          disabled={index === rules.length - 1}
                          onClick={() => {
                            model.shift(draft, 1);
                          }}
                        />
                        <IconAction
                          label={t('visibility.edit_number', { number: index + 1 })}
                          Icon={EditIcon}
                          onClick={() => {
                            model.edit(draft);
                          }}
                        />
                        <IconAction
                          label={t('visibility.remove_number', { number: index + 1 })}
                          Icon={DeleteIcon}
                          destructive
                          onClick={() => {
                            model.remove(draft);
                          }}
                        />
                      </div>
                    </li>
                  ))}
                  <li className="o-rule">
                    <span className="o-rule__number">{rules.length + 1}</span>
                    <p className="q-muted">{t('visibility.otherwise')}</p>
                  </li>
                </ol>
              )}
              {dirty && (
                <div className="o-sticky-foot">
                  <span className="q-muted">{t('visibility.unsaved')}</span>
                  <Button kind="secondary" size="md" disabled={state.busy} onClick={() => void model.load()}>
                    {t('visibility.discard')}
                  </Button>
                  <Button kind="primary" size="md" disabled={state.busy} onClick={() => void model.save()}>
                    {t('save')}
                  </Button>
                </div>
              )}
            </>
          )}
        </Loaded>
      </Card>
      <p className="q-sr" role="status">
        {state.said}
      </p>
      {state.editing && <RuleDialog state={state} model={model} />}
    </>
  );
}
