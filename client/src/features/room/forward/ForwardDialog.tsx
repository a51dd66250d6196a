import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import { Dialog, isComposing, useGo, useServices, useText, useViewModel } from '@qiao/ui-kit';
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from 'react';
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
      <span className="c-forward__text">
        <span className="c-forward__name">
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
  const list = useId();
  const box = useRef<HTMLUListElement>(null);
  const { message, onClose } = props;
  const [state, model] = useViewModel(() => new ForwardViewModel(matrix, message));
  const { rooms, active } = state;
  useEffect(() => {
    box.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [active, rooms]);
  const choose = async (entry: RoomEntry | undefined): Promise<void> => {
    if (!entry) return;
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
  const onKeyDown = (event: KeyboardEvent): void => {
    if (isComposing(event)) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      model.move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      void choose(rooms[active]);
    }
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
      <div className="q-search c-forward__box">
        <SearchIcon width={18} height={18} aria-hidden />
        <input
          className="q-input"
          type="text"
          role="combobox"
          aria-label={t('forward.find')}
          aria-expanded
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={rooms[active] ? `${list}-${String(active)}` : undefined}
          autoComplete="off"
          placeholder={t('forward.find')}
          value={state.query}
          onChange={(event) => {
            model.type(event.target.value);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul ref={box} id={list} role="listbox" aria-label={t('forward.found')} className="c-forward">
        {rooms.map((entry, index) => (
          <li
            key={entry.roomId}
            id={`${list}-${String(index)}`}
            role="option"
            aria-selected={index === active}
            onPointerMove={() => {
              if (index !== active) model.point(index);
            }}
            onClick={() => {
              void choose(entry);
            }}
          >
            <Option entry={entry} exposes={model.exposes(entry)} />
          </li>
        ))}
        {rooms.length === 0 && (
          <li role="option" aria-selected={false} aria-disabled className="c-forward__none">
            {t('forward.nothing')}
          </li>
        )}
      </ul>
    </Dialog>
  );
}
