import LockIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-solid';
import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Dialog,
  TextField,
  useGo,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { Finder } from '../finder/Finder.tsx';
import { FinderViewModel } from '../finder/FinderViewModel.ts';
import { usePeopleSearch } from '../finder/people.ts';
import { peopleSource } from '../finder/sources.ts';
import { WhoWaits } from '../finder/WhoWaits.tsx';
import { newChat } from './new-chat.ts';
import { MAX_GROUP_NAME, NewChatViewModel } from './NewChatViewModel.ts';
import { roomPath } from './RoomRow.tsx';

/** Names told in the name of a group that was given none. */
const NAMES_TOLD = 4;

function NewChat(): ReactNode {
  const { t, format } = useText('rooms');
  const { explain, toasts } = useServices();
  const { rooms, ownProfile } = useMatrix();
  const own = useSnapshot(ownProfile);
  const search = usePeopleSearch();
  const go = useGo();
  const [found, people] = useViewModel(() => new FinderViewModel(peopleSource(search), { several: true }));
  const [state, model] = useViewModel(
    () =>
      // The same for everybody in it: who begins it stands first, and no language has its own word between the names.
      new NewChatViewModel(rooms, (chosen) =>
        [own, ...chosen]
          .slice(0, NAMES_TOLD)
          .map((person) => person.name)
          .join(t('new.between_names')),
      ),
  );
  const { chosen } = found;
  const group = chosen.length > 1;
  const external = chosen.filter((person) => person.server !== undefined);
  const create = async (): Promise<void> => {
    const made = await model.create(chosen);
    if (!made) return;
    newChat.close();
    if (made.leftOut.length > 0)
      toasts.show({
        kind: 'error',
        text: t('new.left_out', { names: format.list(made.leftOut.map((person) => person.name)) }),
      });
    await go(roomPath(made.roomId));
  };
  return (
    <Dialog
      title={t('new.title')}
      onClose={newChat.close}
      footer={
        <>
          <Button kind="secondary" size="md" onClick={newChat.close}>
            {t('new.cancel')}
          </Button>
          <Button
            kind="primary"
            size="md"
            disabled={chosen.length === 0 || state.busy}
            onClick={() => void create()}
          >
            {state.busy ? t('new.busy') : group ? t('new.create_group') : t('new.create')}
          </Button>
        </>
      }
    >
      <div className="q-stack">
        <Finder model={people} state={found} texts={{ idle: t('new.help') }} />
        {group && (
          <TextField
            label={t('new.name')}
            optional
            maxLength={MAX_GROUP_NAME}
            value={state.name}
            onChange={model.rename}
            help={t('new.name_help')}
          />
        )}
        {external.length > 0 && (
          <Banner tone="warn" title={t('new.external')}>
            {t('new.external_text', { names: format.list(external.map((person) => person.name)) })}
          </Banner>
        )}
        <WhoWaits people={chosen} />
        {chosen.length > 0 && (
          <p className="c-encrypted q-muted">
            <LockIcon width={16} height={16} aria-hidden />
            {t('new.encrypted')}
          </p>
        )}
        {state.error && (
          <Banner tone="bad" title={t('new.failed')} live>
            {explain(state.error)}
          </Banner>
        )}
      </div>
    </Dialog>
  );
}

/** The window that begins a chat, while it is open. */
export function NewChatHost(): ReactNode {
  const { open } = useSnapshot(newChat);
  return open ? <NewChat /> : null;
}
