import { Button } from '@vector-im/compound-web';
import { cx, Dialog, useText, useViewModel } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { Finder } from '../finder/Finder.tsx';
import { FinderViewModel } from '../finder/FinderViewModel.ts';
import { usePeopleSearch } from '../finder/people.ts';
import { SendersSource } from './senders.ts';

interface FilterProps {
  /** The conversation that is searched; undefined: all. */
  readonly roomId: string | undefined;
  /** Undefined: whoever sent it. */
  readonly sender: string | undefined;
  readonly onChange: (sender: string | undefined) => void;
}

function SenderDialog(props: FilterProps & { onClose: () => void }): ReactNode {
  const { t } = useText('search');
  const { search } = useMatrix();
  const people = usePeopleSearch();
  const { roomId, onChange, onClose } = props;
  const [state, model] = useViewModel(
    () => new FinderViewModel(new SendersSource(people, search.places, roomId)),
  );
  const choose = (sender: string | undefined): void => {
    onChange(sender);
    onClose();
  };
  return (
    <Dialog
      title={t('filter.person')}
      size="small"
      onClose={onClose}
      footer={
        props.sender !== undefined && (
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              choose(undefined);
            }}
          >
            {t('filter.person_any')}
          </Button>
        )
      }
    >
      <Finder
        model={model}
        state={state}
        isCompanyOnly={roomId !== undefined}
        onChoose={(item) => {
          if (item.kind === 'person') choose(item.person.userId);
        }}
      />
    </Dialog>
  );
}

/** Whose messages: a button that tells, and lets one find somebody. */
export function SenderFilter(props: FilterProps): ReactNode {
  const { t } = useText('search');
  const { search } = useMatrix();
  const { roomId, sender } = props;
  const [open, setOpen] = useState(false);
  const name = sender === undefined ? t('filter.person_any') : search.places.personName(roomId ?? '', sender);
  return (
    <span className={cx('c-search-chip', sender !== undefined && 'c-search-chip--set')}>
      <button
        type="button"
        className="q-input q-select q-select--compact"
        aria-haspopup="dialog"
        aria-label={t('filter.person_is', { name })}
        onClick={() => {
          setOpen(true);
        }}
      >
        {name}
      </button>
      {open && (
        <SenderDialog
          {...props}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </span>
  );
}
