import ChevronIcon from '@vector-im/compound-design-tokens/assets/web/icons/chevron-down';
import { Dialog, Fold, NoFold, useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { UnreadCount } from '../../components/UnreadCount.tsx';
import type { SpaceNode } from '../../matrix/rooms-spaces.ts';

function Node(props: {
  node: SpaceNode;
  chosen: string | undefined;
  onChoose: (roomId: string) => void;
}): ReactNode {
  const { node } = props;
  const { t } = useText('rooms');
  const [open, setOpen] = useState(node.company || holds(node, props.chosen));
  const more = node.spaces.length > 0;
  return (
    <li>
      <div className="c-space" data-chosen={node.roomId === props.chosen}>
        {more ? (
          <Fold
            label={t('spaces.below', { name: node.name })}
            open={open}
            onToggle={() => {
              setOpen(!open);
            }}
          />
        ) : (
          <NoFold />
        )}
        <button
          type="button"
          className="c-space__name"
          aria-pressed={node.roomId === props.chosen}
          onClick={() => {
            props.onChoose(node.roomId);
          }}
        >
          <bdi>{node.name}</bdi>
          <UnreadCount unread={node.unread} mentions={node.mentions} quiet />
        </button>
      </div>
      {more && open && (
        <ul>
          {node.spaces.map((inner) => (
            <Node key={inner.roomId} {...props} node={inner} />
          ))}
        </ul>
      )}
    </li>
  );
}

const holds = (node: SpaceNode, roomId: string | undefined): boolean =>
  roomId !== undefined && node.spaces.some((inner) => inner.roomId === roomId || holds(inner, roomId));

/** Narrows the list to a department; says which. */
export function SpacePicker(props: {
  spaces: readonly SpaceNode[];
  chosen: SpaceNode | undefined;
  onChoose: (roomId: string | undefined) => void;
}): ReactNode {
  const { t } = useText('rooms');
  const [open, setOpen] = useState(false);
  const choose = (roomId: string | undefined): void => {
    props.onChoose(roomId);
    setOpen(false);
  };
  if (props.spaces.length === 0) return null;
  return (
    <>
      <button
        type="button"
        className="c-spaces__button"
        aria-haspopup="dialog"
        onClick={() => {
          setOpen(true);
        }}
      >
        <span className="q-sr">{t('spaces.choose')}</span>
        <bdi>{props.chosen?.name ?? t('spaces.all')}</bdi>
        <ChevronIcon width={16} height={16} aria-hidden />
      </button>
      {open && (
        <Dialog
          title={t('spaces.choose')}
          size="small"
          onClose={() => {
            setOpen(false);
          }}
        >
          <ul className="c-spaces">
            <li>
              <div className="c-space" data-chosen={props.chosen === undefined}>
                <NoFold />
                <button
                  type="button"
                  className="c-space__name"
                  aria-pressed={props.chosen === undefined}
                  onClick={() => {
                    choose(undefined);
                  }}
                >
                  {t('spaces.all')}
                </button>
              </div>
            </li>
            {props.spaces.map((node) => (
              <Node key={node.roomId} node={node} chosen={props.chosen?.roomId} onChoose={choose} />
            ))}
          </ul>
        </Dialog>
      )}
    </>
  );
}
