"""Joining people to managed rooms and removing them, without action of theirs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synapse.api.constants import EventTypes, JoinRules, Membership
from synapse.api.errors import Codes, SynapseError
from synapse.types import UserID, create_requester
from synapse.types.state import StateFilter
from synapse.util.async_helpers import Linearizer, concurrently_execute

from qiao_synapse import validate
from qiao_synapse.batch import (
    MAX_EVENTS,
    MAX_EVENTS_PER_CHANGE,
    MembershipBatch,
    NotPossible,
    Wanted,
)
from qiao_synapse.config import QiaoConfig
from qiao_synapse.direct import DirectLabels
from qiao_synapse.errors import INTERNAL_ITEM_ERROR, bad_request, forbidden, item_error, not_found
from qiao_synapse.guard import Guard
from qiao_synapse.store import AccountFacts, QiaoStore
from qiao_synapse.version import SYNAPSE_VERSION, TESTED_SYNAPSE_VERSION

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

JsonObject = dict[str, Any]


def _batches_allowed(config: QiaoConfig) -> bool:
    """Whether the batch path may be used: asked for, and on the release it was tested with."""
    if not config.fast_memberships:
        return False
    if SYNAPSE_VERSION != TESTED_SYNAPSE_VERSION:
        logger.warning(
            "Synapse is %s, memberships were tested with %s: they go one by one, which is slower",
            SYNAPSE_VERSION,
            TESTED_SYNAPSE_VERSION,
        )
        return False
    return True


@dataclass(frozen=True)
class Change:
    """One wanted membership; `index` is its place in the request and the answer."""

    index: int
    room_id: str
    user_id: str
    membership: str
    reason: str | None


class Memberships:
    """Handler of /memberships."""

    def __init__(
        self,
        hs: HomeServer,
        config: QiaoConfig,
        store: QiaoStore,
        guard: Guard,
        labels: DirectLabels,
    ) -> None:
        self._hs = hs
        self._server_name = hs.hostname
        self._config = config
        self._qiao_store = store
        self._guard = guard
        self._labels = labels
        self._store = hs.get_datastores().main
        self._state = hs.get_storage_controllers().state
        self._members = hs.get_room_member_handler()
        self._event_auth = hs.get_event_auth_handler()
        self._batch = MembershipBatch(hs, store) if _batches_allowed(config) else None
        # Changes of a room are made one after the other, also across requests.
        self._room_queue = Linearizer(name="qiao_memberships", clock=hs.get_clock())

    @property
    def fast(self) -> bool:
        """Whether several changes of a room go together."""
        return self._batch is not None

    async def change(self, body: Mapping[str, Any]) -> JsonObject:
        """Make the wanted memberships true; what is true already is left alone."""
        validate.known_keys(body, frozenset({"room_id", "items", "as"}))
        raw_items = validate.batch(body, "items")
        default_room = body.get("room_id")
        if default_room is not None:
            default_room = validate.room_id(default_room)
        service_user = validate.local_user_id(body.get("as"), self._server_name, "as")
        if not self._guard.is_service_user(service_user):
            raise forbidden("`as` must be a service user")

        results: list[JsonObject | None] = [None] * len(raw_items)
        by_room: dict[str, list[Change]] = {}
        for index, raw in enumerate(raw_items):
            try:
                change = self._parse(index, raw, default_room)
                by_room.setdefault(change.room_id, []).append(change)
            except SynapseError as e:
                results[index] = {**_echo(raw, default_room), **item_error(e)}

        people = await self._qiao_store.get_accounts(
            {c.user_id for changes in by_room.values() for c in changes}
        )

        async def one_room(room_id: str) -> None:
            error: Mapping[str, Any]
            try:
                await self._guard.managed_room(room_id)
                async with self._room_queue.queue(room_id):
                    await self._change_room(
                        room_id, service_user, by_room[room_id], people, results
                    )
                return
            except SynapseError as e:
                error = item_error(e)
            except Exception:
                # Such as the database: the other rooms' answers must not be lost by it.
                logger.exception("could not change memberships of %s", room_id)
                error = INTERNAL_ITEM_ERROR
            for change in by_room[room_id]:
                if results[change.index] is None:
                    results[change.index] = _failed(change, error)

        await concurrently_execute(one_room, by_room, self._config.max_in_flight)
        return {"results": results}

    async def add(self, body: Mapping[str, Any]) -> JsonObject:
        """POST /memberships/add: join who can read already, invite the others.

        Decided here and in one call, because an account may be activated at any moment: whoever
        was invited and has got a device meanwhile is joined before this answers.
        """
        validate.known_keys(body, frozenset({"as", "room_id", "user_ids", "for", "direct", "only"}))
        room_id = validate.room_id(body.get("room_id"))
        service_user = validate.local_user_id(body.get("as"), self._server_name, "as")
        if not self._guard.is_service_user(service_user):
            raise forbidden("`as` must be a service user")
        direct = validate.boolean(body.get("direct", False), "direct")
        user_ids = [
            validate.local_user_id(raw, self._server_name)
            for raw in validate.batch(body, "user_ids")
        ]
        # Who asked for it is joined in any case: the room would be theirs and out of their sight.
        requester = (
            validate.local_user_id(body["for"], self._server_name, "for") if "for" in body else None
        )
        if requester is not None and requester not in user_ids:
            user_ids = [requester, *user_ids]
        await self._guard.managed_room(room_id)
        if "only" in body:
            only = {validate.user_id(raw) for raw in validate.batch(body, "only")}
            there = await self._qiao_store.get_people_in(room_id)
            if any(u not in only and not self._guard.is_service_user(u) for u in there):
                return {"room_id": room_id, "others": True, "results": []}

        people = await self._qiao_store.get_accounts(set(user_ids))
        results: dict[str, JsonObject] = {}
        async with self._room_queue.queue(room_id):
            await self._join_able(room_id, service_user, user_ids, people, results, requester)
            waiting = [u for u in user_ids if u not in results]
            for user_id in waiting:
                try:
                    await self._invite(room_id, service_user, user_id, people.get(user_id), direct)
                except SynapseError as e:
                    results[user_id] = {"user_id": user_id, **item_error(e)}
                except Exception:
                    logger.exception("could not invite %s to %s", user_id, room_id)
                    results[user_id] = {"user_id": user_id, **INTERNAL_ITEM_ERROR}
            invited = [u for u in waiting if u not in results]
            if invited:
                now = await self._qiao_store.get_accounts(invited)
                await self._join_able(room_id, service_user, invited, now, results)
        for user_id in user_ids:
            results.setdefault(user_id, {"user_id": user_id, "state": "invited"})
            if direct and results[user_id].get("state") == "joined":
                await self.label(room_id, user_id)
        return {
            "room_id": room_id,
            "others": False,
            "results": [results[u] for u in user_ids],
        }

    async def _join_able(
        self,
        room_id: str,
        service_user: str,
        user_ids: list[str],
        people: Mapping[str, AccountFacts],
        results: dict[str, JsonObject],
        requester: str | None = None,
    ) -> None:
        """Join those who have a device with keys; the others have no result afterwards."""
        able = [u for u in user_ids if u == requester or (u in people and people[u].activated)]
        changes = [
            Change(index, room_id, user_id, Membership.JOIN, None)
            for index, user_id in enumerate(able)
        ]
        done: list[JsonObject | None] = [None] * len(changes)
        await self._change_room(room_id, service_user, changes, people, done)
        for change, result in zip(changes, done, strict=True):
            if result is not None and "errcode" in result:
                error = {k: result[k] for k in ("errcode", "error")}
                results[change.user_id] = {"user_id": change.user_id, **error}
            else:
                results[change.user_id] = {"user_id": change.user_id, "state": "joined"}

    async def _invite(
        self,
        room_id: str,
        service_user: str,
        user_id: str,
        facts: AccountFacts | None,
        direct: bool,
    ) -> None:
        change = Change(0, room_id, user_id, Membership.JOIN, None)
        self._check_person(change, facts)
        current, _ = await self._store.get_local_current_membership_for_user_in_room(
            user_id, room_id
        )
        if current == Membership.BAN:
            raise SynapseError(403, "The user is banned from the room", Codes.BAD_STATE)
        if current in (Membership.JOIN, Membership.INVITE):
            return
        content = {"is_direct": True} if direct else {}
        await self._update(service_user, change, Membership.INVITE, content)

    async def label(self, room_id: str, user_id: str) -> None:
        """Tell the person's other clients that the room is the chat with the one other in it."""
        there = await self._qiao_store.get_people_in(room_id)
        others = [u for u in there if u != user_id and not self._guard.is_service_user(u)]
        if len(others) == 1:
            await self._labels.add(user_id, others[0], room_id)

    async def take_up(self, room_id: str, user_id: str) -> None:
        """Join an invited person, in any room. Raises SynapseError where the room refuses."""
        async with self._room_queue.queue(room_id):
            await self._update(
                user_id, Change(0, room_id, user_id, Membership.JOIN, None), Membership.JOIN, {}
            )

    async def refresh_profiles(self, users: Mapping[str, bool]) -> dict[str, int]:
        """Bring the users' member events in line with their profiles.

        Args:
            users: by user id, whether the profile was just changed. If it was, all rooms
                follow, as when the person had changed it. If not, only managed rooms are
                repaired (an earlier call may have been cut off): elsewhere, a name for one
                room only is the person's own choice.

        Returns:
            Member events written, by user id.
        """
        by_room: dict[str, list[str]] = {}
        for room_id, user_id in await self._qiao_store.get_stale_profiles(users):
            by_room.setdefault(room_id, []).append(user_id)
        written: dict[str, int] = {}

        async def one_room(room_id: str) -> None:
            user_ids = by_room[room_id]
            if not all(users[u] for u in user_ids):
                try:
                    await self._guard.managed_room(room_id)
                except SynapseError:
                    user_ids = [u for u in user_ids if users[u]]
            async with self._room_queue.queue(room_id):
                for user_id in await self._refresh_room(room_id, user_ids):
                    written[user_id] = written.get(user_id, 0) + 1

        await concurrently_execute(one_room, list(by_room), self._config.max_in_flight)
        return written

    async def _refresh_room(self, room_id: str, user_ids: list[str]) -> list[str]:
        """Rewrite the users' joins with their profiles. Returns for whom it was done."""
        done: list[str] = []
        for start in range(0, len(user_ids), MAX_EVENTS):
            part = user_ids[start : start + MAX_EVENTS]
            events = await self._try_batch(
                room_id, None, [Wanted(u, Membership.JOIN, refresh=True) for u in part]
            )
            if events is not None:
                done += [u for u, event_id in zip(part, events, strict=True) if event_id]
                continue
            for user_id in part:
                change = Change(0, room_id, user_id, Membership.JOIN, None)
                try:
                    await self._update(user_id, change, Membership.JOIN, {})
                    done.append(user_id)
                except Exception:
                    # As Synapse does: the profile is set, a room that refuses keeps the old.
                    logger.warning("could not refresh %s in %s", user_id, room_id, exc_info=True)
        return done

    def _parse(self, index: int, raw: Any, default_room: str | None) -> Change:
        item = validate.obj(raw, "an item")
        validate.known_keys(
            item, frozenset({"room_id", "user_id", "membership", "reason"}), "an item"
        )
        room_id = item.get("room_id", default_room)
        if room_id is None:
            raise bad_request("room_id is needed, in the item or above")
        membership = item.get("membership")
        if membership not in (Membership.JOIN, Membership.LEAVE):
            raise bad_request("membership must be join or leave")
        reason = item.get("reason")
        return Change(
            index=index,
            room_id=validate.room_id(room_id),
            user_id=validate.local_user_id(item.get("user_id"), self._server_name),
            membership=membership,
            reason=None
            if reason is None
            else validate.text(reason, "reason", max_length=validate.MAX_REASON_LENGTH),
        )

    def _check_person(self, change: Change, facts: AccountFacts | None) -> None:
        if facts is None:
            raise not_found("Unknown user")
        self._guard.check_person(facts)
        if change.membership == Membership.JOIN:
            if facts.deactivated:
                raise SynapseError(403, "The account is deactivated", Codes.USER_DEACTIVATED)
            if facts.locked or facts.suspended:
                raise SynapseError(403, "The account is suspended", Codes.USER_ACCOUNT_SUSPENDED)

    async def _change_room(
        self,
        room_id: str,
        service_user: str,
        changes: list[Change],
        people: Mapping[str, AccountFacts],
        results: list[JsonObject | None],
    ) -> None:
        able: list[Change] = []
        for change in changes:
            try:
                self._check_person(change, people.get(change.user_id))
                able.append(change)
            except SynapseError as e:
                results[change.index] = _failed(change, item_error(e))

        for part in _parts(able):
            done = await self._try_batch(
                room_id, service_user, [Wanted(c.user_id, c.membership, c.reason) for c in part]
            )
            if done is not None:
                for change, event_id in zip(part, done, strict=True):
                    results[change.index] = _done(change, event_id)
                continue
            for change in part:
                try:
                    event_id = await self._change_one(service_user, change)
                    results[change.index] = _done(change, event_id)
                except SynapseError as e:
                    results[change.index] = _failed(change, item_error(e))
                except Exception:
                    logger.exception("could not change %s in %s", change.user_id, room_id)
                    results[change.index] = _failed(change, INTERNAL_ITEM_ERROR)

    async def _try_batch(
        self, room_id: str, service_user: str | None, wanted: list[Wanted]
    ) -> list[str | None] | None:
        """Write the changes as a batch. Returns None if they have to go one by one."""
        if self._batch is None or not wanted:
            return None
        try:
            return await self._batch.write(room_id, service_user, wanted)
        except (NotPossible, SynapseError) as e:
            logger.info("%d changes of %s go one by one: %s", len(wanted), room_id, e)
        except Exception:
            logger.exception("%d changes of %s go one by one", len(wanted), room_id)
        return None

    async def _change_one(self, service_user: str, change: Change) -> str | None:
        """One change by Synapse's own handler. Returns the event's id, None if nothing to do."""
        current, _ = await self._store.get_local_current_membership_for_user_in_room(
            change.user_id, change.room_id
        )
        if current == Membership.BAN:
            # A ban is a decision of people in the room; it is theirs to lift.
            raise SynapseError(403, "The user is banned from the room", Codes.BAD_STATE)
        content = {} if change.reason is None else {"reason": change.reason}
        if change.membership == Membership.LEAVE:
            if current not in (Membership.JOIN, Membership.INVITE, Membership.KNOCK):
                return None
            return await self._update(service_user, change, "kick", content)

        if current == Membership.JOIN:
            return None
        if current != Membership.INVITE and not await self._may_join(change):
            await self._update(service_user, change, Membership.INVITE, content)
        return await self._update(change.user_id, change, Membership.JOIN, content)

    async def _may_join(self, change: Change) -> bool:
        """Whether the room's rule lets the user in without an invitation."""
        state_ids = await self._state.get_current_state_ids(
            change.room_id, StateFilter.from_types([(EventTypes.JoinRules, "")])
        )
        event_id = state_ids.get((EventTypes.JoinRules, ""))
        if event_id is None:
            return False
        rule = (await self._store.get_event(event_id)).content.get("join_rule")
        if rule == JoinRules.PUBLIC:
            return True
        if rule not in (JoinRules.RESTRICTED, JoinRules.KNOCK_RESTRICTED):
            return False
        allowed, _ = await self._event_auth.get_rooms_that_allow_join(state_ids)
        return await self._event_auth.is_user_in_rooms(allowed, change.user_id)

    async def _update(
        self, sender: str, change: Change, action: str, content: Mapping[str, Any]
    ) -> str:
        event_id, _ = await self._members.update_membership(
            # The server is the authenticated entity: the user is not there to act or consent.
            requester=create_requester(sender, authenticated_entity=self._server_name),
            target=UserID.from_string(change.user_id),
            room_id=change.room_id,
            action=action,
            content=dict(content),
            ratelimit=False,
            require_consent=False,
        )
        return event_id


def _parts(changes: list[Change]) -> Iterator[list[Change]]:
    """Cut changes of a room into runs that fit a batch and change nobody twice."""
    part: list[Change] = []
    users: set[str] = set()
    for change in changes:
        if change.user_id in users or (len(part) + 1) * MAX_EVENTS_PER_CHANGE > MAX_EVENTS:
            yield part
            part, users = [], set()
        part.append(change)
        users.add(change.user_id)
    if part:
        yield part


def _echo(raw: Any, default_room: str | None) -> JsonObject:
    """The identifying fields of an item that could not be parsed, as far as they are strings."""
    echo: JsonObject = {} if default_room is None else {"room_id": default_room}
    if isinstance(raw, dict):
        echo.update(
            (k, raw[k]) for k in ("room_id", "user_id", "membership") if isinstance(raw.get(k), str)
        )
    return echo


def _subject(change: Change) -> JsonObject:
    return {
        "room_id": change.room_id,
        "user_id": change.user_id,
        "membership": change.membership,
    }


def _done(change: Change, event_id: str | None) -> JsonObject:
    result = {**_subject(change), "changed": event_id is not None}
    if event_id is not None:
        result["event_id"] = event_id
    return result


def _failed(change: Change, error: Mapping[str, Any]) -> JsonObject:
    return {**_subject(change), **error}
