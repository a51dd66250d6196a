import { Busy, Dialog, useGo, useServices, useSnapshot, useText, useViewModel } from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { FindList } from '../../components/FindList.tsx';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { isUnread } from '../../matrix/rooms.ts';
import { searchPeople } from '../directory/people-search.ts';
import { roomPath } from './RoomRow.tsx';
import { switcher } from './switcher.ts';
import { SwitcherViewModel, type SwitcherItem } from './SwitcherViewModel.ts';
import { previewLine } from './preview.ts';

function Option({ item }: { item: SwitcherItem }): ReactNode {
  const { t } = useText('rooms');
  const { i18n } = useServices();
  const facts =
    item.kind === 'room'
      ? {
          id: item.entry.partner ?? item.entry.roomId,
          name: item.entry.name,
          avatar: item.entry.avatar,
          note: item.entry.invitation ? t('sections.invites') : previewLine(item.entry, t, i18n.t),
          external: item.entry.servers.length > 0,
          square: item.entry.partner === undefined,
          unread: isUnread(item.entry),
        }
      : {
          id: item.person.userId,
          name: item.person.name,
          avatar: item.person.avatar,
          note: item.person.note,
          external: item.person.server !== undefined,
          square: false,
          unread: false,
        };
  return (
    <>
      <span aria-hidden>
        <MatrixAvatar id={facts.id} name={facts.name} mxc={facts.avatar} size={32} square={facts.square} />
      </span>
      <span className="c-find__text">
        <span className="c-find__name">
          <bdi>{facts.name}</bdi>
          {facts.external && <span className="c-external">{t('row.external')}</span>}
        </span>
        <span className="c-switcher__note">
          <bdi>{facts.note}</bdi>
        </span>
      </span>
      {facts.unread && (
        <span className="c-row__dot">
          <span className="q-sr">{t('row.marked')}</span>
        </span>
      )}
    </>
  );
}

function SwitcherDialog(): ReactNode {
  const { t } = useText('rooms');
  const { api, session, attempt } = useServices();
  const { rooms, people } = useMatrix();
  const go = useGo();
  const [state, model] = useViewModel(
    () =>
      new SwitcherViewModel(rooms, (text, signal) => searchPeople({ api, session, people }, text, signal)),
  );
  const choose = (item: SwitcherItem): void => {
    switcher.close();
    if (item.kind === 'room') {
      void go(roomPath(item.entry.roomId));
      return;
    }
    const { person } = item;
    const known = rooms.actions.findDirect(person.userId);
    if (known !== undefined) void go(roomPath(known));
    // Whoever has not been written to is looked at first: a slip of the finger must not invite anybody.
    else void attempt(async () => go(`/person/${encodeURIComponent(person.userId)}`));
  };
  return (
    <Dialog title={t('switcher.title')} onClose={switcher.close}>
      <FindList
        model={model}
        query={state.query}
        items={state.items}
        active={state.active}
        keyOf={(item) => item.key}
        choose={choose}
        option={(item) => <Option item={item} />}
        texts={{
          find: t('switcher.find'),
          placeholder: t('switcher.placeholder'),
          found: t('switcher.found'),
        }}
        none={state.busy ? undefined : state.failed ? t('switcher.failed') : t('switcher.nothing')}
      />
      <p className="c-switcher__foot" role="status">
        {state.busy ? <Busy label={t('switcher.busy')} /> : t('switcher.help')}
      </p>
    </Dialog>
  );
}

/** The quick switcher, with its keys; going back closes it. */
export function Switcher(): ReactNode {
  const { open } = useSnapshot(switcher);
  useEffect(() => {
    const onKeyDown = (event: globalThis.KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      if (event.key.toLowerCase() !== 'k' || event.defaultPrevented) return;
      event.preventDefault();
      if (switcher.getSnapshot().open) switcher.close();
      else switcher.open();
    };
    addEventListener('keydown', onKeyDown);
    addEventListener('popstate', switcher.close);
    return () => {
      removeEventListener('keydown', onKeyDown);
      removeEventListener('popstate', switcher.close);
    };
  }, []);
  return open ? <SwitcherDialog /> : null;
}
