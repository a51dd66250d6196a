import GroupIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import { cx } from '@qiao/ui-kit';
import { useEffect, useRef, type ReactNode } from 'react';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import type { Suggestion } from './completions.ts';

export const completionId = (listId: string, index: number): string => `${listId}-${String(index)}`;

/** What could be meant; the editor keeps the focus, its keys move the choice. */
export function CompletionList(props: {
  id: string;
  label: string;
  items: readonly Suggestion[];
  active: number;
  onChoose: (index: number) => void;
}): ReactNode {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[props.active]?.scrollIntoView({ block: 'nearest' });
  }, [props.active]);
  return (
    <ul ref={list} id={props.id} className="c-completions" role="listbox" aria-label={props.label}>
      {props.items.map((item, index) => (
        <li
          key={item.key}
          id={completionId(props.id, index)}
          role="option"
          aria-selected={index === props.active}
          className="c-completions__item"
          // A press would take the focus from the editor, and with it what is completed.
          onPointerDown={(event) => {
            event.preventDefault();
          }}
          onClick={() => {
            props.onChoose(index);
          }}
        >
          {item.avatar ? (
            <MatrixAvatar id={item.avatar.id} name={item.title} mxc={item.avatar.mxc} size={32} />
          ) : item.sign === undefined ? (
            <GroupIcon width={24} height={24} aria-hidden />
          ) : (
            <span className="c-completions__sign" aria-hidden>
              {item.sign}
            </span>
          )}
          <span className={cx('c-completions__text', item.avatar && 'c-completions__text--person')}>
            <bdi>{item.title}</bdi>
            <span className="c-completions__detail">{item.detail}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
