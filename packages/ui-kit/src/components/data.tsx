import { Avatar } from '@vector-im/compound-web';
import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { cx } from './basics.tsx';

export interface Column<T> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
  /** `main` names the row; `num` is set right in figures of one width; `actions` has no visible header. */
  readonly kind?: 'main' | 'text' | 'num' | 'actions';
  readonly width?: 'narrow' | 'wide';
  /** Left out where there is little room. */
  readonly optional?: boolean;
}

/** A list as a table; on a phone each row becomes a card. */
export function DataTable<T>(props: {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
  /** Name of the row that is open beside the list. */
  current?: string | number | undefined;
  dense?: boolean;
}): ReactNode {
  return (
    <div className="q-table__frame">
      <table className={cx('q-table', props.dense && 'q-table--dense')}>
        <caption className="q-sr">{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                className={cx(
                  `q-table__${column.kind ?? 'text'}`,
                  column.optional && 'q-table__optional',
                  column.width && `q-table__${column.width}`,
                )}
              >
                {column.kind === 'actions' ? <span className="q-sr">{column.header}</span> : column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => {
            const key = props.rowKey(row);
            return (
              <tr key={key} className={cx(key === props.current && 'q-table__current')}>
                {props.columns.map((column) => {
                  const className = cx(
                    `q-table__${column.kind ?? 'text'}`,
                    column.optional && 'q-table__optional',
                    column.width && `q-table__${column.width}`,
                  );
                  return column.kind === 'main' ? (
                    <th key={column.id} scope="row" className={className}>
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.id} className={className} data-label={column.header}>
                      {column.cell(row)}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export interface TabItem {
  readonly id: string;
  readonly label: string;
  readonly count?: string | undefined;
}

/** Tabs with arrow keys; the panel is the child. */
export function Tabs(props: {
  label: string;
  tabs: readonly TabItem[];
  value: string;
  onChange: (id: string) => void;
  children: ReactNode;
}): ReactNode {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const now = props.tabs.findIndex((tab) => tab.id === props.value);
    const last = props.tabs.length - 1;
    const next =
      event.key === 'ArrowRight'
        ? now === last
          ? 0
          : now + 1
        : event.key === 'ArrowLeft'
          ? now === 0
            ? last
            : now - 1
          : event.key === 'Home'
            ? 0
            : event.key === 'End'
              ? last
              : undefined;
    const tab = next === undefined ? undefined : props.tabs[next];
    if (!tab) return;
    event.preventDefault();
    props.onChange(tab.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${tab.id}"]`)?.focus();
  };
  return (
    <>
      <div className="q-tabs" role="tablist" aria-label={props.label} ref={list} onKeyDown={onKeyDown}>
        {props.tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            data-tab={tab.id}
            aria-selected={tab.id === props.value}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === props.value ? 0 : -1}
            onClick={() => {
              props.onChange(tab.id);
            }}
          >
            {tab.label}
            {tab.count !== undefined && <span className="q-tabs__count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${props.value}`} className="q-tabpanel">
        {props.children}
      </div>
    </>
  );
}

/** A person in a list: picture, name, and a line below. */
export function PersonLine(props: {
  id: string;
  name: string;
  note?: ReactNode;
  size?: '24px' | '32px' | '40px' | '56px';
  onOpen?: (() => void) | undefined;
}): ReactNode {
  return (
    <span className="q-person">
      <Avatar id={props.id} name={props.name} size={props.size ?? '32px'} aria-hidden />
      <span className="q-person__text">
        {props.onOpen ? (
          <button type="button" className="q-person__name q-row-button" onClick={props.onOpen}>
            {props.name}
          </button>
        ) : (
          <span className="q-person__name">{props.name}</span>
        )}
        {props.note !== undefined && props.note !== null && props.note !== '' && (
          <span className="q-person__note">{props.note}</span>
        )}
      </span>
    </span>
  );
}
