import ChatIcon from '@vector-im/compound-design-tokens/assets/web/icons/chat-solid';
import UnknownIcon from '@vector-im/compound-design-tokens/assets/web/icons/user-profile';
import VerifiedIcon from '@vector-im/compound-design-tokens/assets/web/icons/verified';
import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  EmptyState,
  ErrorState,
  Facts,
  RouterLink,
  Skeleton,
  Tag,
  useEntering,
  useGo,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { ConversationAvatar } from '../../components/ConversationAvatar.tsx';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { noteOf, usePeopleSearch } from '../finder/people.ts';
import { PersonTrust } from '../keys/PersonTrust.tsx';
import { roomPath } from '../rooms/RoomRow.tsx';
import type { DirectoryProfile } from './api.ts';
import { BESIDE, usePersonPath } from './person-path.ts';
import { PersonViewModel } from './PersonViewModel.ts';
import './directory.css';

type Ref = DirectoryProfile['reports'][number];

function Reference({ person }: { person: Ref }): ReactNode {
  const { people } = useMatrix();
  const path = usePersonPath();
  return (
    // Beside a conversation one goes back to whom one came from.
    <RouterLink to={path(person.user_id)} state={BESIDE} className="c-person">
      <span aria-hidden>
        <MatrixAvatar
          id={person.user_id}
          name={person.display_name}
          mxc={people.known(person.user_id).avatar}
          size={32}
        />
      </span>
      <span className="c-person__text">
        <span className="c-person__name">
          <bdi>{person.display_name}</bdi>
        </span>
        {person.title !== null && <span className="c-person__note">{person.title}</span>}
      </span>
    </RouterLink>
  );
}

/** From the top of the company down to the person. */
function Line({ profile }: { profile: DirectoryProfile }): ReactNode {
  const { t } = useText('directory');
  if (profile.reporting_line.length === 0) return null;
  return (
    <Card title={t('line')}>
      <ol className="c-line">
        {profile.reporting_line.toReversed().map((person) => (
          <li key={person.id}>
            <Reference person={person} />
          </li>
        ))}
        <li aria-current="true" className="c-line__self">
          <bdi>{profile.display_name}</bdi>
        </li>
      </ol>
    </Card>
  );
}

function Profile({ profile }: { profile: DirectoryProfile }): ReactNode {
  const { t } = useText('directory');
  return (
    <>
      <Card title={t('facts')}>
        <Facts
          items={[
            [t('job'), profile.title],
            [
              t('departments'),
              profile.departments.length > 0 && (
                <span className="c-links">
                  {profile.departments.map((department) => (
                    <RouterLink key={department.id} to={`/directory/${department.id}`}>
                      <bdi>{department.name}</bdi>
                    </RouterLink>
                  ))}
                </span>
              ),
            ],
            profile.email !== null && [t('email'), <a href={`mailto:${profile.email}`}>{profile.email}</a>],
            profile.phone !== null && [t('phone'), <a href={`tel:${profile.phone}`}>{profile.phone}</a>],
          ]}
        />
      </Card>
      <Line profile={profile} />
      {profile.reports.length > 0 && (
        <Card title={t('reports', { count: profile.reports.length })}>
          <ul className="c-persons c-persons--flat">
            {profile.reports.map((person) => (
              <li key={person.id}>
                <Reference person={person} />
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

/**
 * What the directory says of a person, what Matrix knows, and how to write to them.
 * @param props `Heading`: level of the name; `onName`: called with what the person is called, once that is known
 */
export function Person(props: {
  userId: string;
  Heading: 'h1' | 'h3';
  onName?: (name: string) => void;
}): ReactNode {
  const { userId, Heading, onName } = props;
  const { t } = useText('directory');
  const services = useServices();
  const { people, rooms } = useMatrix();
  const search = usePeopleSearch();
  const go = useGo();
  const [state, model] = useViewModel(() => new PersonViewModel({ services, people, rooms }, userId));
  useEntering(model);
  const { person, profile, shared } = state;
  const inCompany = profile.state === 'ready' ? (profile.data ?? undefined) : undefined;
  const name = inCompany?.display_name ?? person.name;
  useEffect(() => {
    onName?.(name);
  }, [onName, name]);
  const self = userId === services.session.userId;
  if (state.unknown && profile.state === 'ready' && !inCompany)
    return (
      <>
        <Heading className="q-sr">{t('unknown')}</Heading>
        <EmptyState Icon={UnknownIcon} title={t('unknown')} text={t('unknown_text')}>
          <RouterLink to="/directory">{t('to_top')}</RouterLink>
        </EmptyState>
      </>
    );
  const message = async (): Promise<void> => {
    const opened = await services.attempt(model.message);
    if (opened.ok && opened.value !== undefined) await go(roomPath(opened.value));
  };
  return (
    <>
      <header className="c-profile__head">
        <MatrixAvatar id={userId} name={name} mxc={person.avatar} size={88} />
        <div className="c-profile__who">
          <Heading className="c-profile__name">
            <bdi>{name}</bdi>
            {person.server !== undefined && (
              <span className="c-external" title={t('external_of', { server: person.server })}>
                {t('external')}
              </span>
            )}
          </Heading>
          {inCompany?.activated === false && (
            <p className="c-profile__waits">
              <Tag tone="info">{t('not_activated')}</Tag> {t('not_activated_text')}
            </p>
          )}
          {inCompany && (
            <p>{[inCompany.title ?? '', ...inCompany.department_names].filter(Boolean).join(' · ')}</p>
          )}
          {/* A colleague's is nothing that people go by; of others it says who they are. */}
          {!inCompany && person.name !== userId && profile.state !== 'loading' && (
            <p className="q-muted q-small">
              <bdi>{noteOf(search.unlisted(person))}</bdi>
            </p>
          )}
          {state.verified === true && (
            <p className="c-profile__verified">
              <VerifiedIcon width={18} height={18} aria-hidden />
              {t('verified')}
            </p>
          )}
          {state.verified !== true && <PersonTrust userId={userId} />}
        </div>
        {!self && (
          <div className="c-profile__actions">
            <Button
              kind="primary"
              size="md"
              Icon={ChatIcon}
              disabled={state.opening || inCompany?.can_contact === false}
              onClick={() => void message()}
            >
              {t('message')}
            </Button>
          </div>
        )}
      </header>
      {inCompany?.can_contact === false && <Banner tone="info" title={t('no_contact')} />}
      {person.server !== undefined && (
        <Banner tone="warn" title={t('external_title')}>
          {t('external_text', { server: person.server })}
        </Banner>
      )}
      {profile.state === 'loading' ? (
        <Skeleton lines={5} />
      ) : profile.state === 'failed' ? (
        <ErrorState error={profile.error} retry={profile.retry} />
      ) : (
        inCompany && <Profile profile={inCompany} />
      )}
      {!self && (
        <Card title={t('shared')}>
          {shared.length === 0 ? (
            <p className="q-muted">{t('shared_none')}</p>
          ) : (
            <ul className="c-shared">
              {shared.map((entry) => (
                <li key={entry.roomId}>
                  <RouterLink to={roomPath(entry.roomId)} className="c-person">
                    <span aria-hidden>
                      <ConversationAvatar of={entry} size={32} />
                    </span>
                    <span className="c-person__name">
                      <bdi>{entry.name}</bdi>
                    </span>
                  </RouterLink>
                </li>
              ))}
            </ul>
          )}
        </Card>
      )}
    </>
  );
}
