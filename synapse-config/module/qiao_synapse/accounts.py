"""Accounts of people: making them, looking at them, their password."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synapse.api.errors import Codes, SynapseError
from synapse.util.async_helpers import Linearizer, concurrently_execute

from qiao_synapse import validate
from qiao_synapse.config import QiaoConfig
from qiao_synapse.errors import INTERNAL_ITEM_ERROR, item_error
from qiao_synapse.guard import Guard
from qiao_synapse.store import AccountFacts, QiaoStore

if TYPE_CHECKING:
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

#: Account data in which the locale given at creation is kept, for the client's first screen.
LOCALE_ACCOUNT_DATA = "im.qiao.locale"

JsonObject = dict[str, Any]


class Accounts:
    """Handlers of /accounts…"""

    def __init__(self, hs: HomeServer, config: QiaoConfig, store: QiaoStore, guard: Guard) -> None:
        self._hs = hs
        self._server_name = hs.hostname
        self._config = config
        self._store = store
        self._guard = guard
        self._main = hs.get_datastores().main
        self._registration = hs.get_registration_handler()
        self._auth = hs.get_auth_handler()
        self._password_policy = hs.get_password_policy_handler()
        # Synapse's own, as it is before `Passwords` looks at it: who calls here knows.
        self._set_password = hs.get_set_password_handler().set_password
        self._account_data = hs.get_account_data_handler()
        # One change of an account at a time, also across requests.
        self.queue = Linearizer(name="qiao_accounts", clock=hs.get_clock())

    # -- POST /accounts

    async def create(self, body: Mapping[str, Any]) -> JsonObject:
        """Make accounts without password, device or token; tell of those that exist."""
        validate.known_keys(body, frozenset({"accounts"}))
        raw_items = validate.batch(body, "accounts")

        results: list[JsonObject | None] = [None] * len(raw_items)
        wanted: dict[int, _NewAccount] = {}
        for index, raw in enumerate(raw_items):
            try:
                wanted[index] = self._parse_new(raw)
            except SynapseError as e:
                echo = raw.get("localpart") if isinstance(raw, dict) else None
                results[index] = {
                    **({"localpart": echo} if isinstance(echo, str) else {}),
                    **item_error(e),
                }

        existing = await self._store.get_accounts({w.user_id for w in wanted.values()})
        owners = await self._store.get_email_owners({e for w in wanted.values() for e in w.emails})

        to_make: dict[str, tuple[int, _NewAccount]] = {}
        repeated: list[tuple[int, _NewAccount]] = []
        for index, account in wanted.items():
            facts = existing.get(account.user_id)
            if facts is not None:
                results[index] = self._existing(facts)
            elif account.user_id in to_make:
                repeated.append((index, account))
            elif any(e in owners for e in account.emails):
                results[index] = {
                    "user_id": account.user_id,
                    "errcode": Codes.THREEPID_IN_USE.value,
                    "error": "An e-mail address belongs to another account",
                }
            else:
                to_make[account.user_id] = (index, account)
                # Two new accounts of one batch cannot have one address either.
                owners.update((e, account.user_id) for e in account.emails)

        if to_make:
            await self._store.claim(list(to_make))
            made: list[str] = []
            failed: list[str] = []

            async def make_one(entry: tuple[int, _NewAccount]) -> None:
                index, account = entry
                try:
                    async with self.queue.queue(account.user_id):
                        await self._make(account)
                    made.append(account.user_id)
                    results[index] = {"user_id": account.user_id, "created": True}
                except SynapseError as e:
                    failed.append(account.user_id)
                    results[index] = {"user_id": account.user_id, **item_error(e)}
                except Exception:
                    logger.exception("could not make %s", account.user_id)
                    failed.append(account.user_id)
                    results[index] = {"user_id": account.user_id, **INTERNAL_ITEM_ERROR}

            await concurrently_execute(make_one, to_make.values(), self._config.max_in_flight)
            await self._store.confirm(made)
            if failed:
                # It may exist now (made by somebody else at the same time, or half made by
                # us): then that is the answer, whatever the error was.
                now_there = await self._store.get_accounts(failed)
                for user_id, facts in now_there.items():
                    results[to_make[user_id][0]] = self._existing(facts)
                await self._store.unclaim([u for u in failed if u not in now_there])
            if made:
                logger.info("made %d accounts", len(made))

        if repeated:
            there = await self._store.get_accounts({a.user_id for _, a in repeated})
            for index, account in repeated:
                facts = there.get(account.user_id)
                results[index] = (
                    self._existing(facts)
                    if facts is not None
                    else dict(results[to_make[account.user_id][0]] or INTERNAL_ITEM_ERROR)
                )

        return {"results": results}

    def _parse_new(self, raw: Any) -> _NewAccount:
        item = validate.obj(raw, "an account")
        validate.known_keys(
            item, frozenset({"localpart", "displayname", "emails", "locale"}), "an account"
        )
        localpart = validate.localpart(item.get("localpart"), self._server_name)
        displayname = item.get("displayname")
        locale = item.get("locale")
        return _NewAccount(
            localpart=localpart,
            user_id=f"@{localpart}:{self._server_name}",
            displayname=None if displayname is None else validate.displayname(displayname) or None,
            emails=validate.emails(item.get("emails", [])),
            locale=None if locale is None else validate.locale(locale),
        )

    async def _make(self, account: _NewAccount) -> None:
        await self._registration.register_user(
            localpart=account.localpart,
            password_hash=None,
            default_display_name=account.displayname,
            bind_emails=account.emails,
            by_admin=True,
            approved=True,
        )
        if account.locale is not None:
            await self._account_data.add_account_data_for_user(
                account.user_id, LOCALE_ACCOUNT_DATA, {"locale": account.locale}
            )

    def _existing(self, facts: AccountFacts) -> JsonObject:
        return {
            "user_id": facts.user_id,
            "created": False,
            "made_here": facts.made_here,
            "displayname": facts.displayname,
            "deactivated": facts.deactivated,
            "locked": facts.locked,
            "suspended": facts.suspended,
            "admin": facts.admin,
            "bot": self._guard.is_bot(facts),
        }

    # -- POST /accounts/query

    async def query(self, body: Mapping[str, Any]) -> JsonObject:
        """Facts of accounts, without anything of their content."""
        validate.known_keys(body, frozenset({"user_ids"}))
        raw_ids = validate.batch(body, "user_ids")
        results: list[JsonObject] = []
        valid: list[str] = []
        for raw in raw_ids:
            try:
                user_id = validate.local_user_id(raw, self._server_name)
                valid.append(user_id)
                results.append({"user_id": user_id})
            except SynapseError as e:
                echo = {"user_id": raw} if isinstance(raw, str) else {}
                results.append({**echo, **item_error(e)})
        facts_by_id = await self._store.get_accounts(set(valid))
        for result in results:
            if "errcode" in result:
                continue
            facts = facts_by_id.get(result["user_id"])
            result["exists"] = facts is not None
            if facts is not None:
                result.update(self._facts(facts))
        return {"results": results}

    def _facts(self, facts: AccountFacts) -> JsonObject:
        return {
            "made_here": facts.made_here,
            "bot": self._guard.is_bot(facts),
            "admin": facts.admin,
            "deactivated": facts.deactivated,
            "locked": facts.locked,
            "suspended": facts.suspended,
            "has_password": facts.has_password,
            "displayname": facts.displayname,
            "avatar_url": facts.avatar_url,
            "emails": facts.emails,
            "devices": facts.devices,
            "activated": facts.activated,
            "last_seen_ts": facts.last_seen_ts,
            "creation_ts": facts.creation_ts,
        }

    # -- POST /accounts/password

    async def password(self, body: Mapping[str, Any]) -> JsonObject:
        """Set a person's password."""
        validate.known_keys(body, frozenset({"user_id", "password", "logout_devices"}))
        user_id = validate.local_user_id(body.get("user_id"), self._server_name)
        password = body.get("password")
        if not isinstance(password, str):
            raise SynapseError(400, "password must be a string", Codes.BAD_JSON)
        if not password or len(password) > validate.MAX_PASSWORD_LENGTH:
            raise SynapseError(
                400,
                f"password must have 1 to {validate.MAX_PASSWORD_LENGTH} characters",
                Codes.INVALID_PARAM,
            )
        try:
            password.encode("utf-8")
        except UnicodeEncodeError:
            raise SynapseError(400, "password is not text", Codes.INVALID_PARAM) from None
        logout_devices = validate.boolean(body.get("logout_devices"), "logout_devices")

        async with self.queue.queue(user_id):
            facts = await self._guard.manageable_account(user_id)
            if facts.deactivated:
                raise SynapseError(403, "The account is deactivated", Codes.USER_DEACTIVATED)
            self._password_policy.validate_password(password)
            password_hash = await self._auth.hash(password)
            await self._set_password(user_id, password_hash, logout_devices)
        logger.info("set the password of %s", user_id)
        return {"user_id": user_id}


class _NewAccount:
    __slots__ = ("displayname", "emails", "locale", "localpart", "user_id")

    def __init__(
        self,
        *,
        localpart: str,
        user_id: str,
        displayname: str | None,
        emails: list[str],
        locale: str | None,
    ) -> None:
        self.localpart = localpart
        self.user_id = user_id
        self.displayname = displayname
        self.emails = emails
        self.locale = locale
