"""Bulk reads over Synapse's tables, and the module's own tables.

All SQL of the module is here. It reads account facts, memberships and counts, and whether
there are keys; never events' content, tokens or keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synapse.storage.database import LoggingTransaction, make_in_list_sql_clause
from synapse.util.async_helpers import Linearizer

if TYPE_CHECKING:
    from synapse.server import HomeServer

# `confirmed` is false between the claim and the end of the creation. The table is the only
# record that an account was made by this API.
_CREATE_TABLE = """
    CREATE TABLE IF NOT EXISTS qiao_accounts (
        user_id TEXT NOT NULL PRIMARY KEY,
        created_ts BIGINT NOT NULL,
        confirmed BOOLEAN NOT NULL
    )
"""

# Invitations among colleagues that the server is to take up. Written before the invitation
# itself stands, so that none is forgotten by a process that ends.
_CREATE_INVITATIONS = """
    CREATE TABLE IF NOT EXISTS qiao_invitations (
        room_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        noted_ts BIGINT NOT NULL,
        next_ts BIGINT NOT NULL,
        tries INTEGER NOT NULL,
        PRIMARY KEY (room_id, user_id)
    )
"""

# Phones and employee numbers, each of one or of several accounts. `since_ts` is when the account got
# it, ms: whoever has a name longest keeps it. `dialled`: the phone, or the phone an employee number
# could be read as.
_CREATE_IDENTIFIERS = """
    CREATE TABLE IF NOT EXISTS qiao_identifiers (
        user_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        since_ts BIGINT NOT NULL DEFAULT 0,
        dialled TEXT,
        PRIMARY KEY (user_id, kind, value)
    )
"""
_CREATE_IDENTIFIERS_INDEX = """
    CREATE INDEX IF NOT EXISTS qiao_identifiers_value ON qiao_identifiers (kind, value)
"""
_CREATE_IDENTIFIERS_DIALLED = """
    CREATE INDEX IF NOT EXISTS qiao_identifiers_dialled ON qiao_identifiers (dialled)
"""
# Of tables from before: what was there is of one time.
_IDENTIFIERS_COLUMNS = {"since_ts": "BIGINT NOT NULL DEFAULT 0", "dialled": "TEXT"}

# People whose new password the host is still to be told of. `noted` tells two changes apart.
_CREATE_PASSWORDS = """
    CREATE TABLE IF NOT EXISTS qiao_passwords (
        user_id TEXT NOT NULL PRIMARY KEY,
        noted TEXT NOT NULL
    )
"""

#: `next_ts` of an invitation whose person has no device with keys: looked at again with the first.
_WAITS_FOR_KEYS = 2**62


@dataclass(frozen=True)
class NotedInvitation:
    """An invitation to be taken up. Times in ms since the epoch."""

    room_id: str
    user_id: str
    noted_ts: int
    tries: int


@dataclass
class AccountFacts:
    """What the API tells about an account. Times in ms since the epoch."""

    user_id: str
    creation_ts: int
    deactivated: bool
    locked: bool
    suspended: bool
    admin: bool
    guest: bool
    has_password: bool
    appservice_id: str | None
    displayname: str | None = None
    avatar_url: str | None = None
    devices: int = 0
    activated: bool = False
    last_seen_ts: int | None = None
    emails: list[str] = field(default_factory=list)
    made_here: bool = False


class QiaoStore:
    """See the module's docstring."""

    def __init__(self, hs: HomeServer, dialled: Callable[[str], str | None]) -> None:
        """`dialled`: the phone an employee number could be read as."""
        self._main = hs.get_datastores().main
        self._dialled = dialled
        self._pool = self._main.db_pool
        self._clock = hs.get_clock()
        self._ready = False
        self._prepare_queue = Linearizer(name="qiao_prepare", clock=hs.get_clock())

    async def prepare(self) -> None:
        """Make the module's tables, once per process."""
        if self._ready:
            return
        async with self._prepare_queue.queue("table"):
            if not self._ready:

                def txn_create(txn: LoggingTransaction) -> None:
                    txn.execute(_CREATE_TABLE)
                    txn.execute(_CREATE_INVITATIONS)
                    txn.execute(_CREATE_IDENTIFIERS)
                    txn.execute(_CREATE_IDENTIFIERS_INDEX)
                    txn.execute("SELECT * FROM qiao_identifiers LIMIT 0")
                    there = {column[0] for column in txn.description or ()}
                    for name, kind in _IDENTIFIERS_COLUMNS.items():
                        if name not in there:
                            txn.execute(f"ALTER TABLE qiao_identifiers ADD COLUMN {name} {kind}")
                    if "dialled" not in there:
                        txn.execute(
                            "UPDATE qiao_identifiers SET dialled = value WHERE kind = 'phone'"
                        )
                    # Numbers of before the column, or of when phones were read for another country.
                    txn.execute(
                        "SELECT user_id, value, dialled FROM qiao_identifiers"
                        " WHERE kind = 'number' ORDER BY user_id, value"
                    )
                    stale = [
                        (dialled, user_id, value)
                        for user_id, value, was in txn.fetchall()
                        if (dialled := self._dialled(value)) != was
                    ]
                    txn.executemany(
                        "UPDATE qiao_identifiers SET dialled = ?"
                        " WHERE user_id = ? AND kind = 'number' AND value = ?",
                        stale,
                    )
                    txn.execute(_CREATE_IDENTIFIERS_DIALLED)
                    txn.execute(_CREATE_PASSWORDS)

                await self._pool.runInteraction("qiao_prepare", txn_create)
                self._ready = True

    async def get_accounts(self, user_ids: Collection[str]) -> dict[str, AccountFacts]:
        """Facts of those of `user_ids` that exist."""
        await self.prepare()
        if not user_ids:
            return {}

        def txn_get(txn: LoggingTransaction) -> dict[str, AccountFacts]:
            found: dict[str, AccountFacts] = {}
            clause, args = make_in_list_sql_clause(txn.database_engine, "u.name", user_ids)
            txn.execute(
                f"""
                SELECT u.name, u.creation_ts, u.deactivated, COALESCE(u.locked, FALSE),
                       u.suspended, u.admin, u.is_guest,
                       u.password_hash IS NOT NULL AND u.password_hash <> '',
                       u.appservice_id, q.confirmed, q.created_ts
                FROM users u LEFT JOIN qiao_accounts q ON q.user_id = u.name
                WHERE {clause}
                """,  # noqa: S608
                args,
            )
            for row in txn.fetchall():
                has_password = bool(row[7])
                # A claim that was never confirmed: the creation was cut off. It was ours if
                # nobody has given the account a password or an appservice since.
                made_here = bool(row[9]) or (
                    row[9] is not None and not has_password and row[8] is None
                )
                found[row[0]] = AccountFacts(
                    user_id=row[0],
                    creation_ts=int(row[1] or 0) * 1000,
                    deactivated=bool(row[2]),
                    locked=bool(row[3]),
                    suspended=bool(row[4]),
                    admin=bool(row[5]),
                    guest=bool(row[6]),
                    has_password=has_password,
                    appservice_id=row[8],
                    made_here=made_here,
                )
            if not found:
                return found

            clause, args = make_in_list_sql_clause(txn.database_engine, "full_user_id", list(found))
            txn.execute(
                f"SELECT full_user_id, displayname, avatar_url FROM profiles WHERE {clause}",  # noqa: S608
                args,
            )
            for user_id, displayname, avatar_url in txn.fetchall():
                found[user_id].displayname = displayname
                found[user_id].avatar_url = avatar_url

            clause, args = make_in_list_sql_clause(txn.database_engine, "user_id", list(found))
            txn.execute(
                f"""
                SELECT user_id, COUNT(*), MAX(last_seen) FROM devices
                WHERE NOT hidden AND {clause} GROUP BY user_id
                """,  # noqa: S608
                args,
            )
            for user_id, devices, last_seen in txn.fetchall():
                found[user_id].devices = devices
                found[user_id].last_seen_ts = last_seen

            clause, args = make_in_list_sql_clause(txn.database_engine, "user_id", list(found))
            txn.execute(
                f"""
                SELECT user_id, address FROM user_threepids
                WHERE medium = 'email' AND {clause} ORDER BY added_at, address
                """,  # noqa: S608
                args,
            )
            for user_id, address in txn.fetchall():
                found[user_id].emails.append(address)

            clause, args = make_in_list_sql_clause(txn.database_engine, "user_id", list(found))
            txn.execute(
                f"SELECT DISTINCT user_id FROM e2e_device_keys_json WHERE {clause}",  # noqa: S608
                args,
            )
            for (user_id,) in txn.fetchall():
                found[user_id].activated = True
            return found

        return await self._pool.runInteraction("qiao_get_accounts", txn_get)

    def get_device_position(self) -> int:
        """Up to where changes of devices are written; in memory."""
        return self._main.get_device_stream_token().stream

    async def get_users_with_keys(self, after: str, limit: int) -> list[str]:
        """Local users who have a device with keys, in order of their ids."""

        def txn_get(txn: LoggingTransaction) -> list[str]:
            txn.execute(
                """
                SELECT DISTINCT user_id FROM e2e_device_keys_json
                WHERE user_id > ? ORDER BY user_id LIMIT ?
                """,
                (after, limit),
            )
            return [user_id for (user_id,) in txn.fetchall()]

        return await self._pool.runInteraction("qiao_get_users_with_keys", txn_get)

    async def get_changed_users_with_keys(
        self, after: int, until: int, limit: int
    ) -> tuple[list[str], int]:
        """Local users of whose devices one changed between two positions, and who have keys.

        Returns them, and the position up to which was looked.
        """

        def txn_get(txn: LoggingTransaction) -> tuple[list[str], int]:
            txn.execute(
                """
                SELECT stream_id, user_id FROM device_lists_stream
                WHERE stream_id > ? AND stream_id <= ? ORDER BY stream_id LIMIT ?
                """,
                (after, until, limit),
            )
            rows = txn.fetchall()
            looked = rows[-1][0] if len(rows) == limit else until
            changed = {user_id for _, user_id in rows}
            if not changed:
                return [], looked
            clause, args = make_in_list_sql_clause(txn.database_engine, "user_id", changed)
            txn.execute(
                f"""
                SELECT DISTINCT user_id FROM e2e_device_keys_json
                WHERE {clause} ORDER BY user_id
                """,  # noqa: S608
                args,
            )
            return [user_id for (user_id,) in txn.fetchall()], looked

        return await self._pool.runInteraction("qiao_get_changed_users_with_keys", txn_get)

    async def get_email_owners(self, addresses: Collection[str]) -> dict[str, str]:
        """User ids by e-mail address, for those that belong to somebody."""
        if not addresses:
            return {}

        def txn_get(txn: LoggingTransaction) -> dict[str, str]:
            clause, args = make_in_list_sql_clause(txn.database_engine, "address", addresses)
            txn.execute(
                f"SELECT address, user_id FROM user_threepids WHERE medium = 'email' AND {clause}",  # noqa: S608
                args,
            )
            return dict(txn.fetchall())

        return await self._pool.runInteraction("qiao_get_email_owners", txn_get)

    async def get_claimants(self, kind: str, value: str) -> list[tuple[int, str]]:
        """Who has this phone or employee number, since when (ms)."""
        await self.prepare()
        rows = await self._pool.simple_select_list(
            table="qiao_identifiers",
            keyvalues={"kind": kind, "value": value},
            retcols=("since_ts", "user_id"),
            desc="qiao_get_claimants",
        )
        return sorted((since, user_id) for since, user_id in rows)

    async def get_bound(self, user_id: str, medium: str) -> list[str]:
        """Third-party ids of an account."""
        return await self._pool.simple_select_onecol(
            table="user_threepids",
            keyvalues={"user_id": user_id, "medium": medium},
            retcol="address",
            desc="qiao_get_bound",
        )

    async def set_claims(
        self,
        user_id: str,
        wanted: Mapping[tuple[str, str], str | None],
        now: int,
        from_before: Collection[tuple[str, str]] = (),
    ) -> set[tuple[str, str]]:
        """Make an account's (kind, value) exactly these. Returns those that came or went.

        Args:
            wanted: with the phone each could be read as.
            now: since when the account has those that come, ms.
            from_before: which of those that come the account has had since before all others.
        """
        await self.prepare()

        def txn_set(txn: LoggingTransaction) -> set[tuple[str, str]]:
            txn.execute("SELECT kind, value FROM qiao_identifiers WHERE user_id = ?", (user_id,))
            there = {(kind, value) for kind, value in txn.fetchall()}
            for kind, value in there - set(wanted):
                txn.execute(
                    "DELETE FROM qiao_identifiers WHERE user_id = ? AND kind = ? AND value = ?",
                    (user_id, kind, value),
                )
            for kind, value in set(wanted) - there:
                txn.execute(
                    "INSERT INTO qiao_identifiers (user_id, kind, value, since_ts, dialled)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (
                        user_id,
                        kind,
                        value,
                        0 if (kind, value) in from_before else now,
                        wanted[kind, value],
                    ),
                )
            return there ^ set(wanted)

        return await self._pool.runInteraction("qiao_set_claims", txn_set)

    async def get_shared_claims(
        self, user_ids: Collection[str], claims: Mapping[tuple[str, str], str | None]
    ) -> dict[str, set[str]]:
        """Kinds of names by which they are not signed in, because somebody else has one as long.

        Somebody else's is also a phone that was bound to an account without us. Of these accounts,
        and of all who have one of these names.
        """

        def txn_get(txn: LoggingTransaction) -> dict[str, set[str]]:
            concerned = set(user_ids)
            for (kind, value), dialled in claims.items():
                txn.execute(
                    "SELECT user_id FROM qiao_identifiers"
                    " WHERE (kind = ? AND value = ?) OR dialled = ?",
                    (kind, value, dialled),
                )
                concerned.update(user_id for (user_id,) in txn.fetchall())
            found: dict[str, set[str]] = {user_id: set() for user_id in concerned}
            if not concerned:
                return found
            clause, args = make_in_list_sql_clause(txn.database_engine, "mine.user_id", concerned)
            txn.execute(
                f"""
                SELECT DISTINCT mine.user_id, mine.kind FROM qiao_identifiers AS mine
                JOIN qiao_identifiers AS other
                    ON other.user_id <> mine.user_id AND other.since_ts <= mine.since_ts
                    AND ((other.kind = mine.kind AND other.value = mine.value)
                        OR other.dialled = mine.dialled)
                WHERE {clause}
                UNION
                SELECT mine.user_id, mine.kind FROM qiao_identifiers AS mine
                JOIN user_threepids AS bound
                    ON bound.medium = 'msisdn' AND bound.address = mine.dialled
                    AND bound.user_id <> mine.user_id
                WHERE {clause} AND NOT EXISTS (
                    SELECT 1 FROM qiao_identifiers AS claimed
                    WHERE claimed.user_id = bound.user_id
                        AND claimed.kind = 'phone' AND claimed.value = bound.address
                )
                """,  # noqa: S608
                [*args, *args],
            )
            for user_id, kind in txn.fetchall():
                found[user_id].add(kind)
            return found

        await self.prepare()
        return await self._pool.runInteraction("qiao_get_shared_claims", txn_get)

    async def claim(self, user_ids: Collection[str]) -> None:
        """Note that these accounts, which do not exist, are about to be made here."""
        await self.prepare()
        now = self._clock.time_msec()
        await self._pool.simple_upsert_many(
            table="qiao_accounts",
            key_names=("user_id",),
            key_values=[(u,) for u in user_ids],
            value_names=("created_ts", "confirmed"),
            value_values=[(now, False) for _ in user_ids],
            desc="qiao_claim",
        )

    async def confirm(self, user_ids: Collection[str]) -> None:
        """Note that these accounts have been made here."""
        if user_ids:
            await self._pool.simple_update_many(
                table="qiao_accounts",
                key_names=("user_id",),
                key_values=[(u,) for u in user_ids],
                value_names=("confirmed",),
                value_values=[(True,) for _ in user_ids],
                desc="qiao_confirm",
            )

    async def unclaim(self, user_ids: Collection[str]) -> None:
        """Take back claims whose accounts were not made."""
        if user_ids:
            await self._pool.simple_delete_many(
                table="qiao_accounts",
                column="user_id",
                iterable=user_ids,
                keyvalues={"confirmed": False},
                desc="qiao_unclaim",
            )

    async def get_local_members(
        self, room_ids: Collection[str], after: tuple[str, str] | None, limit: int
    ) -> list[tuple[str, str, str]]:
        """(room id, user id, membership) of joined and invited local users, in order of both ids.

        Args:
            after: the last (room id, user id) of the page before.
        """
        if not room_ids:
            return []

        def txn_get(txn: LoggingTransaction) -> list[tuple[str, str, str]]:
            clause, args = make_in_list_sql_clause(txn.database_engine, "room_id", room_ids)
            page = ""
            if after is not None:
                page = "AND (room_id, user_id) > (?, ?)"
                args = [*args, *after]
            txn.execute(
                f"""
                SELECT room_id, user_id, membership FROM local_current_membership
                WHERE {clause} AND membership IN ('join', 'invite') {page}
                ORDER BY room_id, user_id LIMIT ?
                """,  # noqa: S608
                [*args, limit],
            )
            return [(r[0], r[1], r[2]) for r in txn.fetchall()]

        return await self._pool.runInteraction("qiao_get_local_members", txn_get)

    async def get_memberships(
        self, room_id: str, user_ids: Collection[str]
    ) -> dict[str, tuple[str, str]]:
        """(membership, event id) of local users in a room, for those that have one."""
        if not user_ids:
            return {}

        def txn_get(txn: LoggingTransaction) -> dict[str, tuple[str, str]]:
            clause, args = make_in_list_sql_clause(txn.database_engine, "user_id", user_ids)
            txn.execute(
                f"""
                SELECT user_id, membership, event_id FROM local_current_membership
                WHERE room_id = ? AND {clause}
                """,  # noqa: S608
                [room_id, *args],
            )
            return {r[0]: (r[1], r[2]) for r in txn.fetchall()}

        return await self._pool.runInteraction("qiao_get_memberships", txn_get)

    async def get_profiles(self, user_ids: Collection[str]) -> dict[str, dict[str, str]]:
        """What of the users' profiles belongs in member events, by user id."""
        if not user_ids:
            return {}

        def txn_get(txn: LoggingTransaction) -> dict[str, dict[str, str]]:
            clause, args = make_in_list_sql_clause(txn.database_engine, "full_user_id", user_ids)
            txn.execute(
                f"SELECT full_user_id, displayname, avatar_url FROM profiles WHERE {clause}",  # noqa: S608
                args,
            )
            return {
                user_id: {
                    **({} if displayname is None else {"displayname": displayname}),
                    **({} if avatar_url is None else {"avatar_url": avatar_url}),
                }
                for user_id, displayname, avatar_url in txn.fetchall()
            }

        return await self._pool.runInteraction("qiao_get_profiles", txn_get)

    async def get_rooms_of(self, user_id: str) -> dict[str, str]:
        """Membership by room id, where the user is joined, invited or knocking."""

        def txn_get(txn: LoggingTransaction) -> dict[str, str]:
            txn.execute(
                """
                SELECT room_id, membership FROM local_current_membership
                WHERE user_id = ? AND membership IN ('join', 'invite', 'knock')
                """,
                (user_id,),
            )
            return dict(txn.fetchall())

        return await self._pool.runInteraction("qiao_get_rooms_of", txn_get)

    async def is_parting(self, user_id: str) -> bool:
        """Whether Synapse is still taking a deactivated user out of rooms."""
        row = await self._pool.simple_select_one_onecol(
            "users_pending_deactivation",
            keyvalues={"user_id": user_id},
            retcol="user_id",
            allow_none=True,
            desc="qiao_is_parting",
        )
        return row is not None

    async def has_profile(self, user_id: str) -> bool:
        """Whether the user has a profile row."""
        row = await self._pool.simple_select_one_onecol(
            "profiles",
            keyvalues={"full_user_id": user_id},
            retcol="full_user_id",
            allow_none=True,
            desc="qiao_has_profile",
        )
        return row is not None

    async def get_rooms_without_others(
        self, user_id: str, room_ids: Collection[str], besides: str | None = None
    ) -> set[str]:
        """Those of the rooms in which nobody but the user (and `besides`) is joined."""

        def txn_get(txn: LoggingTransaction) -> set[str]:
            alone: set[str] = set()
            for room_id in room_ids:
                txn.execute(
                    """
                    SELECT 1 FROM current_state_events
                    WHERE room_id = ? AND type = 'm.room.member' AND membership = 'join'
                        AND state_key <> ? AND state_key <> ?
                    LIMIT 1
                    """,
                    (room_id, user_id, besides or user_id),
                )
                if txn.fetchone() is None:
                    alone.add(room_id)
            return alone

        return await self._pool.runInteraction("qiao_get_rooms_without_others", txn_get)

    async def any_joined(self, room_id: str, user_ids: Collection[str]) -> bool:
        """Whether one of the users (of any server) is joined to the room."""
        if not user_ids:
            return False

        def txn_get(txn: LoggingTransaction) -> bool:
            clause, args = make_in_list_sql_clause(txn.database_engine, "state_key", user_ids)
            txn.execute(
                f"""
                SELECT 1 FROM current_state_events
                WHERE room_id = ? AND type = 'm.room.member' AND membership = 'join' AND {clause}
                LIMIT 1
                """,  # noqa: S608
                [room_id, *args],
            )
            return txn.fetchone() is not None

        return await self._pool.runInteraction("qiao_any_joined", txn_get)

    async def get_joined(self, room_id: str, user_ids: Collection[str]) -> set[str]:
        """Those of the users (of any server) who are joined to the room."""

        def txn_get(txn: LoggingTransaction) -> set[str]:
            clause, args = make_in_list_sql_clause(txn.database_engine, "state_key", user_ids)
            txn.execute(
                f"""
                SELECT state_key FROM current_state_events
                WHERE room_id = ? AND type = 'm.room.member' AND membership = 'join' AND {clause}
                """,  # noqa: S608
                [room_id, *args],
            )
            return {r[0] for r in txn.fetchall()}

        return await self._pool.runInteraction("qiao_get_joined", txn_get)

    async def get_relating(
        self, room_id: str, event_id: str, user_ids: Collection[str]
    ) -> set[str]:
        """Those of the users who reacted to the event, or answered it in a thread.

        Plain replies are no relations to Synapse. Redacted ones it takes out of the table.
        """

        def txn_get(txn: LoggingTransaction) -> set[str]:
            clause, args = make_in_list_sql_clause(txn.database_engine, "e.sender", user_ids)
            txn.execute(
                f"""
                SELECT DISTINCT e.sender FROM event_relations r
                JOIN events e ON e.event_id = r.event_id
                WHERE r.relates_to_id = ? AND r.relation_type IN ('m.annotation', 'm.thread')
                    AND e.room_id = ? AND {clause}
                """,  # noqa: S608
                [event_id, room_id, *args],
            )
            return {r[0] for r in txn.fetchall()}

        return await self._pool.runInteraction("qiao_get_relating", txn_get)

    async def get_residue_counts(self, user_id: str) -> dict[str, int]:
        """How many tokens, pushers and the like an account has left."""
        now = self._clock.time_msec()
        counts: dict[str, tuple[str, list[Any]]] = {
            "access_tokens": ("access_tokens WHERE user_id = ?", [user_id]),
            "refresh_tokens": ("refresh_tokens WHERE user_id = ?", [user_id]),
            "login_tokens": (
                "login_tokens WHERE user_id = ? AND used_ts IS NULL AND expiry_ts > ?",
                [user_id, now],
            ),
            "openid_tokens": (
                "open_id_tokens WHERE user_id = ? AND ts_valid_until_ms >= ?",
                [user_id, now],
            ),
            "pushers": ("pushers WHERE user_name = ?", [user_id]),
            "threepids": ("user_threepids WHERE user_id = ?", [user_id]),
            "external_ids": ("user_external_ids WHERE user_id = ?", [user_id]),
            "key_backups": ("e2e_room_keys_versions WHERE user_id = ? AND deleted = 0", [user_id]),
        }

        def txn_get(txn: LoggingTransaction) -> dict[str, int]:
            result: dict[str, int] = {}
            for name, (source, args) in counts.items():
                txn.execute(f"SELECT COUNT(*) FROM {source}", args)  # noqa: S608
                row = txn.fetchone()
                result[name] = int(row[0]) if row else 0
            return result

        return await self._pool.runInteraction("qiao_get_residue_counts", txn_get)

    async def delete_short_lived_tokens(self, user_id: str) -> None:
        """Delete OpenID and login tokens, which outlive the device they were asked from."""

        def txn_delete(txn: LoggingTransaction) -> None:
            txn.execute("DELETE FROM open_id_tokens WHERE user_id = ?", (user_id,))
            txn.execute("DELETE FROM login_tokens WHERE user_id = ?", (user_id,))

        await self._pool.runInteraction("qiao_delete_short_lived_tokens", txn_delete)

    async def get_stale_profiles(self, user_ids: Collection[str]) -> list[tuple[str, str]]:
        """(room id, user id) where a joined user's member event differs from the profile."""
        if not user_ids:
            return []

        def txn_get(txn: LoggingTransaction) -> list[tuple[str, str]]:
            clause, args = make_in_list_sql_clause(txn.database_engine, "l.user_id", user_ids)
            txn.execute(
                f"""
                SELECT l.room_id, l.user_id FROM local_current_membership l
                JOIN room_memberships m ON m.event_id = l.event_id
                JOIN profiles p ON p.full_user_id = l.user_id
                WHERE l.membership = 'join' AND {clause}
                    AND (COALESCE(m.display_name, '') <> COALESCE(p.displayname, '')
                        OR COALESCE(m.avatar_url, '') <> COALESCE(p.avatar_url, ''))
                ORDER BY l.room_id, l.user_id
                """,  # noqa: S608
                args,
            )
            return [(r[0], r[1]) for r in txn.fetchall()]

        return await self._pool.runInteraction("qiao_get_stale_profiles", txn_get)

    # -- invitations among colleagues

    async def note_invitations(self, pairs: Collection[tuple[str, str]]) -> None:
        """Note that (room id, user id) are, or are about to be, invited."""
        await self.prepare()
        now = self._clock.time_msec()
        await self._pool.simple_upsert_many(
            table="qiao_invitations",
            key_names=("room_id", "user_id"),
            key_values=list(pairs),
            value_names=("noted_ts", "next_ts", "tries"),
            value_values=[(now, now, 0) for _ in pairs],
            desc="qiao_note_invitations",
        )

    async def get_due_invitations(self, limit: int) -> tuple[list[NotedInvitation], int | None]:
        """Those whose time has come, and when the next one's comes (None: there is none)."""
        await self.prepare()
        now = self._clock.time_msec()

        def txn_get(txn: LoggingTransaction) -> tuple[list[NotedInvitation], int | None]:
            txn.execute(
                """
                SELECT room_id, user_id, noted_ts, tries FROM qiao_invitations
                WHERE next_ts <= ? ORDER BY next_ts LIMIT ?
                """,
                (now, limit),
            )
            due = [NotedInvitation(*row) for row in txn.fetchall()]
            txn.execute(
                "SELECT MIN(next_ts) FROM qiao_invitations WHERE next_ts > ? AND next_ts < ?",
                (now, _WAITS_FOR_KEYS),
            )
            row = txn.fetchone()
            return due, row[0] if row else None

        return await self._pool.runInteraction("qiao_get_due_invitations", txn_get)

    async def put_off_invitation(self, noted: NotedInvitation, next_ts: int) -> None:
        """Try again later. Does nothing if it was noted anew meanwhile."""
        await self._pool.simple_update(
            table="qiao_invitations",
            keyvalues={
                "room_id": noted.room_id,
                "user_id": noted.user_id,
                "noted_ts": noted.noted_ts,
            },
            updatevalues={"next_ts": next_ts, "tries": noted.tries + 1},
            desc="qiao_put_off_invitation",
        )

    async def let_invitation_wait_for_keys(self, noted: NotedInvitation) -> None:
        """Look again when the person has a device with keys. As above where noted anew."""
        await self._pool.simple_update(
            table="qiao_invitations",
            keyvalues={
                "room_id": noted.room_id,
                "user_id": noted.user_id,
                "noted_ts": noted.noted_ts,
            },
            updatevalues={"next_ts": _WAITS_FOR_KEYS},
            desc="qiao_let_invitation_wait_for_keys",
        )

    async def wake_invitations_with_keys(self) -> None:
        """Invitations that wait for keys are due where the person has them now."""
        await self.prepare()
        now = self._clock.time_msec()
        await self._pool.runInteraction(
            "qiao_wake_invitations_with_keys",
            lambda txn: txn.execute(
                """
                UPDATE qiao_invitations SET next_ts = ?, tries = 0
                WHERE next_ts = ? AND EXISTS (
                    SELECT 1 FROM e2e_device_keys_json k WHERE k.user_id = qiao_invitations.user_id
                )
                """,
                (now, _WAITS_FOR_KEYS),
            ),
        )

    async def forget_invitation(self, noted: NotedInvitation) -> None:
        """It is settled. Does nothing if it was noted anew meanwhile."""
        await self._pool.simple_delete(
            table="qiao_invitations",
            keyvalues={
                "room_id": noted.room_id,
                "user_id": noted.user_id,
                "noted_ts": noted.noted_ts,
            },
            desc="qiao_forget_invitation",
        )

    async def get_people_in(self, room_id: str) -> dict[str, str]:
        """Membership by user id of those (of any server) who are joined or invited."""

        def txn_get(txn: LoggingTransaction) -> dict[str, str]:
            txn.execute(
                """
                SELECT state_key, membership FROM current_state_events
                WHERE room_id = ? AND type = 'm.room.member'
                    AND membership IN ('join', 'invite')
                """,
                (room_id,),
            )
            return dict(txn.fetchall())

        return await self._pool.runInteraction("qiao_get_people_in", txn_get)

    async def note_password(self, user_id: str) -> None:
        """Write down that the host is to be told of a person's new password."""
        await self.prepare()
        await self._pool.simple_upsert(
            table="qiao_passwords",
            keyvalues={"user_id": user_id},
            values={"noted": secrets.token_hex(8)},
            desc="qiao_note_password",
        )

    async def get_noted_passwords(self, limit: int) -> list[tuple[str, str]]:
        """Whom the host is to be told of, with the mark of the change."""

        def txn_get(txn: LoggingTransaction) -> list[tuple[str, str]]:
            txn.execute("SELECT user_id, noted FROM qiao_passwords LIMIT ?", (limit,))
            return [(user_id, noted) for user_id, noted in txn.fetchall()]

        await self.prepare()
        return await self._pool.runInteraction("qiao_get_noted_passwords", txn_get)

    async def forget_passwords(self, told: Collection[tuple[str, str]]) -> None:
        """The host knows of these; who has changed it again since is still to be told of."""

        def txn_forget(txn: LoggingTransaction) -> None:
            txn.executemany("DELETE FROM qiao_passwords WHERE user_id = ? AND noted = ?", told)

        await self._pool.runInteraction("qiao_forget_passwords", txn_forget)
