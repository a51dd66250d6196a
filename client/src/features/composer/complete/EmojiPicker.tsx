import { Busy, ErrorState, SearchBox, useText } from '@qiao/ui-kit';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import '../composer.css';
import { chooseTone, chosenTone, recentEmoji, rememberEmoji, TONES } from './chosen.ts';
import { findEmoji, GROUPS, loadEmoji, toned, type Emoji } from './emoji.ts';

const FOUND = 80;
/** What stands for a group in the row of groups. */
const GROUP_SIGNS: Readonly<Record<string, string>> = {
  recent: '🕘',
  ...{ 0: '😀', 1: '👋', 3: '🐻', 4: '🍎', 5: '🚗', 6: '⚽', 7: '💡', 8: '❤️', 9: '🏁' },
};

interface Shown {
  readonly unicode: string;
  readonly label: string;
}

interface Section {
  readonly key: string;
  readonly name: string;
  readonly emoji: readonly Shown[];
}

/** Emoji to choose from, found by words of both languages. */
export default function EmojiPicker(props: {
  onChoose: (emoji: string) => void;
  onClose: () => void;
  /** Above the composer; else it fills what it stands in. */
  above?: boolean;
}): ReactNode {
  const { t, locale } = useText('composer');
  const [all, setAll] = useState<readonly Emoji[]>();
  const [failed, setFailed] = useState(false);
  const [query, setQuery] = useState('');
  const [tone, setTone] = useState(chosenTone);
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
  const searching = query.trim() !== '';
  const sections = useMemo((): readonly Section[] => {
    if (!all) return [];
    const show = (emoji: Emoji): Shown => ({ unicode: toned(emoji, tone), label: emoji.label });
    if (searching)
      return [{ key: 'found', name: t('emoji_found'), emoji: findEmoji(all, query.trim(), FOUND).map(show) }];
    const labels = new Map(
      all.flatMap(({ unicode, tones, label }) => [unicode, ...tones].map((each) => [each, label] as const)),
    );
    const last = recentEmoji().flatMap((unicode): Shown[] => {
      const label = labels.get(unicode);
      return label === undefined ? [] : [{ unicode, label }];
    });
    return [
      ...(last.length > 0 ? [{ key: 'recent', name: t('emoji_recent'), emoji: last }] : []),
      ...GROUPS.map((group) => ({
        key: String(group),
        name: t(`emoji_group.${String(group)}`),
        emoji: all.filter((each) => each.group === group).map(show),
      })),
    ];
  }, [all, searching, query, tone, t]);
  const choose = (unicode: string): void => {
    rememberEmoji(unicode);
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
    // These have arrows and Enter of their own.
    if (event.target instanceof Element && event.target.closest('select, .c-emoji__groups, .q-search__clear'))
      return;
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
    <div
      ref={box}
      className={props.above === true ? 'c-emoji c-emoji--above' : 'c-emoji'}
      role="dialog"
      aria-label={t('emoji')}
      onKeyDown={onKeyDown}
    >
      <div className="c-emoji__head">
        <SearchBox label={t('emoji_search')} value={query} onChange={setQuery} />
        <select
          className="q-input q-select q-select--compact"
          aria-label={t('emoji_tone.label')}
          title={t('emoji_tone.label')}
          value={tone}
          onChange={(event) => {
            const chosen = Number(event.target.value);
            setTone(chosen);
            chooseTone(chosen);
          }}
        >
          {TONES.map((hand, index) => (
            <option key={hand} value={index} aria-label={t(`emoji_tone.${String(index)}`)}>
              {hand}
            </option>
          ))}
        </select>
      </div>
      {!searching && sections.length > 0 && (
        <div className="c-emoji__groups" role="toolbar" aria-label={t('emoji_groups')}>
          {sections.map(({ key, name }) => (
            <button
              key={key}
              type="button"
              aria-label={name}
              title={name}
              onClick={() => {
                box.current?.querySelector(`[data-group="${key}"]`)?.scrollIntoView({ block: 'start' });
              }}
            >
              {GROUP_SIGNS[key]}
            </button>
          ))}
        </div>
      )}
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
          sections.map((section, place) => (
            <section key={section.key} data-group={section.key} aria-label={section.name}>
              <h2>{section.name}</h2>
              {section.emoji.length === 0 && <p>{t('emoji_none')}</p>}
              <div className="c-emoji__grid">
                {section.emoji.map((each, index) => (
                  <button
                    key={each.unicode}
                    type="button"
                    className="c-emoji__one"
                    tabIndex={place === 0 && index === 0 ? 0 : -1}
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
