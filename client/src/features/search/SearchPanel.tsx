import CloseIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import { IconAction, SearchBox, useText } from '@qiao/ui-kit';
import { useEffect, useRef, type ReactNode } from 'react';
import { NO_SEARCH } from './address.ts';
import { IndexLine } from './IndexLine.tsx';
import './search.css';
import { SearchFilters } from './SearchFilters.tsx';
import { SearchResults } from './SearchResults.tsx';
import { useSearch } from './useSearch.ts';

/** Search within one conversation, beside its timeline (`?panel=search`). */
export default function SearchPanel(props: { roomId: string; onClose: () => void }): ReactNode {
  const { t } = useText('search');
  const [{ address, results, busy }, model] = useSearch(
    { ...NO_SEARCH, roomId: props.roomId },
    () => undefined,
  );
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector('input')?.focus();
  }, []);
  return (
    <aside className="c-search c-search--panel" aria-label={t('label_room')}>
      <header className="c-search__head">
        <h2>{t('title')}</h2>
        <IconAction label={t('close')} Icon={CloseIcon} onClick={props.onClose} />
      </header>
      <div className="c-search__box" ref={box}>
        <SearchBox
          label={t('label_room')}
          placeholder={t('placeholder')}
          value={address.text}
          onChange={model.setText}
        />
      </div>
      <SearchFilters address={address} model={model} inRoom />
      <IndexLine />
      <SearchResults results={results} busy={busy} address={address} model={model} inRoom />
    </aside>
  );
}
