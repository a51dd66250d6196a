import { useText } from '@qiao/ui-kit';
import { memo, useMemo, type ReactNode } from 'react';
import { isBigEmoji, type TextBody as Body } from '../../matrix/message-body.ts';
import { renderHtml } from './html.tsx';
import { Linked } from './MessageLink.tsx';

/** Lines of a text that are shown before somebody asks for more. */
const LONG = 4000;

/** What somebody wrote. */
export const TextBody = memo(function TextBody(props: {
  body: Body;
  name: string;
  edited: boolean;
}): ReactNode {
  const { t } = useText('room');
  const { body } = props;
  const inner = useMemo(
    () => (body.html === undefined ? <Linked text={body.text} /> : renderHtml(body.html)),
    [body.html, body.text],
  );
  const Tag = body.html === undefined ? 'p' : 'div';
  return (
    <Tag
      className="c-text"
      dir="auto"
      data-as={body.as}
      data-html={body.html !== undefined}
      data-big={body.as === 'text' && isBigEmoji(body.text)}
      data-long={(body.html ?? body.text).length > LONG}
      {...((body.html ?? body.text).length > LONG
        ? { tabIndex: 0, role: 'group', 'aria-label': t('long') }
        : {})}
    >
      {body.as === 'emote' && (
        <span>
          * <bdi>{props.name}</bdi>{' '}
        </span>
      )}
      {inner}
      {props.edited && <span className="c-text__edited"> {t('edited')}</span>}
    </Tag>
  );
});
