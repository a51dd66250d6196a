import type { Remote } from '@qiao/ui-kit';

/**
 * For pages of several lists: tells once that all have answered for the first time, so that the page is shown whole
 * and nothing moves what is read already.
 * @returns to be called with each answer of each list
 */
export function whole(
  lists: readonly string[],
  shown: () => void,
): (list: string, remote: Remote<unknown>) => void {
  const open = new Set(lists);
  return (list, remote) => {
    if (remote.state === 'loading' || !open.delete(list) || open.size > 0) return;
    shown();
  };
}
