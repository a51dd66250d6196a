import { Button } from '@vector-im/compound-web';
import { Dialog, useServices, useText, useViewModel } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { sentences } from '../../../components/sentences.ts';
import type { MembersSnapshot, MembersStore } from '../../../matrix/members-store.ts';
import type { RoomInfo } from '../../../matrix/room-info-store.ts';
import { Finder } from '../../finder/Finder.tsx';
import { FinderViewModel, type Bar } from '../../finder/FinderViewModel.ts';
import { usePeopleSearch, type FoundPerson } from '../../finder/people.ts';
import { peopleSource } from '../../finder/sources.ts';
import { WhoWaits } from '../../finder/WhoWaits.tsx';

/** Who cannot be invited: whoever is here or invited already, and people of outside where none may come in. */
export function barOf(members: MembersSnapshot, person: FoundPerson): Bar | undefined {
  if (members.people.some((each) => each.userId === person.userId)) return 'here';
  return person.server !== undefined && !members.federates ? 'company_only' : undefined;
}

/** Invites people to a conversation, several at once. */
export function InviteDialog(props: {
  model: MembersStore;
  history: RoomInfo['history'];
  onClose: () => void;
}): ReactNode {
  const { t } = useText('room');
  const { attempt, toasts } = useServices();
  const search = usePeopleSearch();
  const { model, onClose } = props;
  const [busy, setBusy] = useState(false);
  const [state, people] = useViewModel(
    () =>
      new FinderViewModel(
        peopleSource(search, (person) => barOf(model.getSnapshot(), person)),
        { several: true },
      ),
  );
  const { chosen } = state;
  const invite = async (): Promise<void> => {
    setBusy(true);
    let done = 0;
    for (const person of chosen) {
      const { ok } = await attempt(() => model.invite(person.userId));
      // Whom it did not work for stays chosen.
      if (!ok) continue;
      done++;
      people.toggle(person);
    }
    setBusy(false);
    if (done > 0) toasts.success(t('members.invited_done', { count: done }));
    if (done === chosen.length) onClose();
  };
  return (
    <Dialog
      title={t('members.invite')}
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button kind="secondary" size="md" onClick={onClose}>
            {t('members.cancel')}
          </Button>
          <Button
            kind="primary"
            size="md"
            disabled={busy || chosen.length === 0}
            onClick={() => void invite()}
          >
            {chosen.length === 0 ? t('members.invite') : t('members.invite_count', { count: chosen.length })}
          </Button>
        </>
      }
    >
      <div className="q-stack">
        <p className="q-muted q-small">
          {sentences([
            t(`members.history.${props.history}`),
            t(model.getSnapshot().federates ? 'members.when' : 'members.when_inside'),
          ])}
        </p>
        <Finder
          model={people}
          state={state}
          isCompanyOnly={!model.getSnapshot().federates}
          texts={{ idle: t('members.invite_help') }}
        />
        <WhoWaits people={chosen} />
      </div>
    </Dialog>
  );
}
