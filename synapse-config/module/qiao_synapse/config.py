"""Reading the module's section of homeserver.yaml."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from phonenumbers import SUPPORTED_REGIONS
from synapse.config import ConfigError

_KNOWN_KEYS = frozenset(
    {
        "token_path",
        "server",
        "service_users",
        "internal_rooms",
        "max_in_flight",
        "fast_memberships",
        "people_rooms",
        "conversations",
        "default_country",
    }
)
_CONVERSATION_KEYS = frozenset({"user", "appservice"})

DEFAULT_MAX_IN_FLIGHT = 4

#: Codes that are in use and not of the standard ("exceptionally reserved").
_OTHER_CODES = {"UK": "GB"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConversationsConfig:
    """Who makes the conversations of people, and who knows who may write to whom.

    Attributes:
        user: full user id of the service user that makes direct chats and groups. It stays in
            them and stands in for nobody: where roles are counted, it counts for nothing.
        appservice: id of the registration whose host is asked, at its address and with its
            ``hs_token``, whether one person may contact another.
    """

    user: str
    appservice: str


@dataclass(frozen=True)
class QiaoConfig:
    """The module's configuration.

    Attributes:
        token_path: file with the bearer token of the API.
        server: the Matrix server name expected, or None to accept any. A guard against
            a configuration copied to another homeserver.
        service_users: full user ids that may create managed rooms and act in them. None:
            every user in an exclusive namespace of a registered appservice.
        internal_rooms: whose rooms must be made with ``m.federate: false``: every service
            user's (True), nobody's (False), or those of the users named.
        max_in_flight: rooms (or accounts) worked on at once within one request.
        fast_memberships: allow the batched membership path on the tested Synapse release.
        people_rooms: rooms that people make with any client get a version in which nobody is
            above everybody for good, and do not federate unless somebody outside is invited.
        default_country: country of phones that are written without one, ISO 3166-1 alpha-2; None:
            only phones with a country are known.
        conversations: None: invitations among colleagues are left to them.
    """

    token_path: str
    server: str | None = None
    service_users: frozenset[str] | None = field(default=None)
    internal_rooms: bool | frozenset[str] = True
    max_in_flight: int = DEFAULT_MAX_IN_FLIGHT
    fast_memberships: bool = True
    people_rooms: bool = True
    default_country: str | None = None
    conversations: ConversationsConfig | None = None


def parse_config(raw: dict[str, Any]) -> QiaoConfig:
    """Parse the ``config`` mapping. Raises ConfigError, which stops Synapse with a clear line."""
    unknown = set(raw) - _KNOWN_KEYS
    if unknown:
        raise ConfigError(f"unknown options: {', '.join(sorted(unknown))}", ("modules", "qiao"))

    token_path = raw.get("token_path")
    if not isinstance(token_path, str) or not token_path:
        raise ConfigError("token_path must name a file", ("modules", "qiao", "token_path"))

    server = raw.get("server")
    if server is not None and not isinstance(server, str):
        raise ConfigError("server must be a string", ("modules", "qiao", "server"))

    service_users = raw.get("service_users")
    if service_users is not None and not _is_user_list(service_users):
        raise ConfigError(
            "service_users must be a list of user ids", ("modules", "qiao", "service_users")
        )

    max_in_flight = raw.get("max_in_flight", DEFAULT_MAX_IN_FLIGHT)
    if not isinstance(max_in_flight, int) or not 1 <= max_in_flight <= 50:
        raise ConfigError("max_in_flight must be 1 to 50", ("modules", "qiao", "max_in_flight"))

    fast_memberships = raw.get("fast_memberships", True)
    if not isinstance(fast_memberships, bool):
        raise ConfigError(
            "fast_memberships must be true or false", ("modules", "qiao", "fast_memberships")
        )

    people_rooms = raw.get("people_rooms", True)
    if not isinstance(people_rooms, bool):
        raise ConfigError("people_rooms must be true or false", ("modules", "qiao", "people_rooms"))

    internal_rooms = raw.get("internal_rooms", True)
    if isinstance(internal_rooms, bool):
        pass
    elif _is_user_list(internal_rooms):
        internal_rooms = frozenset(internal_rooms)
    else:
        raise ConfigError(
            "internal_rooms must be true, false or a list of user ids",
            ("modules", "qiao", "internal_rooms"),
        )

    return QiaoConfig(
        token_path=token_path,
        server=server,
        service_users=None if service_users is None else frozenset(service_users),
        max_in_flight=max_in_flight,
        internal_rooms=internal_rooms,
        fast_memberships=fast_memberships,
        people_rooms=people_rooms,
        default_country=_country(raw.get("default_country")),
        conversations=_parse_conversations(raw.get("conversations")),
    )


def _parse_conversations(raw: object) -> ConversationsConfig | None:
    if raw is None:
        return None
    if (
        not isinstance(raw, dict)
        or set(raw) != _CONVERSATION_KEYS
        or not all(isinstance(v, str) and v for v in raw.values())
        or not _is_user_list([raw["user"]])
    ):
        raise ConfigError(
            "conversations must have a user id `user` and a registration's id `appservice`",
            ("modules", "qiao", "conversations"),
        )
    return ConversationsConfig(user=raw["user"], appservice=raw["appservice"])


def _country(raw: object) -> str | None:
    """The country, or None with an error in the log: for a setting of phones no homeserver stops."""
    if raw is None:
        return None
    country = raw.strip().upper() if isinstance(raw, str) else ""
    country = _OTHER_CODES.get(country, country)
    if country in SUPPORTED_REGIONS:
        return country
    logger.error(
        "default_country %r is no country of ISO 3166-1 (such as CN): phones that are written"
        " without a country sign in nobody",
        raw,
    )
    return None


def _is_user_list(raw: object) -> bool:
    return isinstance(raw, list) and all(
        isinstance(u, str) and u.startswith("@") and ":" in u for u in raw
    )
