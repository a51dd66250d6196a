"""A leaver's rooms get another administrator before the account is closed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synapse.api.constants import EventTypes, Membership
from synapse.types import UserID
from synapse.types.state import StateFilter

from qiao_synapse import validate
from qiao_synapse.errors import forbidden, not_found
from qiao_synapse.guard import Guard
from qiao_synapse.lifecycle import ADMIN_LEVEL, Lifecycle
from qiao_synapse.store import QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

JsonObject = dict[str, Any]


class Handover:
    """Handler of /rooms/handover.

    Acts in the leaver's name, which nothing else here does. So it is narrow: only for an
    account that is locked and not yet closed, only in a room whose sole administrator it is,
    and only to give power, to a person of this server.
    """

    def __init__(
        self, hs: HomeServer, store: QiaoStore, guard: Guard, lifecycle: Lifecycle
    ) -> None:
        self._server_name = hs.hostname
        self._qiao_store = store
        self._guard = guard
        self._lifecycle = lifecycle
        self._store = hs.get_datastores().main
        self._state = hs.get_storage_controllers().state
        self._events = hs.get_event_creation_handler()
        self._members = hs.get_room_member_handler()

    async def room(self, body: Mapping[str, Any]) -> JsonObject:
        """POST /rooms/handover: make `to` an administrator of a leaver's room."""
        validate.known_keys(body, frozenset({"user_id", "room_id", "to"}))
        user_id = validate.local_user_id(body.get("user_id"), self._server_name)
        to = validate.local_user_id(body.get("to"), self._server_name)
        room_id = validate.room_id(body.get("room_id"))
        leaver = await self._guard.manageable_account(user_id)
        if not leaver.locked or leaver.deactivated:
            raise forbidden("Only a locked account's rooms are handed over")
        receiver = await self._guard.manageable_account(to)
        if receiver.deactivated or receiver.locked:
            raise forbidden("The receiver's account is closed")
        rooms = await self._qiao_store.get_rooms_of(user_id)
        if rooms.get(room_id) != Membership.JOIN:
            raise not_found("Unknown room")
        levels = await self._lifecycle.powerful(room_id)
        if levels.of(to) >= ADMIN_LEVEL and await self._joined(room_id, to):
            return {"room_id": room_id, "user_id": user_id, "to": to, "changed": False}
        if not await self._lifecycle.is_sole(user_id, room_id, levels, ADMIN_LEVEL):
            raise forbidden("The account is not the room's only administrator")
        if not await self._joined(room_id, to):
            await self._join(room_id, user_id, to)
        await self._give_power(room_id, user_id, to, levels.of(user_id))
        logger.info("%s handed %s over to %s", user_id, room_id, to)
        return {"room_id": room_id, "user_id": user_id, "to": to, "changed": True}

    async def _joined(self, room_id: str, user_id: str) -> bool:
        rooms = await self._qiao_store.get_rooms_of(user_id)
        return rooms.get(room_id) == Membership.JOIN

    async def _join(self, room_id: str, user_id: str, to: str) -> None:
        invited = (await self._qiao_store.get_rooms_of(to)).get(room_id) == Membership.INVITE
        if not invited:
            await self._members.update_membership(
                self._lifecycle.requester(user_id),
                UserID.from_string(to),
                room_id,
                Membership.INVITE,
                ratelimit=False,
                require_consent=False,
            )
        await self._members.update_membership(
            self._lifecycle.requester(to),
            UserID.from_string(to),
            room_id,
            Membership.JOIN,
            ratelimit=False,
            require_consent=False,
        )

    async def _give_power(self, room_id: str, user_id: str, to: str, level: int) -> None:
        ids = await self._state.get_current_state_ids(
            room_id, StateFilter.from_types([(EventTypes.PowerLevels, "")])
        )
        events = await self._store.get_events(ids.values())
        event_id = ids.get((EventTypes.PowerLevels, ""))
        event = events.get(event_id) if event_id else None
        content: JsonObject = dict(event.content) if event is not None else {}
        raw = content.get("users")
        users: JsonObject = dict(raw) if isinstance(raw, Mapping) else {}
        if event is None and level == ADMIN_LEVEL:
            # Without the event the creator has 100 by default, and would lose it with one.
            # (Of newer room versions creators have more, and must not be named.)
            users[user_id] = ADMIN_LEVEL
        users[to] = ADMIN_LEVEL
        content["users"] = users
        await self._events.create_and_send_nonmember_event(
            self._lifecycle.requester(user_id),
            {
                "type": EventTypes.PowerLevels,
                "state_key": "",
                "room_id": room_id,
                "sender": user_id,
                "content": content,
            },
            ratelimit=False,
        )
