import { Button } from '@vector-im/compound-web';
import { CopyField, useText } from '@qiao/ui-kit';
import { useTitle } from '../../app/title.ts';
import { useEffect, useState, type ReactNode } from 'react';

/** The address that a Matrix client asks for, from the discovery document (client-server API, well-known). */
async function homeserverAddress(signal: AbortSignal): Promise<string> {
  try {
    const answer = await fetch('/.well-known/matrix/client', { signal });
    const { 'm.homeserver': found } = (await answer.json()) as { 'm.homeserver'?: { base_url?: string } };
    return found?.base_url ?? location.origin;
  } catch {
    return location.origin;
  }
}

/** Where people begin: how to sign in with a Matrix client, and the way to the console. */
export default function StartView(): ReactNode {
  const { t } = useText('start');
  const [address, setAddress] = useState(location.origin);
  useTitle('');
  useEffect(() => {
    const abort = new AbortController();
    void homeserverAddress(abort.signal).then((found) => {
      if (!abort.signal.aborted) setAddress(found.replace(/\/$/, ''));
    });
    return () => {
      abort.abort();
    };
  }, []);
  return (
    <>
      <div>
        <h1>{t('title')}</h1>
        <p className="q-muted">{t('intro')}</p>
      </div>
      <CopyField label={t('homeserver')} value={address} />
      <div>
        <h2>{t('how')}</h2>
        <ol className="c-steps">
          <li>{t('step_1')}</li>
          <li>{t('step_2')}</li>
          <li>{t('step_3')}</li>
        </ol>
      </div>
      <p className="q-muted">{t('no_account')}</p>
      <Button as="a" href="/admin/" kind="secondary" size="lg">
        {t('console')}
      </Button>
    </>
  );
}
