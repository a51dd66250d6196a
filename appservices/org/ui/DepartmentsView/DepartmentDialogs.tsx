import type { Department, PersonRef } from '@qiao/org/contract';
import {
  Banner,
  CheckField,
  CloseButton,
  Dialog,
  DialogFoot,
  Field,
  FormShell,
  PersonLine,
  RadioCards,
  Select,
  TextField,
  useText,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { DepartmentPicker, PersonPicker, type DepartmentRef } from '../parts/pickers.tsx';
import type { DepartmentsSnapshot, DepartmentsViewModel } from './DepartmentsViewModel.ts';
import { childrenOf, isWithin } from './tree.ts';

interface Props {
  state: DepartmentsSnapshot;
  model: DepartmentsViewModel;
}
const MAX_NAME = 200;

function AddDialog({ state, model, parent }: Props & { parent: Department | undefined }): ReactNode {
  const { t } = useText('org');
  const [name, setName] = useState('');
  const [tried, setTried] = useState(false);
  const [above, setAbove] = useState<DepartmentRef | undefined>(parent);
  const [hidden, setHidden] = useState(false);
  const [includeSub, setIncludeSub] = useState(false);
  const missing = above === undefined && !state.canAddTop;
  return (
    <Dialog
      title={t('departments.add')}
      onClose={model.close}
      footer={
        <DialogFoot
          form="department"
          label={t('departments.add')}
          onClose={model.close}
          disabled={state.busy}
        />
      }
    >
      <FormShell
        id="department"
        onSubmit={() => {
          setTried(true);
          if (name.trim() === '' || missing) return;
          void model.add({
            name: name.trim(),
            parent_id: above?.id ?? null,
            hidden,
            include_sub: includeSub,
          });
        }}
      >
        <TextField
          label={t('departments.name')}
          value={name}
          maxLength={MAX_NAME}
          autoFocus
          error={tried && name.trim() === '' ? t('required') : undefined}
          onChange={setName}
        />
        <DepartmentPicker
          label={t('departments.parent')}
          optional={state.canAddTop}
          help={state.canAddTop ? t('departments.parent_help') : undefined}
          error={tried && missing ? t('required') : undefined}
          value={above}
          onChange={setAbove}
          filter={editable}
        />
        <CheckField
          label={t('departments.hidden_label')}
          help={t('departments.hidden_help')}
          checked={hidden}
          onChange={setHidden}
        />
        <CheckField
          label={t('departments.include_sub_label')}
          help={t('departments.include_sub_help')}
          checked={includeSub}
          onChange={setIncludeSub}
        />
      </FormShell>
    </Dialog>
  );
}

const editable = (department: Department): boolean => department.editable;

function EditDialog({ state, model, department }: Props & { department: Department }): ReactNode {
  const { t } = useText('org');
  const [name, setName] = useState(department.name);
  const [hidden, setHidden] = useState(department.hidden);
  const [includeSub, setIncludeSub] = useState(department.include_sub);
  return (
    <Dialog
      title={t('departments.edit_title', { name: department.name })}
      onClose={model.close}
      footer={<DialogFoot form="department" label={t('save')} onClose={model.close} disabled={state.busy} />}
    >
      <FormShell
        id="department"
        onSubmit={() => {
          if (name.trim() !== '') {
            void model.edit(department, { name: name.trim(), hidden, include_sub: includeSub });
          }
        }}
      >
        <TextField
          label={t('departments.name')}
          value={name}
          maxLength={MAX_NAME}
          autoFocus
          error={name.trim() === '' ? t('required') : undefined}
          help={t('departments.rename_help')}
          onChange={setName}
        />
        <CheckField
          label={t('departments.hidden_label')}
          help={t('departments.hidden_help')}
          checked={hidden}
          onChange={setHidden}
        />
        <CheckField
          label={t('departments.include_sub_label')}
          help={t('departments.include_sub_help')}
          checked={includeSub}
          onChange={setIncludeSub}
        />
      </FormShell>
    </Dialog>
  );
}

function MoveDialog({ state, model, department }: Props & { department: Department }): ReactNode {
  const { t } = useText('org');
  const parent = department.parent_id === null ? undefined : state.tree.byId.get(department.parent_id);
  const [above, setAbove] = useState<DepartmentRef | undefined>(parent);
  const siblings = childrenOf(state.tree, above?.id ?? null).filter((each) => each.id !== department.id);
  const [index, setIndex] = useState<string>('last');
  const [filter] = useState(
    () => (each: Department) => each.editable && !isWithin(state.tree, each.id, department.id),
  );
  return (
    <Dialog
      title={t('departments.move_title', { name: department.name })}
      intro={t('departments.move_intro')}
      onClose={model.close}
      footer={
        <DialogFoot
          form="department"
          label={t('departments.move')}
          onClose={model.close}
          disabled={state.busy || (!above && !state.canAddTop)}
        />
      }
    >
      <FormShell
        id="department"
        onSubmit={() => {
          model.close();
          void model.move(department, {
            parent: above?.id ?? null,
            index: index === 'last' ? siblings.length : Number(index),
          });
        }}
      >
        <DepartmentPicker
          label={t('departments.new_parent')}
          optional={state.canAddTop}
          help={state.canAddTop ? t('departments.parent_help') : undefined}
          value={above}
          onChange={(choice) => {
            setAbove(choice);
            setIndex('last');
          }}
          filter={filter}
        />
        <Field label={t('departments.place')}>
          {(ids) => (
            <Select
              {...ids}
              value={index}
              onChange={setIndex}
              options={[
                ...siblings.map((each, position) => ({
                  value: String(position),
                  label: t('departments.place_before', { name: each.name }),
                })),
                { value: 'last', label: t('departments.place_last') },
              ]}
            />
          )}
        </Field>
      </FormShell>
    </Dialog>
  );
}

function MergeDialog({ state, model, department }: Props & { department: Department }): ReactNode {
  const { t } = useText('org');
  const [into, setInto] = useState<DepartmentRef | undefined>();
  const [filter] = useState(
    () => (each: Department) => each.editable && !isWithin(state.tree, each.id, department.id),
  );
  return (
    <Dialog
      title={t('departments.merge_title', { name: department.name })}
      intro={t('departments.merge_intro', { count: department.total_count })}
      onClose={model.close}
      footer={
        <DialogFoot
          form="department"
          label={t('departments.merge')}
          onClose={model.close}
          disabled={state.busy || !into}
          destructive
        />
      }
    >
      <FormShell
        id="department"
        onSubmit={() => {
          if (into) void model.merge(department, into);
        }}
      >
        <DepartmentPicker
          label={t('departments.merge_into')}
          value={into}
          onChange={setInto}
          filter={filter}
        />
      </FormShell>
    </Dialog>
  );
}

function EndDialog({ state, model, department }: Props & { department: Department }): ReactNode {
  const { t } = useText('org');
  const [mode, setMode] = useState<'dissolve' | 'convert'>('dissolve');
  const [to, setTo] = useState<DepartmentRef | undefined>(
    department.parent_id === null ? undefined : state.tree.byId.get(department.parent_id),
  );
  const [filter] = useState(
    () => (each: Department) => each.editable && !isWithin(state.tree, each.id, department.id),
  );
  const below = childrenOf(state.tree, department.id).length;
  const needed = department.total_count > 0 || below > 0;
  return (
    <Dialog
      title={t('departments.end_title', { name: department.name })}
      intro={t('departments.end_rules')}
      onClose={model.close}
      footer={
        <DialogFoot
          form="department"
          label={mode === 'dissolve' ? t('departments.dissolve') : t('departments.convert')}
          onClose={model.close}
          disabled={state.busy || (needed && !to)}
          destructive
        />
      }
    >
      <FormShell
        id="department"
        onSubmit={() => {
          if (!needed || to) void model.end(department, mode, to?.id);
        }}
      >
        <RadioCards
          label={t('departments.end_mode')}
          value={mode}
          onChange={(value) => {
            setMode(value === 'convert' ? 'convert' : 'dissolve');
          }}
          options={[
            { value: 'dissolve', label: t('departments.dissolve'), help: t('departments.dissolve_help') },
            { value: 'convert', label: t('departments.convert'), help: t('departments.convert_help') },
          ]}
        />
        {needed && (
          <DepartmentPicker
            label={t('departments.people_go_to')}
            help={t('departments.people_go_to_help', { count: department.total_count })}
            value={to}
            onChange={setTo}
            filter={filter}
          />
        )}
      </FormShell>
    </Dialog>
  );
}

function HeadsDialog({ state, model, department }: Props & { department: Department }): ReactNode {
  const { t } = useText('org');
  const [heads, setHeads] = useState<readonly PersonRef[]>(department.heads);
  return (
    <Dialog
      title={t('departments.heads_title', { name: department.name })}
      intro={t('departments.heads_intro')}
      onClose={model.close}
      footer={<DialogFoot form="department" label={t('save')} onClose={model.close} disabled={state.busy} />}
    >
      <FormShell
        id="department"
        onSubmit={() => {
          void model.setHeads(department, heads);
        }}
      >
        {heads.length > 1 && <Banner tone="info" title={t('departments.heads_several')} />}
        {heads.length > 0 && (
          <ul className="o-picked-list">
            {heads.map((head) => (
              <li key={head.id}>
                <PersonLine id={head.user_id} name={head.display_name} note={head.title} />
                <span className="o-remove">
                  <CloseButton
                    onClick={() => {
                      setHeads(heads.filter((each) => each.id !== head.id));
                    }}
                  />
                </span>
              </li>
            ))}
          </ul>
        )}
        <PersonPicker
          key={heads.length}
          label={t('departments.add_head')}
          value={undefined}
          onChange={(person) => {
            if (person && !heads.some((head) => head.id === person.id)) setHeads([...heads, person]);
          }}
        />
      </FormShell>
    </Dialog>
  );
}

/** The dialog that is open, if one is. */
export function DepartmentDialogs({ state, model }: Props): ReactNode {
  const { dialog } = state;
  if (!dialog) return null;
  if (dialog.kind === 'add') return <AddDialog state={state} model={model} parent={dialog.parent} />;
  const given = { state, model, department: state.tree.byId.get(dialog.department.id) ?? dialog.department };
  switch (dialog.kind) {
    case 'edit':
      return <EditDialog {...given} />;
    case 'move':
      return <MoveDialog {...given} />;
    case 'merge':
      return <MergeDialog {...given} />;
    case 'end':
      return <EndDialog {...given} />;
    case 'heads':
      return <HeadsDialog {...given} />;
  }
}
