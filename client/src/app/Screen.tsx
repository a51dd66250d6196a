import { EmptyState } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { Frame } from './Frame.tsx';
import { useTitle } from './title.ts';

/** A message in the middle of the window, with what can be done. */
export function Screen(props: { title: string; text: string; children?: ReactNode }): ReactNode {
  useTitle(props.title);
  return (
    <Frame>
      <EmptyState compact title={props.title} text={props.text}>
        {props.children}
      </EmptyState>
    </Frame>
  );
}
