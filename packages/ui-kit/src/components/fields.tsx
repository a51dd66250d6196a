import {
  ActionInput,
  Button,
  CheckboxInput,
  RadioInput,
  TextInput,
  ToggleInput,
} from '@vector-im/compound-web';
import HiddenIcon from '@vector-im/compound-design-tokens/assets/web/icons/visibility-off';
import VisibleIcon from '@vector-im/compound-design-tokens/assets/web/icons/visibility-on';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import ExportIcon from '@vector-im/compound-design-tokens/assets/web/icons/download';
import CloseIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type ComponentProps,
  type KeyboardEvent,
  type ReactNode,
  type SubmitEvent,
} from 'react';
import { useText } from '../app/services.tsx';
import { Busy, cx } from './basics.tsx';

/** True while an input method is composing: Enter and arrows belong to it then. */
export const isComposing = (event: KeyboardEvent): boolean =>
  event.nativeEvent.isComposing || event.key === 'Process';

interface FieldProps {
  label: string;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
}

/** Label, control, help and error, tied together for screen readers. */
export function Field(
  props: FieldProps & {
    children: (ids: {
      id: string;
      'aria-describedby': string | undefined;
      'aria-invalid': boolean | undefined;
    }) => ReactNode;
  },
): ReactNode {
  const { t } = useText('kit');
  const id = useId();
  const described = [props.error && `${id}-error`, props.help && `${id}-help`].filter(Boolean).join(' ');
  return (
    <div className={cx('q-field', props.error && 'q-field--error')}>
      <label className="q-field__label" htmlFor={id}>
        {props.label}
        {props.optional && <span className="q-field__optional">{t('optional')}</span>}
      </label>
      {props.children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': props.error ? true : undefined,
      })}
      {props.error && (
        <p className="q-field__error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
      {props.help && (
        <p className="q-field__help" id={`${id}-help`}>
          {props.help}
        </p>
      )}
    </div>
  );
}

type TextFieldProps = FieldProps & {
  value: string;
  onChange: (value: string) => void;
} & Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'id' | 'ref' | 'className'>;

export function TextField({ label, help, error, optional, onChange, ...rest }: TextFieldProps): ReactNode {
  return (
    <Field label={label} help={help} error={error} optional={optional ?? false}>
      {(ids) => (
        <TextInput
          {...rest}
          {...ids}
          onChange={(event) => {
            onChange(event.target.value);
          }}
        />
      )}
    </Field>
  );
}

export function PasswordField({
  label,
  help,
  error,
  optional,
  onChange,
  ...rest
}: TextFieldProps): ReactNode {
  const { t } = useText('kit');
  const [shown, setShown] = useState(false);
  return (
    <Field label={label} help={help} error={error} optional={optional ?? false}>
      {(ids) => (
        // Compound's own field calls its button in English alone.
        <ActionInput
          {...rest}
          {...ids}
          type={shown ? 'text' : 'password'}
          Icon={shown ? VisibleIcon : HiddenIcon}
          actionLabel={t(shown ? 'password.hide' : 'password.show')}
          onActionClick={() => {
            setShown(!shown);
          }}
          onChange={(event) => {
            onChange(event.target.value);
          }}
        />
      )}
    </Field>
  );
}

export function TextAreaField(
  props: FieldProps & {
    value: string;
    onChange: (value: string) => void;
    rows?: number;
    mono?: boolean;
    maxLength?: number;
  },
): ReactNode {
  return (
    <Field label={props.label} help={props.help} error={props.error} optional={props.optional ?? false}>
      {(ids) => (
        <textarea
          {...ids}
          className={cx('q-input', 'q-input--area', props.mono && 'q-input--mono')}
          rows={props.rows ?? 3}
          maxLength={props.maxLength}
          value={props.value}
          onChange={(event) => {
            props.onChange(event.target.value);
          }}
        />
      )}
    </Field>
  );
}

export interface Option {
  value: string;
  label: string;
}

/** The browser's own list: right on phones and with every screen reader. */
export function Select(
  props: {
    value: string;
    onChange: (value: string) => void;
    options: readonly Option[];
    compact?: boolean;
  } & Omit<ComponentProps<'select'>, 'value' | 'onChange' | 'ref'>,
): ReactNode {
  const { options, onChange, compact, ...rest } = props;
  return (
    <select
      {...rest}
      className={cx('q-input', 'q-select', compact && 'q-select--compact')}
      onChange={(event) => {
        onChange(event.target.value);
      }}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

export function SelectField(
  props: FieldProps & {
    value: string;
    onChange: (value: string) => void;
    options: readonly Option[];
    disabled?: boolean;
  },
): ReactNode {
  return (
    <Field label={props.label} help={props.help} error={props.error} optional={props.optional ?? false}>
      {(ids) => (
        <Select
          {...ids}
          value={props.value}
          onChange={props.onChange}
          options={props.options}
          disabled={props.disabled ?? false}
        />
      )}
    </Field>
  );
}

interface TickProps {
  label: string;
  help?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

function Tick(props: TickProps & { kind: 'check' | 'toggle' }): ReactNode {
  const id = useId();
  const Input = props.kind === 'check' ? CheckboxInput : ToggleInput;
  return (
    <div className={cx('q-tick', props.disabled && 'q-tick--disabled')}>
      <Input
        id={id}
        checked={props.checked}
        disabled={props.disabled ?? false}
        {...(props.help ? { 'aria-describedby': `${id}-help` } : {})}
        onChange={(event) => {
          props.onChange(event.target.checked);
        }}
      />
      <div>
        <label htmlFor={id}>{props.label}</label>
        {props.help && (
          <p className="q-field__help" id={`${id}-help`}>
            {props.help}
          </p>
        )}
      </div>
    </div>
  );
}

export const CheckField = (props: TickProps): ReactNode => <Tick {...props} kind="check" />;
export const ToggleField = (props: TickProps): ReactNode => <Tick {...props} kind="toggle" />;

/** One of a few, each with its explanation. */
export function RadioCards(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (Option & { help?: string })[];
}): ReactNode {
  const id = useId();
  return (
    <fieldset className="q-radios">
      <legend className="q-field__label">{props.label}</legend>
      {props.options.map((option) => (
        <label key={option.value} className={cx('q-radio', option.value === props.value && 'q-radio--on')}>
          <RadioInput
            name={id}
            value={option.value}
            checked={option.value === props.value}
            onChange={() => {
              props.onChange(option.value);
            }}
          />
          <span>
            <span className="q-radio__label">{option.label}</span>
            {option.help && <span className="q-field__help">{option.help}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** How long typing has to rest before a search starts, in milliseconds. */
const SEARCH_REST_MS = 220;

/** A search box: reports when typing rests, never in the middle of a composition. */
export function SearchBox(props: {
  label: string;
  placeholder?: string;
  value: string;
  onChange: (value: string) => void;
}): ReactNode {
  const { t } = useText('kit');
  const [text, setText] = useState(props.value);
  const composing = useRef(false);
  const { onChange } = props;
  const [seen, setSeen] = useState(props.value);
  if (seen !== props.value) {
    setSeen(props.value);
    setText(props.value);
  }
  useEffect(() => {
    if (text === seen || composing.current) return;
    const timer = setTimeout(() => {
      setSeen(text);
      onChange(text);
    }, SEARCH_REST_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text, seen, onChange]);
  return (
    <div className="q-search" role="search">
      <SearchIcon width={20} height={20} aria-hidden />
      <input
        type="search"
        className="q-input"
        aria-label={props.label}
        placeholder={props.placeholder ?? props.label}
        value={text}
        onCompositionStart={() => {
          composing.current = true;
        }}
        onCompositionEnd={(event) => {
          composing.current = false;
          // The value was already the same when the composition ended: look again.
          const { value } = event.currentTarget;
          setSeen(value);
          onChange(value);
        }}
        onChange={(event) => {
          setText(event.target.value);
        }}
      />
      {text !== '' && (
        <button
          type="button"
          className="q-search__clear"
          aria-label={t('clear')}
          onClick={() => {
            setText('');
            setSeen('');
            onChange('');
          }}
        >
          <CloseIcon width={16} height={16} aria-hidden />
        </button>
      )}
    </div>
  );
}

/** A form that is not sent by an Enter that ends a composition. */
export function FormShell(props: {
  onSubmit: () => void;
  children: ReactNode;
  className?: string;
  id?: string;
}): ReactNode {
  return (
    <form
      noValidate
      {...(props.id ? { id: props.id } : {})}
      className={cx('q-form', props.className)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && isComposing(event)) event.preventDefault();
      }}
      onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
        event.preventDefault();
        event.stopPropagation();
        props.onSubmit();
      }}
    >
      {props.children}
    </form>
  );
}

/** A place to drop a file or to choose one. */
export function FileDrop(props: {
  label: string;
  help: string;
  accept: string;
  onFile: (file: File) => void;
  disabled?: boolean;
}): ReactNode {
  const { t } = useText('kit');
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  return (
    <div
      className={cx('q-drop', over && 'q-drop--over')}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file && !props.disabled) props.onFile(file);
      }}
    >
      <span className="q-drop__icon" aria-hidden>
        <ExportIcon width={28} height={28} />
      </span>
      <p className="q-drop__label">{props.label}</p>
      <p className="q-muted" id={id}>
        {props.help}
      </p>
      <input
        ref={input}
        type="file"
        className="q-sr"
        tabIndex={-1}
        aria-label={props.label}
        accept={props.accept}
        disabled={props.disabled}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file) props.onFile(file);
        }}
      />
      <Button
        kind="secondary"
        size="md"
        type="button"
        aria-describedby={id}
        disabled={props.disabled ?? false}
        onClick={() => input.current?.click()}
      >
        {t('choose_file')}
      </Button>
    </div>
  );
}

export interface Choice {
  id: string;
  label: string;
  note?: string | undefined;
}

/** Most of a list that is shown at once, and its distance from the field and the window's edge, CSS pixels. */
const LIST_HEIGHT = 256;
const LIST_GAP = 4;

/** Puts a list at its field in the window's coordinates, above where there is more room: no dialog cuts it off. */
function placeList(list: HTMLElement, field: HTMLElement): void {
  const { left, width, top, bottom } = field.getBoundingClientRect();
  const below = innerHeight - bottom - 2 * LIST_GAP;
  const above = top - 2 * LIST_GAP;
  const up = below < Math.min(list.scrollHeight, LIST_HEIGHT) && above > below;
  Object.assign(list.style, {
    left: `${left}px`,
    width: `${width}px`,
    top: up ? 'auto' : `${bottom + LIST_GAP}px`,
    bottom: up ? `${innerHeight - top + LIST_GAP}px` : 'auto',
    maxHeight: `${Math.min(LIST_HEIGHT, up ? above : below)}px`,
  });
}

/** Finds one of many by typing (people, departments): a combobox as in the ARIA practices. */
export function SearchPicker<T extends Choice>(props: {
  label: string;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  placeholder?: string;
  value: Choice | undefined;
  onChange: (choice: T | undefined) => void;
  search: (query: string, signal: AbortSignal) => Promise<readonly T[]>;
}): ReactNode {
  const { t } = useText('kit');
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<readonly T[] | 'failed' | undefined>();
  const [active, setActive] = useState(0);
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const options = useRef<HTMLUListElement>(null);
  const { search } = props;
  useLayoutEffect(() => {
    if (!open) return;
    const place = (): void => {
      if (input.current && options.current) placeList(options.current, input.current);
    };
    place();
    addEventListener('scroll', place, { capture: true, passive: true });
    addEventListener('resize', place);
    return () => {
      removeEventListener('scroll', place, { capture: true });
      removeEventListener('resize', place);
    };
  }, [open, found]);
  useEffect(() => {
    if (open) options.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [open, active]);
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        search(text.trim(), abort.signal).then(
          (items) => {
            if (abort.signal.aborted) return;
            setFound(items);
            setActive(0);
          },
          () => {
            if (!abort.signal.aborted) setFound('failed');
          },
        );
      },
      text === '' ? 0 : SEARCH_REST_MS,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [open, text, search]);
  const items = Array.isArray(found) ? (found as readonly T[]) : [];
  const choose = (item: T): void => {
    props.onChange(item);
    setText('');
    setOpen(false);
  };
  return (
    <Field label={props.label} help={props.help} error={props.error} optional={props.optional ?? false}>
      {(ids) =>
        props.value ? (
          <div className="q-picked">
            <span className="q-picked__text">
              <span>{props.value.label}</span>
              {props.value.note && <span className="q-muted">{props.value.note}</span>}
            </span>
            <button
              type="button"
              {...ids}
              className="q-link-button"
              onClick={() => {
                props.onChange(undefined);
                requestAnimationFrame(() => input.current?.focus());
              }}
            >
              {t('change')}
            </button>
          </div>
        ) : (
          <div className="q-picker">
            <input
              {...ids}
              ref={input}
              className="q-input"
              role="combobox"
              aria-expanded={open}
              aria-controls={list}
              aria-autocomplete="list"
              aria-activedescendant={open && items[active] ? `${list}-${active}` : undefined}
              autoComplete="off"
              placeholder={props.placeholder ?? t('search_placeholder')}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setOpen(true);
              }}
              onClick={() => {
                setOpen(true);
              }}
              onBlur={() => {
                setOpen(false);
              }}
              onKeyDown={(event) => {
                if (isComposing(event)) return;
                if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                  event.preventDefault();
                  setOpen(true);
                  const step = event.key === 'ArrowDown' ? 1 : -1;
                  setActive((now) => (items.length ? (now + step + items.length) % items.length : 0));
                } else if (event.key === 'Enter' && open) {
                  event.preventDefault();
                  const item = items[active];
                  if (item) choose(item);
                } else if (event.key === 'Escape' && open) {
                  event.preventDefault();
                  event.stopPropagation();
                  setOpen(false);
                }
              }}
            />
            <ul
              ref={options}
              id={list}
              role="listbox"
              aria-label={props.label}
              className="q-picker__list"
              hidden={!open}
            >
              {items.map((item, index) => (
                <li
                  key={item.id}
                  id={`${list}-${index}`}
                  role="option"
                  aria-selected={index === active}
                  onPointerDown={(event) => {
                    event.preventDefault();
                    choose(item);
                  }}
                  onPointerEnter={() => {
                    setActive(index);
                  }}
                >
                  <span>{item.label}</span>
                  {item.note && <span className="q-muted">{item.note}</span>}
                </li>
              ))}
              {items.length === 0 && (
                <li className="q-picker__note" role="option" aria-selected={false} aria-disabled>
                  {found === undefined ? (
                    <Busy />
                  ) : found === 'failed' ? (
                    t('search_failed')
                  ) : (
                    t('nothing_found')
                  )}
                </li>
              )}
            </ul>
          </div>
        )
      }
    </Field>
  );
}
