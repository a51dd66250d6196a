import { useServices, useViewModel } from '@qiao/ui-kit';
import { useMatrix } from '../../matrix/context.tsx';
import type { SearchAddress } from './address.ts';
import { matchPlain, SearchViewModel, type SearchSnapshot } from './SearchViewModel.ts';

/** The view model of a search over the running session. */
export function useSearch(
  address: SearchAddress,
  onAddress: (address: SearchAddress) => void,
): [SearchSnapshot, SearchViewModel] {
  const { search } = useMatrix();
  const { api } = useServices();
  return useViewModel(
    () =>
      new SearchViewModel(
        { feed: search, api, matchName: matchPlain, loadNames: () => Promise.resolve() },
        address,
        onAddress,
      ),
  );
}
