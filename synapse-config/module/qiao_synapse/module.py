"""The class that Synapse loads."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from synapse.config import ConfigError
from synapse.module_api import ModuleApi

from qiao_synapse.accounts import Accounts
from qiao_synapse.activated import Activated
from qiao_synapse.colleagues import Colleagues
from qiao_synapse.config import QiaoConfig, parse_config
from qiao_synapse.contacts import Contacts
from qiao_synapse.direct import DirectLabels
from qiao_synapse.guard import Guard
from qiao_synapse.handover import Handover
from qiao_synapse.host import Host
from qiao_synapse.http import PREFIX, QiaoResource
from qiao_synapse.identifiers import Identifiers, PasswordChecker, phone
from qiao_synapse.internal_rooms import InternalRooms
from qiao_synapse.lifecycle import Lifecycle
from qiao_synapse.memberships import Memberships
from qiao_synapse.passwords import Passwords
from qiao_synapse.people_rooms import PeopleRooms
from qiao_synapse.rooms import Rooms
from qiao_synapse.store import QiaoStore
from qiao_synapse.token import TokenFile
from qiao_synapse.version import SYNAPSE_VERSION, VERSION
from qiao_synapse.witness import Witness

logger = logging.getLogger(__name__)

FEATURES = (
    "accounts",
    "accounts.activated",
    "accounts.identifiers",
    "accounts.lifecycle",
    "memberships",
    "memberships.add",
    "rooms.members",
    "rooms.renewal",
    "rooms.handover",
    "rooms.witness",
)


class QiaoModule:
    """Registers the API on the main process."""

    def __init__(self, config: QiaoConfig, api: ModuleApi) -> None:
        if config.server is not None and config.server != api.server_name:
            raise ConfigError(
                f"qiao_synapse is configured for {config.server}, this is {api.server_name}",
                ("modules", "qiao", "server"),
            )
        self._api = api
        # The module API has no way to do most of this; everything it reaches for beyond that
        # API is listed in the README, under "Synapse internals".
        hs = api._hs

        store = QiaoStore(hs, lambda number: phone(number, config.default_country))
        guard = Guard(hs, config, store)
        InternalRooms(hs, config).register(api)
        if config.people_rooms:
            PeopleRooms(hs, guard).register(api)
        noting = Colleagues.register(hs, api, store, guard) if config.conversations else None

        identifiers = Identifiers(hs, store, guard, config.default_country)
        PasswordChecker(hs, identifiers).register(api)

        if hs.config.worker.worker_app is not None:
            return

        token = TokenFile(config.token_path)
        try:
            token.load()
        except (OSError, ValueError) as e:
            raise ConfigError(
                f"the token cannot be read: {e}", ("modules", "qiao", "token_path")
            ) from e

        accounts = Accounts(hs, config, store, guard)
        memberships = self._memberships = Memberships(
            hs, config, store, guard, DirectLabels(hs)
        )
        activated = Activated(hs, store)
        rooms = Rooms(hs, store, guard)
        lifecycle = Lifecycle(hs, config, store, guard, accounts.queue, memberships, identifiers)
        handover = Handover(hs, store, guard, lifecycle)
        witness = Witness(hs, store)

        colleagues: Colleagues | None = None
        if config.conversations is not None and noting is not None:
            host = Host(hs, api, config.conversations.appservice)
            colleagues = Colleagues(hs, store, guard, memberships, Contacts(host))
            colleagues.start(noting)
            Passwords(hs, store, guard, host).start()

        api.register_web_resource(
            PREFIX,
            QiaoResource(
                clock=hs.get_clock(),
                token=token,
                routes={
                    ("GET", "/ping"): self._ping,
                    ("POST", "/accounts"): accounts.create,
                    ("POST", "/accounts/query"): accounts.query,
                    ("POST", "/accounts/activated"): activated.list,
                    ("POST", "/accounts/identifiers"): identifiers.set,
                    ("POST", "/accounts/resolve"): identifiers.resolving,
                    ("POST", "/accounts/password"): accounts.password,
                    ("POST", "/accounts/profile"): lifecycle.profile,
                    ("POST", "/accounts/emails"): lifecycle.emails,
                    ("POST", "/accounts/suspend"): lifecycle.suspend,
                    ("POST", "/accounts/logout"): lifecycle.logout,
                    ("POST", "/accounts/deactivate"): lifecycle.deactivate,
                    ("POST", "/accounts/reactivate"): lifecycle.reactivate,
                    ("POST", "/accounts/residue"): lifecycle.residue,
                    ("POST", "/memberships"): memberships.change,
                    ("POST", "/memberships/add"): memberships.add,
                    **(
                        {("POST", "/memberships/accept"): colleagues.accept}
                        if colleagues is not None
                        else {}
                    ),
                    ("POST", "/rooms/members"): rooms.members,
                    ("POST", "/rooms/renewal"): rooms.renewal,
                    ("POST", "/rooms/handover"): handover.room,
                    ("POST", "/rooms/witness"): witness.event,
                },
            ),
        )
        logger.info("qiao_synapse %s serves %s", VERSION, PREFIX)

    @staticmethod
    def parse_config(raw: dict[str, Any]) -> QiaoConfig:
        """Called by Synapse when it reads homeserver.yaml."""
        return parse_config(raw or {})

    async def _ping(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "version": VERSION,
            "synapse_version": SYNAPSE_VERSION,
            "server_name": self._api.server_name,
            "features": [*FEATURES, *(["memberships.fast"] if self._memberships.fast else [])],
        }
