"""Parsing of request bodies: everything is checked here, once, at the edge."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from synapse.api.constants import MAX_USERID_LENGTH
from synapse.api.errors import Codes
from synapse.util.threepids import canonicalise_email

from qiao_synapse.errors import bad_request, not_found

MAX_BATCH = 200
MAX_DISPLAYNAME_LENGTH = 256
MAX_EMAILS = 10
MAX_EMAIL_LENGTH = 254
MAX_REASON_LENGTH = 500
MAX_PASSWORD_LENGTH = 512
MAX_AVATAR_LENGTH = 1000
MAX_ROOM_ID_LENGTH = 255
MAX_EVENT_ID_LENGTH = 255

# Narrower than the Matrix grammar: an organisation's accounts begin with a letter or digit,
# so that they never look like a bot's (`_qiao_…`).
_LOCALPART = re.compile(r"[a-z0-9][a-z0-9._=\-/+]*\Z")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}\Z")
_ROOM_ID = re.compile(r"![^\s\x00-\x1f\x7f]+\Z")
_USER_ID = re.compile(r"@[^\s:\x00-\x1f\x7f]+:[^\s\x00-\x1f\x7f]+\Z")
_EVENT_ID = re.compile(r"\$[^\s\x00-\x1f\x7f]+\Z")
_MXC = re.compile(r"mxc://[^\s/\x00-\x1f]+/[A-Za-z0-9_\-]+\Z")
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+\Z")
# Overrides and isolates turn the text around them; a name has no use for them.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def obj(value: Any, where: str = "the body") -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise bad_request(f"{where} must be an object", Codes.BAD_JSON)
    return value


def known_keys(value: Mapping[str, Any], allowed: frozenset[str], where: str = "the body") -> None:
    """Refuse fields the endpoint does not know: a typing error must not pass silently."""
    unknown = set(value) - allowed
    if unknown:
        raise bad_request(f"{where} has unknown fields", Codes.BAD_JSON)


def batch(body: Mapping[str, Any], key: str, limit: int = MAX_BATCH) -> list[Any]:
    """The list of a batch request, 1 to `limit` items."""
    items = body.get(key)
    if not isinstance(items, list):
        raise bad_request(f"{key} must be a list", Codes.BAD_JSON)
    if not items:
        raise bad_request(f"{key} must not be empty")
    if len(items) > limit:
        raise bad_request(f"{key} has more than {limit} items")
    return items


def text(value: Any, name: str, *, max_length: int, min_length: int = 0) -> str:
    """A string that a database and a screen can hold: no control characters or surrogates."""
    if not isinstance(value, str):
        raise bad_request(f"{name} must be a string", Codes.BAD_JSON)
    if not min_length <= len(value) <= max_length:
        raise bad_request(f"{name} must have {min_length} to {max_length} characters")
    for char in value:
        if unicodedata.category(char) in ("Cc", "Cs") or char in _BIDI_CONTROLS:
            raise bad_request(f"{name} has control characters")
    return value


def boolean(value: Any, name: str) -> bool:
    """A JSON boolean; no truthy substitutes."""
    if not isinstance(value, bool):
        raise bad_request(f"{name} must be true or false", Codes.BAD_JSON)
    return value


def localpart(value: Any, server_name: str) -> str:
    """A localpart of an account this API may make."""
    if not isinstance(value, str) or not _LOCALPART.match(value):
        raise bad_request(
            "localpart must begin with a-z or 0-9 and have only a-z, 0-9 and ._=-/+",
            Codes.INVALID_USERNAME,
        )
    if len(f"@{value}:{server_name}") > MAX_USERID_LENGTH:
        raise bad_request("localpart is too long", Codes.INVALID_USERNAME)
    return value


def local_user_id(value: Any, server_name: str, name: str = "user_id") -> str:
    """A user id of this server. Users of other servers do not exist for this API."""
    if not isinstance(value, str) or len(value) > MAX_USERID_LENGTH:
        raise bad_request(f"{name} must be a user id")
    if not value.startswith("@") or ":" not in value:
        raise bad_request(f"{name} must be a user id")
    local, _, domain = value[1:].partition(":")
    if not local or any(c.isspace() or unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise bad_request(f"{name} must be a user id")
    if domain != server_name:
        raise not_found("Unknown user")
    return value


def room_id(value: Any) -> str:
    """A room id, of either form (with a server name, or room version 12's hash)."""
    if not isinstance(value, str) or len(value) > MAX_ROOM_ID_LENGTH or not _ROOM_ID.match(value):
        raise bad_request("room_id must be a room id")
    if any(unicodedata.category(c) == "Cs" for c in value):
        raise bad_request("room_id must be a room id")
    return value


def event_id(value: Any) -> str:
    """An event id of any room version."""
    if (
        not isinstance(value, str)
        or len(value) > MAX_EVENT_ID_LENGTH
        or not _EVENT_ID.match(value)
    ):
        raise bad_request("event_id must be an event id")
    if any(unicodedata.category(c) == "Cs" for c in value):
        raise bad_request("event_id must be an event id")
    return value


def user_id(value: Any) -> str:
    """A user id of any server."""
    if not isinstance(value, str) or len(value) > MAX_USERID_LENGTH or not _USER_ID.match(value):
        raise bad_request("user_ids must be user ids")
    if any(unicodedata.category(c) == "Cs" for c in value):
        raise bad_request("user_ids must be user ids")
    return value


def displayname(value: Any) -> str:
    """A display name; empty clears it."""
    return text(value, "displayname", max_length=MAX_DISPLAYNAME_LENGTH).strip()


def avatar_url(value: Any) -> str:
    """An mxc:// address; empty clears it."""
    url = text(value, "avatar_url", max_length=MAX_AVATAR_LENGTH)
    if url and not _MXC.match(url):
        raise bad_request("avatar_url must be an mxc:// address")
    return url


def locale(value: Any) -> str:
    """A language tag such as `zh_Hans` or `en`."""
    tag = text(value, "locale", max_length=35, min_length=2)
    if not _LOCALE.match(tag):
        raise bad_request("locale must be a language tag")
    return tag


def emails(value: Any) -> list[str]:
    """Distinct e-mail addresses in Synapse's canonical form, in the order given."""
    if not isinstance(value, list):
        raise bad_request("emails must be a list", Codes.BAD_JSON)
    if len(value) > MAX_EMAILS:
        raise bad_request(f"emails has more than {MAX_EMAILS} items")
    result: list[str] = []
    for raw in value:
        address = text(raw, "email", max_length=MAX_EMAIL_LENGTH, min_length=3)
        if not _EMAIL.match(address):
            raise bad_request("email is not an address")
        try:
            address = canonicalise_email(address)
        except ValueError:
            raise bad_request("email is not an address") from None
        if address not in result:
            result.append(address)
    return result
