"""What else a person signs in with: phone and employee number beside user name and e-mail."""

from __future__ import annotations

import logging
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import phonenumbers
from synapse.api.errors import Codes, LimitExceededError, SynapseError
from synapse.api.ratelimiting import Ratelimiter
from synapse.types import UserID
from synapse.util.async_helpers import Linearizer
from synapse.util.threepids import canonicalise_email

from qiao_synapse import validate
from qiao_synapse.errors import INTERNAL_ITEM_ERROR, item_error
from qiao_synapse.guard import Guard
from qiao_synapse.store import QiaoStore

if TYPE_CHECKING:
    from synapse.module_api import ModuleApi
    from synapse.server import HomeServer

logger = logging.getLogger(__name__)

JsonObject = dict[str, Any]
#: (canonical user id, no callback): what Synapse takes for "the password is right".
Accepted = tuple[str, None]

PHONE = "phone"
NUMBER = "number"
MSISDN = "msisdn"

MAX_NAME_LENGTH = 320
MAX_OF_A_KIND = 5
#: What a phone is written with; letters (vanity numbers, extensions) are no phone to sign in with.
_PHONE = re.compile(r"\+?[\d\s()./\u2010-\u2015-]+")
_MIN_PHONE_DIGITS = 6


def fold(text: str) -> str:
    """One writing of a name: widths and case do not count, nor does space around it."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def phone(text: str, country: str | None) -> str | None:
    """A phone in E.164 without the plus, however it was written; None where it is none.

    Args:
        country: ISO 3166-1 code of numbers that are written without one.
    """
    written = unicodedata.normalize("NFKC", text).strip()
    if not _PHONE.fullmatch(written) or sum(c.isdigit() for c in written) < _MIN_PHONE_DIGITS:
        return None
    # 00 as most countries dial abroad.
    if written.startswith("00"):
        written = "+" + written[2:]
    try:
        parsed = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]


def keeper(claims: Iterable[tuple[int, str]]) -> str | None:
    """Who has a name longest; None where nobody has it, or several from the same moment.

    Who can write a name at somebody must not take it from the one who has it.

    Args:
        claims: since when (ms), and who.
    """
    first: dict[str, int] = {}
    for since, user_id in claims:
        first[user_id] = min(since, first.get(user_id, since))
    longest = min(first.values(), default=0)
    owners = [user_id for user_id, since in first.items() if since == longest]
    return owners[0] if len(owners) == 1 else None


class Identifiers:
    """The one place that knows whose account a typed name is."""

    def __init__(
        self, hs: HomeServer, store: QiaoStore, guard: Guard, default_country: str | None
    ) -> None:
        self._hs = hs
        self._server_name = hs.hostname
        self._clock = hs.get_clock()
        self._main = hs.get_datastores().main
        self._auth = hs.get_auth_handler()
        self._store = store
        self._guard = guard
        self._country = default_country
        # One change at a time for the whole server: a phone must not go to two accounts.
        self._queue = Linearizer(name="qiao_identifiers", clock=hs.get_clock())

    # -- whose name it is

    async def direct(self, name: str) -> tuple[str, str | None] | None:
        """The account that has this user name or id, with its password hash, as Synapse finds it."""
        user_id = name if name.startswith("@") else UserID(name, self._server_name).to_string()
        found = await self._main.get_users_by_id_case_insensitive(user_id)
        if len(found) == 1:
            return next(iter(found.items()))
        return (user_id, found[user_id]) if user_id in found else None

    async def resolve(self, name: str) -> str | None:
        """The one account a typed name stands for; None for nobody's, and for one of several people.

        A user name goes before everything else, then an e-mail address, which is one account's
        alone: no directory entry can take somebody's. Of those who have a phone or employee number
        it is who has it longest.
        """
        typed = unicodedata.normalize("NFKC", name).strip()
        if not typed or len(typed) > MAX_NAME_LENGTH:
            return None
        by_name = await self.direct(typed)
        if by_name is None and typed.startswith("@") and ":" not in typed:
            by_name = await self.direct(typed[1:])
        if by_name is not None:
            return by_name[0]
        if "@" in typed[1:]:
            try:
                owner = await self._main.get_user_id_by_threepid(
                    "email", canonicalise_email(typed)
                )
            except ValueError:
                owner = None
            if owner is not None:
                return owner
        claims = await self._store.get_claimants(NUMBER, fold(typed))
        number = phone(typed, self._country)
        if number is not None:
            claims += await self._phone_claims(number)
        return keeper(claims)

    async def resolve_phone(self, written: str) -> str | None:
        """The one account with this phone, written with its country or without."""
        claims: list[tuple[int, str]] = []
        for text in (written, f"+{written}"):
            number = phone(text, self._country)
            if number is not None:
                claims += await self._phone_claims(number)
        return keeper(claims)

    async def _phone_claims(self, number: str) -> list[tuple[int, str]]:
        """Since when (ms) who has a phone."""
        claims = await self._store.get_claimants(PHONE, number)
        bound = await self._main.get_user_id_by_threepid(MSISDN, number)
        # One that was bound without us is the account's from before.
        if bound is not None and all(user_id != bound for _, user_id in claims):
            claims.append((0, bound))
        return claims

    # -- POST /accounts/resolve

    async def resolving(self, body: Mapping[str, Any]) -> JsonObject:
        """Whose account a typed name is; for the host, never for the outside."""
        validate.known_keys(body, frozenset({"name"}))
        name = validate.text(body.get("name"), "name", max_length=MAX_NAME_LENGTH, min_length=1)
        return {"user_id": await self.resolve(name)}

    # -- POST /accounts/identifiers

    async def set(self, body: Mapping[str, Any]) -> JsonObject:
        """Make phones and employee numbers of accounts exactly the given ones."""
        validate.known_keys(body, frozenset({"items"}))
        results: list[JsonObject] = []
        touched: dict[tuple[str, str], str | None] = {}
        # One moment for all of a request: an office's number in a new company is nobody's.
        now = self._clock.time_msec()
        asked: set[str] = set()
        for raw in validate.batch(body, "items"):
            try:
                item = validate.obj(raw, "an item")
                validate.known_keys(item, frozenset({"user_id", "phones", "numbers"}), "an item")
                user_id = validate.local_user_id(item.get("user_id"), self._server_name)
                phones = _texts(item.get("phones", []), "phones")
                numbers = _texts(item.get("numbers", []), "numbers")
                facts = await self._guard.manageable_account(user_id)
                if facts.deactivated and (phones or numbers):
                    raise SynapseError(403, "The account is deactivated", Codes.USER_DEACTIVATED)
                parsed = {text: phone(text, self._country) for text in phones}
                wanted: dict[tuple[str, str], str | None] = {
                    (PHONE, p): p for p in parsed.values() if p is not None
                }
                wanted |= {(NUMBER, fold(n)): phone(n, self._country) for n in numbers if fold(n)}
                changed = await self._claim(user_id, wanted, now)
                for kind, value in wanted.keys() | changed:
                    touched[kind, value] = value if kind == PHONE else phone(value, self._country)
                asked.add(user_id)
                unusable = [text for text, p in parsed.items() if p is None]
                results.append(
                    {"user_id": user_id, "changed": bool(changed), "unusable": len(unusable)}
                )
            except SynapseError as e:
                echo = raw.get("user_id") if isinstance(raw, dict) else None
                results.append(
                    {**({"user_id": echo} if isinstance(echo, str) else {}), **item_error(e)}
                )
            except Exception:
                logger.exception("could not set identifiers")
                results.append({**INTERNAL_ITEM_ERROR})
        shared = await self._store.get_shared_claims(asked, touched)
        for result in results:
            if "errcode" not in result:
                result["shared"] = sorted(shared.pop(result["user_id"], ()))
        # Whose names were touched by this, without being asked about: as they are now.
        return {
            "results": results,
            "others": [
                {"user_id": user_id, "shared": sorted(kinds)}
                for user_id, kinds in sorted(shared.items())
                if user_id not in asked
            ],
        }

    async def release(self, user_id: str) -> None:
        """The account is closed: its names may be somebody else's."""
        await self._claim(user_id, {}, self._clock.time_msec())

    async def _claim(
        self, user_id: str, wanted: Mapping[tuple[str, str], str | None], now: int
    ) -> set[tuple[str, str]]:
        """Returns the claims that were added or removed."""
        async with self._queue.queue("identifiers"):
            bound = {(PHONE, number) for number in await self._store.get_bound(user_id, MSISDN)}
            # A binding first, then its claim: without the claim it would be one from before us.
            for _, number in bound - wanted.keys():
                claims = await self._store.get_claimants(PHONE, number)
                if any(who == user_id for _, who in claims):
                    await self._auth.delete_local_threepid(user_id, MSISDN, number)
            changed = await self._store.set_claims(user_id, wanted, now, from_before=bound)
            for number in {value for kind, value in changed | wanted.keys() if kind == PHONE}:
                await self._bind(number)
        return changed

    async def _bind(self, number: str) -> None:
        """A phone is the third-party id of the account that keeps it."""
        owner = keeper(await self._phone_claims(number))
        bound = await self._main.get_user_id_by_threepid(MSISDN, number)
        if bound == owner:
            return
        if bound is not None:
            await self._auth.delete_local_threepid(bound, MSISDN, number)
        if owner is not None:
            await self._auth.add_threepid(owner, MSISDN, number, self._clock.time_msec())


def _texts(value: Any, what: str) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_OF_A_KIND:
        raise validate.bad_request(f"{what} must be a list of up to {MAX_OF_A_KIND}")
    return [validate.text(raw, what, max_length=MAX_NAME_LENGTH, min_length=1) for raw in value]


class PasswordChecker:
    """Lets people in by their other names, at the same cost whether there is such a person.

    Whatever is typed, one password is hashed: by Synapse for a user name, by us for everything
    else. Failed tries by those other names count together for the account they were meant for, in
    a limit beside Synapse's own of user names: "too many tries" at a user name would else say
    whose a phone is that somebody tried.
    """

    def __init__(self, hs: HomeServer, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._main = hs.get_datastores().main
        self._auth = hs.get_auth_handler()
        self._limiter = Ratelimiter(
            store=self._main,
            clock=hs.get_clock(),
            cfg=hs.config.ratelimiting.rc_login_failed_attempts,
        )
        self._nobodys_hash = ""

    def register(self, api: ModuleApi) -> None:
        api.register_password_auth_provider_callbacks(
            check_3pid_auth=self.by_third_party_id,
            auth_checkers={("m.login.password", ("password",)): self.by_name},
        )

    async def by_name(
        self, username: str, _login_type: str, login: Mapping[str, Any]
    ) -> Accepted | None:
        """`username` as it was typed, or the id that Synapse has found for a third-party id."""
        password = login.get("password")
        if not isinstance(password, str):
            return None
        found = await self._identifiers.direct(username)
        if found is not None:
            # Synapse looks at the same account next, and hashes unless there is no password.
            if not found[1]:
                await self._hash_for_nobody(password)
            return None
        return await self._check(await self._identifiers.resolve(username), password)

    async def by_third_party_id(
        self, medium: str, address: str, password: str
    ) -> Accepted | None:
        if await self._main.get_user_id_by_threepid(medium, address) is not None:
            # Synapse goes on with the account, by way of `by_name`.
            return None
        user_id = await self._identifiers.resolve_phone(address) if medium == MSISDN else None
        return await self._check(user_id, password)

    async def _check(self, user_id: str | None, password: str) -> Accepted | None:
        found = None if user_id is None else await self._identifiers.direct(user_id)
        if found is None or not found[1]:
            await self._hash_for_nobody(password)
            return None
        canonical, password_hash = found
        key = canonical.lower()
        try:
            await self._limiter.ratelimit(None, key, update=False)
        except LimitExceededError:
            # Told like a wrong password: "too many tries" would say whose name it is.
            await self._hash_for_nobody(password)
            return None
        if await self._auth.validate_hash(password, password_hash):
            return canonical, None
        await self._limiter.can_do_action(None, key)
        return None

    async def _hash_for_nobody(self, password: str) -> None:
        if not self._nobodys_hash:
            self._nobodys_hash = await self._auth.hash(secrets.token_hex(16))
        await self._auth.validate_hash(password, self._nobodys_hash)
