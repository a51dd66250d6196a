import { useBrand } from '@qiao/ui-kit';
import { useEffect } from 'react';

/** Sets the window's title while the component is shown. */
export function useTitle(title: string): void {
  const { name: brand } = useBrand();
  useEffect(() => {
    document.title = title === '' ? brand : `${title} · ${brand}`;
  }, [title, brand]);
}
