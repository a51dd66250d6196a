import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import { isComposing } from '@qiao/ui-kit';
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from 'react';
import './find-list.css';

/** What a list is found and chosen from by: typing, arrow keys, pointer. */
export interface FindListModel {
  readonly type: (query: string) => void;
  /** @param step 1 or -1 */
  readonly move: (step: number) => void;
  readonly point: (index: number) => void;
}

/**
 * A box to type in over a list to choose from; the focus stays in the box (WAI-ARIA combobox with a listbox).
 * @param props `active`: index of the marked item, -1 for none. `none`: what an empty list says; undefined: nothing.
 */
export function FindList<T>(props: {
  readonly model: FindListModel;
  readonly query: string;
  readonly items: readonly T[];
  readonly active: number;
  readonly keyOf: (item: T) => string;
  readonly choose: (item: T) => void;
  readonly option: (item: T) => ReactNode;
  readonly texts: { readonly find: string; readonly placeholder: string; readonly found: string };
  readonly none: string | undefined;
  readonly className?: string;
}): ReactNode {
  const { model, items, active, texts } = props;
  const list = useId();
  const box = useRef<HTMLUListElement>(null);
  useEffect(() => {
    box.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [active, items]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (isComposing(event)) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      model.move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const item = items[active];
      if (item !== undefined) props.choose(item);
    }
  };
  return (
    <>
      <div className="q-search c-find__box">
        <SearchIcon width={18} height={18} aria-hidden />
        <input
          className="q-input"
          type="text"
          role="combobox"
          aria-label={texts.find}
          aria-expanded
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={items[active] === undefined ? undefined : `${list}-${String(active)}`}
          autoComplete="off"
          placeholder={texts.placeholder}
          value={props.query}
          onChange={(event) => {
            model.type(event.target.value);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul
        ref={box}
        id={list}
        role="listbox"
        aria-label={texts.found}
        className={props.className === undefined ? 'c-find' : `c-find ${props.className}`}
      >
        {items.map((item, index) => (
          <li
            key={props.keyOf(item)}
            id={`${list}-${String(index)}`}
            role="option"
            aria-selected={index === active}
            onPointerMove={() => {
              if (index !== active) model.point(index);
            }}
            onClick={() => {
              props.choose(item);
            }}
          >
            {props.option(item)}
          </li>
        ))}
        {items.length === 0 && props.none !== undefined && (
          <li role="option" aria-selected={false} aria-disabled className="c-find__none">
            {props.none}
          </li>
        )}
      </ul>
    </>
  );
}
