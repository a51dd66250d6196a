import { Button } from '@vector-im/compound-web';
import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/overflow-horizontal';
import PlusIcon from '@vector-im/compound-design-tokens/assets/web/icons/plus';
import AdminIcon from '@vector-im/compound-design-tokens/assets/web/icons/admin';
import type { Department, PersonRef, Role } from '@qiao/org/contract';
import {
  Card,
  CheckField,
  dataOf,
  DataTable,
  Dialog,
  DialogFoot,
  EmptyState,
  FormShell,
  Loaded,
  LoadedPages,
  MenuButton,
  PageHead,
  PersonLine,
  SelectField,
  Tabs,
  Tag,
  TextField,
  useGo,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import '../org.css';
import { DepartmentPicker, PersonPicker, type DepartmentRef } from '../parts/pickers.tsx';
import { roleName, RolesViewModel, type Permission, type RolesSnapshot } from './RolesViewModel.ts';

interface Props {
  state: RolesSnapshot;
  model: RolesViewModel;
}

/** A permission in words: `org.person.edit` is the key `permissions.org_person_edit`. */
function usePermissionName(): (name: string) => string {
  const { t } = useText('org');
  const { i18n } = useServices();
  return (name) => {
    const key = name.replaceAll('.', '_');
    return i18n.instance.exists(`org:permissions.${key}`) ? t(`permissions.${key}`) : name;
  };
}

function RoleDialog({ state, model, role }: Props & { role: Role | undefined }): ReactNode {
  const { t } = useText('org');
  const nameOf = usePermissionName();
  const [name, setName] = useState(role?.name ?? '');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(role?.permissions));
  const [tried, setTried] = useState(false);
  const permissions = dataOf(state.permissions) ?? [];
  return (
    <Dialog
      size="large"
      title={role ? t('roles.edit_title', { name: role.name }) : t('roles.add')}
      onClose={model.close}
      footer={<DialogFoot form="role" label={t('save')} onClose={model.close} disabled={state.busy} />}
    >
      <FormShell
        id="role"
        onSubmit={() => {
          setTried(true);
          if (name.trim() !== '' && chosen.size > 0) void model.saveRole(role, name.trim(), [...chosen]);
        }}
      >
        <TextField
          label={t('roles.name')}
          value={name}
          maxLength={200}
          autoFocus
          error={tried && name.trim() === '' ? t('required') : undefined}
          onChange={setName}
        />
        <fieldset>
          <legend className="q-field__label o-legend">{t('roles.may')}</legend>
          <div className="o-permissions">
            {permissions.map((permission) => (
              <CheckField
                key={permission.name}
                label={nameOf(permission.name)}
                help={permission.scopes.includes('department') ? undefined : t('roles.company_only')}
                checked={chosen.has(permission.name)}
                onChange={(on) => {
                  const next = new Set(chosen);
                  if (on) next.add(permission.name);
                  else next.delete(permission.name);
                  setChosen(next);
                }}
              />
            ))}
          </div>
          {tried && chosen.size === 0 && <p className="q-field__error">{t('roles.at_least')}</p>}
        </fieldset>
      </FormShell>
    </Dialog>
  );
}

const editable = (department: Department): boolean => department.state === 'active';

function GrantDialog({ state, model }: Props): ReactNode {
  const { t } = useText('org');
  const { i18n } = useServices();
  const roles = (dataOf(state.roles) ?? []).filter((role) => role.builtin !== 'member');
  const [person, setPerson] = useState<PersonRef | undefined>();
  // The roles may come after the dialog was opened: what is proposed is not kept.
  const [chosenRole, setChosenRole] = useState<string>();
  const [scope, setScope] = useState<'company' | 'department'>('department');
  const [department, setDepartment] = useState<DepartmentRef | undefined>();
  const [until, setUntil] = useState('');
  const [tried, setTried] = useState(false);
  const role =
    chosenRole === undefined
      ? (roles.find((each) => each.builtin === 'department_admin') ?? roles[0])
      : roles.find((each) => each.id === chosenRole);
  const permissions = dataOf(state.permissions) ?? [];
  // A role with a permission that only exists for the company cannot be held over a department.
  const companyOnly =
    role?.permissions.some((name) =>
      permissions.some((each) => each.name === name && !each.scopes.includes('department')),
    ) ?? false;
  const wide = (companyOnly || scope === 'company') && state.canGrantCompany;
  return (
    <Dialog
      title={t('roles.grant')}
      intro={t('roles.grant_intro')}
      onClose={model.close}
      footer={
        <DialogFoot
          form="grant"
          label={t('roles.grant')}
          onClose={model.close}
          disabled={state.busy || !role}
        />
      }
    >
      <FormShell
        id="grant"
        onSubmit={() => {
          setTried(true);
          if (!person || !role || (!wide && !department)) return;
          void model.grant({
            person,
            roleId: role.id,
            departmentId: wide ? null : (department?.id ?? null),
            until,
          });
        }}
      >
        <PersonPicker
          label={t('roles.person')}
          error={tried && !person ? t('required') : undefined}
          value={person}
          onChange={setPerson}
        />
        <SelectField
          label={t('roles.role')}
          value={role?.id ?? ''}
          onChange={setChosenRole}
          options={roles.map((each) => ({ value: each.id, label: roleName(i18n.t, each) }))}
        />
        {state.canGrantCompany && (
          <SelectField
            label={t('roles.scope')}
            help={companyOnly ? t('roles.scope_company_only') : undefined}
            disabled={companyOnly}
            value={wide ? 'company' : 'department'}
            onChange={(value) => {
              setScope(value === 'company' ? 'company' : 'department');
            }}
            options={[
              { value: 'department', label: t('roles.scope_department') },
              { value: 'company', label: t('roles.scope_company') },
            ]}
          />
        )}
        {!wide && (
          <DepartmentPicker
            label={t('roles.over')}
            help={t('roles.over_help')}
            error={tried && !department ? t('required') : undefined}
            value={department}
            onChange={setDepartment}
            filter={editable}
          />
        )}
        <TextField
          label={t('roles.until')}
          help={t('roles.until_help')}
          optional
          type="date"
          value={until}
          min={new Date().toISOString().slice(0, 10)}
          onChange={setUntil}
        />
      </FormShell>
    </Dialog>
  );
}

function Matrix({
  state,
  model,
  roles,
  permissions,
}: Props & { roles: readonly Role[]; permissions: readonly Permission[] }): ReactNode {
  const { t } = useText('org');
  const { i18n } = useServices();
  const nameOf = usePermissionName();
  return (
    <div className="o-matrix" tabIndex={0} role="region" aria-label={t('roles.table')}>
      <table>
        <caption className="q-sr">{t('roles.table')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('roles.permission')}</th>
            {roles.map((role) => (
              <th key={role.id} scope="col">
                <span className="o-matrix__name">{roleName(i18n.t, role)}</span>
                <span className="q-muted q-small">{t('roles.grant_count', { count: role.grant_count })}</span>
                {state.canEdit && role.builtin === null && (
                  <MenuButton
                    label={t('roles.actions_for', { name: role.name })}
                    entries={[
                      {
                        label: t('edit'),
                        onSelect: () => {
                          model.open({ kind: 'role', role });
                        },
                      },
                      { label: t('delete'), destructive: true, onSelect: () => void model.deleteRole(role) },
                    ]}
                  >
                    <MoreIcon width={18} height={18} aria-hidden />
                  </MenuButton>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {permissions.map((permission) => (
            <tr key={permission.name}>
              <th scope="row">
                {nameOf(permission.name)}
                {!permission.scopes.includes('department') && (
                  <span className="q-muted q-small o-block">{t('roles.company_only')}</span>
                )}
              </th>
              {roles.map((role) => (
                <td key={role.id}>
                  {role.permissions.includes(permission.name) ? (
                    <>
                      <CheckIcon width={20} height={20} aria-hidden />
                      <span className="q-sr">{t('roles.yes')}</span>
                    </>
                  ) : (
                    <>
                      <span className="o-matrix__none" aria-hidden>
                        –
                      </span>
                      <span className="q-sr">{t('roles.no')}</span>
                    </>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Who may do what: grants, and the roles they are made of. */
export default function RolesView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const go = useGo();
  const [state, model] = useViewModel(() => new RolesViewModel(services));
  const [tab, setTab] = useState('grants');
  const { dialog } = state;
  const { i18n } = services;
  return (
    <>
      <PageHead
        title={t('roles.title')}
        intro={t('roles.intro')}
        actions={
          <>
            {state.canEdit && (
              <Button
                kind="secondary"
                size="md"
                onClick={() => {
                  model.open({ kind: 'role', role: undefined });
                }}
              >
                {t('roles.add')}
              </Button>
            )}
            {state.canGrant && (
              <Button
                kind="primary"
                size="md"
                Icon={PlusIcon}
                onClick={() => {
                  model.open({ kind: 'grant' });
                }}
              >
                {t('roles.grant')}
              </Button>
            )}
          </>
        }
      />
      <Card flush>
        <Tabs
          label={t('roles.title')}
          tabs={[
            { id: 'grants', label: t('roles.tabs.grants') },
            { id: 'roles', label: t('roles.tabs.roles') },
          ]}
          value={tab}
          onChange={setTab}
        >
          {tab === 'grants' ? (
            <LoadedPages
              of={state.grants}
              empty={
                <EmptyState Icon={AdminIcon} title={t('roles.no_grants')} text={t('roles.no_grants_text')} />
              }
            >
              {(grants) => (
                <DataTable
                  caption={t('roles.tabs.grants')}
                  rows={grants}
                  rowKey={(grant) => grant.id}
                  columns={[
                    {
                      id: 'person',
                      header: t('roles.person'),
                      kind: 'main',
                      cell: (grant) => (
                        <PersonLine
                          id={grant.person.user_id}
                          name={grant.person.display_name}
                          note={grant.person.title}
                          onOpen={() => void go(`/people/${grant.person.id}`)}
                        />
                      ),
                    },
                    {
                      id: 'role',
                      header: t('roles.role'),
                      cell: (grant) => roleName(i18n.t, grant.role),
                    },
                    {
                      id: 'scope',
                      header: t('roles.over'),
                      cell: (grant) =>
                        grant.department?.name ?? <Tag tone="info">{t('roles.scope_company')}</Tag>,
                    },
                    {
                      id: 'until',
                      header: t('roles.until'),
                      cell: (grant) =>
                        grant.ends_at === null ? (
                          <span className="q-muted">{t('roles.no_end')}</span>
                        ) : (
                          format.date(grant.ends_at)
                        ),
                    },
                    {
                      id: 'by',
                      header: t('roles.by'),
                      optional: true,
                      cell: (grant) => (
                        <span className="q-muted">
                          {t('roles.by_at', { by: grant.granted_by_name, at: format.date(grant.granted_at) })}
                        </span>
                      ),
                    },
                    {
                      id: 'actions',
                      header: t('actions'),
                      kind: 'actions',
                      cell: (grant) =>
                        state.canGrant && (
                          <MenuButton
                            label={t('roles.actions_for', { name: grant.person.display_name })}
                            entries={[
                              {
                                label: t('roles.revoke'),
                                destructive: true,
                                onSelect: () => void model.revoke(grant),
                              },
                            ]}
                          >
                            <MoreIcon width={20} height={20} aria-hidden />
                          </MenuButton>
                        ),
                    },
                  ]}
                />
              )}
            </LoadedPages>
          ) : (
            <Loaded of={state.roles}>
              {(roles) => (
                <Loaded of={state.permissions}>
                  {(permissions) => (
                    <Matrix state={state} model={model} roles={roles} permissions={permissions} />
                  )}
                </Loaded>
              )}
            </Loaded>
          )}
        </Tabs>
      </Card>
      {dialog?.kind === 'role' && <RoleDialog state={state} model={model} role={dialog.role} />}
      {dialog?.kind === 'grant' && <GrantDialog state={state} model={model} />}
    </>
  );
}
