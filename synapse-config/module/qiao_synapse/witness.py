"""What the homeserver knows of a message, for the one who sent it: never its content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synapse.api.constants import Membership

from qiao_synapse import validate
from qiao_synapse.errors import not_found
from qiao_synapse.store import QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

JsonObject = dict[str, Any]


class Witness:
    """Handler of /rooms/witness.

    Answers only about a message of `by`, in a room `by` is in, and only of the users that are
    named: nothing that this person's client could not see. So a domain can check what a
    person claims, without a bot in the room.
    """

    def __init__(self, hs: HomeServer, store: QiaoStore) -> None:
        self._server_name = hs.hostname
        self._qiao_store = store
        self._store = hs.get_datastores().main

    async def event(self, body: Mapping[str, Any]) -> JsonObject:
        """POST /rooms/witness"""
        validate.known_keys(body, frozenset({"room_id", "event_id", "by", "user_ids"}))
        room_id = validate.room_id(body.get("room_id"))
        event_id = validate.event_id(body.get("event_id"))
        by = validate.local_user_id(body.get("by"), self._server_name, "by")
        user_ids = [validate.user_id(raw) for raw in validate.batch(body, "user_ids")]

        memberships = await self._qiao_store.get_memberships(room_id, [by])
        if memberships.get(by, ("", ""))[0] != Membership.JOIN:
            raise not_found("Unknown message")
        event = await self._store.get_event(event_id, allow_none=True)
        if (
            event is None
            or event.room_id != room_id
            or event.sender != by
            or event.is_state()
            or event.internal_metadata.is_soft_failed()
        ):
            raise not_found("Unknown message")
        return {
            "room_id": room_id,
            "event_id": event_id,
            "ts": event.origin_server_ts,
            "redacted": event.internal_metadata.is_redacted(),
            "joined": sorted(await self._qiao_store.get_joined(room_id, user_ids)),
            "reacted": sorted(await self._qiao_store.get_relating(room_id, event_id, user_ids)),
        }
