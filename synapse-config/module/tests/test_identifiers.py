"""Signing in by e-mail, phone and employee number: whose they are, at what cost, how often."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homeserver import Homeserver, unique
from qiao_synapse.identifiers import fold, phone

PASSWORD = "correct horse"
_numbers = itertools.count(13800138000)


def new_phone() -> str:
    return str(next(_numbers))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """As it is used in China, with the limits of tries that it is used with."""
    unlimited = {"per_second": 100000, "burst_count": 100000}
    server = Homeserver(
        tmp_path_factory.mktemp("identifiers"),
        {"default_country": "CN"},
        {
            "rc_login": {
                "address": unlimited,
                "account": unlimited,
                "failed_attempts": {"per_second": 0.001, "burst_count": 3},
            }
        },
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


def person(hs: Homeserver, **more: Any) -> str:
    """An activated account with these emails, phones and numbers."""
    (user_id,) = hs.make_people(unique("who"))
    hs.ok(
        "/accounts/password", {"user_id": user_id, "password": PASSWORD, "logout_devices": False}
    )
    if "emails" in more:
        hs.ok("/accounts/emails", {"items": [{"user_id": user_id, "emails": more.pop("emails")}]})
    if more:
        give(hs, user_id, **more)
    return user_id


def give(hs: Homeserver, user_id: str, **names: Any) -> dict[str, Any]:
    answer: dict[str, Any] = hs.ok(
        "/accounts/identifiers", {"items": [{"user_id": user_id, **names}]}
    )
    return answer


def sign_in(hs: Homeserver, identifier: Any, password: str = PASSWORD) -> tuple[int, Any]:
    if isinstance(identifier, str):
        identifier = {"type": "m.id.user", "user": identifier}
    return hs.request(
        "POST",
        "/_matrix/client/v3/login",
        {"type": "m.login.password", "identifier": identifier, "password": password},
    )


def who(hs: Homeserver, identifier: Any) -> Any:
    status, answer = sign_in(hs, identifier)
    return answer["user_id"] if status == 200 else (status, answer["errcode"])


def phone_id(number: str) -> dict[str, str]:
    """As clients send it: Synapse asks for the older field beside the one of the specification."""
    return {"type": "m.id.phone", "country": "CN", "phone": number, "number": number}


NOBODY = (403, "M_FORBIDDEN")


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("13800138000", "CN", "8613800138000"),
        ("+86 138 0013 8000", None, "8613800138000"),
        ("+86-138-0013-8000", "US", "8613800138000"),
        ("0086 138 0013 8000", "CN", "8613800138000"),
        ("138 0013 8000", "CN", "8613800138000"),
        ("１３８００１３８０００", "CN", "8613800138000"),
        ("（010）6552 9988", "CN", "861065529988"),
        ("010-65529988", "CN", "861065529988"),
        ("(415) 555-2671", "US", "14155552671"),
        ("020 7946 0958", "GB", "442079460958"),
        ("13800138000", None, None),
        ("12345", "CN", None),
        ("1-800-FLOWERS", "US", None),
        ("138 0013 8000 ext. 7", "CN", None),
        ("li.wei", "CN", None),
        ("", "CN", None),
    ],
)
def test_phones_however_they_are_written(
    written: str, country: str | None, expected: str | None
) -> None:
    assert phone(written, country) == expected


def test_employee_numbers_in_every_width_and_case() -> None:
    assert fold(" ａ00１2 ") == fold("A0012") == "a0012"


def test_every_name_of_a_person_lets_them_in(home: Homeserver) -> None:
    number, email, code = new_phone(), f"{unique('mail')}@example.com", unique("A00")
    user_id = person(home, emails=[email], phones=[f"+86 {number}"], numbers=[code])
    localpart = user_id[1:].partition(":")[0]
    for name in [
        user_id,
        localpart,
        localpart.upper(),
        f"@{localpart}",
        email,
        email.upper(),
        f" {email} ",
        number,
        f"+86 {number[:3]} {number[3:7]} {number[7:]}",
        f"0086{number}",
        code,
        code.lower(),
        {"type": "m.id.thirdparty", "medium": "email", "address": email},
        {"type": "m.id.thirdparty", "medium": "msisdn", "address": f"86{number}"},
        {"type": "m.id.thirdparty", "medium": "msisdn", "address": number},
        phone_id(number),
    ]:
        assert who(home, name) == user_id, name


def test_who_has_a_name_longest_keeps_it(home: Homeserver) -> None:
    number, code = new_phone(), unique("E")
    one = person(home, phones=[number], numbers=[code])
    assert who(home, number) == one
    # Somebody who may write at `two` writes what is another's.
    two = person(home)
    answer = give(home, two, phones=[f"+86{number}"], numbers=[code.lower()])
    assert answer["results"] == [
        {"user_id": two, "changed": True, "unusable": 0, "shared": ["number", "phone"]}
    ]
    assert answer["others"] == [{"user_id": one, "shared": []}]
    msisdn = {"type": "m.id.thirdparty", "medium": "msisdn", "address": f"86{number}"}
    for name in (code, number, phone_id(number), msisdn):
        assert who(home, name) == one
    # Written again, it is as old as it was.
    give(home, one, phones=[f"0086{number}"], numbers=[code])
    give(home, two, phones=[number], numbers=[code])
    assert who(home, number) == one
    # The one is let go, and it is the other's.
    answer = give(home, one, phones=[], numbers=[])
    assert answer["others"] == [{"user_id": two, "shared": []}]
    assert who(home, f"+86 {number}") == two
    assert who(home, msisdn) == two
    # Whoever gives it up and comes back is the later one.
    answer = give(home, one, phones=[number], numbers=[])
    assert answer["results"][0]["shared"] == ["phone"]
    assert who(home, number) == two


def test_what_several_have_from_one_moment_is_nobodys(home: Homeserver) -> None:
    number = new_phone()
    people = [person(home), person(home)]
    answer = home.ok(
        "/accounts/identifiers", {"items": [{"user_id": u, "phones": [number]} for u in people]}
    )
    assert [r["shared"] for r in answer["results"]] == [["phone"], ["phone"]]
    assert who(home, number) == NOBODY
    assert who(home, phone_id(number)) == NOBODY


def test_no_employee_number_takes_a_phone_or_an_email(home: Homeserver) -> None:
    number, email = new_phone(), f"{unique('mine')}@example.com"
    victim = person(home, emails=[email], phones=[number])
    attacker = person(home)
    answer = give(home, attacker, numbers=[number, f"+86 {number}", email])
    assert answer["results"][0]["shared"] == ["number"]
    assert {o["user_id"]: o["shared"] for o in answer["others"]}.get(victim) == []
    for name in (number, f"+86 {number}", email, phone_id(number)):
        assert who(home, name) == victim


def bind_outside(hs: Homeserver, user_id: str, number: str) -> None:
    """As an administrator of the server, or a migration, sets a phone: without the module."""
    admin = hs.register_outside(unique("admin"), "correct horse", admin=True)
    status, answer = hs.request(
        "PUT",
        f"/_synapse/admin/v2/users/{user_id}",
        {"threepids": [{"medium": "msisdn", "address": number}]},
        admin,
    )
    assert status == 200, answer


def test_nobody_takes_a_phone_that_was_bound_without_the_module(home: Homeserver) -> None:
    number = new_phone()
    victim = person(home)
    bind_outside(home, victim, f"86{number}")
    msisdn = {"type": "m.id.thirdparty", "medium": "msisdn", "address": f"86{number}"}
    names = (number, f"+86 {number}", phone_id(number), msisdn)
    attacker = person(home)
    answer = give(home, attacker, phones=[number], numbers=[number])
    assert answer["results"][0]["shared"] == ["number", "phone"]
    # Whoever writes it again, and whatever else changes at either.
    give(home, attacker, phones=[number, new_phone()])
    give(home, victim, phones=[new_phone()], numbers=[unique("V")])
    assert [who(home, name) for name in names] == [victim] * len(names)
    # When the directory knows the phone as the victim's, too, it is as old as it was.
    answer = give(home, victim, phones=[number])
    assert answer["results"][0]["shared"] == []
    assert [who(home, name) for name in names] == [victim] * len(names)
    # And when the directory takes it from them, it goes.
    give(home, victim, phones=[])
    assert [who(home, name) for name in names] == [attacker] * len(names)


def test_numbers_of_before_are_known_as_the_phones_they_could_be_read_as(tmp_path: Path) -> None:
    hs = Homeserver(tmp_path, {"default_country": "CN"})
    if hs.sqlite is None:
        pytest.skip("looks into the database file")
    hs.start()
    try:
        number = new_phone()
        owner = person(hs, phones=[number])
        other = person(hs, numbers=[number])
        hs.stop_process()
        with sqlite3.connect(hs.sqlite) as db:
            db.execute("UPDATE qiao_identifiers SET dialled = NULL WHERE kind = 'number'")
        hs.start()
        # Told again without a change, as after an upgrade.
        assert give(hs, other, numbers=[number])["results"][0]["shared"] == ["number"]
        assert who(hs, number) == owner
    finally:
        hs.stop()


def test_names_of_before_the_module_knew_since_when(tmp_path: Path) -> None:
    """Tables of an older release: what was shared stays so until one gives it up."""
    hs = Homeserver(tmp_path, {"default_country": "CN"})
    if hs.sqlite is None:
        pytest.skip("looks into the database file")
    hs.start()
    try:
        number = new_phone()
        one, two = person(hs), person(hs, phones=[number])
        hs.stop_process()
        with sqlite3.connect(hs.sqlite) as db:
            db.execute("DROP TABLE qiao_identifiers")
            db.execute(
                "CREATE TABLE qiao_identifiers (user_id TEXT NOT NULL, kind TEXT NOT NULL,"
                " value TEXT NOT NULL, PRIMARY KEY (user_id, kind, value))"
            )
            db.executemany(
                "INSERT INTO qiao_identifiers VALUES (?, 'phone', ?)",
                [(one, f"86{number}"), (two, f"86{number}")],
            )
            db.execute("DELETE FROM user_threepids")
        hs.start()
        assert who(hs, number) == NOBODY
        three = person(hs)
        assert give(hs, three, phones=[number])["results"][0]["shared"] == ["phone"]
        give(hs, two, phones=[])
        assert who(hs, number) == one
    finally:
        hs.stop()


def test_nobody_takes_a_user_name(home: Homeserver) -> None:
    victim = person(home)
    localpart = victim[1:].partition(":")[0]
    attacker = person(home, numbers=[localpart])
    assert who(home, localpart) == victim
    assert attacker != victim


def test_changes_follow_and_leavers_free_their_names(home: Homeserver) -> None:
    old, new, code = new_phone(), new_phone(), unique("L")
    leaver = person(home, phones=[old], numbers=[code])
    give(home, leaver, phones=[new], numbers=[code])
    assert (who(home, old), who(home, new)) == (NOBODY, leaver)
    home.ok("/accounts/deactivate", {"user_id": leaver})
    successor = person(home)
    assert give(home, successor, phones=[new], numbers=[code])["results"][0]["shared"] == []
    assert who(home, code) == successor
    status, answer = home.api(
        "POST", "/accounts/identifiers", {"items": [{"user_id": leaver, "phones": [old]}]}
    )
    assert (status, answer["results"][0]["errcode"]) == (200, "M_USER_DEACTIVATED")


def test_what_cannot_be_used_is_told(home: Homeserver) -> None:
    user_id = person(home)
    answer = give(home, user_id, phones=["see the back office"], numbers=[])
    assert answer["results"][0] == {
        "user_id": user_id,
        "changed": False,
        "unusable": 1,
        "shared": [],
    }
    results = home.ok(
        "/accounts/identifiers",
        {
            "items": [
                {"user_id": "@nobody:qiao.test", "phones": []},
                {"user_id": user_id, "phones": "no"},
                {"user_id": user_id, "phones": ["1" * 400]},
                {"user_id": user_id, "numbers": [f"{n}" for n in range(6)]},
                {"user_id": user_id, "numbers": ["a\u0000"]},
                7,
            ]
        },
    )["results"]
    assert [r["errcode"] for r in results] == [
        "M_NOT_FOUND",
        "M_INVALID_PARAM",
        "M_INVALID_PARAM",
        "M_INVALID_PARAM",
        "M_INVALID_PARAM",
        "M_BAD_JSON",
    ]


def hashes(hs: Homeserver, identifier: Any) -> tuple[int, Any]:
    """How many passwords a wrong try hashes, and what is answered."""
    before = hs.request("GET", "/_counted")[1]["counted"]
    status, answer = sign_in(hs, identifier, "a wrong password")
    return hs.request("GET", "/_counted")[1]["counted"] - before, (status, answer)


def test_unknown_names_cost_what_known_ones_cost(hs: Homeserver) -> None:
    number, email, code = new_phone(), f"{unique('cost')}@example.com", unique("C")
    known = person(hs, emails=[email], phones=[f"+86 {number}"], numbers=[code])
    (unactivated,) = hs.make_people(unique("later"))
    twice = new_phone()
    people = [person(hs), person(hs)]
    hs.ok(
        "/accounts/identifiers",
        {"items": [{"user_id": u, "phones": [f"+86{twice}"]} for u in people]},
    )
    answers = [
        hashes(hs, name)
        for name in [
            # known
            known,
            known[1:].partition(":")[0],
            email,
            f"+86{number}",
            code,
            {"type": "m.id.thirdparty", "medium": "email", "address": email},
            {"type": "m.id.thirdparty", "medium": "msisdn", "address": f"86{number}"},
            # unknown, ambiguous, without a password, and what is none
            "@nobody:qiao.test",
            "nobody",
            "nobody@example.com",
            f"+86{new_phone()}",
            "X-99999",
            f"+86{twice}",
            unactivated,
            {"type": "m.id.thirdparty", "medium": "email", "address": "nobody@example.com"},
            {"type": "m.id.thirdparty", "medium": "msisdn", "address": f"86{new_phone()}"},
            {"type": "m.id.thirdparty", "medium": "msisdn", "address": f"86{twice}"},
            phone_id(new_phone()),
            "\u202e",
            "x" * 2000,
        ]
    ]
    assert [count for count, _ in answers] == [1] * len(answers), answers
    assert len({repr(answer) for _, answer in answers}) == 1
    assert answers[0][1][0] == 403


def test_tries_by_other_names_count_together_and_tell_nothing_at_the_user_name(home: Homeserver) -> None:
    number, code = new_phone(), unique("T")
    user_id = person(home, phones=[number], numbers=[code])
    assert who(home, code) == user_id
    for written in [number, f"+86{number}", code]:
        assert sign_in(home, written, "wrong")[0] == 403
    # The three tries that are had are used up: by another way of writing it the right one is refused, too.
    assert who(home, f"0086 {number}") == NOBODY
    # "Too many tries" here would say whose phone that is.
    assert who(home, user_id) == user_id


def test_the_host_asks_whose_name_it_is(home: Homeserver) -> None:
    number, code = new_phone(), unique("R")
    user_id = person(home, phones=[number], numbers=[code])
    for name in [user_id, user_id[1:].partition(":")[0], number, code.lower()]:
        assert home.ok("/accounts/resolve", {"name": name}) == {"user_id": user_id}
    assert home.ok("/accounts/resolve", {"name": "nobody at all"}) == {"user_id": None}
