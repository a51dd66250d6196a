import { Button, IconButton, InlineSpinner, Tooltip } from '@vector-im/compound-web';
import CloseIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import CopyIcon from '@vector-im/compound-design-tokens/assets/web/icons/copy';
import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import ChevronRightIcon from '@vector-im/compound-design-tokens/assets/web/icons/chevron-right';
import ErrorIcon from '@vector-im/compound-design-tokens/assets/web/icons/error-solid';
import InfoIcon from '@vector-im/compound-design-tokens/assets/web/icons/info-solid';
import WarningIcon from '@vector-im/compound-design-tokens/assets/web/icons/warning';
import CheckCircleIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle-solid';
import {
  Component,
  useEffect,
  useId,
  useRef,
  useState,
  type ComponentType,
  type ReactNode,
  type SVGAttributes,
} from 'react';
import { Link as RouterLink } from 'react-router';
import { useBrand, useServices, useText } from '../app/services.tsx';

export type IconType = ComponentType<SVGAttributes<SVGElement>>;

/** Joins class names, leaving out what is not set. */
export const cx = (...names: (string | false | undefined | null)[]): string =>
  names.filter(Boolean).join(' ');

/** The brand's logo; without one the mark: a bridge over water and its reflection. */
export function Logo({ size = 28, label = '' }: { size?: number; label?: string }): ReactNode {
  const { logo } = useBrand();
  return logo ? (
    <span className="q-logo" style={{ blockSize: size }}>
      <img className="q-logo__light" src={logo.light} alt={label} height={size} />
      <img className="q-logo__dark" src={logo.dark} alt={label} height={size} />
    </span>
  ) : (
    <svg
      className="q-logo"
      width={size}
      height={size}
      viewBox="0 0 32 32"
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      <rect className="q-logo__ground" width="32" height="32" rx="8" />
      <g fill="none" className="q-logo__line" strokeLinecap="round" strokeLinejoin="round">
        <path d="M5 17.5C8.6 11.2 12 8.6 16 8.6s7.4 2.6 11 8.9" strokeWidth="2.4" />
        <path d="M10.2 18.4a5.9 5.9 0 0 1 11.6 0" strokeWidth="2.2" />
        <path d="M7 21.8h18" strokeWidth="1.9" opacity=".75" />
        <path d="M11.5 25.2h9" strokeWidth="1.9" opacity=".45" />
      </g>
    </svg>
  );
}

export interface Crumb {
  label: string;
  to?: string;
}

/** The head of a page: where am I, what is it, what can I do; sets the document's title and takes focus on arrival. */
export function PageHead(props: {
  title: string;
  intro?: ReactNode;
  crumbs?: readonly Crumb[];
  actions?: ReactNode;
  meta?: ReactNode;
}): ReactNode {
  const { t } = useText('kit');
  const { session } = useServices();
  const heading = useRef<HTMLHeadingElement>(null);
  const { companyName } = session;
  useEffect(() => {
    document.title = companyName ? `${props.title} · ${companyName}` : props.title;
  }, [props.title, companyName]);
  return (
    <header className="q-head">
      {props.crumbs && props.crumbs.length > 0 && (
        <nav className="q-crumbs" aria-label={t('breadcrumbs')}>
          <ol>
            {props.crumbs.map((crumb) => (
              <li key={crumb.label}>
                {crumb.to === undefined ? crumb.label : <RouterLink to={crumb.to}>{crumb.label}</RouterLink>}
              </li>
            ))}
          </ol>
        </nav>
      )}
      <div className="q-head__row">
        <div className="q-head__text">
          <h1 ref={heading} tabIndex={-1} id="page-title">
            {props.title}
          </h1>
          {props.meta}
        </div>
        {props.actions && <div className="q-head__actions">{props.actions}</div>}
      </div>
      {props.intro && <p className="q-head__intro">{props.intro}</p>}
    </header>
  );
}

/** A surface with a heading of its own. */
export function Card(props: {
  title?: string;
  intro?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
  className?: string;
  flush?: boolean;
  level?: 2 | 3;
}): ReactNode {
  const id = useId();
  const Heading = props.level === 3 ? 'h3' : 'h2';
  return (
    <section
      className={cx('q-card', props.flush && 'q-card--flush', props.className)}
      {...(props.title ? { 'aria-labelledby': id } : {})}
    >
      {(props.title ?? props.actions) !== undefined && (
        <div className="q-card__head">
          <div>
            {props.title && <Heading id={id}>{props.title}</Heading>}
            {props.intro && <p className="q-muted">{props.intro}</p>}
          </div>
          {props.actions && <div className="q-card__actions">{props.actions}</div>}
        </div>
      )}
      {props.children}
    </section>
  );
}

export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'bad';

/** A small state label; the words carry the meaning, the colour only helps. */
export function Tag(props: { tone?: Tone; children: ReactNode }): ReactNode {
  return <span className={`q-tag q-tag--${props.tone ?? 'neutral'}`}>{props.children}</span>;
}

const bannerIcons: Record<Tone, IconType> = {
  neutral: InfoIcon,
  info: InfoIcon,
  good: CheckCircleIcon,
  warn: WarningIcon,
  bad: ErrorIcon,
};

/** A message within a page that stays. */
export function Banner(props: {
  tone: Tone;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  live?: boolean;
}): ReactNode {
  const Icon = bannerIcons[props.tone];
  return (
    <div className={`q-banner q-banner--${props.tone}`} {...(props.live ? { role: 'alert' } : {})}>
      <Icon width={20} height={20} aria-hidden />
      <div className="q-banner__text">
        <p className="q-banner__title">{props.title}</p>
        {props.children && <div className="q-banner__body">{props.children}</div>}
      </div>
      {props.actions && <div className="q-banner__actions">{props.actions}</div>}
    </div>
  );
}

/** A figure with what it counts. */
export function Stat(props: { label: string; value: ReactNode; note?: ReactNode; to?: string }): ReactNode {
  const inside = (
    <>
      <span className="q-stat__label">{props.label}</span>
      <span className="q-stat__value">{props.value}</span>
      {props.note && <span className="q-stat__note">{props.note}</span>}
    </>
  );
  return props.to === undefined ? (
    <div className="q-stat">{inside}</div>
  ) : (
    <RouterLink className="q-stat q-stat--link" to={props.to}>
      {inside}
    </RouterLink>
  );
}

/** How far work is; without `total` it only says that it goes on. */
export function ProgressBar(props: {
  label: string;
  done: number;
  total: number;
  value?: string;
}): ReactNode {
  const share = props.total > 0 ? Math.min(1, props.done / props.total) : 0;
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    // By the object model, so that a policy without inline styles allows it.
    bar.current?.style.setProperty('inline-size', `${(share * 100).toFixed(1)}%`);
  }, [share]);
  return (
    <div className="q-progress">
      <div className="q-progress__text">
        <span>{props.label}</span>
        {props.value && <span className="q-muted q-num">{props.value}</span>}
      </div>
      <div
        className="q-progress__track"
        role="progressbar"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
      >
        <span ref={bar} className="q-progress__bar" />
      </div>
    </div>
  );
}

/** A value to be copied (a link, a token), with a button that says that it worked. */
export function CopyField(props: { label: string; value: string }): ReactNode {
  const { t } = useText('kit');
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const copy = async (): Promise<void> => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(props.value);
      setCopied(true);
    } catch {
      // Without the permission the text is selected: Ctrl-C does it.
    }
  };
  return (
    <div className="q-field">
      <label className="q-field__label" htmlFor={id}>
        {props.label}
      </label>
      <div className="q-copy">
        <input
          ref={field}
          id={id}
          className="q-input q-input--mono"
          readOnly
          value={props.value}
          onFocus={(event) => {
            event.target.select();
          }}
        />
        <Button kind="secondary" size="md" Icon={copied ? CheckIcon : CopyIcon} onClick={() => void copy()}>
          {copied ? t('copied') : t('copy')}
        </Button>
      </div>
      <span className="q-sr" role="status">
        {copied ? t('copied') : ''}
      </span>
    </div>
  );
}

/** Facts as label and value. */
export function Facts(props: {
  items: readonly (readonly [label: string, value: ReactNode] | false)[];
}): ReactNode {
  return (
    <dl className="q-facts">
      {props.items.map(
        (item) =>
          item && (
            <div key={item[0]}>
              <dt>{item[0]}</dt>
              <dd>{item[1] ?? <span className="q-muted">—</span>}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** A close button with a name. */
export function CloseButton(props: { onClick: () => void }): ReactNode {
  const { t } = useText('kit');
  return (
    <IconButton aria-label={t('close')} onClick={props.onClick} size="32px">
      <CloseIcon aria-hidden />
    </IconButton>
  );
}

/** An icon as a button, with its name as tooltip. */
export function IconAction(props: {
  label: string;
  Icon: IconType;
  onClick?: () => void;
  disabled?: boolean;
  destructive?: boolean;
}): ReactNode {
  return (
    <Tooltip label={props.label}>
      <IconButton
        size="32px"
        kind="secondary"
        {...(props.onClick ? { onClick: props.onClick } : {})}
        disabled={props.disabled ?? false}
        destructive={props.destructive ?? false}
      >
        <props.Icon aria-hidden />
      </IconButton>
    </Tooltip>
  );
}

/** The arrow before a branch of a tree: shows or hides what is below it. */
export function Fold(props: { label: string; open: boolean; onToggle: () => void }): ReactNode {
  return (
    <button
      type="button"
      className="q-fold"
      aria-expanded={props.open}
      aria-label={props.label}
      onClick={props.onToggle}
    >
      <ChevronRightIcon width={18} height={18} aria-hidden />
    </button>
  );
}

/** In place of a {@link Fold} where there is nothing below. */
export const NoFold = (): ReactNode => <span className="q-fold" />;

/** Says a time; the exact one is the tooltip. */
export function Time(props: { at: string; relative?: boolean }): ReactNode {
  const { format } = useText('kit');
  const exact = format.dateTime(props.at);
  return (
    <time dateTime={props.at} title={exact}>
      {props.relative ? format.relative(props.at) : exact}
    </time>
  );
}

export function Busy(props: { label?: string }): ReactNode {
  const { t } = useText('kit');
  return (
    <span className="q-busy" role="status">
      <InlineSpinner size={20} aria-hidden />
      <span className={props.label ? undefined : 'q-sr'}>{props.label ?? t('loading')}</span>
    </span>
  );
}

interface BoundaryProps {
  readonly children: ReactNode;
  readonly fallback: (error: unknown, reset: () => void) => ReactNode;
  /** A new value (the page's address) clears the error. */
  readonly at: string;
}

/** Keeps a page's crash within the page. */
export class ErrorBoundary extends Component<BoundaryProps, { error: unknown; at: string }> {
  override state = { error: undefined as unknown, at: this.props.at };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  static getDerivedStateFromProps(
    props: BoundaryProps,
    state: { error: unknown; at: string },
  ): { error: unknown; at: string } | null {
    return props.at === state.at ? null : { error: undefined, at: props.at };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return this.props.fallback(this.state.error, () => {
      this.setState({ error: undefined });
    });
  }
}
