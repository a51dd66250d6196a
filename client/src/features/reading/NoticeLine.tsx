import DoneIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle';
import NoticeIcon from '@vector-im/compound-design-tokens/assets/web/icons/public';
import { Button } from '@vector-im/compound-web';
import { dataOf, RouterLink, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { Message } from '../../matrix/timeline-types.ts';
import { NoticeLineViewModel } from './NoticeLineViewModel.ts';
import './reading.css';

function Line(props: { id: string }): ReactNode {
  const { t } = useText('reading');
  const services = useServices();
  const { id } = props;
  const [state, model] = useViewModel(() => new NoticeLineViewModel(services, id));
  const notice = dataOf(state.notice);
  // Not (or no more) for this person, or not known yet: the message itself says what there is.
  if (notice === undefined || notice.recalled) return null;
  const isOpen = notice.confirm && notice.confirmed_at === null;
  const Icon = isOpen || !notice.confirm ? NoticeIcon : DoneIcon;
  return (
    <div className={isOpen ? 'c-ask c-ask--mine' : 'c-ask'} data-kind="notice" data-done={!isOpen}>
      <Icon width={16} height={16} aria-hidden />
      {notice.confirm && (
        <span className="c-ask__text">{t(isOpen ? 'notice.wanted' : 'notice.confirmed')}</span>
      )}
      {isOpen ? (
        <Button kind="primary" size="md" disabled={state.busy} onClick={() => void model.confirm()}>
          {t('notice.confirm')}
        </Button>
      ) : (
        <RouterLink to={`/x/notices/notices/${id}`}>{t('notice.open')}</RouterLink>
      )}
    </div>
  );
}

/** Below a message that brings a notice: the button that confirms it, then that it is confirmed and where it stands. */
export function NoticeLine(props: { message: Message }): ReactNode {
  const { session } = useServices();
  const { notice, send } = props.message;
  return notice === undefined || send !== 'sent' || session.personId === undefined ? null : (
    <Line key={notice} id={notice} />
  );
}
