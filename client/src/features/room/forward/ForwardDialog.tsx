import { Dialog, useGo, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { FindList } from '../../../components/FindList.tsx';
import { MatrixAvatar } from '../../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../../matrix/context.tsx';
import type { RoomEntry } from '../../../matrix/rooms.ts';
import type { Message } from '../../../matrix/timeline-types.ts';
import { ForwardViewModel } from './ForwardViewModel.ts';

function Option(props: { entry: RoomEntry; exposes: boolean }): ReactNode {
  const { t } = useText('room');
  const { entry } = props;
  return (
    <>
      <span aria-hidden>
        <MatrixAvatar
          id={entry.partner ?? entry.roomId}
          name={entry.name}
          mxc={entry.avatar}
          size={32}
          square={entry.partner === undefined}
        />
      </span>
      <span className="c-find__text">
        <span className="c-find__name">
          <bdi>{entry.name}</bdi>
          {entry.servers.length > 0 && <span className="c-external">{t('external')}</span>}
        </span>
        {props.exposes && <span className="c-forward__note">{t('forward.not_encrypted')}</span>}
      </span>
    </>
  );
}

/** Asks for a conversation and sends a copy of a message there. */
export default function ForwardDialog(props: { message: Message; onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { toasts, confirm } = useServices();
  const matrix = useMatrix();
  const go = useGo();
  const { message, onClose } = props;
  const [state, model] = useViewModel(() => new ForwardViewModel(matrix, message));
  const choose = async (entry: RoomEntry): Promise<void> => {
    if (model.exposes(entry)) {
      const yes = await confirm.ask({
        title: t('forward.exposes_title', { name: entry.name }),
        body: t('forward.exposes_text'),
        confirm: t('forward.action'),
        destructive: true,
      });
      if (!yes) return;
    }
    if (!model.send(entry)) return;
    onClose();
    toasts.success(t('forward.done', { name: entry.name }), {
      label: t('forward.open'),
      run: () => void go(`/room/${encodeURIComponent(entry.roomId)}`),
    });
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
      <FindList
        model={model}
        query={state.query}
        items={state.rooms}
        active={state.active}
        keyOf={(entry) => entry.roomId}
        choose={(entry) => void choose(entry)}
        option={(entry) => <Option entry={entry} exposes={model.exposes(entry)} />}
        texts={{ find: t('forward.find'), placeholder: t('forward.find'), found: t('forward.found') }}
        none={t('forward.nothing')}
        className="c-forward"
      />
    </Dialog>
  );
}
