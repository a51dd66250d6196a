import { useViewModel } from '@qiao/ui-kit';
import { useMatrix } from '../../matrix/context.tsx';
import { names } from '../../matrix/people-pinyin.ts';
import { usePeopleSearch } from '../finder/people.ts';
import type { SearchAddress } from './address.ts';
import { SearchViewModel, type SearchSnapshot } from './SearchViewModel.ts';

/** The view model of a search over the running session. */
export function useSearch(
  address: SearchAddress,
  onAddress: (address: SearchAddress) => void,
): [SearchSnapshot, SearchViewModel] {
  const { search } = useMatrix();
  const people = usePeopleSearch();
  return useViewModel(
    () =>
      new SearchViewModel(
        {
          feed: search,
          people,
          names,
        },
        address,
        onAddress,
      ),
  );
}
