import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import CloseIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import LockIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-solid';
import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Busy,
  Dialog,
  SearchBox,
  TextField,
  useGo,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { searchPeople, type FoundPerson } from '../directory/people-search.ts';
import { newChat } from './new-chat.ts';
import { MAX_GROUP_NAME, NewChatViewModel } from './NewChatViewModel.ts';
import { roomPath } from './RoomRow.tsx';

/** Names told in the name of a group that was given none. */
const NAMES_TOLD = 4;

function Person(props: { person: FoundPerson; chosen: boolean; onToggle: () => void }): ReactNode {
  const { t } = useText('rooms');
  const { person } = props;
  return (
    <li>
      <button
        type="button"
        className="c-pick"
        aria-pressed={props.chosen}
        disabled={!person.canContact}
        onClick={props.onToggle}
      >
        <span aria-hidden>
          <MatrixAvatar id={person.userId} name={person.name} mxc={person.avatar} size={36} />
        </span>
        <span className="c-pick__text">
          <span className="c-pick__name">
            <bdi>{person.name}</bdi>
            {person.server !== undefined && <span className="c-external">{t('row.external')}</span>}
          </span>
          <span className="c-pick__note">
            {person.canContact ? <bdi>{person.note}</bdi> : t('new.no_contact')}
          </span>
        </span>
        {props.chosen && <CheckIcon width={20} height={20} aria-hidden />}
      </button>
    </li>
  );
}

function Found(props: {
  found: readonly FoundPerson[] | undefined;
  failed: boolean;
  query: string;
  chosen: readonly FoundPerson[];
  onToggle: (person: FoundPerson) => void;
}): ReactNode {
  const { t } = useText('rooms');
  if (props.query.trim() === '') return <p className="q-muted">{t('new.help')}</p>;
  if (!props.found) return <Busy />;
  if (props.failed) return <p role="alert">{t('switcher.failed')}</p>;
  if (props.found.length === 0) return <p className="q-muted">{t('new.nobody')}</p>;
  return (
    <ul className="c-picks" aria-label={t('new.found')}>
      {props.found.map((person) => (
        <Person
          key={person.userId}
          person={person}
          chosen={props.chosen.some((each) => each.userId === person.userId)}
          onToggle={() => {
            props.onToggle(person);
          }}
        />
      ))}
    </ul>
  );
}

function NewChat(): ReactNode {
  const { t, format } = useText('rooms');
  const { api, session, explain } = useServices();
  const { rooms, people } = useMatrix();
  const go = useGo();
  const [state, model] = useViewModel(
    () =>
      new NewChatViewModel(
        rooms,
        (text, signal) => searchPeople({ api, session, people }, text, signal),
        (chosen) => format.list(chosen.slice(0, NAMES_TOLD).map((person) => person.name)),
      ),
  );
  const { chosen } = state;
  const group = chosen.length > 1;
  const external = chosen.filter((person) => person.server !== undefined);
  const create = async (): Promise<void> => {
    const roomId = await model.create();
    if (roomId === undefined) return;
    newChat.close();
    await go(roomPath(roomId));
  };
  return (
    <Dialog
      title={t('new.title')}
      onClose={newChat.close}
      footer={
        <>
          <Button kind="secondary" size="md" onClick={newChat.close}>
            {t('new.cancel')}
          </Button>
          <Button
            kind="primary"
            size="md"
            disabled={chosen.length === 0 || state.busy}
            onClick={() => void create()}
          >
            {state.busy ? t('new.busy') : group ? t('new.create_group') : t('new.create')}
          </Button>
        </>
      }
    >
      <div className="q-stack c-new">
        <SearchBox
          label={t('new.find')}
          placeholder={t('new.placeholder')}
          value={state.query}
          onChange={model.type}
        />
        {chosen.length > 0 && (
          <ul className="c-chosen" aria-label={t('new.chosen')}>
            {chosen.map((person) => (
              <li key={person.userId}>
                <bdi>{person.name}</bdi>
                <button
                  type="button"
                  aria-label={t('new.remove', { name: person.name })}
                  onClick={() => {
                    model.toggle(person);
                  }}
                >
                  <CloseIcon width={16} height={16} aria-hidden />
                </button>
              </li>
            ))}
          </ul>
        )}
        <div className="c-found">
          <Found
            found={state.found}
            failed={state.searchFailed}
            query={state.query}
            chosen={chosen}
            onToggle={model.toggle}
          />
        </div>
        {group && (
          <TextField
            label={t('new.name')}
            optional
            maxLength={MAX_GROUP_NAME}
            value={state.name}
            onChange={model.rename}
            help={t('new.name_help')}
          />
        )}
        {external.length > 0 && (
          <Banner tone="warn" title={t('new.external')}>
            {t('new.external_text', { names: format.list(external.map((person) => person.name)) })}
          </Banner>
        )}
        {chosen.length > 0 && (
          <p className="c-encrypted q-muted">
            <LockIcon width={16} height={16} aria-hidden />
            {t('new.encrypted')}
          </p>
        )}
        {state.error && (
          <Banner tone="bad" title={t('new.failed')} live>
            {explain(state.error)}
          </Banner>
        )}
      </div>
    </Dialog>
  );
}

/** The window that begins a chat, while it is open. */
export function NewChatHost(): ReactNode {
  const { open } = useSnapshot(newChat);
  return open ? <NewChat /> : null;
}
