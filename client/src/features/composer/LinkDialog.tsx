import { Button } from '@vector-im/compound-web';
import { Dialog, TextField, useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { safeHref } from './editor/schema.ts';

/** What people type as an address: `example.org` is one. */
const completed = (typed: string): string | undefined =>
  safeHref(typed) ?? (/^[^\s:/]+\.[^\s:/]+/.test(typed) ? safeHref(`https://${typed}`) : undefined);

/** Asks where the selected words lead. */
export function LinkDialog(props: { onLink: (href: string) => void; onClose: () => void }): ReactNode {
  const { t } = useText('composer');
  const [typed, setTyped] = useState('');
  const [wrong, setWrong] = useState(false);
  const done = (): void => {
    const href = completed(typed.trim());
    if (href === undefined) setWrong(true);
    else props.onLink(href);
  };
  return (
    <Dialog
      size="small"
      title={t('link.title')}
      onClose={props.onClose}
      footer={
        <>
          <Button kind="secondary" size="md" onClick={props.onClose}>
            {t('cancel')}
          </Button>
          <Button kind="primary" size="md" onClick={done}>
            {t('link.set')}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          done();
        }}
      >
        <TextField
          label={t('link.address')}
          value={typed}
          onChange={(value) => {
            setTyped(value);
            setWrong(false);
          }}
          {...(wrong ? { error: t('link.wrong') } : {})}
          inputMode="url"
          autoComplete="off"
        />
      </form>
    </Dialog>
  );
}
