import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
} from 'react';

/** One row of a {@link Windowed} list; heights are fixed, so that nothing has to be measured. */
export interface WindowedItem {
  readonly key: string;
  /** CSS pixels. */
  readonly height: number;
}

/** Rows drawn above and below what is seen. */
const BEYOND = 8;

/** The last index whose row begins at or above `y`. */
export function rowAt(tops: readonly number[], y: number): number {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Begins of all rows, and the whole height at the end. */
export function topsOf(items: readonly WindowedItem[]): number[] {
  const tops = [0];
  for (const item of items) tops.push((tops.at(-1) ?? 0) + item.height);
  return tops;
}

/**
 * A long list of which only the part in sight is in the document. Arrow keys, Home, End and the page keys move
 * the focus among its rows; the row with the focus stays in the document wherever one scrolls.
 */
export function Windowed<T extends WindowedItem>(props: {
  label: string;
  items: readonly T[];
  /** Brought into sight when it changes. */
  currentKey?: string | undefined;
  /** `tabIndex` belongs to the row's one element that takes the focus, marked `data-focus`. */
  render: (item: T, tabIndex: 0 | -1) => ReactNode;
  /** Told the keys of the rows that are drawn. */
  onShown?: (keys: readonly string[]) => void;
}): ReactNode {
  const { items, currentKey, onShown } = props;
  const box = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | undefined>(undefined);
  const [view, setView] = useState({ top: 0, height: 0 });
  const [focusKey, setFocusKey] = useState<string>();
  const tops = topsOf(items);
  const total = tops.at(-1) ?? 0;

  useLayoutEffect(() => {
    const node = box.current;
    if (!node) return;
    const measure = (): void => {
      setView({ top: node.scrollTop, height: node.clientHeight });
    };
    measure();
    if (typeof ResizeObserver === 'undefined') return;
    const watching = new ResizeObserver(measure);
    watching.observe(node);
    return () => {
      watching.disconnect();
    };
  }, []);

  const bring = useCallback((index: number, from: readonly number[]): void => {
    const node = box.current;
    const top = from[index];
    const end = from[index + 1];
    if (!node || top === undefined || end === undefined) return;
    if (top < node.scrollTop) node.scrollTop = top;
    else if (end > node.scrollTop + node.clientHeight) node.scrollTop = end - node.clientHeight;
  }, []);

  const indexOfCurrent = items.findIndex((item) => item.key === currentKey);
  const brought = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    // Once for each conversation that is opened: what moves afterwards must not scroll the list by itself.
    if (indexOfCurrent < 0 || brought.current === currentKey) return;
    brought.current = currentKey;
    bring(indexOfCurrent, topsOf(items));
  }, [bring, currentKey, indexOfCurrent, items]);

  const first = Math.max(0, rowAt(tops, view.top) - BEYOND);
  const last = Math.min(items.length - 1, rowAt(tops, view.top + view.height) + BEYOND);
  const drawn: number[] = [];
  for (let index = first; index <= last; index++) drawn.push(index);
  const focusIndex = focusKey === undefined ? -1 : items.findIndex((item) => item.key === focusKey);
  if (focusIndex >= 0 && (focusIndex < first || focusIndex > last)) drawn.push(focusIndex);
  const tabbable = focusIndex >= 0 ? focusIndex : indexOfCurrent >= 0 ? indexOfCurrent : 0;

  const shown = drawn.map((index) => items[index]?.key ?? '').join('\n');
  useEffect(() => {
    if (shown !== '') onShown?.(shown.split('\n'));
  }, [shown, onShown]);

  useLayoutEffect(() => {
    const key = wanted.current;
    if (key === undefined) return;
    const row = [...(box.current?.querySelectorAll<HTMLElement>('[data-key]') ?? [])].find(
      (each) => each.dataset['key'] === key,
    );
    const target = row?.querySelector<HTMLElement>('[data-focus]');
    if (!target) return;
    wanted.current = undefined;
    target.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.nativeEvent.isComposing) return;
    if (!(event.target instanceof HTMLElement) || event.target.dataset['focus'] === undefined) return;
    const page = Math.max(1, Math.floor(view.height / (items[tabbable]?.height ?? 1)) - 1);
    const now = items.findIndex((item) => item.key === focusKey);
    const to = {
      ArrowDown: now + 1,
      ArrowUp: now - 1,
      PageDown: now + page,
      PageUp: now - page,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(items.length - 1, to));
    const key = items[index]?.key;
    if (key === undefined) return;
    wanted.current = key;
    setFocusKey(key);
    bring(index, tops);
  };

  return (
    <div
      ref={box}
      className="c-window"
      onScroll={(event) => {
        setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight });
      }}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        const key = event.target.closest<HTMLElement>('[data-key]')?.dataset['key'];
        if (key !== undefined) setFocusKey(key);
      }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setFocusKey(undefined);
      }}
    >
      <ul aria-label={props.label} style={{ blockSize: `${String(total)}px` }}>
        {drawn.map((index) => {
          const item = items[index];
          return (
            item && (
              <li
                key={item.key}
                data-key={item.key}
                aria-posinset={index + 1}
                aria-setsize={items.length}
                style={{ insetBlockStart: `${String(tops[index])}px`, blockSize: `${String(item.height)}px` }}
              >
                {props.render(item, index === tabbable ? 0 : -1)}
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}
