"""Bulk reads over Synapse's tables, and the module's one table.

All SQL of the module is here. It reads account facts, memberships and counts; never
events' content, tokens or keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    last_seen_ts: int | None = None
    emails: list[str] = field(default_factory=list)
    made_here: bool = False


class QiaoStore:
    """See the module's docstring."""

    def __init__(self, hs: HomeServer) -> None:
        self._pool = hs.get_datastores().main.db_pool
        self._clock = hs.get_clock()
        self._ready = False
        self._prepare_queue = Linearizer(name="qiao_prepare", clock=hs.get_clock())

    async def prepare(self) -> None:
        """Make the module's table, once per process."""
        if self._ready:
            return
        async with self._prepare_queue.queue("table"):
            if not self._ready:
                await self._pool.runInteraction(
                    "qiao_prepare", lambda txn: txn.execute(_CREATE_TABLE)
                )
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
            return found

        return await self._pool.runInteraction("qiao_get_accounts", txn_get)

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

    async def claim(self, user_ids: Iterable[str]) -> None:
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
