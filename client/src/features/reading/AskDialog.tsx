import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Dialog,
  EmptyState,
  Skeleton,
  TextAreaField,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { Finder } from '../finder/Finder.tsx';
import { usePeopleSearch } from '../finder/people.ts';
import { AskOptions } from './AskOptions.tsx';
import { AskViewModel, type AskToSend, type Taken } from './AskViewModel.ts';
import { Unlisted } from './PeopleTicks.tsx';
import './reading.css';

/** Longest text that is written in the dialog itself, characters. */
const MAX_TEXT = 4000;

function SendLabel({ model }: { model: AskViewModel }): ReactNode {
  const { t } = useText('reading');
  const { chosen } = useSnapshot(model.finder);
  return chosen.length === 0 ? t('send') : t('send_count', { count: chosen.length });
}

function Whom(props: { model: AskViewModel; isTried: boolean }): ReactNode {
  const { t } = useText('reading');
  const [state, finder] = useViewModel(() => props.model.finder);
  return (
    <>
      <Finder model={finder} state={state} isCompanyOnly />
      {props.isTried && state.chosen.length === 0 && (
        <p className="q-field__error" role="alert">
          {t('whom_missing')}
        </p>
      )}
    </>
  );
}

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
  const search = usePeopleSearch();
  const [state, model] = useViewModel(
    () => new AskViewModel(services, reading, search, roomId, written !== undefined),
  );
  const { people } = state;
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
            <SendLabel model={model} />
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
            <Whom model={model} isTried={state.tried} />
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
