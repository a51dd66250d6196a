import { Button } from '@vector-im/compound-web';
import { Dialog, useText } from '@qiao/ui-kit';
import { useId, useState, type ReactNode } from 'react';
import { useRoom } from './room-context.ts';

/** `2026-11-23` of a moment, in the reader's time zone. */
const dayOf = (date: Date): string =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');

/** Asks for a day and shows the conversation from it on. */
export function JumpToDate(props: { onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { store } = useRoom();
  const id = useId();
  const today = dayOf(new Date());
  const [day, setDay] = useState(today);
  const [state, setState] = useState<'asking' | 'looking' | 'none'>('asking');
  const jump = async (): Promise<void> => {
    const ts = new Date(`${day}T00:00:00`).getTime();
    if (!Number.isFinite(ts)) return;
    setState('looking');
    const found = await store.jumpToDate(ts).catch(() => false);
    if (found) props.onClose();
    else setState('none');
  };
  return (
    <Dialog
      title={t('jump_to_date')}
      size="small"
      onClose={props.onClose}
      footer={
        <Button kind="primary" size="md" disabled={state === 'looking'} onClick={() => void jump()}>
          {t('jump')}
        </Button>
      }
    >
      <div className="q-field">
        <label className="q-field__label" htmlFor={id}>
          {t('date')}
        </label>
        <input
          id={id}
          type="date"
          className="q-input"
          value={day}
          max={today}
          onChange={(event) => {
            setDay(event.target.value);
          }}
        />
        {state === 'none' && <p role="alert">{t('date_none')}</p>}
      </div>
    </Dialog>
  );
}
