"""Colleagues are together at once: invitations among them are taken up by the server."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from synapse.api.constants import Membership
from synapse.api.errors import SynapseError
from synapse.events import EventBase
from synapse.module_api import NOT_SPAM, ModuleApi
from synapse.util.duration import Duration

from qiao_synapse import validate
from qiao_synapse.contacts import Contacts
from qiao_synapse.guard import Guard
from qiao_synapse.host import HostAway
from qiao_synapse.memberships import Memberships
from qiao_synapse.store import NotedInvitation, QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

JsonObject = dict[str, Any]

#: An invitation that was asked for and does not stand after this was not made, ms.
GIVE_UP_WAITING_MS = 60_000
#: The first try is this long after it was asked for, ms: it has to be written first.
FIRST_LOOK_MS = 40
#: Longest time between two tries, ms.
LONGEST_WAIT_MS = 60_000
#: A join that Synapse refuses is tried so often; after that the invitation stays a plain one.
MOST_REFUSALS = 8
#: Other processes note invitations, too: this one looks so often, ms.
LOOK_MS = 5_000
BATCH = 50


@dataclass(frozen=True)
class _Standing:
    """An invitation as it is in the room."""

    noted: NotedInvitation
    inviter: str
    direct: bool


class Colleagues:
    """Notes invitations in `user_may_invite` and takes them up afterwards, in the background.

    Taken up, if inviter and invited are people of this server, the organisation lets the one
    contact the other, the invited person does not ignore the inviter, and has a device with
    keys; who has none waits for one, be it the first or one after all were signed out.
    Everything else is left alone: it stays an invitation. What failed is tried again, also
    after a restart (`qiao_invitations`).
    """

    def __init__(
        self,
        hs: HomeServer,
        store: QiaoStore,
        guard: Guard,
        memberships: Memberships,
        contacts: Contacts,
    ) -> None:
        self._hs = hs
        self._clock = hs.get_clock()
        self._store = store
        self._guard = guard
        self._memberships = memberships
        self._contacts = contacts
        self._main = hs.get_datastores().main
        self._working = False
        self._again = False
        #: Up to where changes of devices were looked at; None: not since the start.
        self._devices: int | None = None

    @staticmethod
    def register(hs: HomeServer, api: ModuleApi, store: QiaoStore, guard: Guard) -> Noting:
        """Register the callback, on every process."""
        noting = Noting(hs, store, guard)
        api.register_spam_checker_callbacks(user_may_invite=noting.user_may_invite)
        return noting

    def start(self, noting: Noting) -> None:
        """Begin to take up, on the main process: what was noted before it started, too."""
        noting.noted = self.wake
        self._clock.looping_call(self._background, Duration(milliseconds=LOOK_MS))
        self.wake()

    def wake(self, delay_ms: int = FIRST_LOOK_MS) -> None:
        """Look soon."""
        self._clock.call_later(Duration(milliseconds=delay_ms), self._background)

    def _background(self) -> None:
        if self._working:
            self._again = True
            return
        self._working = True
        self._hs.run_as_background_process("qiao_colleagues", self._work)

    async def _work(self) -> None:
        following: int | None = None
        try:
            while True:
                self._again = False
                devices = self._store.get_device_position()
                if devices != self._devices:
                    await self._store.wake_invitations_with_keys()
                    self._devices = devices
                due, following = await self._store.get_due_invitations(BATCH)
                if due:
                    await self._take_up(due)
                elif not self._again:
                    break
        except Exception:
            # Such as the database: the next look comes by itself.
            logger.exception("could not take up invitations")
        finally:
            self._working = False
        if following is not None:
            wait = following - self._clock.time_msec()
            if wait < LOOK_MS:
                self.wake(max(wait, FIRST_LOOK_MS))

    async def accept(self, body: Mapping[str, Any]) -> JsonObject:
        """POST /memberships/accept: take up what waited for a person's first device."""
        validate.known_keys(body, frozenset({"user_id"}))
        user_id = validate.local_user_id(body.get("user_id"), self._hs.hostname)
        await self._guard.account(user_id)
        rooms = await self._store.get_rooms_of(user_id)
        waiting = [room_id for room_id, m in rooms.items() if m == Membership.INVITE]
        if waiting:
            await self._store.note_invitations([(room_id, user_id) for room_id in waiting])
            self.wake(0)
        return {"user_id": user_id, "waiting": sorted(waiting)}

    async def _take_up(self, due: list[NotedInvitation]) -> None:
        ready: list[_Standing] = []
        for noted in due:
            try:
                standing = await self._standing(noted)
                if isinstance(standing, _Standing):
                    ready.append(standing)
                elif standing == "settled":
                    await self._store.forget_invitation(noted)
                elif standing == "no keys":
                    await self._store.let_invitation_wait_for_keys(noted)
                else:
                    await self._later(noted)
            except Exception:
                logger.exception("could not look at %s in %s", noted.user_id, noted.room_id)
                await self._later(noted)
        if not ready:
            return
        ours = [self._guard.stands_in_for_nobody(one.inviter) for one in ready]
        asked = [one for one, own in zip(ready, ours, strict=True) if not own]
        try:
            answers = (
                await self._contacts.allowed([(o.inviter, o.noted.user_id) for o in asked])
                if asked
                else []
            )
        except HostAway as e:
            logger.warning("%d invitations wait: %s", len(asked), e)
            for one in asked:
                await self._later(one.noted)
            answers = []
            asked = []
        may = {o.noted for o, allowed in zip(asked, answers, strict=True) if allowed}
        for one, own in zip(ready, ours, strict=True):
            if own or one.noted in may:
                await self._join(one)
            elif one in asked:
                await self._store.forget_invitation(one.noted)

    async def _standing(
        self, noted: NotedInvitation
    ) -> _Standing | Literal["settled", "not yet", "no keys"]:
        """The invitation, if it is one to be taken up."""
        current = await self._store.get_memberships(noted.room_id, [noted.user_id])
        membership, event_id = current.get(noted.user_id, (None, ""))
        if membership == Membership.JOIN:
            return "settled"
        event: EventBase | None = None
        if membership == Membership.INVITE:
            event = await self._main.get_event(event_id, allow_none=True)
        if event is None:
            age = self._clock.time_msec() - noted.noted_ts
            return "not yet" if age < GIVE_UP_WAITING_MS else "settled"
        inviter = event.sender
        if not self._guard.stands_in_for_nobody(inviter):
            if not self._guard.is_person_id(inviter):
                return "settled"
            ignored = await self._main.ignored_users(noted.user_id)  # type: ignore[call-arg, arg-type, misc]
            if inviter in ignored:
                return "settled"
        accounts = await self._store.get_accounts([noted.user_id])
        facts = accounts.get(noted.user_id)
        if facts is None or facts.guest or self._guard.is_bot(facts):
            return "settled"
        if facts.deactivated or facts.locked or facts.suspended:
            return "settled"
        if not facts.activated:
            return "no keys"
        return _Standing(noted, inviter, event.content.get("is_direct") is True)

    async def _join(self, one: _Standing) -> None:
        noted = one.noted
        try:
            await self._memberships.take_up(noted.room_id, noted.user_id)
            if one.direct:
                await self._memberships.label(noted.room_id, noted.user_id)
            await self._store.forget_invitation(noted)
            logger.info("joined %s to %s after an invitation", noted.user_id, noted.room_id)
        except SynapseError as e:
            logger.warning("could not join %s to %s: %s", noted.user_id, noted.room_id, e)
            if noted.tries >= MOST_REFUSALS:
                await self._store.forget_invitation(noted)
            else:
                await self._later(noted)
        except Exception:
            logger.exception("could not join %s to %s", noted.user_id, noted.room_id)
            await self._later(noted)

    async def _later(self, noted: NotedInvitation) -> None:
        wait = min(FIRST_LOOK_MS * 2 ** min(noted.tries, 20), LONGEST_WAIT_MS)
        await self._store.put_off_invitation(noted, self._clock.time_msec() + wait)


class Noting:
    """The callback; writes down and never refuses."""

    def __init__(self, hs: HomeServer, store: QiaoStore, guard: Guard) -> None:
        self._hs = hs
        self._store = store
        self._guard = guard
        #: Set on the process that takes up.
        self.noted: Any = None

    async def user_may_invite(
        self, inviter: str, invitee: str, room_id: str
    ) -> Literal["NOT_SPAM"]:
        """Called before an invitation is written; the answer is always yes."""
        ours = self._guard.is_person_id(inviter) or self._guard.stands_in_for_nobody(inviter)
        if ours and self._guard.is_person_id(invitee):
            try:
                await self._store.note_invitations([(room_id, invitee)])
                if self.noted is not None:
                    self.noted()
            except Exception:
                # The invitation itself is worth more than that it is taken up by itself.
                logger.exception("could not note the invitation of %s to %s", invitee, room_id)
        return NOT_SPAM
