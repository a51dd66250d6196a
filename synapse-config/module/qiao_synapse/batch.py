"""Several membership events of one room in one go.

Synapse's own handler makes, authorises, persists and announces one membership event at a
time; each costs a dozen database transactions and, in a large room, work over all members.
Here a chain of events (each the `prev_event` of the next) is built in memory on one known
state, authorised event by event as always, and handed to Synapse's persistence as one batch,
the way `EventCreationHandler.create_and_send_new_client_events` does for new rooms.

All of this is Synapse's inside, read and tested for one release: see version.py.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synapse.api.constants import EventContentFields, EventTypes, JoinRules, Membership
from synapse.event_auth import validate_event_for_room_version
from synapse.events import EventBase
from synapse.events.snapshot import (
    EventContext,
    UnpersistedEventContext,
    UnpersistedEventContextBase,
)
from synapse.handlers.worker_lock import NEW_EVENT_DURING_PURGE_LOCK_NAME
from synapse.module_api import NOT_SPAM
from synapse.storage.invite_rule import InviteRule
from synapse.types import UserID, create_requester
from synapse.types.state import StateFilter

from qiao_synapse.store import QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer
    from synapse.types import MutableStateMap, StateKey

logger = logging.getLogger(__name__)

#: Events of one batch. Also the most that a chain of state group deltas grows beyond Synapse's
#: own limit of 100 before the next full snapshot (which the first event of a batch takes).
MAX_EVENTS = 50

#: Events a single wanted change may need: an invitation and a join.
MAX_EVENTS_PER_CHANGE = 2


class NotPossible(Exception):
    """The batch cannot be made; the changes have to go through Synapse's own handler."""


@dataclass(frozen=True)
class Wanted:
    """One change: what shall be true of a person. `refresh` rewrites a join with the profile."""

    user_id: str
    membership: str
    reason: str | None = None
    refresh: bool = False


@dataclass
class _Plan:
    """Events to write, as (sender, target, content), and which of them answers which change."""

    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    answer: list[int | None] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class MembershipBatch:
    """Writes batches; one instance per process."""

    def __init__(self, hs: HomeServer, store: QiaoStore) -> None:
        self._hs = hs
        self._server_name = hs.hostname
        self._qiao_store = store
        self._store = hs.get_datastores().main
        self._state_groups = hs.get_datastores().state
        self._state_storage = hs.get_storage_controllers().state
        self._state = hs.get_state_handler()
        self._events = hs.get_event_creation_handler()
        self._event_auth = hs.get_event_auth_handler()
        self._members = hs.get_room_member_handler()
        self._worker_locks = hs.get_worker_locks_handler()
        callbacks = hs.get_module_api_callbacks()
        self._spam_checker = callbacks.spam_checker
        self._third_party_rules = callbacks.third_party_event_rules

    async def write(
        self, room_id: str, service_user: str | None, wanted: Sequence[Wanted]
    ) -> list[str | None]:
        """Make the changes, all or none.

        Args:
            service_user: who invites and kicks; None if only profiles are refreshed.
            wanted: changes of different people that need at most MAX_EVENTS events.

        Returns:
            The id of the event that made each change true, None where nothing was to do.

        Raises:
            NotPossible: a case that this path does not cover, or does not allow.
            Others: as Synapse's handlers. Nothing was persisted, or (rarely, if the failure
                came late) everything was; asking again tells.
        """
        # The same two locks as RoomMemberHandler.update_membership.
        async with (
            self._members.member_linearizer.queue((room_id,)),
            self._worker_locks.acquire_read_write_lock(
                NEW_EVENT_DURING_PURGE_LOCK_NAME, room_id, write=False
            ),
        ):
            return await self._write_locked(room_id, service_user, wanted)

    async def _write_locked(
        self, room_id: str, service_user: str | None, wanted: Sequence[Wanted]
    ) -> list[str | None]:
        room_version = await self._store.get_room_version(room_id)
        # (mypy knows @cached methods by a plugin that Synapse does not ship.)
        partial = await self._store.is_partial_state_room(room_id)  # type: ignore[call-arg, arg-type, misc]
        if partial or room_version.msc4242_state_dags:
            raise NotPossible("room kind")

        prev_event_ids = list(await self._store.get_prev_events_for_room(room_id))
        entry = await self._state.resolve_state_groups_for_events(room_id, prev_event_ids)
        group = entry.state_group
        if group is None:
            # Forked: Synapse's handler merges the forks with its first event.
            raise NotPossible("no single state")

        plan = await self._plan(room_id, group, service_user, wanted)
        if not plan.events:
            return [None] * len(wanted)

        made = await self._create(room_id, group, prev_event_ids, plan)
        events = await self._assign_state_groups(room_id, group, made)

        await self._authorise(events)
        await self._persist(service_user, events)

        for target in plan.left:
            await self._members._user_left_room(UserID.from_string(target), room_id)

        return [None if at is None else events[at][0].event_id for at in plan.answer]

    # -- what has to be written

    async def _plan(
        self, room_id: str, group: int, service_user: str | None, wanted: Sequence[Wanted]
    ) -> _Plan:
        user_ids = [w.user_id for w in wanted]
        memberships = await self._qiao_store.get_memberships(room_id, user_ids)
        profiles = await self._qiao_store.get_profiles(user_ids)
        rule, allowed_rooms = await self._join_rule(group)
        blocked: bool | None = None

        plan = _Plan()
        for change in wanted:
            current = memberships.get(change.user_id, (None, ""))[0]
            profile = profiles.get(change.user_id, {})
            reason = {} if change.reason is None else {"reason": change.reason}

            if change.membership == Membership.LEAVE:
                if current in (Membership.JOIN, Membership.INVITE, Membership.KNOCK):
                    assert service_user is not None
                    plan.answer.append(len(plan.events))
                    plan.events.append(
                        (
                            service_user,
                            change.user_id,
                            {**reason, "membership": Membership.LEAVE},
                        )
                    )
                    if current == Membership.JOIN:
                        plan.left.append(change.user_id)
                elif current == Membership.BAN:
                    raise NotPossible("ban")
                else:
                    plan.answer.append(None)
                continue

            if current == Membership.BAN:
                raise NotPossible("ban")
            if (current == Membership.JOIN) != change.refresh:
                plan.answer.append(None)
                continue
            if blocked is None:
                blocked = bool(await self._store.is_room_blocked(room_id))  # type: ignore[call-arg, arg-type, misc]
            if blocked:
                raise NotPossible("blocked room")

            content = {**profile, **reason, "membership": Membership.JOIN}
            if not change.refresh:
                assert service_user is not None
                if current == Membership.INVITE or rule == JoinRules.PUBLIC:
                    pass
                elif allowed_rooms and await self._event_auth.is_user_in_rooms(
                    allowed_rooms, change.user_id
                ):
                    content[EventContentFields.AUTHORISING_USER] = service_user
                else:
                    await self._check_invite(room_id, service_user, change.user_id)
                    invite = {**reason, "membership": Membership.INVITE}
                    if self._hs.config.server.include_profile_data_on_invite:
                        invite.update(profile)
                    plan.events.append((service_user, change.user_id, invite))
                    current = Membership.INVITE
                await self._check_join(room_id, change.user_id, current == Membership.INVITE)
            plan.answer.append(len(plan.events))
            plan.events.append((change.user_id, change.user_id, content))
        return plan

    async def _join_rule(self, group: int) -> tuple[str, list[str]]:
        """The room's join rule, and the rooms whose members it lets in."""
        ids = await self._state_storage.get_state_ids_for_group(
            group, StateFilter.from_types([(EventTypes.JoinRules, "")])
        )
        event_id = ids.get((EventTypes.JoinRules, ""))
        if event_id is None:
            return JoinRules.INVITE, []
        rule = (await self._store.get_event(event_id)).content.get("join_rule")
        if rule not in (JoinRules.RESTRICTED, JoinRules.KNOCK_RESTRICTED):
            return str(rule), []
        allowed, _ = await self._event_auth.get_rooms_that_allow_join(ids)
        return rule, list(allowed)

    async def _check_invite(self, room_id: str, sender: str, target: str) -> None:
        """What RoomMemberHandler checks of an invitation besides the room's rules."""
        if self._hs.config.server.block_non_admin_invites:
            raise NotPossible("invites are blocked")
        if await self._spam_checker.user_may_invite(sender, target, room_id) != NOT_SPAM:
            raise NotPossible("a module refuses the invite")
        config = await self._store.get_invite_config_for_user(target)
        if config.get_invite_rule(sender) == InviteRule.BLOCK:
            raise NotPossible("the person blocks invites")

    async def _check_join(self, room_id: str, target: str, is_invited: bool) -> None:
        """What RoomMemberHandler checks of a join besides the room's rules."""
        answer = await self._spam_checker.user_may_join_room(target, room_id, is_invited=is_invited)
        if answer != NOT_SPAM:
            raise NotPossible("a module refuses the join")

    # -- the events

    async def _create(
        self, room_id: str, group: int, prev_event_ids: list[str], plan: _Plan
    ) -> list[tuple[EventBase, UnpersistedEventContextBase]]:
        """Build and sign the chain of events. Nothing is stored yet."""
        state: MutableStateMap[str] = dict(
            await self._state_storage.get_state_ids_for_group(group, self._needed_state(plan))
        )
        if self._third_party_rules._check_event_allowed_callbacks:
            # Other modules' rules look at the whole state.
            state = dict(await self._state_storage.get_state_ids_for_group(group))
        made: list[tuple[EventBase, UnpersistedEventContextBase]] = []
        depth: int | None = None
        for sender, target, content in plan.events:
            event, context = await self._events.create_event(
                create_requester(sender, authenticated_entity=self._server_name),
                {
                    "type": EventTypes.Member,
                    "room_id": room_id,
                    "sender": sender,
                    "state_key": target,
                    "content": content,
                },
                prev_event_ids=prev_event_ids,
                depth=depth,
                state_map=dict(state),
                for_batch=True,
                current_state_group=group,
                require_consent=False,
            )
            made.append((event, context))
            prev_event_ids = [event.event_id]
            depth = event.depth + 1
            state[(EventTypes.Member, target)] = event.event_id
        return made

    def _needed_state(self, plan: _Plan) -> StateFilter:
        """The state that the authorisation of membership events looks at."""
        keys: set[StateKey] = {
            (EventTypes.Create, ""),
            (EventTypes.PowerLevels, ""),
            (EventTypes.JoinRules, ""),
        }
        for sender, target, content in plan.events:
            keys.add((EventTypes.Member, sender))
            keys.add((EventTypes.Member, target))
            authoriser = content.get(EventContentFields.AUTHORISING_USER)
            if authoriser is not None:
                keys.add((EventTypes.Member, authoriser))
        return StateFilter.from_types(keys)

    async def _assign_state_groups(
        self,
        room_id: str,
        group: int,
        made: Sequence[tuple[EventBase, UnpersistedEventContextBase]],
    ) -> list[tuple[EventBase, EventContext]]:
        """Store the state after each event.

        The first goes Synapse's ordinary way, which writes a full snapshot when the chain of
        deltas has become too long; the batch way does not look at the length.
        """
        first_event, first_unpersisted = made[0]
        first_context = await first_unpersisted.persist(first_event)
        assert first_context.state_group is not None
        result = [(first_event, first_context)]
        if len(made) > 1:
            result += await UnpersistedEventContext.batch_persist_unpersisted_contexts(
                list(made[1:]), room_id, first_context.state_group, self._state_groups
            )

        # The way from the state before the batch to that after it, in one step: without it,
        # Synapse would load the whole state of the room to work it out.
        last_context = result[-1][1]
        assert last_context.state_group is not None
        if last_context.state_group_deltas is not None:
            delta = {(e.type, e.get_state_key() or ""): e.event_id for e, _ in result}
            deltas: Any = last_context.state_group_deltas
            deltas[(group, last_context.state_group)] = delta

        await self._prefill_cache(group, result)
        return result

    async def _authorise(self, events: Sequence[tuple[EventBase, EventContext]]) -> None:
        """Check each event by the room's rules, as EventCreationHandler does.

        Raises AuthError, and then nothing of the batch is persisted.
        """
        by_id = {event.event_id: event for event, _ in events}
        for event, _ in events:
            validate_event_for_room_version(event)
            batched = {i: by_id[i] for i in event.auth_event_ids() if i in by_id}
            await self._event_auth.check_auth_rules_from_context(event, batched)

    async def _persist(
        self, service_user: str | None, events: list[tuple[EventBase, EventContext]]
    ) -> None:
        """Persist and announce.

        On the process that writes the room's events this skips the push rules: joins notify
        nobody, and an invitation with the join right behind it must not ring the phones of
        a whole company.
        """
        first = events[0][0]
        requester = create_requester(
            service_user or first.sender, authenticated_entity=self._server_name
        )
        targets = [UserID.from_string(u) for u in sorted({e.state_key for e, _ in events})]
        shard = self._hs.config.worker.events_shard_config
        if shard.should_handle(self._hs.get_instance_name(), first.room_id):
            await self._events.persist_and_notify_client_events(
                requester, events, ratelimit=False, extra_users=targets
            )
            await self._events.cache_joined_hosts_for_events(events)
        else:
            await self._events.handle_new_client_event(
                requester, events, ratelimit=False, extra_users=targets
            )

    async def _prefill_cache(
        self, group: int, events: Sequence[tuple[EventBase, EventContext]]
    ) -> None:
        """Put the few state entries that each event's processing asks for into the cache.

        State groups never change, so what is put there stays true.
        """
        keys: set[StateKey] = {
            (EventTypes.Create, ""),
            (EventTypes.PowerLevels, ""),
            (EventTypes.JoinRules, ""),
        }
        for event, _ in events:
            keys.add((EventTypes.Member, event.sender))
            keys.add((EventTypes.Member, event.state_key))
        wanted = StateFilter.from_types(keys)
        state = dict(await self._state_storage.get_state_ids_for_group(group, wanted))
        by_group: dict[int, Mapping[StateKey, str]] = {}
        for event, context in events:
            state[(event.type, event.state_key)] = event.event_id
            assert context.state_group is not None
            by_group[context.state_group] = dict(state)
        self._state_groups._insert_into_cache(
            by_group,
            wanted,
            cache_seq_num_members=self._state_groups._state_group_members_cache.sequence,
            cache_seq_num_non_members=self._state_groups._state_group_cache.sequence,
        )
