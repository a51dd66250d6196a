import { SearchBox, Tabs, useGo, useText } from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { useLocation } from 'react-router';
import { useTitle } from '../../app/title.ts';
import { readAddress, TABS, writeAddress, type SearchTab } from './address.ts';
import { IndexLine } from './IndexLine.tsx';
import './search.css';
import { SearchFilters } from './SearchFilters.tsx';
import { SearchResults } from './SearchResults.tsx';
import { useSearch } from './useSearch.ts';

/**
 * The search page. What is searched for stands behind the `#` of the address, which a browser keeps to itself: a
 * reload sends no query to the server. `?q=…` of a link is moved there.
 */
export default function SearchView(): ReactNode {
  const { t } = useText('search');
  const go = useGo();
  const location = useLocation();
  const given = location.hash === '' ? location.search.slice(1) : location.hash.slice(1);
  const [{ address, results, busy }, model] = useSearch(readAddress(given), (next) => {
    // What was typed just before a result was followed does not call the person back.
    if (globalThis.location.pathname !== '/search') return;
    void go({ pathname: '/search', search: '', hash: writeAddress(next) }, { replace: true });
  });
  useTitle(t('title'));
  useEffect(() => {
    // The browser's own back and forward, or a link to another search.
    if (writeAddress(readAddress(given)) !== writeAddress(model.getSnapshot().address)) {
      model.change(readAddress(given));
    } else if (location.search !== '') {
      void go({ pathname: '/search', search: '', hash: writeAddress(readAddress(given)) }, { replace: true });
    }
  }, [given, location.search, model, go]);
  return (
    <main className="c-page-area c-search">
      <h1 className="q-sr">{t('title')}</h1>
      <div className="c-search__box">
        <SearchBox
          label={t('label')}
          placeholder={t('placeholder')}
          value={address.text}
          onChange={model.setText}
        />
      </div>
      <Tabs
        label={t('tabs_label')}
        tabs={TABS.map((id) => ({ id, label: t(`tabs.${id}`) }))}
        value={address.tab}
        onChange={(tab) => {
          model.change({ tab: tab as SearchTab });
        }}
      >
        {(address.tab === 'messages' || address.tab === 'files') && (
          <>
            <SearchFilters address={address} model={model} />
            <IndexLine />
          </>
        )}
        <SearchResults results={results} busy={busy} address={address} model={model} />
      </Tabs>
    </main>
  );
}
