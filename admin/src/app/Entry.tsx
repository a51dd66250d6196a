import { Logo, useBrand } from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { Preferences } from './Preferences.tsx';

/** A page outside the console: one card in the middle, language and look below. */
export function Entry(props: { title: string; children: ReactNode }): ReactNode {
  const { shortName } = useBrand();
  useEffect(() => {
    document.title = props.title;
  });
  return (
    <div className="q-entry">
      <main className="q-entry__card a-entry__card">
        <div className="a-entry__brand">
          <Logo size={44} />
          <p className="a-entry__name">{shortName}</p>
        </div>
        <h1>{props.title}</h1>
        {props.children}
      </main>
      <footer className="q-entry__foot">
        <Preferences />
      </footer>
    </div>
  );
}
