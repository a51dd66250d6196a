import { Button } from '@vector-im/compound-web';
import CheckCircleIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle-solid';
import ErrorIcon from '@vector-im/compound-design-tokens/assets/web/icons/error-solid';
import InfoIcon from '@vector-im/compound-design-tokens/assets/web/icons/info-solid';
import { useEffect, useId, useLayoutEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useServices, useText } from '../app/services.tsx';
import { useSnapshot } from '../model/useViewModel.ts';
import { CloseButton, cx, type IconType } from './basics.tsx';

interface DialogProps {
  title: string;
  intro?: ReactNode;
  /** Absent: only its buttons close it. */
  onClose?: (() => void) | undefined;
  children?: ReactNode;
  /** Buttons at the end, the main one last. */
  footer?: ReactNode;
  size?: 'small' | 'medium' | 'large';
  kind?: 'dialog' | 'drawer';
}

/* Of buttons of compound-web; the class of those that destroy is made from its name. */
const isAble = (button: HTMLElement): boolean => !button.matches('[disabled], [aria-disabled=true]');
const isFinal = (button: HTMLElement): boolean => button.className.includes('_destructive_');
const isMain = (button: HTMLElement): boolean => button.dataset['kind'] === 'primary';

const buttonsOf = (dialog: HTMLElement, part: string): HTMLElement[] => [
  ...dialog.querySelectorAll<HTMLElement>(`${part} button`),
];

/**
 * Where the focus of a dialog begins: on what is to be filled in, of a choice on what is chosen; without that on what
 * the dialog is for. Where that cannot be undone it is what leaves everything as it is. Never on "later": whoever
 * presses Enter without reading has not put off anything. Where nothing fits, undefined: the title.
 */
export function firstOf(dialog: HTMLElement): HTMLElement | undefined {
  const field = dialog.querySelector<HTMLElement>(
    '.q-dialog__body :is(input, select, textarea):not([hidden], [disabled])',
  );
  if (field?.matches('[type=radio]'))
    return dialog.querySelector<HTMLElement>('.q-dialog__body [type=radio]:checked') ?? field;
  if (field) return field;
  const foot = buttonsOf(dialog, '.q-dialog__foot');
  const meant = foot.find((button) => isMain(button) && isAble(button) && !isFinal(button));
  if (meant) return meant;
  if (foot.some(isFinal)) return foot.find((button) => isAble(button) && !isFinal(button));
  // What is meant cannot be pressed yet: the dialog is read first.
  if (foot.some(isMain)) return undefined;
  // The ways on stand in the dialog itself; its end has only what closes it.
  return buttonsOf(dialog, '.q-dialog__body').find(isAble);
}

/** A modal window of the browser itself: focus stays within, Escape closes, focus goes back. */
export function Dialog(props: DialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const kind = props.kind ?? 'dialog';
  useEffect(() => {
    const node = dialog.current;
    if (!node || node.open) return;
    const before = document.activeElement;
    // Of the outermost: behind it the page has none.
    if (!document.querySelector('dialog[open]')) {
      const { documentElement: page } = document;
      page.style.setProperty('--q-gutter', `${String(innerWidth - page.clientWidth)}px`);
    }
    node.showModal();
    const first = kind === 'drawer' ? undefined : firstOf(node);
    (first ?? node.querySelector<HTMLElement>('h2'))?.focus();
    return () => {
      node.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [kind]);
  return (
    <dialog
      ref={dialog}
      className={cx(kind === 'drawer' ? 'q-drawer' : 'q-dialog', `q-dialog--${props.size ?? 'medium'}`)}
      aria-labelledby={id}
      onCancel={(event) => {
        if (event.target !== dialog.current) return;
        event.preventDefault();
        props.onClose?.();
      }}
      onPointerDown={(event) => {
        // On the backdrop: the dialog itself is the target, its content is not.
        if (event.target === dialog.current) props.onClose?.();
      }}
    >
      <div className="q-dialog__box">
        <div className="q-dialog__head">
          <h2 id={id} tabIndex={-1}>
            {props.title}
          </h2>
          {props.onClose && <CloseButton onClick={props.onClose} />}
        </div>
        <div className="q-dialog__body" tabIndex={-1}>
          {props.intro && <p className="q-dialog__intro">{props.intro}</p>}
          {props.children}
        </div>
        {props.footer && <div className="q-dialog__foot">{props.footer}</div>}
      </div>
    </dialog>
  );
}

/** A panel at the side for the details of one thing. */
export const Drawer = (props: Omit<DialogProps, 'kind'>): ReactNode => <Dialog {...props} kind="drawer" />;

/** The end of a dialog with a form: a button that closes it, and the one that submits the form. */
export function DialogFoot(props: {
  /** Id of the form within the dialog. */
  form: string;
  /** What submitting does. */
  label: string;
  onClose: () => void;
  disabled?: boolean;
  destructive?: boolean;
}): ReactNode {
  const { t } = useText('kit');
  return (
    <>
      <Button kind="secondary" size="md" onClick={props.onClose}>
        {t('cancel')}
      </Button>
      <Button
        kind="primary"
        size="md"
        type="submit"
        form={props.form}
        destructive={props.destructive ?? false}
        disabled={props.disabled ?? false}
      >
        {props.label}
      </Button>
    </>
  );
}

/** The question that the {@link ConfirmModel} asks. */
export function ConfirmHost(): ReactNode {
  const { confirm } = useServices();
  const { question } = useSnapshot(confirm);
  const { t } = useText('kit');
  if (!question) return null;
  return (
    <Dialog
      key={question.title}
      size="small"
      title={question.title}
      onClose={() => {
        confirm.answer(false);
      }}
      footer={
        <>
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              confirm.answer(false);
            }}
          >
            {t('cancel')}
          </Button>
          <Button
            kind="primary"
            size="md"
            destructive={question.destructive ?? false}
            onClick={() => {
              confirm.answer(true);
            }}
          >
            {question.confirm}
          </Button>
        </>
      }
    >
      {question.body && <p>{question.body}</p>}
    </Dialog>
  );
}

const toastIcons: Record<'success' | 'info' | 'error', IconType> = {
  success: CheckCircleIcon,
  info: InfoIcon,
  error: ErrorIcon,
};

/** Shows the toasts, above dialogs too; screen readers hear them. */
export function ToastHost(): ReactNode {
  const { toasts: model } = useServices();
  const { toasts } = useSnapshot(model);
  const { t } = useText('kit');
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = host.current;
    if (!node || typeof node.showPopover !== 'function') return;
    // The top layer is a stack: to be above a dialog that opened later, it has to be shown anew.
    if (node.matches(':popover-open')) node.hidePopover();
    if (toasts.length > 0) node.showPopover();
  }, [toasts]);
  return (
    <div
      ref={host}
      popover="manual"
      className="q-toasts"
      role="region"
      aria-label={t('notices')}
      aria-live="polite"
    >
      {toasts.map((toast) => {
        const Icon = toastIcons[toast.kind];
        return (
          <div
            key={toast.id}
            className={`q-toast q-toast--${toast.kind}`}
            {...(toast.kind === 'error' ? { role: 'alert' } : {})}
          >
            <Icon width={20} height={20} aria-hidden />
            <div className="q-toast__text">
              <p>{toast.text}</p>
              {toast.requestId && (
                <p className="q-request-id">{t('error.request_id', { id: toast.requestId })}</p>
              )}
            </div>
            {toast.action && (
              <button
                type="button"
                className="q-link-button"
                onClick={() => {
                  toast.action?.run();
                  model.close(toast.id);
                }}
              >
                {toast.action.label}
              </button>
            )}
            <CloseButton
              onClick={() => {
                model.close(toast.id);
              }}
            />
          </div>
        );
      })}
    </div>
  );
}

export interface MenuEntry {
  label: string;
  Icon?: IconType;
  onSelect: () => void;
  destructive?: boolean;
  disabled?: boolean;
  /** For choices: this one is chosen. */
  checked?: boolean;
}

/** A button that opens a list of actions; a popover of the browser, arrows move, Escape closes. */
export function MenuButton(props: {
  label: string;
  /** The children say what the button is; else `label` does. */
  named?: boolean;
  children: ReactNode;
  entries: readonly (MenuEntry | 'line' | { heading: string })[];
  className?: string;
  align?: 'start' | 'end';
  side?: 'below' | 'above';
  /** -1 within a composite that arrow keys walk. */
  tabIndex?: number;
}): ReactNode {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const itemsOf = (): HTMLElement[] => [
    ...(menu.current?.querySelectorAll<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])') ?? []),
  ];
  const place = (): void => {
    const at = button.current?.getBoundingClientRect();
    const node = menu.current;
    if (!at || !node) return;
    const { style } = node;
    const width = node.offsetWidth;
    const height = node.offsetHeight;
    // Without the scroll bar, which lies above what floats.
    const { clientWidth: wide, clientHeight: high } = document.documentElement;
    const left = props.align === 'start' ? at.left : at.right - width;
    const above = props.side === 'above' || at.bottom + height + 8 > high;
    style.insetInlineStart = `${Math.max(8, Math.min(left, wide - width - 8))}px`;
    style.insetBlockStart = `${Math.max(8, above ? at.top - height - 4 : at.bottom + 4)}px`;
  };
  const isOpen = useRef(false);
  // Entries that become known while it is open: a menu above its button grows upwards, and what was there stays.
  useLayoutEffect(() => {
    if (isOpen.current) place();
  });
  const close = (): void => {
    menu.current?.hidePopover();
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const items = itemsOf();
    const now = items.indexOf(document.activeElement as HTMLElement);
    const go = (index: number): void => {
      event.preventDefault();
      items[(index + items.length) % items.length]?.focus();
    };
    if (event.key === 'ArrowDown') go(now + 1);
    else if (event.key === 'ArrowUp') go(now < 0 ? items.length - 1 : now - 1);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(items.length - 1);
    else if (event.key === 'Tab') menu.current?.hidePopover();
    else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key.length === 1) {
      const next = items.find(
        (item, index) => index > now && item.textContent.toLowerCase().startsWith(event.key),
      );
      next?.focus();
    }
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={cx('q-menu-button', props.className)}
        {...(props.named ? {} : { 'aria-label': props.label })}
        aria-haspopup="menu"
        aria-controls={id}
        popoverTarget={id}
        tabIndex={props.tabIndex ?? 0}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          menu.current?.showPopover();
        }}
      >
        {props.children}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        aria-label={props.label}
        className="q-menu"
        onKeyDown={onKeyDown}
        onToggle={(event) => {
          const open = event.newState === 'open';
          isOpen.current = open;
          button.current?.setAttribute('aria-expanded', String(open));
          if (!open) return;
          place();
          (itemsOf().find((item) => item.getAttribute('aria-checked') === 'true') ?? itemsOf()[0])?.focus();
        }}
      >
        {props.entries.map((entry, index) => {
          if (entry === 'line')
            return <div key={`line-${String(index)}`} role="separator" className="q-menu__line" />;
          if ('heading' in entry) {
            return (
              <div key={entry.heading} className="q-menu__heading" role="presentation">
                {entry.heading}
              </div>
            );
          }
          return (
            <button
              key={entry.label}
              type="button"
              tabIndex={-1}
              role={entry.checked === undefined ? 'menuitem' : 'menuitemradio'}
              {...(entry.checked === undefined ? {} : { 'aria-checked': entry.checked })}
              aria-disabled={entry.disabled ?? false}
              className={cx('q-menu__item', entry.destructive && 'q-menu__item--destructive')}
              onClick={() => {
                if (entry.disabled) return;
                close();
                entry.onSelect();
              }}
            >
              {entry.Icon ? (
                <entry.Icon width={20} height={20} aria-hidden />
              ) : (
                <span className="q-menu__gap" />
              )}
              <span>{entry.label}</span>
            </button>
          );
        })}
      </div>
    </>
  );
}
