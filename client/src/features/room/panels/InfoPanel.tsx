import { Button } from '@vector-im/compound-web';
import LeaveIcon from '@vector-im/compound-design-tokens/assets/web/icons/leave';
import LockIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-solid';
import LockOffIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-off';
import { useServices, useText } from '@qiao/ui-kit';
import { useId, useState, type ReactNode } from 'react';
import { ConversationAvatar } from '../../../components/ConversationAvatar.tsx';
import { receiptsArePrivate, setReceiptsPrivate } from '../../../matrix/receipt-privacy.ts';
import type { NotifyLevel, RoomInfo, RoomInfoStore } from '../../../matrix/room-info-store.ts';
import { useRoom } from '../room-context.ts';
import { PanelFrame } from './PanelFrame.tsx';
import { RenewRoom } from './RenewRoom.tsx';

const LEVELS: readonly NotifyLevel[] = ['all', 'mentions', 'none'];

/** A text that can be changed by those who may. */
function Editable(props: {
  label: string;
  value: string;
  may: boolean;
  long?: boolean;
  save: (value: string) => Promise<void>;
}): ReactNode {
  const { t } = useText('room');
  const { attempt } = useServices();
  const id = useId();
  const [value, setValue] = useState<string>();
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    const { ok } = await attempt(() => props.save((value ?? '').trim()), { done: t('info.saved') });
    setBusy(false);
    if (ok) setValue(undefined);
  };
  const shared = {
    id,
    className: 'q-input',
    value: value ?? props.value,
    readOnly: !props.may,
    maxLength: props.long ? 1000 : 255,
    onChange: (event: { target: { value: string } }) => {
      setValue(event.target.value);
    },
  };
  return (
    <div className="q-field">
      <label className="q-field__label" htmlFor={id}>
        {props.label}
      </label>
      {props.long ? <textarea rows={3} {...shared} /> : <input {...shared} />}
      {value !== undefined && value.trim() !== props.value && (
        <div className="q-row">
          <Button kind="primary" size="md" disabled={busy} onClick={() => void save()}>
            {t('info.save')}
          </Button>
          <Button
            kind="tertiary"
            size="md"
            onClick={() => {
              setValue(undefined);
            }}
          >
            {t('info.cancel')}
          </Button>
        </div>
      )}
    </div>
  );
}

/** What a conversation is, and its settings. */
export function InfoPanel(props: {
  info: RoomInfo;
  model: RoomInfoStore;
  onClose: () => void;
  onLeft: () => void;
}): ReactNode {
  const { t } = useText('room');
  const { confirm, attempt } = useServices();
  const { roomId } = useRoom();
  const { info, model } = props;
  const group = useId();
  const [hidden, setHidden] = useState(receiptsArePrivate);
  const leave = async (): Promise<void> => {
    const yes = await confirm.ask({
      title: t('info.leave_title', { name: info.name }),
      body: t('info.leave_text'),
      confirm: t('info.leave'),
      destructive: true,
    });
    if (!yes) return;
    const { ok } = await attempt(model.leave);
    if (ok) props.onLeft();
  };
  return (
    <PanelFrame title={t('panel.info')} onClose={props.onClose}>
      <div className="c-panel__body q-stack">
        <div className="c-info__head">
          <ConversationAvatar of={{ ...info, roomId }} size={64} />
          <p className="c-info__name">
            <bdi>{info.name}</bdi>
          </p>
        </div>
        <p className="c-info__lock" data-encrypted={info.encrypted}>
          {info.encrypted ? (
            <LockIcon width={18} height={18} aria-hidden />
          ) : (
            <LockOffIcon width={18} height={18} aria-hidden />
          )}
          <span>{info.encrypted ? t('info.encrypted') : t('info.not_encrypted')}</span>
        </p>
        {info.external && <p className="c-info__lock">{t('info.external')}</p>}
        <Editable label={t('info.name')} value={info.name} may={info.rights.name} save={model.setName} />
        <Editable
          label={t('info.topic')}
          value={info.topic}
          may={info.rights.topic}
          save={model.setTopic}
          long
        />
        <fieldset className="c-info__levels">
          <legend className="q-field__label">{t('info.notify')}</legend>
          {LEVELS.map((level) => (
            <label key={level}>
              <input
                type="radio"
                name={group}
                checked={info.notify === level}
                onChange={() => void attempt(() => model.setNotify(level))}
              />
              <span>{t(`info.level.${level}`)}</span>
            </label>
          ))}
        </fieldset>
        <fieldset className="c-info__levels">
          <legend className="q-field__label">{t('info.receipts')}</legend>
          <label>
            <input
              type="checkbox"
              checked={!hidden}
              onChange={(event) => {
                setReceiptsPrivate(!event.target.checked);
                setHidden(!event.target.checked);
              }}
            />
            <span>{t('info.receipts_show')}</span>
          </label>
        </fieldset>
        {info.renewable && <RenewRoom />}
        {info.joined && info.followsDirectory && (
          <div className="q-stack">
            <p className="q-field__label">{t('info.follows')}</p>
            <p className="q-muted q-small">{t('info.follows_text')}</p>
          </div>
        )}
        {info.joined && !info.followsDirectory && (
          <div>
            <Button kind="secondary" size="md" destructive Icon={LeaveIcon} onClick={() => void leave()}>
              {t('info.leave')}
            </Button>
          </div>
        )}
        <details className="q-muted q-small">
          <summary>{t('info.technical')}</summary>
          <p className="q-mono">{roomId}</p>
        </details>
      </div>
    </PanelFrame>
  );
}
