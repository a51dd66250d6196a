"""The label that other clients look at: `m.direct` in a person's account data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from synapse.api.constants import AccountDataTypes
from synapse.util.async_helpers import Linearizer

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)


class DirectLabels:
    """Writes down that a room is the direct chat with somebody. A label: our client asks the members."""

    def __init__(self, hs: HomeServer) -> None:
        self._store = hs.get_datastores().main
        self._account_data = hs.get_account_data_handler()
        self._queue = Linearizer(name="qiao_direct", clock=hs.get_clock())

    async def add(self, user_id: str, partner: str, room_id: str) -> None:
        """Add the room to what the person has under the partner; what is there stays."""
        async with self._queue.queue(user_id):
            try:
                known = await self._store.get_global_account_data_by_type_for_user(  # type: ignore[misc]
                    user_id, AccountDataTypes.DIRECT
                )
                labels = dict(known or {})
                rooms = labels.get(partner)
                rooms = list(rooms) if isinstance(rooms, (list, tuple)) else []
                if room_id in rooms:
                    return
                labels[partner] = [*rooms, room_id]
                await self._account_data.add_account_data_for_user(
                    user_id, AccountDataTypes.DIRECT, labels
                )
            except Exception:
                logger.warning("could not label %s for %s", room_id, user_id, exc_info=True)
