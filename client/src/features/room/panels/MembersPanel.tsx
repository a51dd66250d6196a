import { Button } from '@vector-im/compound-web';
import RemoveIcon from '@vector-im/compound-design-tokens/assets/web/icons/delete';
import AddIcon from '@vector-im/compound-design-tokens/assets/web/icons/user-add';
import {
  Dialog,
  EmptyState,
  IconAction,
  SearchBox,
  Skeleton,
  Tag,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, useId, useState, type ReactNode } from 'react';
import { MatrixAvatar } from '../../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../../matrix/context.tsx';
import type { MembersStore, RoomPerson } from '../../../matrix/members-store.ts';
import type { RoomInfo } from '../../../matrix/room-info-store.ts';
import { useRoom } from '../room-context.ts';
import { PanelFrame } from './PanelFrame.tsx';

/** People shown at once; a search finds the others. */
const MOST = 200;
/** Pause after the last key before the directory is asked, milliseconds. */
const PAUSE_MS = 250;

function Invite(props: { model: MembersStore; onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { attempt } = useServices();
  const id = useId();
  const [term, setTerm] = useState('');
  const [found, setFound] = useState<readonly { userId: string; name: string }[]>([]);
  const { model } = props;
  useEffect(() => {
    if (term.trim() === '') return;
    let shown = true;
    const timer = setTimeout(() => {
      model.find(term.trim()).then(
        (people) => {
          if (shown) setFound(people);
        },
        () => undefined,
      );
    }, PAUSE_MS);
    return () => {
      shown = false;
      clearTimeout(timer);
    };
  }, [term, model]);
  const typed = /^@\S+:\S+$/.test(term.trim()) ? [{ userId: term.trim(), name: term.trim() }] : [];
  const people = [...typed, ...found.filter((each) => each.userId !== term.trim())];
  const invite = async (userId: string): Promise<void> => {
    const { ok } = await attempt(() => model.invite(userId), { done: t('members.invited_done') });
    if (ok) props.onClose();
  };
  return (
    <Dialog title={t('members.invite')} size="small" onClose={props.onClose}>
      <div className="q-stack">
        <div className="q-field">
          <label className="q-field__label" htmlFor={id}>
            {t('members.who')}
          </label>
          <input
            id={id}
            className="q-input"
            value={term}
            onChange={(event) => {
              setTerm(event.target.value);
            }}
          />
        </div>
        <ul className="c-listing">
          {people.map((each) => (
            <li key={each.userId} className="c-member">
              <MatrixAvatar id={each.userId} name={each.name} size={32} />
              <span className="c-member__text">
                <bdi>{each.name}</bdi>
                <span className="q-muted q-small">{each.userId}</span>
              </span>
              <Button kind="secondary" size="md" onClick={() => void invite(each.userId)}>
                {t('members.add')}
              </Button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

function MemberLine(props: { person: RoomPerson; onRemove: () => void }): ReactNode {
  const { t } = useText('room');
  const { matrix } = useServices();
  const { person } = props;
  return (
    <li className="c-member">
      <MatrixAvatar id={person.userId} name={person.name} mxc={person.avatar} size={32} />
      <span className="c-member__text">
        <button type="button" className="q-row-button" onClick={() => matrix?.openPerson(person.userId)}>
          <bdi>{person.name}</bdi>
        </button>
        <span className="q-muted q-small">{person.userId}</span>
      </span>
      {person.external && <Tag tone="warn">{t('external')}</Tag>}
      {person.invited && <Tag>{t('members.invited')}</Tag>}
      {person.role !== 'member' && <Tag tone="info">{t(`members.role.${person.role}`)}</Tag>}
      {person.mayRemove && (
        <IconAction
          label={t('members.remove', { name: person.name })}
          Icon={RemoveIcon}
          onClick={props.onRemove}
        />
      )}
    </li>
  );
}

/** Who is in a conversation. */
export function MembersPanel(props: { info: RoomInfo; onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { timelines } = useMatrix();
  const { confirm, attempt } = useServices();
  const { roomId } = useRoom();
  const [{ state, people }, model] = useViewModel(() => timelines.members(roomId));
  const [search, setSearch] = useState('');
  const [inviting, setInviting] = useState(false);
  const wanted = search.trim().toLowerCase();
  const shown = people.filter(
    (person) => person.name.toLowerCase().includes(wanted) || person.userId.toLowerCase().includes(wanted),
  );
  const remove = async (person: RoomPerson): Promise<void> => {
    const yes = await confirm.ask({
      title: t('members.remove', { name: person.name }),
      body: t('members.remove_text'),
      confirm: t('members.remove_yes'),
      destructive: true,
    });
    if (yes) await attempt(() => model.remove(person.userId));
  };
  return (
    <PanelFrame
      title={t('members.title', { count: props.info.members })}
      onClose={props.onClose}
      actions={
        props.info.rights.invite && (
          <IconAction
            label={t('members.invite')}
            Icon={AddIcon}
            onClick={() => {
              setInviting(true);
            }}
          />
        )
      }
    >
      <div className="c-panel__body">
        <SearchBox label={t('members.search')} value={search} onChange={setSearch} />
        {shown.length > 0 ? (
          <ul className="c-listing">
            {shown.slice(0, MOST).map((person) => (
              <MemberLine key={person.userId} person={person} onRemove={() => void remove(person)} />
            ))}
          </ul>
        ) : state === 'loading' ? (
          <Skeleton lines={5} />
        ) : (
          <EmptyState compact title={t('members.none')} />
        )}
        {shown.length > MOST && (
          <p className="q-muted">{t('members.more', { count: shown.length - MOST })}</p>
        )}
      </div>
      {inviting && (
        <Invite
          model={model}
          onClose={() => {
            setInviting(false);
          }}
        />
      )}
    </PanelFrame>
  );
}
