import { useText } from '@qiao/ui-kit';
import { useEffect } from 'react';

/** Sets the window's title while the component is shown. */
export function useTitle(title: string): void {
  const { t: app } = useText('app');
  const brand = app('brand');
  useEffect(() => {
    document.title = title === '' ? brand : `${title} · ${brand}`;
  }, [title, brand]);
}
