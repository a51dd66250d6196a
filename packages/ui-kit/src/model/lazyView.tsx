import { lazy, useState, type ComponentType, type ReactNode } from 'react';

/** A view whose code is loaded when it is first shown, or before. */
export interface LazyView<P extends object> {
  (props: P): ReactNode;
  /** Loads it now; what fails is tried again when it is shown. */
  readonly preload: () => Promise<void>;
}

/**
 * As React's `lazy`, but a view whose code is there already is shown at once: `lazy` shows the fallback all the same,
 * and React holds back what follows a fallback for 300 ms (`FALLBACK_THROTTLE_MS`).
 */
export function lazyView<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): LazyView<P> {
  let There: ComponentType<P> | undefined;
  const keep = async (): Promise<{ default: ComponentType<P> }> => {
    const loaded = await load();
    There = loaded.default;
    return loaded;
  };
  // Its props are those of what it loads, which the type of `lazy` cannot say of a type that is not known yet.
  const Later = lazy(keep) as unknown as ComponentType<P>;
  const View = (props: P): ReactNode => {
    // A view that was waited for in a transition goes on as `Later` without being drawn anew: as `There` the next time
    // it would be another component, and what was open or typed in it would be lost.
    const [Chosen] = useState(() => There ?? Later);
    return <Chosen {...props} />;
  };
  const preload = async (): Promise<void> => {
    await keep().catch(() => undefined);
  };
  return Object.assign(View, { preload });
}
