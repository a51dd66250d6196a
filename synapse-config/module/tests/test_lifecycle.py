"""Profile, addresses, suspension, end and return of an account."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from homeserver import Homeserver, unique

SINGLE = ["suspend", "logout", "deactivate", "reactivate", "residue"]


def body_of(endpoint: str, user_id: Any) -> dict[str, Any]:
    return {"user_id": user_id, **({"suspended": True} if endpoint == "suspend" else {})}


def facts(hs: Homeserver, user_id: str) -> dict[str, Any]:
    result: dict[str, Any] = hs.ok("/accounts/query", {"user_ids": [user_id]})["results"][0]
    return result


def residue(hs: Homeserver, user_id: str) -> dict[str, Any]:
    result: dict[str, Any] = hs.ok("/accounts/residue", {"user_id": user_id})
    return result


def join(hs: Homeserver, room_id: str, *user_ids: str) -> None:
    items = [{"user_id": u, "membership": "join"} for u in user_ids]
    answer = hs.ok("/memberships", {"room_id": room_id, "items": items, "as": hs.as_user})
    assert all(r["changed"] for r in answer["results"]), answer


def member(hs: Homeserver, room_id: str, user_id: str) -> dict[str, Any]:
    status, content = hs.state(room_id, "m.room.member", user_id)
    assert status == 200
    result: dict[str, Any] = content
    return result


# -- whom it does not touch


@pytest.mark.parametrize("endpoint", SINGLE)
def test_whom_it_does_not_touch(hs: Homeserver, endpoint: str) -> None:
    admin = unique("untouchable")
    hs.register_outside(admin, "a password", admin=True)
    hs.ensure_service_user(hs.as_user)

    def attempt(user_id: Any) -> tuple[int, str]:
        status, answer = hs.api("POST", f"/accounts/{endpoint}", body_of(endpoint, user_id))
        return status, answer.get("errcode", "")

    assert attempt(hs.as_user) == (403, "M_EXCLUSIVE")
    assert attempt("@nobody:qiao.test") == (404, "M_NOT_FOUND")
    assert attempt("@someone:elsewhere.test") == (404, "M_NOT_FOUND")
    assert attempt("nonsense") == (400, "M_INVALID_PARAM")
    assert attempt(None) == (400, "M_INVALID_PARAM")
    if endpoint != "residue":
        assert attempt(hs.mxid(admin)) == (403, "M_FORBIDDEN")
        assert hs.login(admin, "a password")[0] == 200
        assert facts(hs, hs.mxid(admin))["locked"] is False


@pytest.mark.parametrize("endpoint", ["profile", "emails"])
def test_whom_the_batches_do_not_touch(hs: Homeserver, endpoint: str) -> None:
    admin = unique("untouchable")
    hs.register_outside(admin, "a password", admin=True)
    (person,) = hs.make_people(unique("touchable"))
    hs.ensure_service_user(hs.as_user)
    # A bot may be named once; from then on it is refused.
    hs.ok("/accounts/profile", {"items": [{"user_id": hs.as_user, "displayname": "The bot"}]})
    assert facts(hs, hs.as_user)["displayname"] == "The bot"
    value: dict[str, Any] = (
        {"displayname": "Renamed"}
        if endpoint == "profile"
        else {"emails": [f"{unique('e')}@example.com"]}
    )
    users = [hs.mxid(admin), hs.as_user, "@nobody:qiao.test", "nonsense", person]
    answer = hs.ok(f"/accounts/{endpoint}", {"items": [{"user_id": u, **value} for u in users]})
    assert [r.get("errcode") for r in answer["results"]] == [
        "M_FORBIDDEN",
        "M_EXCLUSIVE",
        "M_NOT_FOUND",
        "M_INVALID_PARAM",
        None,
    ]
    assert answer["results"][4]["changed"] is True
    assert facts(hs, hs.mxid(admin))["displayname"] == admin


# -- profile


def test_profile_goes_into_the_rooms(hs: Homeserver) -> None:
    one, two = hs.make_people(unique("p"), unique("p"))
    rooms = [hs.make_room() for _ in range(3)]
    for room in rooms:
        join(hs, room, one, two)
    items = [
        {"user_id": one, "displayname": "赵一", "avatar_url": "mxc://qiao.test/abc"},
        {"user_id": two, "displayname": "钱二"},
    ]
    answer = hs.ok("/accounts/profile", {"items": items})
    assert [(r["changed"], r["rooms"]) for r in answer["results"]] == [(True, 3), (True, 3)]
    for room in rooms:
        content = member(hs, room, one)
        assert (content["displayname"], content["avatar_url"]) == ("赵一", "mxc://qiao.test/abc")
        assert member(hs, room, two)["displayname"] == "钱二"

    again = hs.ok("/accounts/profile", {"items": items})
    assert [(r["changed"], r["rooms"]) for r in again["results"]] == [(False, 0), (False, 0)]

    cleared = hs.ok("/accounts/profile", {"items": [{"user_id": one, "avatar_url": ""}]})
    assert cleared["results"][0]["changed"] is True
    assert "avatar_url" not in member(hs, rooms[0], one)
    assert facts(hs, one)["avatar_url"] is None


def test_profile_repairs_managed_rooms_only(hs: Homeserver) -> None:
    user_id, token = hs.person()
    managed = hs.make_room()
    join(hs, managed, user_id)
    _, own = hs.client("POST", "/createRoom", {}, token=token)
    for room in (managed, own["room_id"]):
        status, _ = hs.client(
            "PUT",
            f"/rooms/{quote(room, safe='')}/state/m.room.member/{quote(user_id, safe='')}",
            {"membership": "join", "displayname": "Nick"},
            token=token,
        )
        assert status == 200
    name = facts(hs, user_id)["displayname"]
    answer = hs.ok("/accounts/profile", {"items": [{"user_id": user_id, "displayname": name}]})
    assert (answer["results"][0]["changed"], answer["results"][0]["rooms"]) == (False, 1)
    assert member(hs, managed, user_id)["displayname"] == name
    _, content = hs.client(
        "GET",
        f"/rooms/{quote(own['room_id'], safe='')}/state/m.room.member/{quote(user_id, safe='')}",
        token=token,
    )
    assert content["displayname"] == "Nick"


def test_profile_bad_items(hs: Homeserver) -> None:
    (user_id,) = hs.make_people(unique("bad-profile"))
    bad: list[dict[str, Any]] = [
        {},
        {"displayname": None},
        {"displayname": "x" * 257},
        {"displayname": "line\nbreak"},
        {"avatar_url": "https://example.com/a.png"},
        {"avatar_url": 1},
    ]
    answer = hs.ok("/accounts/profile", {"items": [{"user_id": user_id, **b} for b in bad]})
    assert {r["errcode"] for r in answer["results"]} == {"M_INVALID_PARAM", "M_BAD_JSON"}


# -- e-mail addresses


def test_emails(hs: Homeserver) -> None:
    one, two = hs.make_people(unique("e"), unique("e"))
    first, second = f"{unique('a')}@example.com", f"{unique('b')}@example.com"

    def set_emails(user_id: str, *emails: str) -> dict[str, Any]:
        answer = hs.ok(
            "/accounts/emails", {"items": [{"user_id": user_id, "emails": list(emails)}]}
        )
        result: dict[str, Any] = answer["results"][0]
        return result

    assert set_emails(one, first, second)["changed"] is True
    assert set_emails(one, second, first.upper())["changed"] is False
    assert set_emails(two, first)["errcode"] == "M_THREEPID_IN_USE"
    assert facts(hs, two)["emails"] == []
    assert set_emails(one, second)["changed"] is True
    assert set_emails(two, first)["changed"] is True
    assert facts(hs, one)["emails"] == [second]
    assert facts(hs, two)["emails"] == [first]
    assert set_emails(one, "nonsense")["errcode"] == "M_INVALID_PARAM"


# -- suspension


def test_suspended_can_neither_read_write_nor_sign_in(hs: Homeserver) -> None:
    user_id, token = hs.person(password="correct horse")
    room = hs.make_room()
    join(hs, room, user_id)
    room_path = f"/rooms/{quote(room, safe='')}"
    status, _ = hs.client(
        "POST",
        "/pushers/set",
        {
            "pushkey": "k",
            "kind": "http",
            "app_id": "app",
            "app_display_name": "a",
            "device_display_name": "d",
            "lang": "en",
            "data": {"url": "https://push.example.com/_matrix/push/v1/notify"},
        },
        token=token,
    )
    assert status == 200
    _, openid = hs.client(
        "POST", f"/user/{quote(user_id, safe='')}/openid/request_token", {}, token=token
    )
    assert openid["access_token"]
    before = residue(hs, user_id)
    assert (before["pushers"], before["openid_tokens"]) == (1, 1)

    answer = hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": True})
    assert answer == {"user_id": user_id, "suspended": True, "changed": True}
    again = hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": True})
    assert again["changed"] is False
    assert facts(hs, user_id)["locked"] is True

    for method, path, content in [
        ("GET", "/sync", None),
        ("GET", f"{room_path}/messages?dir=b", None),
        ("PUT", f"{room_path}/send/m.room.message/1", {"msgtype": "m.text", "body": "x"}),
        ("GET", "/account/whoami", None),
        ("POST", f"/user/{quote(user_id, safe='')}/openid/request_token", {}),
    ]:
        status, error = hs.client(method, path, content, token=token)
        assert (status, error["errcode"]) == (401, "M_USER_LOCKED"), path
    assert hs.login(user_id, "correct horse")[1]["errcode"] == "M_USER_LOCKED"
    left = residue(hs, user_id)
    assert (left["pushers"], left["openid_tokens"]) == (0, 0)
    assert left["joined"] == [room]
    assert left["devices"] == 1

    other = hs.make_room()
    refused = hs.ok(
        "/memberships",
        {
            "as": hs.as_user,
            "room_id": other,
            "items": [{"user_id": user_id, "membership": "join"}],
        },
    )
    assert refused["results"][0]["errcode"] == "M_USER_SUSPENDED"

    hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": False})
    assert hs.client("GET", "/sync", token=token)[0] == 200
    assert user_id in hs.joined(room)


def test_suspended_people_can_be_taken_out_of_rooms(hs: Homeserver) -> None:
    user_id, _ = hs.person()
    room = hs.make_room()
    join(hs, room, user_id)
    hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": True})
    answer = hs.ok(
        "/memberships",
        {"as": hs.as_user, "room_id": room, "items": [{"user_id": user_id, "membership": "leave"}]},
    )
    assert answer["results"][0]["changed"] is True


def test_suspend_needs_a_boolean(hs: Homeserver) -> None:
    (user_id,) = hs.make_people(unique("s"))
    for value in (None, "true", 1):
        status, answer = hs.api(
            "POST", "/accounts/suspend", {"user_id": user_id, "suspended": value}
        )
        assert (status, answer["errcode"]) == (400, "M_BAD_JSON")


def test_suspension_ends_what_is_scheduled(hs: Homeserver) -> None:
    user_id, token = hs.person()
    room = hs.make_room()
    join(hs, room, user_id)
    status, answer = hs.client(
        "PUT",
        f"/rooms/{quote(room, safe='')}/send/m.room.message/1?org.matrix.msc4140.delay=600000",
        {"msgtype": "m.text", "body": "later"},
        token=token,
    )
    assert (status, list(answer)) == (200, ["delay_id"])

    def scheduled() -> list[Any]:
        path = "/_matrix/client/unstable/org.matrix.msc4140/delayed_events"
        status, answer = hs.request("GET", path, None, token)
        assert status == 200, answer
        listed: list[Any] = answer.get("scheduled", answer.get("delayed_events"))
        return listed

    assert len(scheduled()) == 1
    hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": True})
    hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": False})
    assert scheduled() == []


def test_an_admin_made_here_can_be_managed(hs: Homeserver) -> None:
    boss = hs.register_outside(unique("boss"), "a password", admin=True)
    (user_id,) = hs.make_people(unique("first-admin"))
    path = f"/_synapse/admin/v1/users/{quote(user_id, safe='')}/admin"
    assert hs.request("PUT", path, {"admin": True}, boss)[0] == 200
    assert facts(hs, user_id)["admin"] is True
    hs.ok(
        "/accounts/password",
        {"user_id": user_id, "password": "correct horse", "logout_devices": True},
    )
    assert hs.login(user_id, "correct horse")[0] == 200
    hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": True})
    assert facts(hs, user_id)["locked"] is True


# -- logout


def test_logout(hs: Homeserver) -> None:
    user_id, token = hs.person(password="correct horse")
    _, second = hs.login(user_id, "correct horse")
    answer = hs.ok("/accounts/logout", {"user_id": user_id})
    assert answer == {"user_id": user_id, "devices": 2}
    for old in (token, second["access_token"]):
        assert hs.client("GET", "/account/whoami", token=old)[0] == 401
    left = residue(hs, user_id)
    assert (left["devices"], left["access_tokens"], left["refresh_tokens"]) == (0, 0, 0)
    assert hs.ok("/accounts/logout", {"user_id": user_id})["devices"] == 0
    assert hs.login(user_id, "correct horse")[0] == 200


# -- end and return


def test_deactivate_leaves_nothing(hs: Homeserver) -> None:
    user_id, token = hs.person(password="correct horse")
    hs.ok(
        "/accounts/emails",
        {"items": [{"user_id": user_id, "emails": [f"{unique('d')}@example.com"]}]},
    )
    rooms = [hs.make_room() for _ in range(5)]
    for room in rooms:
        join(hs, room, user_id)
    invited = hs.make_room(invite=[user_id])
    status, own = hs.client("POST", "/createRoom", {}, token=token)
    assert status == 200
    before = residue(hs, user_id)
    assert set(before["joined"]) == {*rooms, own["room_id"]}
    assert before["invited"] == [invited]
    assert before["alone"] == [own["room_id"]]

    answer = hs.ok("/accounts/deactivate", {"user_id": user_id, "erase": False})
    assert answer == {"user_id": user_id, "changed": True, "parting": False, "rooms": []}
    assert hs.ok("/accounts/deactivate", {"user_id": user_id})["changed"] is False

    left = residue(hs, user_id)
    assert left["deactivated"] is True
    for nothing in (
        "devices access_tokens refresh_tokens login_tokens openid_tokens pushers threepids"
        " emails external_ids key_backups"
    ).split():
        assert left[nothing] == 0, nothing
    for none in "joined invited knocked alone sole_moderator sole_admin".split():
        assert left[none] == [], none
    assert left["has_password"] is False
    assert left["parting"] is False
    assert hs.client("GET", "/sync", token=token)[0] == 401
    assert hs.login(user_id, "correct horse")[0] == 403
    for room in rooms:
        assert user_id not in hs.joined(room)


def test_a_deactivated_account_stays_as_it_is(hs: Homeserver) -> None:
    (user_id,) = hs.make_people(unique("gone"))
    room = hs.make_room()
    hs.ok("/accounts/deactivate", {"user_id": user_id})
    profile = hs.ok("/accounts/profile", {"items": [{"user_id": user_id, "displayname": "X"}]})
    assert profile["results"][0]["errcode"] == "M_USER_DEACTIVATED"
    joining = hs.ok(
        "/memberships",
        {"as": hs.as_user, "room_id": room, "items": [{"user_id": user_id, "membership": "join"}]},
    )
    assert joining["results"][0]["errcode"] == "M_USER_DEACTIVATED"
    status, answer = hs.api(
        "POST",
        "/accounts/password",
        {"user_id": user_id, "password": "long enough", "logout_devices": False},
    )
    assert (status, answer["errcode"]) == (403, "M_USER_DEACTIVATED")
    created = hs.ok("/accounts", {"accounts": [{"localpart": user_id[1:].split(":")[0]}]})
    assert created["results"][0]["created"] is False
    assert created["results"][0]["deactivated"] is True
    emails = hs.ok(
        "/accounts/emails", {"items": [{"user_id": user_id, "emails": ["x@example.com"]}]}
    )
    assert emails["results"][0]["errcode"] == "M_USER_DEACTIVATED"


def test_erase_is_not_offered(hs: Homeserver) -> None:
    (user_id,) = hs.make_people(unique("erase"))
    status, answer = hs.api("POST", "/accounts/deactivate", {"user_id": user_id, "erase": True})
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
    assert facts(hs, user_id)["deactivated"] is False


def test_reactivate(hs: Homeserver) -> None:
    user_id, _ = hs.person(password="correct horse")
    room = hs.make_room()
    join(hs, room, user_id)
    hs.ok("/accounts/deactivate", {"user_id": user_id})
    answer = hs.ok("/accounts/reactivate", {"user_id": user_id})
    assert answer == {"user_id": user_id, "changed": True, "locked": False}
    assert hs.ok("/accounts/reactivate", {"user_id": user_id})["changed"] is False
    state = facts(hs, user_id)
    assert (state["deactivated"], state["has_password"]) == (False, False)
    assert hs.login(user_id, "correct horse")[0] == 403
    join(hs, room, user_id)
    hs.ok(
        "/accounts/password",
        {"user_id": user_id, "password": "another horse", "logout_devices": False},
    )
    assert hs.login(user_id, "another horse")[0] == 200


# -- residue


def test_residue_names_rooms_that_hang_on_the_person(slow_hs: Homeserver) -> None:
    hs = slow_hs
    user_id, token = hs.person()
    (other,) = hs.make_people(unique("other"))

    def own_room(version: str, users: dict[str, int]) -> str:
        # Room version 12 does not name its creator among the levels.
        levels = users if version == "12" else {user_id: 100, **users}
        status, answer = hs.client(
            "POST",
            "/createRoom",
            {
                "room_version": version,
                "preset": "public_chat",
                "power_level_content_override": {"users": levels},
            },
            token=token,
        )
        assert status == 200, answer
        return str(answer["room_id"])

    def enter(room_id: str, who: str) -> None:
        status, answer = hs.client(
            "POST", f"/join/{quote(room_id, safe='')}", {}, token=tokens[who]
        )
        assert status == 200, answer

    hs.ok(
        "/accounts/password",
        {"user_id": other, "password": "correct horse", "logout_devices": False},
    )
    _, login = hs.login(other, "correct horse")
    tokens = {other: login["access_token"]}

    alone = own_room("11", {})
    sole = own_room("11", {})
    enter(sole, other)
    shared = own_room("11", {other: 100})
    enter(shared, other)
    moderated = own_room("11", {other: 50})
    enter(moderated, other)
    absent = own_room("11", {other: 100})
    creator = own_room("12", {other: 100})
    enter(creator, other)
    member_only = hs.make_room()
    join(hs, member_only, user_id)

    left = residue(hs, user_id)
    assert set(left["joined"]) == {alone, sole, shared, moderated, absent, creator, member_only}
    assert set(left["alone"]) == {alone, absent}
    assert set(left["sole_moderator"]) == {alone, sole, absent}
    assert set(left["sole_admin"]) == {alone, sole, absent, moderated}


# -- rooms of service users do not federate


def test_service_users_rooms_must_not_federate(hs: Homeserver) -> None:
    hs.ensure_service_user(hs.as_user)
    for content in ({}, {"creation_content": {"m.federate": True}}, {"creation_content": {}}):
        status, answer = hs.client(
            "POST", "/createRoom", content, token=hs.as_token, as_user=hs.as_user
        )
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
    _, token = hs.person()
    assert hs.client("POST", "/createRoom", {}, token=token)[0] == 200
