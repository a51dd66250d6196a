import { cx, Select, useText, type Option } from '@qiao/ui-kit';
import { useId, useState, type ReactNode } from 'react';
import { daysBack, FILE_FILTERS, SPANS, type FileFilter, type SearchAddress, type Span } from './address.ts';
import type { SearchViewModel } from './SearchViewModel.ts';
import { SenderFilter } from './SenderFilter.tsx';

function Chip(props: {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
}): ReactNode {
  return (
    <span className={cx('c-search-chip', props.value !== '' && 'c-search-chip--set')}>
      <Select
        aria-label={props.label}
        value={props.value}
        options={props.options}
        onChange={props.onChange}
        compact
      />
    </span>
  );
}

function Day(props: { label: string; value: string; onChange: (value: string) => void }): ReactNode {
  const id = useId();
  return (
    <span className="c-search__day">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        type="date"
        className="q-input"
        value={props.value}
        onChange={(event) => {
          props.onChange(event.target.value);
        }}
      />
    </span>
  );
}

/** Which messages: conversation, sender, time, attachments, order. */
export function SearchFilters(props: {
  address: SearchAddress;
  model: SearchViewModel;
  inRoom?: boolean;
}): ReactNode {
  const { t } = useText('search');
  const { address, model } = props;
  const [days, setDays] = useState(address.to !== undefined);
  // Which of the ready spans it is was chosen here; from an address it comes as a day.
  const [span, setSpan] = useState<Span>();
  const time = days ? 'days' : address.from === undefined ? '' : (span ?? 'days');
  const showDays = days || (address.from !== undefined && span === undefined);
  const files =
    address.tab === 'files'
      ? (['image', 'file', 'link'] as const)
      : (Object.keys(FILE_FILTERS) as FileFilter[]);
  const set =
    [address.sender, address.from, address.to, address.file].some((value) => value !== undefined) ||
    (address.roomId !== undefined && !props.inRoom);
  const pickTime = (value: string): void => {
    const chosen = SPANS.find((each) => each === value);
    setDays(value === 'days');
    setSpan(chosen);
    if (value === 'days') return;
    model.change({ from: chosen && daysBack(chosen, Date.now()), to: undefined });
  };
  return (
    <div className="c-search__filters" role="group" aria-label={t('filters')}>
      {!props.inRoom && (
        <Chip
          label={t('filter.room')}
          value={address.roomId ?? ''}
          onChange={(value) => {
            model.change({ roomId: value === '' ? undefined : value, sender: undefined });
          }}
          options={[
            { value: '', label: t('filter.room_any') },
            ...model.rooms().map(({ roomId, name }) => ({ value: roomId, label: name })),
          ]}
        />
      )}
      <SenderFilter
        key={address.roomId ?? ''}
        roomId={address.roomId}
        sender={address.sender}
        onChange={(sender) => {
          model.change({ sender });
        }}
      />
      <Chip
        label={t('filter.time')}
        value={time}
        onChange={pickTime}
        options={[
          { value: '', label: t('filter.time_any') },
          ...SPANS.map((each) => ({ value: each, label: t(`filter.${each}`) })),
          { value: 'days', label: t('filter.days') },
        ]}
      />
      {showDays && (
        <>
          <Day
            label={t('filter.since')}
            value={address.from ?? ''}
            onChange={(value) => {
              setDays(true);
              model.change({ from: value === '' ? undefined : value });
            }}
          />
          <Day
            label={t('filter.until')}
            value={address.to ?? ''}
            onChange={(value) => {
              setDays(true);
              model.change({ to: value === '' ? undefined : value });
            }}
          />
        </>
      )}
      <Chip
        label={t('filter.has')}
        value={address.file ?? ''}
        onChange={(value) => {
          model.change({ file: files.find((each) => each === value) });
        }}
        options={[
          { value: '', label: address.tab === 'files' ? t('filter.any') : t('filter.has_any') },
          ...files.map((each) => ({ value: each, label: t(`filter.${each}`) })),
        ]}
      />
      <Chip
        label={t('order.label')}
        value={address.order === 'time' ? '' : address.order}
        onChange={(value) => {
          model.change({ order: value === 'relevance' ? 'relevance' : 'time' });
        }}
        options={[
          { value: '', label: t('order.time') },
          { value: 'relevance', label: t('order.relevance') },
        ]}
      />
      {set && (
        <button
          type="button"
          className="q-link-button"
          onClick={() => {
            setDays(false);
            setSpan(undefined);
            model.change({
              sender: undefined,
              from: undefined,
              to: undefined,
              file: undefined,
              ...(props.inRoom ? {} : { roomId: undefined }),
            });
          }}
        >
          {t('filter.clear')}
        </button>
      )}
    </div>
  );
}
