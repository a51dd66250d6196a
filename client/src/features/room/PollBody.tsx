import { Button } from '@vector-im/compound-web';
import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import PollsIcon from '@vector-im/compound-design-tokens/assets/web/icons/polls';
import { useServices, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { PollState } from '../../matrix/poll-body.ts';
import type { Message } from '../../matrix/timeline-types.ts';

/** A poll: the votes are shown as they come, if it was asked so, and at its end. */
export function PollBody(props: { message: Message; poll: PollState }): ReactNode {
  const { t } = useText('room');
  const { timelines } = useMatrix();
  const { confirm } = useServices();
  const { message, poll } = props;
  const { roomId, eventId } = message;
  const counted = poll.ended || (poll.disclosed && poll.mine.length > 0);
  const can = !poll.ended && message.rights.reply;
  const most = Math.max(0, ...poll.votes.values());
  const vote = (id: string): void => {
    const next =
      poll.most === 1
        ? [id]
        : poll.mine.includes(id)
          ? poll.mine.filter((each) => each !== id)
          : [...poll.mine, id].slice(-poll.most);
    // A refusal is told by the room.
    timelines.vote(roomId, eventId, next).catch(() => undefined);
  };
  const end = async (): Promise<void> => {
    const yes = await confirm.ask({
      title: t('poll.end_title'),
      body: t('poll.end_text'),
      confirm: t('poll.end'),
    });
    if (!yes) return;
    const text = t('poll.ended_text', { question: poll.question });
    timelines.endPoll(roomId, eventId, text).catch(() => undefined);
  };
  return (
    <div className="c-poll" role="group" aria-label={poll.question}>
      <p className="c-poll__question" dir="auto">
        <PollsIcon width={20} height={20} aria-hidden />
        <span>{poll.question}</span>
      </p>
      <ul>
        {poll.answers.map((answer) => {
          const votes = poll.votes.get(answer.id) ?? 0;
          const mine = poll.mine.includes(answer.id);
          const share = poll.voters > 0 ? votes / poll.voters : 0;
          return (
            <li key={answer.id}>
              <button
                type="button"
                className="c-poll__answer"
                aria-pressed={mine}
                disabled={!can}
                data-won={poll.ended && votes === most && votes > 0}
                onClick={() => {
                  vote(answer.id);
                }}
              >
                <span className="c-poll__mark" aria-hidden>
                  {mine && <CheckIcon width={16} height={16} />}
                </span>
                <span className="c-poll__text" dir="auto">
                  {answer.text}
                </span>
                {counted && <span className="q-num q-small">{t('poll.votes', { count: votes })}</span>}
                {counted && (
                  <span
                    className="c-poll__bar"
                    aria-hidden
                    style={{ inlineSize: `${(share * 100).toFixed(1)}%` }}
                  />
                )}
              </button>
            </li>
          );
        })}
      </ul>
      <p className="c-poll__foot q-muted q-small">
        <span>
          {poll.ended
            ? t('poll.final', { count: poll.voters })
            : poll.disclosed
              ? t('poll.voters', { count: poll.voters })
              : t('poll.hidden', { count: poll.voters })}
        </span>
        {!poll.ended && message.own && can && (
          <Button kind="tertiary" size="md" onClick={() => void end()}>
            {t('poll.end')}
          </Button>
        )}
      </p>
    </div>
  );
}
