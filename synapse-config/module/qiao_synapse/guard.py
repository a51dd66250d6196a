"""Whom and what the API may touch: the one place that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from synapse.api.errors import Codes, NotFoundError
from synapse.util.caches.lrucache import LruCache

from qiao_synapse.config import QiaoConfig
from qiao_synapse.errors import forbidden, not_found
from qiao_synapse.store import AccountFacts, QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

ROOM_CACHE_SIZE = 20_000


@dataclass(frozen=True)
class ManagedRoom:
    """A room made by a service user. All of it is from the create event, so it never changes."""

    room_id: str
    creator: str
    federates: bool


def is_service_user(hs: HomeServer, config: QiaoConfig, user_id: str) -> bool:
    """Whether the configuration, or else an appservice's exclusive namespace, names the user."""
    if not hs.is_mine_id(user_id):
        return False
    if config.service_users is not None:
        return user_id in config.service_users
    return any(s.is_exclusive_user(user_id) for s in hs.get_datastores().main.get_app_services())


class Guard:
    """Decides by user id, account facts and create events."""

    def __init__(self, hs: HomeServer, config: QiaoConfig, store: QiaoStore) -> None:
        self._hs = hs
        self._config = config
        self._qiao_store = store
        self._store = hs.get_datastores().main
        self._rooms: LruCache[str, ManagedRoom] = LruCache(
            max_size=ROOM_CACHE_SIZE,
            server_name=hs.hostname,
            clock=hs.get_clock(),
            cache_name="qiao_managed_rooms",
        )

    def is_reserved(self, user_id: str) -> bool:
        """A user of an appservice's exclusive namespace, its sender, or the notices' user."""
        if user_id == self._hs.config.servernotices.server_notices_mxid:
            return True
        return any(s.is_exclusive_user(user_id) for s in self._store.get_app_services())

    def is_service_user(self, user_id: str) -> bool:
        """A user that may make managed rooms and act in them."""
        return is_service_user(self._hs, self._config, user_id)

    def stands_in_for_nobody(self, user_id: str) -> bool:
        """The service user that makes conversations: no partner, no administrator."""
        conversations = self._config.conversations
        return conversations is not None and user_id == conversations.user

    def is_person_id(self, user_id: str) -> bool:
        """A user of this server that is no appservice's and not the server's own."""
        return self._hs.is_mine_id(user_id) and not self.is_reserved(user_id)

    def is_bot(self, facts: AccountFacts) -> bool:
        """An account that belongs to an appservice or to the server itself."""
        return facts.appservice_id is not None or self.is_reserved(facts.user_id)

    def check_person(self, facts: AccountFacts) -> None:
        """Refuse what is not a person's account. Raises SynapseError 403."""
        if self.is_bot(facts):
            raise forbidden("This is an application service's user", Codes.EXCLUSIVE)
        if facts.guest:
            raise forbidden("This is a guest account")

    def check_manageable(self, facts: AccountFacts) -> None:
        """Refuse accounts whose settings the API must not change. Raises SynapseError 403.

        Server admins are refused unless this API made the account: taking over an admin's
        account would give what the API is not to have.
        """
        self.check_person(facts)
        if facts.admin and not facts.made_here:
            raise forbidden("This account is a server admin that was not made here")

    async def account(self, user_id: str) -> AccountFacts:
        """Facts of one account. Raises SynapseError 404."""
        facts = (await self._qiao_store.get_accounts([user_id])).get(user_id)
        if facts is None:
            raise not_found("Unknown user")
        return facts

    async def manageable_account(self, user_id: str) -> AccountFacts:
        """Facts of an account whose settings may be changed. Raises SynapseError 403 or 404."""
        facts = await self.account(user_id)
        self.check_manageable(facts)
        return facts

    async def managed_room(self, room_id: str) -> ManagedRoom:
        """The room, if a service user of this server made it.

        Raises:
            SynapseError 404: unknown, or somebody else's; the two look alike.
        """
        known = self._rooms.get(room_id)
        if known is not None:
            return known
        try:
            create = await self._store.get_create_event_for_room(room_id)
        except NotFoundError:
            raise not_found("Unknown room") from None
        if not self.is_service_user(create.sender):
            raise not_found("Unknown room")
        room = ManagedRoom(
            room_id=room_id,
            creator=create.sender,
            federates=create.content.get("m.federate", True) is not False,
        )
        self._rooms[room_id] = room
        return room
