import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ViewModel } from './ViewModel.ts';

/** The snapshot of a view model that somebody else mounts. */
export function useSnapshot<S extends object>(model: ViewModel<S>): S {
  return useSyncExternalStore(model.subscribe, model.getSnapshot);
}

/**
 * Makes a view model for the life of the component. A view that shows another subject takes a `key`, so
 * that it gets a new one.
 */
export function useViewModel<S extends object, M extends ViewModel<S>>(make: () => M & ViewModel<S>): [S, M] {
  const [model] = useState(make);
  useEffect(() => model.mount(), [model]);
  return [useSnapshot(model), model];
}
