"""Reading the membership of managed rooms, for the reconciler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from synapse.api.errors import SynapseError

from qiao_synapse import validate
from qiao_synapse.errors import bad_request, item_error
from qiao_synapse.guard import Guard
from qiao_synapse.store import QiaoStore

DEFAULT_PAGE = 5_000
MAX_PAGE = 20_000


class Rooms:
    """Handlers of /rooms/…"""

    def __init__(self, store: QiaoStore, guard: Guard) -> None:
        self._store = store
        self._guard = guard

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
