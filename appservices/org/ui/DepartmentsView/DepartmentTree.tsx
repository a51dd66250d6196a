import ChevronIcon from '@vector-im/compound-design-tokens/assets/web/icons/chevron-right';
import DragIcon from '@vector-im/compound-design-tokens/assets/web/icons/drag-grid';
import HiddenIcon from '@vector-im/compound-design-tokens/assets/web/icons/visibility-off';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/overflow-horizontal';
import { cx, MenuButton, Tag, useText, type MenuEntry } from '@qiao/ui-kit';
import type { Department } from '@qiao/org/contract';
import { useEffect, useRef, useState, type DragEvent, type KeyboardEvent, type ReactNode } from 'react';
import { useMedia } from '../parts/media.ts';
import type { DepartmentsSnapshot, DepartmentsViewModel } from './DepartmentsViewModel.ts';
import { childrenOf, type Place, type Row } from './tree.ts';

/** As in org.css: below, the heads are left out. */
const SHOWS_HEADS = '(width >= 48rem)';

type Zone = 'before' | 'into' | 'after';

/** The ARIA tree: arrows go and open, Enter shows, M moves; dragging does the same with a pointer. */
export function DepartmentTree(props: {
  state: DepartmentsSnapshot;
  model: DepartmentsViewModel;
  onSelect: (id: string) => void;
  entriesFor: (department: Department) => readonly (MenuEntry | 'line')[];
}): ReactNode {
  const { t } = useText('org');
  const { state, model } = props;
  const { rows, moving } = state;
  const showsHeads = useMedia(SHOWS_HEADS);
  const tree = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | undefined>(state.selected?.id);
  const [drag, setDrag] = useState<{ id: string; over: string | undefined; zone: Zone } | undefined>();
  const current =
    moving?.department.id ??
    (rows.some((row) => row.department.id === focused) ? focused : rows[0]?.department.id);

  const focusRow = (id: string | undefined): void => {
    if (id === undefined) return;
    setFocused(id);
    tree.current?.querySelector<HTMLElement>(`[data-row="${id}"]`)?.focus();
  };
  useEffect(() => {
    // The moved row is made anew at each step: keep the focus on it.
    if (moving) tree.current?.querySelector<HTMLElement>(`[data-row="${moving.department.id}"]`)?.focus();
  }, [moving]);

  const onKeyDown = (event: KeyboardEvent, row: Row): void => {
    if (event.target !== event.currentTarget) return;
    const { id } = row.department;
    if (moving) {
      const steps = { ArrowUp: 'up', ArrowDown: 'down', ArrowRight: 'in', ArrowLeft: 'out' } as const;
      if (event.key in steps) model.step(steps[event.key as keyof typeof steps]);
      else if (event.key === 'Enter' || event.key === ' ') void model.finishMoving();
      else if (event.key === 'Escape') model.cancelMoving();
      else return;
      event.preventDefault();
      return;
    }
    const at = rows.indexOf(row);
    switch (event.key) {
      case 'ArrowDown':
        focusRow(rows[at + 1]?.department.id);
        break;
      case 'ArrowUp':
        focusRow(rows[at - 1]?.department.id);
        break;
      case 'Home':
        focusRow(rows[0]?.department.id);
        break;
      case 'End':
        focusRow(rows.at(-1)?.department.id);
        break;
      case 'ArrowRight':
        if (row.hasChildren && !row.expanded) model.toggle(id, true);
        else if (row.expanded) focusRow(rows[at + 1]?.department.id);
        break;
      case 'ArrowLeft':
        if (row.expanded) model.toggle(id, false);
        else if (row.parent !== null) focusRow(row.parent);
        break;
      case 'Enter':
      case ' ':
        props.onSelect(id);
        break;
      case 'm':
      case 'M':
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        model.startMoving(row.department);
        break;
      default: {
        if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
        const next = [...rows.slice(at + 1), ...rows.slice(0, at)].find((each) =>
          each.department.name.toLowerCase().startsWith(event.key.toLowerCase()),
        );
        focusRow(next?.department.id);
      }
    }
    event.preventDefault();
  };

  const placeFor = (row: Row, zone: Zone): Place => {
    if (zone === 'into') {
      return {
        parent: row.department.id,
        index: childrenOf(state.tree, row.department.id).filter((each) => each.id !== drag?.id).length,
      };
    }
    const siblings = childrenOf(state.tree, row.parent).filter((each) => each.id !== drag?.id);
    const index = siblings.findIndex((each) => each.id === row.department.id);
    return { parent: row.parent, index: zone === 'before' ? index : index + 1 };
  };
  const zoneOf = (event: DragEvent): Zone => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientY - box.top) / box.height;
    return share < 0.28 ? 'before' : share > 0.72 ? 'after' : 'into';
  };

  return (
    <div
      ref={tree}
      role="tree"
      aria-label={t('departments.title')}
      className={cx('o-tree', moving && 'o-tree--moving')}
    >
      {rows.map((row) => {
        const { department } = row;
        const over = drag?.over === department.id ? drag.zone : undefined;
        const ended = department.state !== 'active';
        const heads = department.heads.map((head) => head.display_name).join(', ');
        return (
          <div
            key={department.id}
            role="treeitem"
            data-row={department.id}
            data-level={Math.min(row.level, 9)}
            aria-level={row.level}
            aria-posinset={row.posInSet}
            aria-setsize={row.setSize}
            aria-selected={state.selected?.id === department.id}
            {...(row.hasChildren ? { 'aria-expanded': row.expanded } : {})}
            // In the order of what is seen, so that voice control finds it.
            aria-label={[
              department.name,
              ended ? t(`departments.states.${department.state}`) : '',
              showsHeads ? heads : '',
              t('departments.people_count', { count: department.total_count }),
              department.hidden ? t('departments.hidden') : '',
            ]
              .filter(Boolean)
              .join(' ')}
            {...(heads === '' || showsHeads ? {} : { 'aria-description': heads })}
            tabIndex={department.id === current ? 0 : -1}
            className={cx(
              'o-tree__row',
              over && `o-tree__row--${over}`,
              moving?.department.id === department.id && 'o-tree__row--moving',
              ended && 'o-tree__row--ended',
            )}
            draggable={department.editable && !ended && !moving}
            onDragStart={(event) => {
              event.dataTransfer.effectAllowed = 'move';
              event.dataTransfer.setData('text/plain', department.name);
              setDrag({ id: department.id, over: undefined, zone: 'into' });
            }}
            onDragOver={(event) => {
              if (!drag || drag.id === department.id) return;
              const zone = zoneOf(event);
              const place = placeFor(row, zone);
              const reorder = place.parent === (state.tree.byId.get(drag.id)?.parent_id ?? null);
              if (!reorder && !model.mayStand(drag.id, place.parent)) return;
              event.preventDefault();
              event.dataTransfer.dropEffect = 'move';
              if (drag.over !== department.id || drag.zone !== zone)
                setDrag({ ...drag, over: department.id, zone });
            }}
            onDragLeave={() => {
              if (drag?.over === department.id) setDrag({ ...drag, over: undefined });
            }}
            onDrop={(event) => {
              event.preventDefault();
              const moved = drag && state.tree.byId.get(drag.id);
              if (moved && drag.over === department.id) void model.move(moved, placeFor(row, drag.zone));
              setDrag(undefined);
            }}
            onDragEnd={() => {
              setDrag(undefined);
            }}
            onClick={() => {
              setFocused(department.id);
              props.onSelect(department.id);
            }}
            onFocus={(event) => {
              if (event.target === event.currentTarget) setFocused(department.id);
            }}
            onKeyDown={(event) => {
              onKeyDown(event, row);
            }}
          >
            <span
              className={cx('o-tree__chevron', row.expanded && 'o-tree__chevron--open')}
              aria-hidden
              onClick={(event) => {
                event.stopPropagation();
                model.toggle(department.id);
              }}
            >
              {row.hasChildren && <ChevronIcon width={20} height={20} />}
            </span>
            <span className="o-tree__name">
              {department.name}
              {department.hidden && <HiddenIcon width={16} height={16} aria-hidden />}
            </span>{' '}
            {ended && <Tag>{t(`departments.states.${department.state}`)}</Tag>}{' '}
            <span className="o-tree__heads">{heads}</span>{' '}
            <span className="o-tree__count q-num">{department.total_count}</span>
            {department.editable && !ended && (
              <span className="o-tree__grip" aria-hidden>
                <DragIcon width={16} height={16} />
              </span>
            )}
            {department.editable && !ended && (
              <span
                className="o-tree__menu"
                onClick={(event) => {
                  event.stopPropagation();
                }}
              >
                <MenuButton
                  label={t('departments.actions_for', { name: department.name })}
                  entries={props.entriesFor(department)}
                  align="end"
                  tabIndex={department.id === current ? 0 : -1}
                >
                  <MoreIcon width={20} height={20} aria-hidden />
                </MenuButton>
              </span>
            )}
          </div>
        );
      })}
    </div>
  );
}
