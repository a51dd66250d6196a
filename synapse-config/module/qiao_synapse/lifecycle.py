"""The later life of an account: profile, addresses, suspension, end, return, and what is left."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from synapse.api.constants import EventTypes, Membership
from synapse.api.errors import Codes, SynapseError
from synapse.module_api import Requester
from synapse.types import UserID, create_requester
from synapse.types.state import StateFilter
from synapse.util.async_helpers import Linearizer, concurrently_execute
from synapse.util.duration import Duration

from qiao_synapse import validate
from qiao_synapse.config import QiaoConfig
from qiao_synapse.errors import INTERNAL_ITEM_ERROR, bad_request, forbidden, item_error, not_found
from qiao_synapse.guard import Guard
from qiao_synapse.identifiers import Identifiers
from qiao_synapse.memberships import Memberships
from qiao_synapse.store import AccountFacts, QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

#: How long /accounts/deactivate waits for Synapse to take the person out of all rooms.
PARTING_WAIT_MS = 20_000
PARTING_POLL_MS = 100

MODERATOR_LEVEL = 50
ADMIN_LEVEL = 100
#: Room version 12: creators stand above every level (MSC4289).
CREATOR_LEVEL = 2**53

JsonObject = dict[str, Any]


class Lifecycle:
    """Handlers of /accounts/profile, emails, suspend, logout, deactivate, reactivate, residue."""

    def __init__(
        self,
        hs: HomeServer,
        config: QiaoConfig,
        store: QiaoStore,
        guard: Guard,
        queue: Linearizer,
        memberships: Memberships,
        identifiers: Identifiers,
    ) -> None:
        self._hs = hs
        self._server_name = hs.hostname
        self._config = config
        self._qiao_store = store
        self._guard = guard
        self._queue = queue
        self._memberships = memberships
        self._identifiers = identifiers
        self._clock = hs.get_clock()
        self._store = hs.get_datastores().main
        self._state = hs.get_storage_controllers().state
        self._profile = hs.get_profile_handler()
        self._auth = hs.get_auth_handler()
        self._devices = hs.get_device_handler()
        self._pushers = hs.get_pusherpool()
        self._delayed_events = hs.get_delayed_events_handler()
        self._deactivation = hs.get_deactivate_account_handler()
        self._members = hs.get_room_member_handler()

    # -- POST /accounts/profile

    async def profile(self, body: Mapping[str, Any]) -> JsonObject:
        """Set display names and avatars, and carry them into the rooms."""

        def parse(item: Mapping[str, Any]) -> _Profile:
            validate.known_keys(
                item, frozenset({"user_id", "displayname", "avatar_url"}), "an item"
            )
            if "displayname" not in item and "avatar_url" not in item:
                raise bad_request("displayname or avatar_url is needed")
            return _Profile(
                displayname=validate.displayname(item["displayname"])
                if "displayname" in item
                else None,
                avatar_url=validate.avatar_url(item["avatar_url"])
                if "avatar_url" in item
                else None,
            )

        propagate: dict[str, bool] = {}

        async def act(facts: AccountFacts, wanted: _Profile) -> JsonObject:
            if facts.deactivated:
                # Synapse: a profile change of a deactivated account may join rooms again.
                raise SynapseError(403, "The account is deactivated", Codes.USER_DEACTIVATED)
            changed = await self._set_profile(facts, wanted)
            propagate[facts.user_id] = propagate.get(facts.user_id, False) or changed
            return {"changed": changed}

        results = await self._each(body, parse, act, naming=True)
        rooms = await self._memberships.refresh_profiles(propagate)
        for result in results:
            if "errcode" not in result:
                result["rooms"] = rooms.get(result["user_id"], 0)
        return {"results": results}

    async def _set_profile(self, facts: AccountFacts, wanted: _Profile) -> bool:
        user = UserID.from_string(facts.user_id)
        requester = self.requester(facts.user_id)
        changed = False
        if wanted.displayname is not None and wanted.displayname != (facts.displayname or ""):
            await self._profile.set_displayname(
                target_user=user,
                requester=requester,
                new_displayname=wanted.displayname,
                by_admin=True,
                propagate=False,
            )
            changed = True
        if wanted.avatar_url is not None and wanted.avatar_url != (facts.avatar_url or ""):
            await self._profile.set_avatar_url(
                target_user=user,
                requester=requester,
                new_avatar_url=wanted.avatar_url,
                by_admin=True,
                propagate=False,
            )
            changed = True
        return changed

    # -- POST /accounts/emails

    async def emails(self, body: Mapping[str, Any]) -> JsonObject:
        """Make an account's e-mail addresses exactly the given ones."""

        def parse(item: Mapping[str, Any]) -> list[str]:
            validate.known_keys(item, frozenset({"user_id", "emails"}), "an item")
            return validate.emails(item.get("emails"))

        async def act(facts: AccountFacts, wanted: list[str]) -> JsonObject:
            if facts.deactivated and wanted:
                raise SynapseError(403, "The account is deactivated", Codes.USER_DEACTIVATED)
            added = [e for e in wanted if e not in facts.emails]
            removed = [e for e in facts.emails if e not in wanted]
            # One at a time for the whole server: an address must not go to two accounts.
            async with self._queue.queue("emails"):
                owners = await self._qiao_store.get_email_owners(added)
                if any(owner != facts.user_id for owner in owners.values()):
                    raise SynapseError(
                        400,
                        "An e-mail address belongs to another account",
                        Codes.THREEPID_IN_USE,
                    )
                for address in added:
                    await self._auth.add_threepid(
                        facts.user_id, "email", address, self._clock.time_msec()
                    )
            for address in removed:
                await self._auth.delete_local_threepid(facts.user_id, "email", address)
            return {"changed": bool(added or removed)}

        return {"results": await self._each(body, parse, act)}

    async def _each(
        self,
        body: Mapping[str, Any],
        parse: Callable[[Mapping[str, Any]], Any],
        act: Callable[[AccountFacts, Any], Any],
        *,
        naming: bool = False,
    ) -> list[JsonObject]:
        """Run `act` for each item of a batch on accounts, the items of one account in order.

        `naming`: a service user that still has the name it was registered with is allowed too.
        """
        validate.known_keys(body, frozenset({"items"}))
        raw_items = validate.batch(body, "items")
        results: list[JsonObject] = [{} for _ in raw_items]
        by_user: dict[str, list[tuple[int, Any]]] = {}
        for index, raw in enumerate(raw_items):
            try:
                item = validate.obj(raw, "an item")
                if isinstance(item.get("user_id"), str):
                    results[index]["user_id"] = item["user_id"]
                user_id = validate.local_user_id(item.get("user_id"), self._server_name)
                by_user.setdefault(user_id, []).append((index, parse(item)))
            except SynapseError as e:
                results[index].update(item_error(e))

        # One read for the whole batch; an account with several items is read again for each.
        accounts = await self._qiao_store.get_accounts(by_user)

        async def one_user(user_id: str) -> None:
            for position, (index, wanted) in enumerate(by_user[user_id]):
                try:
                    async with self._queue.queue(user_id):
                        facts = accounts.get(user_id)
                        if facts is None:
                            raise not_found("Unknown user")
                        if position:
                            facts = await self._guard.account(user_id)
                        if not (naming and self._is_unnamed_service_user(facts)):
                            self._guard.check_manageable(facts)
                        results[index].update(await act(facts, wanted))
                except SynapseError as e:
                    results[index].update(item_error(e))
                except Exception:
                    logger.exception("could not change %s", user_id)
                    results[index].update(INTERNAL_ITEM_ERROR)

        await concurrently_execute(one_user, list(by_user), self._config.max_in_flight)
        return results

    def _is_unnamed_service_user(self, facts: AccountFacts) -> bool:
        """A bot gets its name once; the homeserver keeps bots from doing it, as it does people."""
        localpart = UserID.from_string(facts.user_id).localpart
        return self._guard.is_service_user(facts.user_id) and facts.displayname in (
            None,
            "",
            localpart,
        )

    # -- POST /accounts/suspend

    async def suspend(self, body: Mapping[str, Any]) -> JsonObject:
        """Lock an account, or open it again.

        Locked, not "suspended" in Synapse's sense (MSC3823): that one may still sign in and
        read. A locked account's tokens and its password are refused, and stay as they are.
        """
        validate.known_keys(body, frozenset({"user_id", "suspended"}))
        user_id = validate.local_user_id(body.get("user_id"), self._server_name)
        suspended = validate.boolean(body.get("suspended"), "suspended")
        async with self._queue.queue(user_id):
            facts = await self._guard.manageable_account(user_id)
            if facts.locked != suspended:
                await self._store.set_user_locked_status(user_id, suspended)
                logger.info("%s %s", "locked" if suspended else "unlocked", user_id)
            if suspended:
                # A lock stops requests. These act without one: events to be sent later,
                # notifications to the phone, and one-time tokens in others' hands.
                await self._delayed_events.cancel_all_for_user(
                    UserID.from_string(user_id).localpart
                )
                await self._remove_pushers(user_id)
                await self._qiao_store.delete_short_lived_tokens(user_id)
        return {"user_id": user_id, "suspended": suspended, "changed": facts.locked != suspended}

    async def _remove_pushers(self, user_id: str) -> None:
        for pusher in list(await self._store.get_pushers_by_user_id(user_id)):
            await self._pushers.remove_pusher(pusher.app_id, pusher.pushkey, user_id)

    # -- POST /accounts/logout

    async def logout(self, body: Mapping[str, Any]) -> JsonObject:
        """Remove all devices and tokens of an account."""
        validate.known_keys(body, frozenset({"user_id"}))
        user_id = validate.local_user_id(body.get("user_id"), self._server_name)
        async with self._queue.queue(user_id):
            facts = await self._guard.manageable_account(user_id)
            await self._devices.delete_all_devices_for_user(user_id)
            await self._auth.delete_access_tokens_for_user(user_id)
            await self._remove_pushers(user_id)
            await self._qiao_store.delete_short_lived_tokens(user_id)
        logger.info("removed %d devices of %s", facts.devices, user_id)
        return {"user_id": user_id, "devices": facts.devices}

    # -- POST /accounts/deactivate

    async def deactivate(self, body: Mapping[str, Any]) -> JsonObject:
        """Close an account: no password, device, token or address, and out of all rooms."""
        validate.known_keys(body, frozenset({"user_id", "erase"}))
        user_id = validate.local_user_id(body.get("user_id"), self._server_name)
        if validate.boolean(body.get("erase", False), "erase"):
            raise forbidden("Erasing what a person sent is not offered here")
        async with self._queue.queue(user_id):
            facts = await self._guard.manageable_account(user_id)
            if not facts.deactivated:
                await self._deactivation.deactivate_account(
                    user_id,
                    erase_data=False,
                    requester=self.requester(user_id),
                    by_admin=True,
                )
                logger.info("deactivated %s", user_id)
            await self._qiao_store.delete_short_lived_tokens(user_id)
            await self._identifiers.release(user_id)
            parting = await self._wait_for_parting(user_id)
            if not parting:
                # Synapse logs and ignores a room it could not leave (and older versions
                # joined rooms again, synapse#19603), so look, and try once more.
                await self._leave_all(user_id)
            left = await self._qiao_store.get_rooms_of(user_id)
        return {
            "user_id": user_id,
            "changed": not facts.deactivated,
            "parting": parting,
            "rooms": sorted(left),
        }

    async def _wait_for_parting(self, user_id: str) -> bool:
        """Wait until Synapse has left the person's rooms. Returns whether it still is at it."""
        deadline = self._clock.time_msec() + PARTING_WAIT_MS
        while await self._qiao_store.is_parting(user_id):
            if self._clock.time_msec() > deadline:
                return True
            await self._clock.sleep(Duration(milliseconds=PARTING_POLL_MS))
        return False

    async def _leave_all(self, user_id: str) -> None:
        for room_id in await self._qiao_store.get_rooms_of(user_id):
            try:
                await self._members.update_membership(
                    self.requester(user_id),
                    UserID.from_string(user_id),
                    room_id,
                    Membership.LEAVE,
                    ratelimit=False,
                    require_consent=False,
                )
            except Exception:
                logger.exception("could not take %s out of %s", user_id, room_id)

    # -- POST /accounts/reactivate

    async def reactivate(self, body: Mapping[str, Any]) -> JsonObject:
        """Open a deactivated account again: without password, address or rooms."""
        validate.known_keys(body, frozenset({"user_id"}))
        user_id = validate.local_user_id(body.get("user_id"), self._server_name)
        async with self._queue.queue(user_id):
            facts = await self._guard.manageable_account(user_id)
            if facts.deactivated:
                if await self._qiao_store.is_parting(user_id):
                    # It would be taken out of the rooms it is about to be given back.
                    raise SynapseError(
                        409, "The account is still leaving its rooms", Codes.BAD_STATE
                    )
                await self._activate(user_id)
                logger.info("reactivated %s", user_id)
        return {"user_id": user_id, "changed": facts.deactivated, "locked": facts.locked}

    async def _activate(self, user_id: str) -> None:
        """As Synapse's DeactivateAccountHandler.activate_account, but for the profile.

        That one upserts the profile by an index which Synapse builds in the background after
        the first start of a server, and fails until it is there. An account that was not
        erased has its profile, so there is seldom anything to make.
        """
        user = UserID.from_string(user_id)
        await self._store.mark_user_not_erased(user_id)
        if not await self._qiao_store.has_profile(user_id):
            await self._store.create_profile(user)
        await self._store.set_user_deactivated_status(user_id, False)
        callbacks = self._hs.get_module_api_callbacks().third_party_event_rules
        await callbacks.on_user_deactivation_status_changed(user_id, False, True)
        profile = await self._store.get_profileinfo(user)
        await self._hs.get_user_directory_handler().handle_local_profile_change(user_id, profile)

    # -- POST /accounts/residue

    async def residue(self, body: Mapping[str, Any]) -> JsonObject:
        """What is left of an account: counts and room ids, for a leaver's certificate."""
        validate.known_keys(body, frozenset({"user_id"}))
        user_id = validate.local_user_id(body.get("user_id"), self._server_name)
        facts = await self._guard.account(user_id)
        self._guard.check_person(facts)
        rooms = await self._qiao_store.get_rooms_of(user_id)
        joined = sorted(r for r, m in rooms.items() if m == Membership.JOIN)
        alone = await self._qiao_store.get_rooms_without_others(user_id, joined, self._caretaker())
        sole_moderator: list[str] = []
        sole_admin: list[str] = []
        for room_id in joined:
            levels = await self.powerful(room_id)
            if await self.is_sole(user_id, room_id, levels, MODERATOR_LEVEL):
                sole_moderator.append(room_id)
            if await self.is_sole(user_id, room_id, levels, ADMIN_LEVEL):
                sole_admin.append(room_id)
        return {
            "user_id": user_id,
            "deactivated": facts.deactivated,
            "locked": facts.locked,
            "has_password": facts.has_password,
            "emails": len(facts.emails),
            "devices": facts.devices,
            **await self._qiao_store.get_residue_counts(user_id),
            "parting": await self._qiao_store.is_parting(user_id),
            "joined": joined,
            "invited": sorted(r for r, m in rooms.items() if m == Membership.INVITE),
            "knocked": sorted(r for r, m in rooms.items() if m == Membership.KNOCK),
            "alone": sorted(alone),
            "sole_moderator": sole_moderator,
            "sole_admin": sole_admin,
        }

    async def powerful(self, room_id: str) -> _Levels:
        """Who has which power in a room, by its create and power level events."""
        ids = await self._state.get_current_state_ids(
            room_id,
            StateFilter.from_types([(EventTypes.Create, ""), (EventTypes.PowerLevels, "")]),
        )
        events = await self._store.get_events(ids.values())
        users: dict[str, int] = {}
        default = 0
        levels_id = ids.get((EventTypes.PowerLevels, ""))
        levels = events.get(levels_id) if levels_id else None
        if levels is not None:
            raw_users = levels.content.get("users")
            for member, level in raw_users.items() if isinstance(raw_users, Mapping) else ():
                users[member] = _level(level)
            default = _level(levels.content.get("users_default", 0))
        create_id = ids.get((EventTypes.Create, ""))
        create = events.get(create_id) if create_id else None
        if create is not None:
            if create.room_version.msc4289_creator_power_enabled:
                creators = [create.sender]
                more = create.content.get("additional_creators")
                creators += (
                    [c for c in more if isinstance(c, str)] if isinstance(more, list) else []
                )
                users.update(dict.fromkeys(creators, 2**53))
            elif levels is None:
                users[create.sender] = ADMIN_LEVEL
        return _Levels(users, default)

    async def is_sole(self, user_id: str, room_id: str, levels: _Levels, least: int) -> bool:
        if levels.of(user_id) < least:
            return False
        if levels.default >= least:
            return bool(
                await self._qiao_store.get_rooms_without_others(
                    user_id, [room_id], self._caretaker()
                )
            )
        others = [
            u
            for u, level in levels.users.items()
            if level >= least and u != user_id and not self._guard.stands_in_for_nobody(u)
        ]
        return not await self._qiao_store.any_joined(room_id, others)

    def _caretaker(self) -> str | None:
        """The service user of conversations: whoever is left with it alone is alone."""
        conversations = self._config.conversations
        return None if conversations is None else conversations.user

    def requester(self, user_id: str) -> Requester:
        # The server acts in the person's name: locked accounts and missing consent are no
        # obstacle then.
        return create_requester(user_id, authenticated_entity=self._server_name)


def _level(raw: Any) -> int:
    """A power level; old room versions allow strings."""
    try:
        return int(raw)
    except (TypeError, ValueError):
        return 0


class _Profile:
    __slots__ = ("avatar_url", "displayname")

    def __init__(self, displayname: str | None, avatar_url: str | None) -> None:
        self.displayname = displayname
        self.avatar_url = avatar_url


class _Levels:
    __slots__ = ("default", "users")

    def __init__(self, users: dict[str, int], default: int) -> None:
        self.users = users
        self.default = default

    def of(self, user_id: str) -> int:
        return self.users.get(user_id, self.default)
