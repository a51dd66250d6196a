import type { ReactNode } from 'react';
import { Person } from './Person.tsx';
import './directory.css';

/** A person beside a conversation. */
export default function PersonPanel(props: { userId: string }): ReactNode {
  return (
    <div className="c-panel__body">
      <div className="c-profile">
        <Person userId={props.userId} Heading="h3" />
      </div>
    </div>
  );
}
