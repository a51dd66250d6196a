"""Rooms that people make with any client: nobody above all for good, and not open to the outside."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from synapse.api.errors import Codes
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.module_api import NOT_SPAM, ModuleApi, Requester
from synapse.types import JsonDict

from qiao_synapse.guard import Guard

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

#: The last version in which a creator is an administrator like others, who can be succeeded.
PEOPLE_ROOM_VERSION = "11"


class PeopleRooms:
    """Changes what people ask for when they make a room (`on_create_room`).

    From version 12 on a room's creator can never be demoted, removed or succeeded (MSC4289),
    which no employee should be; our own client asks the host, whose service user is the creator.
    """

    def __init__(self, hs: HomeServer, guard: Guard) -> None:
        self._server_name = hs.hostname
        self._guard = guard

    def register(self, api: ModuleApi) -> None:
        """Register the callbacks, on every process."""
        api.register_third_party_rules_callbacks(on_create_room=self.on_create_room)
        api.register_spam_checker_callbacks(user_may_create_room=self.user_may_create_room)

    async def on_create_room(
        self, requester: Requester, config: dict[str, Any], is_requester_admin: bool
    ) -> None:
        """Called by Synapse before it makes a room, which is not an upgrade."""
        if not self._guard.is_person_id(requester.user.to_string()):
            return
        config["room_version"] = PEOPLE_ROOM_VERSION
        raw = config.get("creation_content")
        content: dict[str, Any] = dict(raw) if isinstance(raw, dict) else {}
        content.pop("additional_creators", None)
        if not self._invites_somebody_outside(config):
            content["m.federate"] = False
        config["creation_content"] = content

    def _invites_somebody_outside(self, config: dict[str, Any]) -> bool:
        invited = config.get("invite")
        if not isinstance(invited, list):
            return False
        return any(
            isinstance(user_id, str) and user_id.partition(":")[2] != self._server_name
            for user_id in invited
        )

    async def user_may_create_room(
        self, user_id: str, config: JsonDict
    ) -> Literal["NOT_SPAM"] | Codes:
        """Called for rooms and upgrades; refuses upgrades that would make a person a creator."""
        if not self._guard.is_person_id(user_id):
            return NOT_SPAM
        content = config.get("creation_content")
        if "room_version" in config or not isinstance(content, dict):
            return NOT_SPAM
        version = KNOWN_ROOM_VERSIONS.get(str(content.get("room_version")))
        if version is not None and version.msc4289_creator_power_enabled:
            return Codes.FORBIDDEN
        return NOT_SPAM
