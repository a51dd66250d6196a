import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Dialog,
  EmptyState,
  Skeleton,
  TextAreaField,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { MAX_ASKED } from '../../matrix/ask-content.ts';
import { useMatrix } from '../../matrix/context.tsx';
import { AskOptions } from './AskOptions.tsx';
import { AskViewModel, type AskToSend, type Taken } from './AskViewModel.ts';
import { PeopleTicks, Unlisted, usePeopleSearch } from './PeopleTicks.tsx';
import './reading.css';

/** Longest text that is written in the dialog itself, characters. */
const MAX_TEXT = 4000;

/** Asks people of a conversation by a new message. */
export default function AskDialog(props: {
  roomId: string;
  /** What is written in the composer, and goes along; undefined: nothing yet. */
  written: string | undefined;
  onSend: (ask: AskToSend) => Promise<Taken>;
  onClose: () => void;
}): ReactNode {
  const { t } = useText('reading');
  const services = useServices();
  const { reading } = useMatrix();
  const { roomId, written } = props;
  const [state, model] = useViewModel(
    () => new AskViewModel(services, reading, roomId, written !== undefined),
  );
  const { people, chosen } = state;
  const search = usePeopleSearch(people.length);
  const shown = people.filter(search.fits);
  return (
    <Dialog
      title={t('ask_title')}
      intro={t('ask_intro')}
      onClose={props.onClose}
      footer={
        <>
          <Button kind="secondary" size="md" onClick={props.onClose}>
            {t('cancel')}
          </Button>
          <Button
            kind="primary"
            size="md"
            disabled={state.loading || state.busy || people.length === 0}
            onClick={() => {
              void model.submit(props.onSend).then((isOnItsWay) => {
                if (isOnItsWay) props.onClose();
              });
            }}
          >
            {chosen.size === 0 ? t('send') : t('send_count', { count: chosen.size })}
          </Button>
        </>
      }
    >
      {state.loading ? (
        <Skeleton lines={5} />
      ) : people.length === 0 ? (
        <EmptyState compact title={t('nobody')} />
      ) : (
        <div className="q-stack">
          {written === undefined ? (
            <TextAreaField
              label={t('text')}
              rows={3}
              maxLength={MAX_TEXT}
              value={state.text}
              {...(state.tried && state.text.trim() === '' ? { error: t('text_missing') } : {})}
              onChange={(text) => {
                model.change({ text });
              }}
            />
          ) : (
            <div>
              <p className="q-field__label">{t('written')}</p>
              <blockquote className="c-written" dir="auto">
                {written}
              </blockquote>
            </div>
          )}
          <section className="q-stack q-stack--tight" aria-label={t('whom')}>
            <h3>{t('whom')}</h3>
            {state.unlisted > 0 && <Unlisted listed={people.length} unlisted={state.unlisted} />}
            {search.box}
            {shown.length === 0 ? (
              <p className="q-muted">{t('find_none')}</p>
            ) : (
              <PeopleTicks
                label={t('whom')}
                people={shown}
                among={people}
                chosen={chosen}
                onChoose={model.choose}
              />
            )}
            {state.tried && chosen.size === 0 && (
              <p className="q-field__error" role="alert">
                {t('whom_missing')}
              </p>
            )}
            {chosen.size > MAX_ASKED && (
              <p className="q-field__error" role="alert">
                {t('whom_many', { count: MAX_ASKED })}
              </p>
            )}
          </section>
          <AskOptions
            form={state.form}
            late={state.late}
            onChange={(form) => {
              model.change({ form });
            }}
          />
          {state.why !== undefined && <Banner tone="bad" live title={t(`not_taken.${state.why}`)} />}
        </div>
      )}
    </Dialog>
  );
}
