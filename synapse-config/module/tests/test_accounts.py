"""Making, querying and activating accounts."""

from __future__ import annotations

from typing import Any

import pytest
from homeserver import Homeserver, unique


def create(hs: Homeserver, *accounts: Any) -> list[dict[str, Any]]:
    answer = hs.ok("/accounts", {"accounts": list(accounts)})
    results: list[dict[str, Any]] = answer["results"]
    assert len(results) == len(accounts)
    return results


def query(hs: Homeserver, *user_ids: Any) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = hs.ok("/accounts/query", {"user_ids": list(user_ids)})[
        "results"
    ]
    return results


def test_makes_accounts_without_password_or_device(hs: Homeserver) -> None:
    name = unique("li.wei")
    (made,) = create(
        hs,
        {
            "localpart": name,
            "displayname": "李伟",
            "emails": [f"{name}@Example.com"],
            "locale": "zh_Hans",
        },
    )
    assert made == {"user_id": hs.mxid(name), "created": True}

    (facts,) = query(hs, hs.mxid(name))
    assert facts["exists"] is True
    assert facts["made_here"] is True
    assert facts["displayname"] == "李伟"
    assert facts["emails"] == [f"{name}@example.com"]
    assert (facts["has_password"], facts["devices"], facts["admin"]) == (False, 0, False)
    assert (facts["deactivated"], facts["locked"], facts["suspended"]) == (False, False, False)
    assert facts["last_seen_ts"] is None
    assert facts["creation_ts"] > 1_600_000_000_000


def test_again_changes_nothing(hs: Homeserver) -> None:
    name = unique("again")
    account = {"localpart": name, "displayname": "One"}
    create(hs, account)
    (second,) = create(hs, {**account, "displayname": "Two"})
    assert (second["created"], second["made_here"], second["displayname"]) == (False, True, "One")


def test_existing_accounts_are_told_not_taken(hs: Homeserver) -> None:
    name = unique("outside")
    hs.register_outside(name, "a password", admin=True)
    (answer,) = create(hs, {"localpart": name, "displayname": "Taken over"})
    assert answer["created"] is False
    assert answer["made_here"] is False
    assert answer["admin"] is True
    assert answer["displayname"] == name
    assert hs.login(name, "a password")[0] == 200


def test_one_bad_item_does_not_fail_the_others(hs: Homeserver) -> None:
    good = unique("good")
    email = f"{good}@example.com"
    results = create(
        hs,
        {"localpart": good, "emails": [email]},
        {"localpart": "Upper"},
        {"localpart": "_qiao_bot"},
        {"localpart": ""},
        {"localpart": "ok:colon"},
        {"localpart": "12345"},
        {"localpart": "x" * 256},
        {"localpart": 3},
        {"localpart": unique("ctrl"), "displayname": "a\u0007b"},
        {"localpart": unique("bidi"), "displayname": "a\u202eb"},
        {"localpart": unique("nul"), "displayname": "a\u0000b"},
        {"localpart": unique("sur"), "displayname": "a\ud800b"},
        {"localpart": unique("long"), "displayname": "x" * 257},
        {"localpart": unique("mail"), "emails": ["no address"]},
        {"localpart": unique("key"), "password": "no"},
        "text",
        {"localpart": unique("same-mail"), "emails": [email.upper()]},
        {"localpart": good},
    )
    assert results[0]["created"] is True
    assert [r["errcode"] for r in results[1:8]] == [
        "M_INVALID_USERNAME",
        "M_INVALID_USERNAME",
        "M_INVALID_USERNAME",
        "M_INVALID_USERNAME",
        "M_INVALID_USERNAME",
        "M_INVALID_USERNAME",
        "M_INVALID_USERNAME",
    ]
    assert [r["errcode"] for r in results[8:14]] == ["M_INVALID_PARAM"] * 6
    assert [r["errcode"] for r in results[14:16]] == ["M_BAD_JSON"] * 2
    assert results[16]["errcode"] == "M_THREEPID_IN_USE"
    assert results[17]["created"] is False


def test_email_of_another_account_is_not_moved(hs: Homeserver) -> None:
    first, second = unique("mail"), unique("mail")
    address = f"{first}@example.com"
    create(hs, {"localpart": first, "emails": [address]})
    (answer,) = create(hs, {"localpart": second, "emails": [address]})
    assert answer["errcode"] == "M_THREEPID_IN_USE"
    facts = query(hs, hs.mxid(first), hs.mxid(second))
    assert facts[0]["emails"] == [address]
    assert facts[1] == {"user_id": hs.mxid(second), "exists": False}


@pytest.mark.parametrize("accounts", [[], [{"localpart": "a"}] * 201, {}, None])
def test_batch_limits(hs: Homeserver, accounts: Any) -> None:
    status, answer = hs.api("POST", "/accounts", {"accounts": accounts})
    assert status == 400, answer


def test_a_full_batch(hs: Homeserver) -> None:
    prefix = unique("batch-")
    results = create(hs, *({"localpart": f"{prefix}.{i}"} for i in range(200)))
    assert all(r["created"] for r in results)
    assert [r["user_id"] for r in results] == [hs.mxid(f"{prefix}.{i}") for i in range(200)]


def test_query_of_strange_ids(hs: Homeserver) -> None:
    results = query(
        hs, "@nobody:qiao.test", "@someone:elsewhere.test", "nonsense", 5, "@a b:qiao.test"
    )
    assert results[0] == {"user_id": "@nobody:qiao.test", "exists": False}
    assert results[1]["errcode"] == "M_NOT_FOUND"
    assert [r["errcode"] for r in results[2:]] == ["M_INVALID_PARAM"] * 3


def test_query_tells_bots(hs: Homeserver) -> None:
    hs.ensure_service_user(hs.as_user)
    (facts,) = query(hs, hs.as_user)
    assert (facts["bot"], facts["made_here"]) == (True, False)


def test_password_activates(hs: Homeserver) -> None:
    (user_id,) = hs.make_people(unique("activate"))
    assert hs.login(user_id, "correct horse")[0] == 403
    body = {"user_id": user_id, "password": "correct horse", "logout_devices": False}
    assert hs.ok("/accounts/password", body) == {"user_id": user_id}
    hs.ok("/accounts/password", body)
    assert hs.login(user_id, "correct horse")[0] == 200
    (facts,) = query(hs, user_id)
    assert (facts["has_password"], facts["devices"]) == (True, 1)


@pytest.mark.parametrize("logout", [True, False])
def test_password_and_devices(hs: Homeserver, logout: bool) -> None:
    user_id, token = hs.person()
    hs.ok(
        "/accounts/password",
        {"user_id": user_id, "password": "another horse", "logout_devices": logout},
    )
    status, _ = hs.client("GET", "/account/whoami", token=token)
    assert status == (401 if logout else 200)


def test_password_refusals(hs: Homeserver) -> None:
    (person,) = hs.make_people(unique("pw"))
    admin = unique("foreign-admin")
    hs.register_outside(admin, "a password", admin=True)
    hs.ensure_service_user(hs.as_user)

    def attempt(user_id: Any, password: Any = "long enough", **more: Any) -> tuple[int, str]:
        status, answer = hs.api(
            "POST",
            "/accounts/password",
            {"user_id": user_id, "password": password, "logout_devices": False, **more},
        )
        return status, answer["errcode"]

    assert attempt(person, "short") == (400, "M_PASSWORD_TOO_SHORT")
    assert attempt(person, "") == (400, "M_INVALID_PARAM")
    assert attempt(person, 5) == (400, "M_BAD_JSON")
    assert attempt(person, "surrogate \ud800") == (400, "M_INVALID_PARAM")
    assert attempt(person, logout_devices="no") == (400, "M_BAD_JSON")
    assert attempt("@nobody:qiao.test") == (404, "M_NOT_FOUND")
    assert attempt("@someone:elsewhere.test") == (404, "M_NOT_FOUND")
    assert attempt(hs.mxid(admin)) == (403, "M_FORBIDDEN")
    assert attempt(hs.as_user) == (403, "M_EXCLUSIVE")
    assert hs.login(admin, "a password")[0] == 200


def test_passwords_and_tokens_are_not_logged(hs: Homeserver) -> None:
    hs.person(password="unmistakable secret")
    hs.api("POST", "/accounts/password", b'{"password": "unmistakable secret" oops')
    assert "unmistakable secret" not in hs.log()
    assert hs.token not in hs.log()
