import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  CheckField,
  ErrorState,
  FormShell,
  PageHead,
  Skeleton,
  TextAreaField,
  TextField,
  useGo,
  useParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { Markdown } from '../Markdown.tsx';
import '../notices.css';
import { AudiencePicker, notActivatedText } from './AudiencePicker.tsx';
import { ComposeViewModel } from './ComposeViewModel.ts';

const MAX_TITLE = 200;
const MAX_BODY = 12_000;

function Form({ id }: { id: string | undefined }): ReactNode {
  const { t, format } = useText('notices');
  const services = useServices();
  const go = useGo();
  const [state, model] = useViewModel(() => new ComposeViewModel(services, id));
  const { audiences, stored, at, people } = state;
  const problem = stored?.problem ?? null;
  const scheduledAt = stored?.scheduled_at ?? null;
  const heading = (
    <PageHead
      crumbs={[
        { label: t('sent.title'), to: '/x/notices/sent' },
        { label: t(id === undefined ? 'compose.new' : 'compose.title') },
      ]}
      title={t(id === undefined ? 'compose.new' : 'compose.title')}
    />
  );
  if (state.failed) return <ErrorState error={state.failed} retry={() => void model.load()} />;
  if (state.loading || !audiences)
    return (
      <>
        {heading}
        <Skeleton block lines={4} />
      </>
    );
  const send = async (): Promise<void> => {
    const sent = await model.send({
      title: t(at === '' ? 'compose.send_title' : 'compose.schedule_title'),
      body:
        people === undefined
          ? t('compose.send_text')
          : `${t('compose.send_people', { count: people, title: state.title })} ${notActivatedText(t, format, state)}`,
      confirm: t(at === '' ? 'compose.send' : 'compose.schedule'),
      done: at === '' ? t('compose.sent') : t('compose.scheduled', { time: format.dateTime(new Date(at)) }),
    });
    if (sent !== undefined) void go(at === '' ? `/x/notices/sent/${sent}` : '/x/notices/sent');
  };
  return (
    <>
      {heading}
      <FormShell className="q-narrow" onSubmit={() => void send()}>
        {state.restored && (
          <Banner
            tone="info"
            title={t('compose.restored')}
            actions={
              <Button
                type="button"
                kind="secondary"
                size="md"
                disabled={state.busy}
                onClick={() =>
                  void model.startOver({
                    title: t('compose.start_over_title'),
                    confirm: t('compose.start_over'),
                  })
                }
              >
                {t('compose.start_over')}
              </Button>
            }
          />
        )}
        {problem !== null && <Banner tone="warn" title={t(`sent.problem.${problem}`)} />}
        {scheduledAt !== null && (
          <Banner
            tone="info"
            title={t('compose.is_scheduled', { time: format.dateTime(scheduledAt) })}
            actions={
              <Button
                type="button"
                kind="secondary"
                size="md"
                disabled={state.busy}
                onClick={() => void model.unschedule(t('compose.unscheduled'))}
              >
                {t('compose.unschedule')}
              </Button>
            }
          />
        )}
        <Card title={t('compose.what')}>
          <div className="q-stack">
            <TextField
              label={t('compose.subject')}
              value={state.title}
              maxLength={MAX_TITLE}
              onChange={(title) => {
                model.change({ title });
              }}
            />
            {state.preview ? (
              <Markdown text={state.body} />
            ) : (
              <TextAreaField
                label={t('compose.text')}
                help={t('compose.text_help')}
                rows={10}
                maxLength={MAX_BODY}
                value={state.body}
                onChange={(body) => {
                  model.change({ body });
                }}
              />
            )}
            <div className="q-row">
              <Button
                type="button"
                kind="tertiary"
                size="md"
                onClick={() => {
                  model.change({ preview: !state.preview });
                }}
              >
                {t(state.preview ? 'compose.edit' : 'compose.preview')}
              </Button>
            </div>
            <CheckField
              label={t('compose.confirm')}
              help={t('compose.confirm_help')}
              checked={state.confirm}
              onChange={(confirm) => {
                model.change({ confirm });
              }}
            />
          </div>
        </Card>
        <Card title={t('compose.whom')}>
          <AudiencePicker audiences={audiences} state={state} model={model} />
        </Card>
        <Card title={t('compose.when')}>
          <TextField
            type="datetime-local"
            label={t('compose.at')}
            help={t('compose.at_help')}
            optional
            value={at}
            onChange={(value) => {
              model.change({ at: value });
            }}
          />
        </Card>
        <p className="q-muted">{t('compose.stored_plain')}</p>
        <div className="q-row">
          <Button type="submit" kind="primary" size="md" disabled={!model.ready || state.busy}>
            {t(at === '' ? 'compose.send' : 'compose.schedule')}
          </Button>
          <Button
            type="button"
            kind="secondary"
            size="md"
            disabled={!model.ready || state.busy}
            onClick={() => void model.save(t('compose.saved'))}
          >
            {t('compose.save')}
          </Button>
          <Button
            type="button"
            kind="tertiary"
            size="md"
            onClick={() => {
              void model
                .discard({
                  title: t('compose.discard_title'),
                  confirm: t('compose.discard'),
                  done: t('compose.discarded'),
                })
                .then((gone) => (gone ? go('/x/notices/sent') : undefined));
            }}
          >
            {t('compose.discard')}
          </Button>
        </div>
      </FormShell>
    </>
  );
}

/** Writes a notice. */
export default function ComposeView(): ReactNode {
  const { id } = useParams();
  return (
    <main className="c-page-area">
      <Form key={id} id={id} />
    </main>
  );
}
