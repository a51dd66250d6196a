"""Telling the organisation's host that somebody has a new password, whoever set it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from synapse.types import Requester
from synapse.util.duration import Duration

from qiao_synapse.guard import Guard
from qiao_synapse.host import Host, HostAway
from qiao_synapse.store import QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

#: What could not be told is tried again so often, ms.
LOOK_MS = 5_000
BATCH = 100


class Passwords:
    """Notes a person whose password is being set, and tells the host afterwards.

    Synapse has no callback for it: `set_password` of its one handler is called through here, by
    `/account/password` of any client and by the admin API. Noted before the password is written
    (`qiao_passwords`) and forgotten when the host has said yes, so that it is told whatever ends
    in between; told without need does no harm. What the host sets itself, by
    `POST /accounts/password`, it knows: that does not come this way.
    """

    def __init__(self, hs: HomeServer, store: QiaoStore, guard: Guard, host: Host) -> None:
        self._hs = hs
        self._clock = hs.get_clock()
        self._store = store
        self._guard = guard
        self._host = host
        self._working = False
        self._again = False

    def start(self) -> None:
        """Begin, on the main process: what was not told before it started, too."""
        handler = self._hs.get_set_password_handler()
        synapses = handler.set_password

        async def set_password(
            user_id: str,
            password_hash: str,
            logout_devices: bool,
            requester: Requester | None = None,
        ) -> None:
            if not self._guard.is_person_id(user_id):
                await synapses(user_id, password_hash, logout_devices, requester)
                return
            await self._store.note_password(user_id)
            try:
                await synapses(user_id, password_hash, logout_devices, requester)
            finally:
                self._background()

        handler.set_password = set_password  # type: ignore[method-assign]
        self._clock.looping_call(self._background, Duration(milliseconds=LOOK_MS))
        self._background()

    def _background(self) -> None:
        if self._working:
            self._again = True
            return
        self._working = True
        self._hs.run_as_background_process("qiao_passwords", self._work)

    async def _work(self) -> None:
        try:
            self._again = True
            while self._again:
                self._again = False
                noted = await self._store.get_noted_passwords(BATCH)
                if noted:
                    answer = await self._host.post(
                        "/passwords", {"user_ids": [u for u, _ in noted]}
                    )
                    # Who could not be dealt with holds up nobody else.
                    left = set(answer.get("left", ()))
                    told = [(u, mark) for u, mark in noted if u not in left]
                    await self._store.forget_passwords(told)
                    self._again = self._again or len(told) == BATCH
        except HostAway as e:
            logger.warning("new passwords are told later: %s", e)
        except Exception:
            # Such as the database: the next look comes by itself.
            logger.exception("could not tell of new passwords")
        finally:
            self._working = False
