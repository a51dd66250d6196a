import ReactionIcon from '@vector-im/compound-design-tokens/assets/web/icons/reaction-add';
import { useText } from '@qiao/ui-kit';
import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react';

/** What people at work answer with, most used first. */
const CHOICES = [
  ...['👍', '❤️', '😂', '🎉', '👀', '✅', '🙏', '👏', '💪', '🔥', '😮', '😢', '🤔', '😄', '🙂', '😅'],
  ...['👌', '🤝', '🌹', '☕', '🚀', '💯', '⭐', '➕', '➖', '❌', '❓', '❗', '⏳', '📌', '🎂', '🍻'],
];
const COLUMNS = 8;

/** A button that opens a small choice of emoji. */
export function ReactionPicker(props: { onPick: (emoji: string) => void; className?: string }): ReactNode {
  const { t } = useText('room');
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const place = (): void => {
    const at = button.current?.getBoundingClientRect();
    const node = panel.current;
    if (!at || !node) return;
    const { style } = node;
    const below = at.bottom + node.offsetHeight + 8 < innerHeight;
    style.left = `${String(Math.max(8, Math.min(at.right - node.offsetWidth, innerWidth - node.offsetWidth - 8)))}px`;
    style.top = `${String(below ? at.bottom + 4 : Math.max(8, at.top - node.offsetHeight - 4))}px`;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = [...(panel.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    const now = all.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (event.key === 'Escape') {
      event.stopPropagation();
      panel.current?.hidePopover();
      button.current?.focus();
      return;
    }
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[Math.max(0, Math.min(all.length - 1, now + step))]?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={props.className ?? 'c-action'}
        aria-label={t('action.react')}
        title={t('action.react')}
        popoverTarget={id}
      >
        <ReactionIcon width={20} height={20} aria-hidden />
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={t('action.react')}
        className="c-reaction-picker"
        onKeyDown={onKeyDown}
        onToggle={(event) => {
          if (event.newState !== 'open') return;
          place();
          panel.current?.querySelector<HTMLElement>('button')?.focus();
        }}
      >
        {CHOICES.map((emoji) => (
          <button
            key={emoji}
            type="button"
            onClick={() => {
              panel.current?.hidePopover();
              props.onPick(emoji);
            }}
          >
            {emoji}
          </button>
        ))}
      </div>
    </>
  );
}
