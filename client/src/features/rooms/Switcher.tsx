import { Dialog, useGo, useServices, useSnapshot, useText, useViewModel } from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { names } from '../../matrix/people-pinyin.ts';
import { isUnread } from '../../matrix/rooms.ts';
import { personPath } from '../directory/person-path.ts';
import { Finder } from '../finder/Finder.tsx';
import { FinderViewModel, type FinderItem } from '../finder/FinderViewModel.ts';
import { usePeopleSearch } from '../finder/people.ts';
import { roomsAndPeopleSource } from '../finder/sources.ts';
import { findRooms } from './find-rooms.ts';
import { previewLine } from './preview.ts';
import { roomPath } from './RoomRow.tsx';
import { switcher } from './switcher.ts';

function SwitcherDialog(): ReactNode {
  const { t } = useText('rooms');
  const { i18n, attempt } = useServices();
  const { rooms } = useMatrix();
  const search = usePeopleSearch();
  const go = useGo();
  const [state, model] = useViewModel(
    () =>
      new FinderViewModel(
        roomsAndPeopleSource(search, (query) => findRooms(rooms.getSnapshot().rooms, query, names)),
      ),
  );
  const choose = (item: FinderItem): void => {
    switcher.close();
    if (item.kind === 'room') {
      void go(roomPath(item.entry.roomId));
      return;
    }
    const { person } = item;
    const known = rooms.actions.findDirect(person.userId);
    if (known !== undefined) void go(roomPath(known));
    // Whoever has not been written to is looked at first: a slip of the finger must not invite anybody.
    else void attempt(async () => go(personPath(person.userId)));
  };
  return (
    <Dialog title={t('switcher.title')} onClose={switcher.close}>
      <Finder
        model={model}
        state={state}
        onChoose={choose}
        roomNote={(entry) => (entry.invitation ? t('sections.invites') : previewLine(entry, t, i18n.t))}
        isUnread={isUnread}
        texts={{
          find: t('switcher.find'),
          placeholder: t('switcher.placeholder'),
          found: t('switcher.found'),
        }}
      />
      <p className="c-switcher__foot">{t('switcher.help')}</p>
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
