"""Speaking to the organisation's host, at the address and with the token of its registration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synapse.module_api import ModuleApi

if TYPE_CHECKING:
    from synapse.server import HomeServer

#: Below the registration's own path, where nobody but this homeserver is let in.
PREFIX = "/_qiao/v1"


class HostAway(Exception):
    """There was no answer: ask again later."""


class Host:
    """The host behind a registration."""

    def __init__(self, hs: HomeServer, api: ModuleApi, appservice: str) -> None:
        self._store = hs.get_datastores().main
        self._http = api.http_client
        self._appservice = appservice

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to a POST. Raises HostAway."""
        service = next(
            (s for s in self._store.get_app_services() if s.id == self._appservice), None
        )
        if service is None or not service.url or not service.hs_token:
            raise HostAway(f"no registration {self._appservice} with an address")
        try:
            return await self._http.post_json_get_json(
                service.url + PREFIX + path,
                body,
                headers={b"Authorization": [b"Bearer " + service.hs_token.encode("ascii")]},
            )
        except Exception as e:
            raise HostAway(str(e)) from e
