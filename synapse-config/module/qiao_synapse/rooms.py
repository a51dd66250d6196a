"""Reading managed rooms, for the reconciler, and rooms that want a successor, for their creator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synapse.api.constants import EventTypes, Membership
from synapse.api.errors import NotFoundError, SynapseError
from synapse.types.state import StateFilter

from qiao_synapse import validate
from qiao_synapse.errors import bad_request, item_error, not_found
from qiao_synapse.guard import Guard
from qiao_synapse.store import QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

DEFAULT_PAGE = 5_000
MAX_PAGE = 20_000


class Rooms:
    """Handlers of /rooms/…"""

    def __init__(self, hs: HomeServer, store: QiaoStore, guard: Guard) -> None:
        self._server_name = hs.hostname
        self._store = store
        self._guard = guard
        self._main = hs.get_datastores().main
        self._state = hs.get_storage_controllers().state

    async def members(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Joined and invited local users of managed rooms, a page at a time."""
        validate.known_keys(body, frozenset({"room_ids", "limit", "from"}))
        raw_ids = validate.batch(body, "room_ids")
        limit = body.get("limit", DEFAULT_PAGE)
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_PAGE:
            raise bad_request(f"limit must be 1 to {MAX_PAGE}")
        after = _parse_cursor(body.get("from"))

        errors: dict[str, Any] = {}
        rooms: dict[str, dict[str, Any]] = {}
        for raw in raw_ids:
            room_id = validate.room_id(raw)
            try:
                room = await self._guard.managed_room(room_id)
                rooms[room_id] = {"creator": room.creator, "join": [], "invite": []}
            except SynapseError as e:
                errors[room_id] = item_error(e)

        rows = await self._store.get_local_members(list(rooms), after, limit + 1)
        more = len(rows) > limit
        for room_id, user_id, membership in rows[:limit]:
            rooms[room_id][membership].append(user_id)
        result: dict[str, Any] = {"rooms": rooms, "errors": errors}
        if more:
            last = rows[limit - 1]
            result["next"] = json.dumps([last[0], last[1]])
        return result

    async def renewal(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST /rooms/renewal: what a room's successor takes over, for its creator alone.

        404 for everything else: a room `by` did not make or is not in, and rooms whose creators
        can be succeeded without one.
        """
        validate.known_keys(body, frozenset({"room_id", "by"}))
        room_id = validate.room_id(body.get("room_id"))
        by = validate.local_user_id(body.get("by"), self._server_name, "by")
        try:
            create = await self._main.get_create_event_for_room(room_id)
        except NotFoundError:
            raise not_found("Unknown room") from None
        if create.sender != by or not create.room_version.msc4289_creator_power_enabled:
            raise not_found("Unknown room")
        if not self._guard.is_person_id(by) or create.content.get("type") is not None:
            raise not_found("Unknown room")
        there = await self._store.get_people_in(room_id)
        if there.get(by) != Membership.JOIN:
            raise not_found("Unknown room")
        ids = await self._state.get_current_state_ids(
            room_id,
            StateFilter.from_types(
                [
                    (EventTypes.Name, ""),
                    (EventTypes.Topic, ""),
                    (EventTypes.RoomAvatar, ""),
                    (EventTypes.RoomHistoryVisibility, ""),
                    (EventTypes.PowerLevels, ""),
                ]
            ),
        )
        state = {e.type: e.content for e in (await self._main.get_events(ids.values())).values()}
        name = _text(state.get(EventTypes.Name, {}).get("name"))
        visibility = state.get(EventTypes.RoomHistoryVisibility, {}).get("history_visibility")
        raw_levels = state.get(EventTypes.PowerLevels, {}).get("users")
        members = [u for u in there if not self._guard.is_reserved(u)]
        return {
            "room_id": room_id,
            "name": name,
            "topic": _text(state.get(EventTypes.Topic, {}).get("topic")),
            "avatar_url": _text(state.get(EventTypes.RoomAvatar, {}).get("url")),
            "history": "joined" if visibility in ("joined", "invited") else "shared",
            "direct": name is None and len(members) == 2,
            "members": sorted(members),
            # Whoever has not come yet was never found to belong there: the host judges.
            "invited": sorted(u for u in members if there[u] == Membership.INVITE),
            "levels": {
                u: level
                for u, level in (raw_levels.items() if isinstance(raw_levels, Mapping) else ())
                if u in members and isinstance(level, int) and not isinstance(level, bool)
            },
        }


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw else None


def _parse_cursor(raw: Any) -> tuple[str, str] | None:
    if raw is None:
        return None
    try:
        room_id, user_id = json.loads(raw)
        if isinstance(room_id, str) and isinstance(user_id, str):
            (room_id + user_id).encode("utf-8")
            return room_id, user_id
    except (TypeError, ValueError):
        pass
    raise bad_request("from must be the next of an earlier answer")
