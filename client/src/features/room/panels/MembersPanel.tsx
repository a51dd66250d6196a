import RemoveIcon from '@vector-im/compound-design-tokens/assets/web/icons/delete';
import AddIcon from '@vector-im/compound-design-tokens/assets/web/icons/user-add';
import {
  EmptyState,
  IconAction,
  SearchBox,
  Skeleton,
  Tag,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { MatrixAvatar } from '../../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../../matrix/context.tsx';
import { names } from '../../../matrix/people-pinyin.ts';
import type { RoomPerson } from '../../../matrix/members-store.ts';
import type { RoomInfo } from '../../../matrix/room-info-store.ts';
import { namesakes, noteOf, type FoundPerson } from '../../finder/people.ts';
import { peopleAmong } from '../../finder/sources.ts';
import { useWho } from '../../finder/use-who.ts';
import { useRoom } from '../room-context.ts';
import { InviteDialog } from './InviteDialog.tsx';
import { PanelFrame } from './PanelFrame.tsx';

/** People shown at once; a search finds the others. */
const MOST = 200;
function MemberLine(props: {
  person: RoomPerson;
  who: FoundPerson;
  removeLabel: string;
  onRemove: () => void;
}): ReactNode {
  const { t } = useText('room');
  const { matrix } = useServices();
  const { person, who } = props;
  return (
    <li className="c-member">
      <MatrixAvatar id={person.userId} name={person.name} mxc={person.avatar} size={32} />
      <span className="c-member__text">
        <button type="button" className="q-row-button" onClick={() => matrix?.openPerson(person.userId)}>
          <bdi>{person.name}</bdi>
        </button>
        <span className="q-muted q-small">
          <bdi>{noteOf(who)}</bdi>
        </span>
      </span>
      {person.external && <Tag tone="warn">{t('external')}</Tag>}
      {person.invited && (
        <Tag>{t(who.activated === false ? 'members.not_activated' : 'members.invited')}</Tag>
      )}
      {person.role !== 'member' && <Tag tone="info">{t(`members.role.${person.role}`)}</Tag>}
      {person.mayRemove && (
        <IconAction label={props.removeLabel} Icon={RemoveIcon} onClick={props.onRemove} />
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
  const who = useWho(people);
  const byId = new Map(people.map((person) => [person.userId, person]));
  const shown = peopleAmong(who, search, names);
  const twice = namesakes(who);
  const called = (person: FoundPerson): string =>
    twice.has(person.name) ? `${person.name} (${noteOf(person)})` : person.name;
  const remove = async (person: FoundPerson): Promise<void> => {
    const withdraws = byId.get(person.userId)?.invited === true;
    const yes = await confirm.ask(
      withdraws
        ? {
            title: t('members.withdraw', { name: called(person) }),
            body: t('members.withdraw_text'),
            confirm: t('members.withdraw_yes'),
          }
        : {
            title: t('members.remove', { name: called(person) }),
            body: t('members.remove_text'),
            confirm: t('members.remove_yes'),
            destructive: true,
          },
    );
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
      <div className="c-panel__body q-stack q-stack--tight">
        <SearchBox label={t('members.search')} value={search} onChange={setSearch} />
        {props.info.waiting > 0 && (
          <p className="q-muted q-small">{t('members.waiting', { count: props.info.waiting })}</p>
        )}
        {shown.length > 0 ? (
          <ul className="c-listing">
            {shown.slice(0, MOST).map((each) => {
              const person = byId.get(each.userId);
              return (
                person && (
                  <MemberLine
                    key={each.userId}
                    person={person}
                    who={each}
                    removeLabel={t(person.invited ? 'members.withdraw' : 'members.remove', {
                      name: called(each),
                    })}
                    onRemove={() => void remove(each)}
                  />
                )
              );
            })}
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
        <InviteDialog
          model={model}
          history={props.info.history}
          onClose={() => {
            setInviting(false);
          }}
        />
      )}
    </PanelFrame>
  );
}
