"""Rooms of the organisation never federate: checked where they are made."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from synapse.module_api import ModuleApi, Requester

from qiao_synapse.config import QiaoConfig
from qiao_synapse.errors import forbidden
from qiao_synapse.guard import is_service_user

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)


class InternalRooms:
    """Refuses rooms of internal service users that could federate.

    `m.federate` is part of the create event and can never be changed later, so one look at
    creation is enough. (A `check_event_allowed` callback would do no more, and makes Synapse
    load the whole room state for every event of every room.)

    Fails closed for internal service users: if the check itself breaks, their room is not
    made. For everybody else it answers before anything that could break.
    """

    def __init__(self, hs: HomeServer, config: QiaoConfig) -> None:
        self._hs = hs
        self._config = config

    def register(self, api: ModuleApi) -> None:
        """Register the callback, unless internal rooms are switched off."""
        if self._config.internal_rooms:
            api.register_third_party_rules_callbacks(on_create_room=self.on_create_room)

    async def on_create_room(
        self, requester: Requester, config: dict[str, Any], is_requester_admin: bool
    ) -> None:
        """Called by Synapse before it makes a room. Raises SynapseError 403 to refuse."""
        if not self._is_internal(requester.user.to_string()):
            return
        content = config.get("creation_content")
        if not isinstance(content, dict) or content.get("m.federate") is not False:
            raise forbidden("This user's rooms must be made with m.federate: false")

    def _is_internal(self, user_id: str) -> bool:
        if isinstance(self._config.internal_rooms, frozenset):
            return user_id in self._config.internal_rooms
        return is_service_user(self._hs, self._config, user_id)
