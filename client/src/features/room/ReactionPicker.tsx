import ReactionIcon from '@vector-im/compound-design-tokens/assets/web/icons/reaction-add';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/plus';
import { Busy, useText } from '@qiao/ui-kit';
import {
  lazy,
  Suspense,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
} from 'react';
import { flushSync } from 'react-dom';
import { recentEmoji, rememberEmoji } from '../composer/complete/chosen.ts';

const EmojiPicker = lazy(() => import('../composer/complete/EmojiPicker.tsx'));

/** What people at work answer with, most used first. */
const USUAL = ['👍', '❤️', '😂', '🎉', '👀', '✅', '🙏', '👏'];
/** Emoji of the first row, beside the button for all others. */
const QUICK = 7;

/** Those used last, then the usual ones. */
const quick = (): readonly string[] => [...new Set([...recentEmoji(), ...USUAL])].slice(0, QUICK);

/** A button that opens a row of emoji, and from there all of them. */
export function ReactionPicker(props: { onPick: (emoji: string) => void; className?: string }): ReactNode {
  const { t } = useText('room');
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<readonly string[] | 'all'>([]);
  const place = (): void => {
    const at = button.current?.getBoundingClientRect();
    const node = panel.current;
    if (!at || !node) return;
    const { style } = node;
    const below = at.bottom + node.offsetHeight + 8 < innerHeight;
    style.left = `${String(Math.max(8, Math.min(at.right - node.offsetWidth, innerWidth - node.offsetWidth - 8)))}px`;
    style.top = `${String(below ? at.bottom + 4 : Math.max(8, at.top - node.offsetHeight - 4))}px`;
  };
  useLayoutEffect(() => {
    if (panel.current?.matches(':popover-open') === true) place();
  }, [shown]);
  const close = (): void => {
    panel.current?.hidePopover();
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // All of them have keys of their own.
    if (shown === 'all') {
      event.stopPropagation();
      return;
    }
    const all = [...(panel.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    const now = all.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
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
        data-all={shown === 'all'}
        onKeyDown={onKeyDown}
        onBeforeToggle={(event) => {
          // What is shown has its size before it is placed.
          flushSync(() => {
            setShown(event.newState === 'open' ? quick() : []);
          });
        }}
        onToggle={(event) => {
          if (event.newState !== 'open') return;
          place();
          panel.current?.querySelector<HTMLElement>('button')?.focus();
        }}
      >
        {shown === 'all' ? (
          <Suspense fallback={<Busy />}>
            <EmojiPicker onChoose={props.onPick} onClose={close} />
          </Suspense>
        ) : (
          <>
            {shown.map((emoji) => (
              <button
                key={emoji}
                type="button"
                onClick={() => {
                  panel.current?.hidePopover();
                  rememberEmoji(emoji);
                  props.onPick(emoji);
                }}
              >
                {emoji}
              </button>
            ))}
            <button
              type="button"
              aria-label={t('action.all_emoji')}
              title={t('action.all_emoji')}
              onClick={() => {
                setShown('all');
              }}
            >
              <MoreIcon width={20} height={20} aria-hidden />
            </button>
          </>
        )}
      </div>
    </>
  );
}
