import { platformErrors, type Locale } from '@qiao/platform';
import type { ManagedNotice, Notice } from '../../contract/index.ts';
import type { Base } from '../context.ts';
import { namesOf } from '../people.ts';
import type { NoticeForReader, NoticeRow } from './notices.repository.ts';

export type Presenter = ReturnType<typeof createPresenter>;

/** Notices as the interface shows them, with names in the caller's language. */
export function createPresenter({ context, org }: Pick<Base, 'context' | 'org'>) {
  const { texts } = context;

  const roleName = (locale: Locale, role: { name: string; builtin: string | null }): string =>
    role.builtin === null ? role.name : texts.t(locale, `org:roles.${role.builtin}`);

  async function presentManaged(rows: readonly NoticeRow[], locale: Locale): Promise<ManagedNotice[]> {
    const name = await namesOf(
      org,
      rows.map((row) => row.author),
    );
    const names = new Map<string, string>();
    const departments = new Set(rows.flatMap((row) => row.audience.departments.map((one) => one.id)));
    for (const id of departments) {
      const found = await org.department(id);
      if (found !== undefined) names.set(id, found.name);
    }
    if (rows.some((row) => row.audience.roles.length > 0))
      for (const role of await org.roles()) names.set(role.id, roleName(locale, role));
    return rows.map((row) => ({
      id: row.id,
      version: row.version,
      state: row.state,
      title: row.title,
      body: row.body,
      confirm: row.confirm,
      audience: row.audience,
      names: Object.fromEntries(
        [...row.audience.departments.map((one) => one.id), ...row.audience.roles].flatMap((id) => {
          const found = names.get(id);
          return found === undefined ? [] : [[id, found]];
        }),
      ),
      author: name(row.author),
      created_at: row.created_at.toISOString(),
      scheduled_at: row.scheduled_at?.toISOString() ?? null,
      sent_at: row.sent_at?.toISOString() ?? null,
      recalled_at: row.recalled_at?.toISOString() ?? null,
      problem: row.problem,
    }));
  }
  const presentOne = async (row: NoticeRow, locale: Locale): Promise<ManagedNotice> => {
    const [item] = await presentManaged([row], locale);
    if (item === undefined) throw platformErrors.not_found();
    return item;
  };

  async function present(rows: readonly NoticeForReader[]): Promise<Notice[]> {
    const name = await namesOf(
      org,
      rows.map((row) => row.author),
    );
    return rows.map((row) => {
      const recalled = row.state === 'recalled';
      return {
        id: row.id,
        recalled,
        title: recalled ? null : row.title,
        body: recalled ? null : row.body,
        confirm: row.confirm,
        author: name(row.author),
        sent_at: (row.sent_at ?? row.created_at).toISOString(),
        seen_at: row.seen_at?.toISOString() ?? null,
        confirmed_at: row.confirmed_at?.toISOString() ?? null,
      };
    });
  }

  return { roleName, presentManaged, presentOne, present };
}
