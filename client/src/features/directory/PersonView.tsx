import BackIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-left';
import { RouterLink, useGo, useParams, useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { Person } from './Person.tsx';
import './directory.css';

/** Whether there is a page of the client before this one; the router numbers them. */
const isFromHere = (): boolean => {
  const state: unknown = history.state;
  return typeof state === 'object' && state !== null && 'idx' in state && Number(state.idx) > 0;
};

/** Back to where one came from; to the directory for whoever opened the address. */
function Back(): ReactNode {
  const { t } = useText('directory');
  const go = useGo();
  const [fromHere] = useState(isFromHere);
  return fromHere ? (
    <button type="button" className="c-back q-row-button" onClick={() => void go(-1)}>
      <BackIcon width={18} height={18} aria-hidden />
      {t('back')}
    </button>
  ) : (
    <RouterLink to="/directory" className="c-back">
      <BackIcon width={18} height={18} aria-hidden />
      {t('title')}
    </RouterLink>
  );
}

/** A person's page. */
export default function PersonView(): ReactNode {
  const { t } = useText('directory');
  const { userId } = useParams();
  const [name, setName] = useState('');
  useTitle(name === '' ? t('title') : name);
  return (
    <main className="c-page-area">
      <div className="c-profile">
        <Back />
        {userId !== undefined && <Person key={userId} userId={userId} Heading="h1" onName={setName} />}
      </div>
    </main>
  );
}
