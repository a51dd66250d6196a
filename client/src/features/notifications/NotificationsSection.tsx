import './notifications.css';
import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Busy,
  Card,
  Loaded,
  RadioCards,
  RouterLink,
  Skeleton,
  Tag,
  Time,
  ToggleField,
  useEntering,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { ACCOUNT_LEVELS } from '../../matrix/account-level.ts';
import { pageNotify } from '../../pwa/page-notify.ts';
import type { PushSnapshot } from '../../pwa/push-device.ts';
import { playSound } from '../../pwa/sound.ts';
import { InstallCard } from './InstallCard.tsx';
import {
  NotificationsViewModel,
  type NotificationsSnapshot,
  type TestState,
} from './NotificationsViewModel.ts';
import { QuietViewModel } from './QuietViewModel.ts';

type Model = NotificationsViewModel;

const TEST_TONES = { delivered: 'good', gone: 'warn', refused: 'bad', failed: 'warn', error: 'bad' } as const;

function Tested({ test }: { test: TestState }): ReactNode {
  const { t } = useText('notifications');
  return test === 'busy' ? (
    <Busy label={t('test.busy')} />
  ) : (
    <Banner tone={TEST_TONES[test]} live title={t(`test.${test}`)} />
  );
}

function Switch({ push, model }: { push: PushSnapshot; model: Model }): ReactNode {
  const { t } = useText('notifications');
  return (
    <ToggleField
      label={t('device.switch')}
      help={push.state === 'off' && push.asks ? t('device.asks') : t('device.switch_help')}
      checked={push.state === 'on'}
      disabled={push.busy}
      onChange={(on) => void model.toggle(on)}
    />
  );
}

/** How pushes to this device stand, and what can be done. */
function ThisDevice(props: { push: PushSnapshot; state: NotificationsSnapshot; model: Model }): ReactNode {
  const { t } = useText('notifications');
  const { explain } = useServices();
  const { push, state, model } = props;
  switch (push.state) {
    case 'looking':
      return <Skeleton lines={2} />;
    case 'no':
      return (
        <Banner tone="neutral" title={t('device.no')}>
          {t('device.no_text')}
        </Banner>
      );
    case 'needs-app':
      return (
        <Banner tone="info" title={t('device.needs_app')}>
          {t('device.needs_app_text')}
        </Banner>
      );
    case 'denied':
      // Said above.
      return <p>{t('device.denied_too')}</p>;
    case 'failed':
      return (
        <>
          <Banner
            tone="bad"
            live
            title={t('device.failed')}
            actions={
              <Button kind="secondary" size="md" disabled={push.busy} onClick={() => void model.toggle(true)}>
                {t('device.retry')}
              </Button>
            }
          >
            {isOurs(push.error) ? explain(push.error) : t('device.failed_text')}
          </Banner>
          {state.test !== undefined && <Tested test={state.test} />}
        </>
      );
    case 'gone':
      return (
        <Banner
          tone="warn"
          live
          title={t('device.gone')}
          actions={
            <Button kind="secondary" size="md" disabled={push.busy} onClick={() => void model.toggle(true)}>
              {t('device.again')}
            </Button>
          }
        >
          {t('device.gone_text')}
        </Banner>
      );
    case 'off':
      return (
        <>
          {push.ended && <Banner tone="info" title={t('device.ended')} />}
          <Switch push={push} model={model} />
          {push.busy && <Busy label={t('device.busy')} />}
        </>
      );
    case 'on':
      return (
        <>
          <Switch push={push} model={model} />
          <div>
            <Button
              kind="secondary"
              size="md"
              disabled={push.busy || state.test === 'busy'}
              onClick={() => void model.sendTest()}
            >
              {t('test.send')}
            </Button>
          </div>
          {state.test !== undefined && <Tested test={state.test} />}
        </>
      );
  }
}

/** Notifications by the page itself, which need nothing but the browser's leave. */
function WhileOpen({ push }: { push: PushSnapshot }): ReactNode {
  const { t } = useText('notifications');
  const page = useSnapshot(pageNotify);
  useEffect(() => {
    // Pushes that were switched on have asked for the same leave.
    pageNotify.look();
  }, [push.state]);
  if (page.permission === 'unsupported')
    return (
      <Banner tone="neutral" title={t('device.no')}>
        {t('device.no_text')}
      </Banner>
    );
  if (page.permission === 'denied')
    return (
      <Banner tone="warn" title={t('device.denied')}>
        <p>{t('device.denied_text')}</p>
        <p>{t('device.denied_system')}</p>
      </Banner>
    );
  return (
    <>
      <ToggleField
        label={t('page.switch')}
        help={page.permission === 'default' ? t('device.asks') : t('page.switch_help')}
        checked={page.on}
        onChange={(on) => {
          if (on) void pageNotify.turnOn();
          else pageNotify.turnOff();
        }}
      />
      {page.on && (
        <>
          <ToggleField
            label={t('page.sound')}
            help={t('page.sound_help')}
            checked={page.sound}
            onChange={(sound) => {
              pageNotify.choose({ sound });
              // So that one hears what it is like.
              if (sound) playSound();
            }}
          />
          <ToggleField
            label={t('page.preview')}
            help={t('page.preview_help')}
            checked={page.words}
            onChange={(words) => {
              pageNotify.choose({ words });
            }}
          />
        </>
      )}
    </>
  );
}

const PAUSES = ['hour', 'afternoon', 'tomorrow'] as const;

/** Do not disturb, and whether quiet hours hold now. */
function Quiet(): ReactNode {
  const { t, format } = useText('notifications');
  const services = useServices();
  const [{ known, quiet, until, paused }, model] = useViewModel(() => new QuietViewModel(services));
  useEntering(model);
  if (!known) return null;
  return (
    <Card title={t('quiet.title')} intro={t('quiet.intro')} level={3}>
      <div className="q-stack">
        {quiet && until !== undefined && (
          <Banner tone="info" live title={t(paused ? 'quiet.paused' : 'quiet.hours')}>
            {t('quiet.until', { time: format.dateTime(new Date(until)) })}
          </Banner>
        )}
        <div className="c-notify-pauses">
          {paused ? (
            <Button kind="secondary" size="md" onClick={() => void model.pause(undefined, t('quiet.ended'))}>
              {t('quiet.end')}
            </Button>
          ) : (
            PAUSES.map((pause) => (
              <Button
                key={pause}
                kind="secondary"
                size="md"
                onClick={() => void model.pause(pause, t('quiet.began'))}
              >
                {t(`quiet.for.${pause}`)}
              </Button>
            ))
          )}
        </div>
        <RouterLink to="/settings/notices-reminders">{t('quiet.to_hours')}</RouterLink>
      </div>
    </Card>
  );
}

/** An error of our own interfaces explains itself; the browser's are for its makers. */
const isOurs = (error: unknown): boolean => error instanceof Error && error.name === 'ApiError';

function Others({ state, model }: { state: NotificationsSnapshot; model: Model }): ReactNode {
  const { t } = useText('notifications');
  const { confirm } = useServices();
  const remove = async (id: string, name: string): Promise<void> => {
    const yes = await confirm.ask({
      title: t('others.remove_title', { name }),
      body: t('others.remove_text'),
      confirm: t('others.remove'),
      destructive: true,
    });
    if (yes) await model.remove(id, t('others.removed', { name }));
  };
  return (
    <Loaded of={state.others} skeleton={<Skeleton lines={2} />}>
      {(others) =>
        others.length === 0 ? (
          <p className="q-muted">{t('others.none')}</p>
        ) : (
          <ul className="c-push-others">
            {others.map((each) => (
              <li key={each.id} className="c-push-other">
                <div className="c-push-other__what">
                  <strong>{each.label}</strong>
                  <span className="q-muted q-small">
                    {t('others.since')} <Time at={each.created_at} />
                    {each.delivered_at !== null && (
                      <>
                        {' · '}
                        {t('others.delivered')} <Time at={each.delivered_at} relative />
                      </>
                    )}
                  </span>
                </div>
                <Button
                  kind="secondary"
                  size="md"
                  destructive
                  disabled={state.removing !== undefined}
                  aria-label={t('others.remove_label', { name: each.label })}
                  onClick={() => void remove(each.id, each.label)}
                >
                  {t('others.remove')}
                </Button>
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

/** The settings page: this device, what to be told about, other devices, the app. */
export default function NotificationsSection(): ReactNode {
  const { t } = useText('notifications');
  const services = useServices();
  const { push, notifyRules } = useMatrix();
  const device = useSnapshot(push);
  const { level } = useSnapshot(notifyRules);
  const [state, model] = useViewModel(() => new NotificationsViewModel(services, push, notifyRules));
  return (
    <>
      <Card title={t('page.title')} level={3}>
        <div className="q-stack">
          <WhileOpen push={device} />
        </div>
      </Card>
      <Card
        title={t('device.title')}
        level={3}
        actions={
          device.state === 'on' ? (
            <Tag tone="good">{t('device.on')}</Tag>
          ) : device.state === 'off' ? (
            <Tag>{t('device.off')}</Tag>
          ) : undefined
        }
      >
        <div className="q-stack">
          <ThisDevice push={device} state={state} model={model} />
          <p className="q-muted q-small">{t('device.private')}</p>
        </div>
      </Card>
      <Quiet />
      <Card title={t('level.title')} intro={t('level.intro')} level={3}>
        {level === undefined ? (
          <Skeleton lines={3} />
        ) : (
          <RadioCards
            label={t('level.label')}
            value={state.choosing ?? level}
            options={ACCOUNT_LEVELS.map((each) => ({
              value: each,
              label: t(`level.${each}`),
              help: t(`level.${each}_help`),
            }))}
            onChange={(value) => {
              const found = ACCOUNT_LEVELS.find((each) => each === value);
              if (found) void model.chooseLevel(found);
            }}
          />
        )}
      </Card>
      <Card title={t('others.title')} level={3}>
        <Others state={state} model={model} />
      </Card>
      <InstallCard />
    </>
  );
}
