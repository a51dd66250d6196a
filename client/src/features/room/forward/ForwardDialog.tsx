import { Busy, Dialog, useGo, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../../matrix/context.tsx';
import type { RoomEntry } from '../../../matrix/rooms.ts';
import type { Message } from '../../../matrix/timeline-types.ts';
import { Finder } from '../../finder/Finder.tsx';
import { FinderViewModel, type FinderItem } from '../../finder/FinderViewModel.ts';
import { noteOf, usePeopleSearch, type FoundPerson } from '../../finder/people.ts';
import { roomsAndPeopleSource } from '../../finder/sources.ts';
import { ForwardViewModel } from './ForwardViewModel.ts';

/** Asks for a conversation or a person, and sends a copy of a message there. */
export default function ForwardDialog(props: { message: Message; onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { toasts, confirm, attempt } = useServices();
  const matrix = useMatrix();
  const search = usePeopleSearch();
  const go = useGo();
  const { message, onClose } = props;
  const [state, model] = useViewModel(() => new ForwardViewModel(matrix, message));
  const [found, finder] = useViewModel(() => new FinderViewModel(roomsAndPeopleSource(search, model.find)));
  const send = (roomId: string, name: string): void => {
    if (!model.send(roomId)) return;
    onClose();
    toasts.success(t('forward.done', { name }), {
      label: t('forward.open'),
      run: () => void go(`/room/${encodeURIComponent(roomId)}`),
    });
  };
  const toRoom = async (entry: RoomEntry): Promise<void> => {
    if (model.exposes(entry)) {
      const yes = await confirm.ask({
        title: t('forward.exposes_title', { name: entry.name }),
        body: t('forward.exposes_text'),
        confirm: t('forward.action'),
        destructive: true,
      });
      if (!yes) return;
    }
    send(entry.roomId, entry.name);
  };
  const toPerson = async (person: FoundPerson): Promise<void> => {
    const chat = model.chatWith(person);
    if (chat) {
      await toRoom(chat);
      return;
    }
    // Two people may have one name, and this begins something: it is asked who is meant.
    const yes = await confirm.ask({
      title: t('forward.begins_title', { name: person.name }),
      body: t('forward.begins_text', { note: noteOf(person) }),
      confirm: t('forward.action'),
    });
    if (!yes) return;
    const begun = await attempt(() => model.begin(person));
    if (begun.ok) send(begun.value, person.name);
  };
  const choose = (item: FinderItem): void => {
    if (state.busy) return;
    void (item.kind === 'room' ? toRoom(item.entry) : toPerson(item.person));
  };
  if (state.gone) {
    return (
      <Dialog title={t('forward.title')} size="small" onClose={onClose}>
        <p role="alert">{t('forward.gone')}</p>
      </Dialog>
    );
  }
  return (
    <Dialog title={t('forward.title')} size="small" intro={t('forward.help')} onClose={onClose}>
      <Finder
        model={finder}
        state={found}
        onChoose={choose}
        roomNote={(entry) => (model.exposes(entry) ? t('forward.not_encrypted') : undefined)}
        texts={{ find: t('forward.find'), placeholder: t('forward.find'), found: t('forward.found') }}
      />
      {state.busy && <Busy label={t('forward.busy')} />}
    </Dialog>
  );
}
