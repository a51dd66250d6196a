import { Busy, ErrorState, SearchBox, useText } from '@qiao/ui-kit';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { findEmoji, GROUPS, loadEmoji, type Emoji } from './emoji.ts';

const RECENT_KEY = 'qiao.recent-emoji';
const RECENT = 16;
const FOUND = 80;

function recent(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(RECENT_KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((each): each is string => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

function remember(unicode: string): void {
  try {
    const next = [unicode, ...recent().filter((other) => other !== unicode)].slice(0, RECENT);
    localStorage.setItem(RECENT_KEY, JSON.stringify(next));
  } catch {
    // Not remembered, then.
  }
}

/** Emoji to choose from, found by words of both languages. */
export default function EmojiPicker(props: {
  onChoose: (emoji: string) => void;
  onClose: () => void;
}): ReactNode {
  const { t, locale } = useText('composer');
  const [all, setAll] = useState<readonly Emoji[]>();
  const [failed, setFailed] = useState(false);
  const [query, setQuery] = useState('');
  const [tries, setTries] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = true;
    loadEmoji(locale).then(
      (loaded) => {
        if (shown) setAll(loaded);
      },
      () => {
        if (shown) setFailed(true);
      },
    );
    return () => {
      shown = false;
    };
  }, [locale, tries]);
  const { onClose } = props;
  useEffect(() => {
    const node = box.current;
    node?.querySelector('input')?.focus();
    const onDown = (event: PointerEvent): void => {
      if (node && event.target instanceof Node && !node.parentElement?.contains(event.target)) onClose();
    };
    document.addEventListener('pointerdown', onDown);
    return () => {
      document.removeEventListener('pointerdown', onDown);
    };
  }, [onClose]);
  const sections = useMemo(() => {
    if (!all) return [];
    if (query.trim() !== '') return [{ name: t('emoji_found'), emoji: findEmoji(all, query.trim(), FOUND) }];
    const byChar = new Map(all.map((each) => [each.unicode, each]));
    const last = recent().flatMap((unicode) => byChar.get(unicode) ?? []);
    return [
      ...(last.length > 0 ? [{ name: t('emoji_recent'), emoji: last }] : []),
      ...GROUPS.map((group) => ({
        name: t(`emoji_group.${String(group)}`),
        emoji: all.filter((each) => each.group === group),
      })),
    ];
  }, [all, query, t]);
  const choose = (unicode: string): void => {
    remember(unicode);
    props.onChoose(unicode);
    props.onClose();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      props.onClose();
      return;
    }
    const buttons = [...(box.current?.querySelectorAll<HTMLButtonElement>('.c-emoji__one') ?? [])];
    const now = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === 'Enter' && now === -1) {
      event.preventDefault();
      buttons[0]?.click();
      return;
    }
    const perRow = Math.max(
      1,
      buttons.findIndex((button) => button.offsetTop !== buttons[0]?.offsetTop),
    );
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow }[event.key];
    if (step === undefined || (now === -1 && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    buttons[now === -1 ? 0 : Math.min(buttons.length - 1, Math.max(0, now + step))]?.focus();
  };
  return (
    <div ref={box} className="c-emoji" role="dialog" aria-label={t('emoji')} onKeyDown={onKeyDown}>
      <SearchBox label={t('emoji_search')} value={query} onChange={setQuery} />
      <div className="c-emoji__all" tabIndex={-1}>
        {failed ? (
          <ErrorState
            error={new Error('offline')}
            retry={() => {
              setFailed(false);
              setTries(tries + 1);
            }}
          />
        ) : !all ? (
          <Busy />
        ) : (
          sections.map((section) => (
            <section key={section.name} aria-label={section.name}>
              <h3>{section.name}</h3>
              {section.emoji.length === 0 && <p>{t('emoji_none')}</p>}
              <div className="c-emoji__grid">
                {section.emoji.map((each) => (
                  <button
                    key={each.unicode}
                    type="button"
                    className="c-emoji__one"
                    tabIndex={-1}
                    aria-label={each.label}
                    title={each.label}
                    onClick={() => {
                      choose(each.unicode);
                    }}
                  >
                    {each.unicode}
                  </button>
                ))}
              </div>
            </section>
          ))
        )}
      </div>
    </div>
  );
}
