import { Button } from '@vector-im/compound-web';
import ErrorIcon from '@vector-im/compound-design-tokens/assets/web/icons/error-solid';
import InfoIcon from '@vector-im/compound-design-tokens/assets/web/icons/info-solid';
import { useEffect, useRef, type ReactNode } from 'react';
import { asApiError, type ApiError } from '../api/client.ts';
import { useServices, useText } from '../app/services.tsx';
import { mayPass, type Pages, type Remote } from '../model/remote.ts';
import { cx, type IconType } from './basics.tsx';

export function EmptyState(props: {
  Icon?: IconType;
  title: string;
  text?: ReactNode;
  children?: ReactNode;
  compact?: boolean;
}): ReactNode {
  return (
    <div className={cx('q-empty', props.compact && 'q-empty--compact')}>
      {props.Icon && (
        <span className="q-empty__icon" aria-hidden>
          <props.Icon width={24} height={24} />
        </span>
      )}
      <p className="q-empty__title">{props.title}</p>
      {props.text && <p className="q-muted">{props.text}</p>}
      {props.children && <div className="q-empty__actions">{props.children}</div>}
    </div>
  );
}

/** Something could not be loaded: what, the request id for the operator, and another try. */
export function ErrorState(props: { error: unknown; retry?: () => void }): ReactNode {
  const { t } = useText('kit');
  const { explain } = useServices();
  const error: ApiError = asApiError(props.error);
  const missing = error.status === 404 || error.status === 403;
  return (
    <div className="q-empty" role="alert">
      <span className={cx('q-empty__icon', !missing && 'q-empty__icon--critical')} aria-hidden>
        {missing ? <InfoIcon width={24} height={24} /> : <ErrorIcon width={24} height={24} />}
      </span>
      <p className="q-empty__title">{missing ? t('error.missing') : t('error.title')}</p>
      <p className="q-muted">{explain(error)}</p>
      {mayPass(error) && <p className="q-muted">{t('error.again')}</p>}
      {error.requestId && <p className="q-request-id">{t('error.request_id', { id: error.requestId })}</p>}
      {props.retry && !missing && (
        <div className="q-empty__actions">
          <Button kind="secondary" size="md" onClick={props.retry}>
            {t('error.retry')}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Grey shapes in place of what is still loading. */
export function Skeleton(props: { lines?: number; block?: boolean }): ReactNode {
  const { t } = useText('kit');
  return (
    <div className={cx('q-skeleton', props.block && 'q-skeleton--block')} role="status">
      <span className="q-sr">{t('loading')}</span>
      {Array.from({ length: props.lines ?? 6 }, (_, index) => (
        <span key={index} className="q-skeleton__line" aria-hidden />
      ))}
    </div>
  );
}

/** Shows what is there, or that it is loading, or why it is not there. */
export function Loaded<T>(props: {
  of: Remote<T>;
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}): ReactNode {
  const { of } = props;
  if (of.state === 'loading') return props.skeleton ?? <Skeleton />;
  if (of.state === 'failed') return <ErrorState error={of.error} retry={of.retry} />;
  return props.children(of.data);
}

/** The end of a list of which more can be had: loads when it comes into view, and by its button. */
export function MoreRows<T, P>({ pages }: { pages: Pages<T, P> }): ReactNode {
  const { t } = useText('kit');
  const mark = useRef<HTMLDivElement>(null);
  const { hasMore, more } = pages;
  useEffect(() => {
    if (!hasMore || !mark.current || typeof IntersectionObserver === 'undefined') return;
    const watching = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) more();
      },
      { rootMargin: '400px' },
    );
    watching.observe(mark.current);
    return () => {
      watching.disconnect();
    };
  }, [hasMore, more, pages.items.length]);
  if (!hasMore) return null;
  return (
    <div className="q-more" ref={mark}>
      <Button kind="tertiary" size="md" onClick={more} disabled={pages.loadingMore}>
        {pages.loadingMore ? t('loading') : t('more')}
      </Button>
    </div>
  );
}

/** Like {@link Loaded} for a list by pages: its rows and the way to more, or `empty` where there is none. */
export function LoadedPages<T, P>(props: {
  of: Remote<Pages<T, P>>;
  empty: ReactNode;
  children: (items: readonly T[]) => ReactNode;
}): ReactNode {
  return (
    <Loaded of={props.of}>
      {(pages) =>
        pages.items.length === 0 ? (
          props.empty
        ) : (
          <>
            {props.children(pages.items)}
            <MoreRows pages={pages} />
          </>
        )
      }
    </Loaded>
  );
}
