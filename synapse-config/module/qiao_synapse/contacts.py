"""Asking the organisation's host who may write to whom."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from synapse.module_api import ModuleApi

from qiao_synapse.config import ConversationsConfig

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

#: Below the registration's own path, where nobody but this homeserver is let in.
PATH = "/_qiao/v1/contact"


class HostAway(Exception):
    """There was no answer: ask again later."""


class Contacts:
    """Asks at the address of a registration, with the token the homeserver has for it."""

    def __init__(self, hs: HomeServer, api: ModuleApi, config: ConversationsConfig) -> None:
        self._store = hs.get_datastores().main
        self._http = api.http_client
        self._config = config

    async def allowed(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether the first of each pair may contact the second. Raises HostAway."""
        service = next(
            (s for s in self._store.get_app_services() if s.id == self._config.appservice), None
        )
        if service is None or not service.url or not service.hs_token:
            raise HostAway(f"no registration {self._config.appservice} with an address")
        try:
            answer: Any = await self._http.post_json_get_json(
                service.url + PATH,
                {"pairs": [{"from": a, "to": b} for a, b in pairs]},
                headers={b"Authorization": [b"Bearer " + service.hs_token.encode("ascii")]},
            )
        except Exception as e:
            raise HostAway(str(e)) from e
        allowed = answer.get("allowed") if isinstance(answer, dict) else None
        if not isinstance(allowed, list) or len(allowed) != len(pairs):
            raise HostAway("an answer that is none")
        return [a is True for a in allowed]
