import { Button, Form, ToggleInput } from '@vector-im/compound-web';
import { useServices, useSnapshot, useText } from '@qiao/ui-kit';
import { useId, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { IndexLine } from './IndexLine.tsx';
import './search.css';

/** The search section of the settings: on and off, size, history, clearing. */
export default function SearchSettings(): ReactNode {
  const { t, format } = useText('search');
  const { confirm, toasts } = useServices();
  const { search } = useMatrix();
  const status = useSnapshot(search);
  const id = useId();
  const on = status.state !== 'off';
  const toggle = async (): Promise<void> => {
    if (!on) {
      await search.turnOn();
      return;
    }
    const yes = await confirm.ask({
      title: t('settings.off_title'),
      body: t('settings.off_text'),
      confirm: t('settings.off_confirm'),
      destructive: true,
    });
    if (yes) await search.turnOff();
  };
  const clear = async (): Promise<void> => {
    const yes = await confirm.ask({
      title: t('settings.clear_title'),
      body: t('settings.clear_text'),
      confirm: t('settings.clear'),
      destructive: true,
    });
    if (!yes) return;
    await search.clear();
    toasts.show({ kind: 'success', text: t('settings.cleared') });
  };
  return (
    <section className="c-search-settings" aria-label={t('settings.title')}>
      <p className="q-muted">{t('settings.text')}</p>
      <Form.Root className="c-search-settings__toggle" onSubmit={(event) => event.preventDefault()}>
        <label htmlFor={id}>{t('settings.enabled')}</label>
        <ToggleInput id={id} checked={on} onChange={() => void toggle()} />
      </Form.Root>
      {status.state === 'ready' && (
        <>
          <IndexLine />
          <p className="q-num">
            {t('settings.size', {
              messages: format.number(status.messages),
              size: format.bytes(status.stored),
            })}
          </p>
          <div>
            <Button kind="secondary" size="md" destructive onClick={() => void clear()}>
              {t('settings.clear')}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}
