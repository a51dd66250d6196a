import type { Grant, PermissionList, PersonRef, Role } from '@qiao/org/contract';
import {
  holds,
  LOADING,
  ViewModel,
  watch,
  watchPages,
  type Pages,
  type Remote,
  type Services,
} from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

export type Permission = Static<typeof PermissionList>['items'][number];
export type RolesDialog =
  { readonly kind: 'role'; readonly role: Role | undefined } | { readonly kind: 'grant' };

export interface RolesSnapshot {
  readonly roles: Remote<readonly Role[]>;
  readonly permissions: Remote<readonly Permission[]>;
  readonly grants: Remote<Pages<Grant>>;
  readonly dialog: RolesDialog | undefined;
  readonly busy: boolean;
  readonly canEdit: boolean;
  readonly canGrant: boolean;
  /** Grants over the whole company may be made. */
  readonly canGrantCompany: boolean;
}

/** Roles as sets of permissions, and who has which over what. */
export class RolesViewModel extends ViewModel<RolesSnapshot> {
  readonly #services: Services;

  constructor(services: Services) {
    super({
      roles: LOADING,
      permissions: LOADING,
      grants: LOADING,
      dialog: undefined,
      busy: false,
      canEdit: holds(services.session, 'org.role.edit', 'company'),
      canGrant: holds(services.session, 'org.role.grant'),
      canGrantCompany: holds(services.session, 'org.role.grant', 'company'),
    });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const watching = [
      watch<readonly Role[]>(
        queries,
        { key: keys.roles, load: async (signal) => (await api.call(orgApi.roles, { signal })).items },
        (roles) => {
          this.set({ roles });
        },
      ),
      watch<readonly Permission[]>(
        queries,
        {
          key: keys.permissions,
          load: async (signal) => (await api.call(orgApi.permissions, { signal })).items,
        },
        (permissions) => {
          this.set({ permissions });
        },
      ),
      watchPages<Grant>(
        queries,
        {
          key: keys.grants,
          load: (after, signal) =>
            api.call(orgApi.grants, { query: after === undefined ? {} : { after }, signal }),
        },
        (grants) => {
          this.set({ grants });
        },
      ),
    ];
    this.own(() => {
      for (const each of watching) each.end();
    });
  }

  readonly open = (dialog: RolesDialog): void => {
    this.set({ dialog });
  };

  readonly close = (): void => {
    this.set({ dialog: undefined });
  };

  readonly saveRole = async (
    role: Role | undefined,
    name: string,
    permissions: readonly string[],
  ): Promise<void> => {
    const { api, i18n } = this.#services;
    await this.#change(
      () =>
        role
          ? api.call(orgApi.patchRole, {
              params: { id: role.id },
              body: { version: role.version, name, permissions: [...permissions] },
            })
          : api.call(orgApi.createRole, { body: { name, permissions: [...permissions] } }),
      i18n.t('org:saved'),
    );
  };

  readonly deleteRole = async (role: Role): Promise<void> => {
    const { api, i18n, confirm } = this.#services;
    const sure = await confirm.ask({
      title: i18n.t('org:roles.delete_title', { name: role.name }),
      body: i18n.t('org:roles.delete_text'),
      confirm: i18n.t('org:delete'),
      destructive: true,
    });
    if (sure) {
      await this.#change(
        () => api.call(orgApi.deleteRole, { params: { id: role.id } }),
        i18n.t('org:roles.deleted', { name: role.name }),
      );
    }
  };

  readonly grant = async (given: {
    person: PersonRef;
    roleId: string;
    departmentId: string | null;
    /** Last day it holds, ISO 8601; empty: without end. */
    until: string;
  }): Promise<void> => {
    const { api, i18n } = this.#services;
    // To the end of that day where the administrator is.
    const end = given.until === '' ? null : new Date(`${given.until}T23:59:59`).toISOString();
    await this.#change(
      () =>
        api.call(orgApi.createGrant, {
          body: {
            person_id: given.person.id,
            role_id: given.roleId,
            department_id: given.departmentId,
            ...(end === null ? {} : { ends_at: end }),
          },
        }),
      i18n.t('org:roles.granted', { name: given.person.display_name }),
    );
  };

  readonly revoke = async (grant: Grant): Promise<void> => {
    const { api, i18n, confirm } = this.#services;
    const sure = await confirm.ask({
      title: i18n.t('org:roles.revoke_title'),
      body: i18n.t('org:roles.revoke_text', {
        name: grant.person.display_name,
        role: roleName(i18n.t, grant.role),
      }),
      confirm: i18n.t('org:roles.revoke'),
      destructive: true,
    });
    if (sure) {
      await this.#change(
        () => api.call(orgApi.deleteGrant, { params: { id: grant.id } }),
        i18n.t('org:roles.revoked'),
      );
    }
  };

  async #change(work: () => Promise<unknown>, done: string): Promise<void> {
    this.set({ busy: true });
    const result = await this.#services.attempt(work, {
      done,
      invalidate: [keys.roles, keys.grants, keys.setup],
    });
    this.set({ busy: false, ...(result.ok ? { dialog: undefined } : {}) });
  }
}

/** Built-in roles have names in every language, others the one they were given. */
export const roleName = (
  t: (key: string) => string,
  role: { readonly name: string; readonly builtin: string | null },
): string => (role.builtin === null ? role.name : t(`org:roles.builtin.${role.builtin}`));
