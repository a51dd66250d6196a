import type { ReactNode } from 'react';
import { Frame } from './Frame.tsx';
import { useTitle } from './title.ts';

/** A message in the middle of the window, with what can be done. */
export function Screen(props: { title: string; text: string; children?: ReactNode }): ReactNode {
  useTitle(props.title);
  return (
    <Frame>
      <h1>{props.title}</h1>
      <p className="q-muted">{props.text}</p>
      {props.children !== undefined && <div className="q-row">{props.children}</div>}
    </Frame>
  );
}
