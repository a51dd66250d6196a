"""Who can read: accounts that have a device with end-to-end keys, as they come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synapse.util.duration import Duration

from qiao_synapse import validate
from qiao_synapse.errors import bad_request
from qiao_synapse.store import QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

#: Users, or changes of devices, looked at in one answer.
PAGE = 1_000
#: Longest wait for somebody new, and how often it is looked meanwhile (at a number in memory).
MAX_TIMEOUT_MS = 30_000
LOOK_EVERY = Duration(milliseconds=200)

# `p<position>` from there on; `a<position>~<user id>` within the list of all, which began there.
_POSITION = re.compile(r"p(\d{1,18})")
_LIST = re.compile(r"a(\d{1,18})~(@.{1,300})")


class Activated:
    """Handler of /accounts/activated."""

    def __init__(self, hs: HomeServer, store: QiaoStore) -> None:
        self._server_name = hs.hostname
        self._store = store
        self._clock = hs.get_clock()

    async def list(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """All local users with keys, page by page; then those whose devices changed since."""
        validate.known_keys(body, frozenset({"since", "timeout"}))
        timeout = body.get("timeout", 0)
        if (
            not isinstance(timeout, int)
            or isinstance(timeout, bool)
            or not 0 <= timeout <= MAX_TIMEOUT_MS
        ):
            raise bad_request(f"timeout must be 0 to {MAX_TIMEOUT_MS}")
        position, after = _parse_since(body.get("since"))
        if position is not None and position > self._store.get_device_position():
            # Of another life of this database: what was told before says nothing.
            position, after = None, ""
        if position is None:
            position = self._store.get_device_position()
        if after is not None:
            return await self._page_of_all(position, after)

        waited_until = self._clock.time_msec() + timeout
        while True:
            until = self._store.get_device_position()
            if until > position:
                user_ids, position = await self._store.get_changed_users_with_keys(
                    position, until, PAGE
                )
                if user_ids or position < until:
                    return _answer(user_ids, f"p{position}", position < until)
            if self._clock.time_msec() >= waited_until:
                return _answer([], f"p{position}", False)
            await self._clock.sleep(LOOK_EVERY)

    async def _page_of_all(self, position: int, after: str) -> dict[str, Any]:
        user_ids = await self._store.get_users_with_keys(after, PAGE + 1)
        page = user_ids[:PAGE]
        if len(user_ids) > PAGE:
            return _answer(page, f"a{position}~{page[-1]}", True)
        return _answer(page, f"p{position}", False)


def _answer(user_ids: list[str], next_since: str, limited: bool) -> dict[str, Any]:
    return {"user_ids": user_ids, "next": next_since, "limited": limited}


def _parse_since(raw: Any) -> tuple[int | None, str | None]:
    """(position, user id in the list of all, or None)."""
    if raw is None:
        return None, ""
    if isinstance(raw, str):
        match = _POSITION.fullmatch(raw)
        if match is not None:
            return int(match[1]), None
        match = _LIST.fullmatch(raw)
        if match is not None:
            return int(match[1]), match[2]
    raise bad_request("since must be the next of an earlier answer")
