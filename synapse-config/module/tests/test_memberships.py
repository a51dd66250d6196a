"""Joins and kicks without action of the person."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from homeserver import Homeserver, unique


def change(
    hs: Homeserver, room_id: str | None, *items: dict[str, Any], as_user: str | None = None
) -> list[dict[str, Any]]:
    body: dict[str, Any] = {"items": list(items), "as": as_user or hs.as_user}
    if room_id is not None:
        body["room_id"] = room_id
    results: list[dict[str, Any]] = hs.ok("/memberships", body)["results"]
    assert len(results) == len(items)
    return results


def join(user_id: str, **more: Any) -> dict[str, Any]:
    return {"user_id": user_id, "membership": "join", **more}


def leave(user_id: str, **more: Any) -> dict[str, Any]:
    return {"user_id": user_id, "membership": "leave", **more}


def messages(hs: Homeserver, room_id: str) -> list[dict[str, Any]]:
    chunk: list[dict[str, Any]] = hs.service(
        "GET", f"/rooms/{quote(room_id, safe='')}/messages?dir=b&limit=1000"
    )["chunk"]
    return chunk


def member_events(hs: Homeserver, room_id: str, user_id: str) -> list[str]:
    """The memberships a user went through, oldest first."""
    return [
        e["content"]["membership"]
        for e in reversed(messages(hs, room_id))
        if e["type"] == "m.room.member" and e["state_key"] == user_id
    ]


def test_joins_an_invite_only_room(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    user_id, token = hs.person()
    (done,) = change(hs, room, join(user_id))
    assert done["changed"] is True
    assert done["event_id"].startswith("$")
    assert user_id in hs.joined(room)
    assert member_events(hs, room, user_id) == ["invite", "join"]

    status, sync = hs.client("GET", "/sync", token=token)
    assert status == 200
    assert room in sync["rooms"]["join"]


def test_again_does_nothing(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    (user_id,) = hs.make_people(unique("twice"))
    change(hs, room, join(user_id))
    before = len(messages(hs, room))
    (again,) = change(hs, room, join(user_id))
    assert again == {"room_id": room, "user_id": user_id, "membership": "join", "changed": False}
    assert len(messages(hs, room)) == before

    change(hs, room, leave(user_id))
    before = len(messages(hs, room))
    (again,) = change(hs, room, leave(user_id))
    assert again["changed"] is False
    assert len(messages(hs, room)) == before


def test_public_room_takes_one_event(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room(preset="public_chat")
    (user_id,) = hs.make_people(unique("public"))
    change(hs, room, join(user_id))
    assert member_events(hs, room, user_id) == ["join"]


def restricted_room(hs: Homeserver, space: str) -> str:
    return hs.make_room(
        initial_state=[
            {
                "type": "m.room.join_rules",
                "state_key": "",
                "content": {
                    "join_rule": "restricted",
                    "allow": [{"type": "m.room_membership", "room_id": space}],
                },
            }
        ]
    )


def test_restricted_room_takes_one_event_for_members_of_the_space(either_hs: Homeserver) -> None:
    hs = either_hs
    space = hs.make_room(creation_content={"m.federate": False, "type": "m.space"})
    room = restricted_room(hs, space)
    inside, outside = hs.make_people(unique("in"), unique("out"))
    change(hs, space, join(inside))
    change(hs, room, join(inside), join(outside))
    assert member_events(hs, room, inside) == ["join"]
    assert member_events(hs, room, outside) == ["invite", "join"]


def test_an_invited_person_is_joined(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    (user_id,) = hs.make_people(unique("invited"))
    hs.service("POST", f"/rooms/{quote(room, safe='')}/invite", {"user_id": user_id})
    change(hs, room, join(user_id))
    assert member_events(hs, room, user_id) == ["invite", "join"]


def test_leave_is_a_kick_with_the_reason(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    joined, invited = hs.make_people(unique("kick"), unique("kick"))
    change(hs, room, join(joined))
    hs.service("POST", f"/rooms/{quote(room, safe='')}/invite", {"user_id": invited})
    change(hs, room, leave(joined, reason="调岗"), leave(invited))
    assert hs.joined(room) == {hs.as_user}
    _, content = hs.state(room, "m.room.member", joined)
    assert content["membership"] == "leave"
    assert content["reason"] == "调岗"
    _, content = hs.state(room, "m.room.member", invited)
    assert content["membership"] == "leave"


def test_join_carries_the_profile(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    name = unique("named")
    hs.ok("/accounts", {"accounts": [{"localpart": name, "displayname": "王芳"}]})
    change(hs, room, join(hs.mxid(name)))
    _, content = hs.state(room, "m.room.member", hs.mxid(name))
    assert content["displayname"] == "王芳"


def test_several_rooms_and_order_within_a_room(either_hs: Homeserver) -> None:
    hs = either_hs
    rooms = [hs.make_room() for _ in range(3)]
    (user_id,) = hs.make_people(unique("many"))
    items = [
        {**entry, "room_id": room}
        for room in rooms
        for entry in (join(user_id), leave(user_id), join(user_id))
    ]
    results = change(hs, None, *items)
    assert [r["room_id"] for r in results] == [i["room_id"] for i in items]
    assert all(r["changed"] for r in results)
    for room in rooms:
        assert user_id in hs.joined(room)
        assert member_events(hs, room, user_id) == ["invite", "join", "leave", "invite", "join"]


def test_no_rate_limit(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    people = hs.make_people(*(unique("crowd") for _ in range(40)))
    change(hs, room, *map(join, people))
    assert hs.joined(room) == {hs.as_user, *people}


def test_refuses_rooms_of_others(either_hs: Homeserver) -> None:
    hs = either_hs
    user_id, token = hs.person()
    status, answer = hs.client("POST", "/createRoom", {"preset": "private_chat"}, token=token)
    assert status == 200
    theirs = answer["room_id"]
    (other,) = hs.make_people(unique("other"))
    # Even where a service user is in and has power.
    hs.ensure_service_user(hs.as_user)
    hs.client(
        "POST", f"/rooms/{quote(theirs, safe='')}/invite", {"user_id": hs.as_user}, token=token
    )
    hs.service("POST", f"/join/{quote(theirs, safe='')}", {})
    results = change(
        hs,
        None,
        join(other, room_id=theirs),
        leave(user_id, room_id=theirs),
        join(other, room_id="!unknown:qiao.test"),
    )
    assert [r["errcode"] for r in results] == ["M_NOT_FOUND"] * 3
    assert results[0]["error"] == results[2]["error"]
    assert hs.joined(theirs) == {user_id, hs.as_user}


def test_refuses_bots_strangers_and_unknown_people(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    hs.ensure_service_user(hs.as_bot)
    (person,) = hs.make_people(unique("fine"))
    results = change(
        hs,
        room,
        join(hs.as_bot),
        leave(hs.as_user),
        join("@someone:elsewhere.test"),
        join("@nobody:qiao.test"),
        join(person),
        {"user_id": person, "membership": "ban"},
        {"user_id": person},
        {"membership": "join"},
        join(person, reason="x" * 501),
        join(person, extra=1),
    )
    assert [r.get("errcode") for r in results] == [
        "M_EXCLUSIVE",
        "M_EXCLUSIVE",
        "M_NOT_FOUND",
        "M_NOT_FOUND",
        None,
        "M_INVALID_PARAM",
        "M_INVALID_PARAM",
        "M_INVALID_PARAM",
        "M_INVALID_PARAM",
        "M_BAD_JSON",
    ]
    assert hs.joined(room) == {hs.as_user, person}


def test_as_must_be_a_service_user_with_power(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    person, victim = hs.make_people(unique("as"), unique("as"))
    status, answer = hs.api(
        "POST", "/memberships", {"room_id": room, "items": [join(person)], "as": victim}
    )
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
    # A service user that is not in the room has no power there.
    hs.ensure_service_user(hs.as_bot)
    (result,) = change(hs, room, join(person), as_user=hs.as_bot)
    assert result["errcode"] == "M_FORBIDDEN"
    assert hs.joined(room) == {hs.as_user}


def test_a_ban_stays(either_hs: Homeserver) -> None:
    hs = either_hs
    room = hs.make_room()
    (person,) = hs.make_people(unique("banned"))
    hs.service("POST", f"/rooms/{quote(room, safe='')}/ban", {"user_id": person})
    results = change(hs, room, join(person), leave(person))
    assert [r["errcode"] for r in results] == ["M_BAD_STATE"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"as": "@_qiao_org:qiao.test", "items": []},
        {"as": "@_qiao_org:qiao.test", "items": [{}] * 201},
        {"as": 1, "items": [{}]},
        {"items": [{}]},
        {"as": "@_qiao_org:qiao.test", "items": [{}], "room_id": "#alias:qiao.test"},
    ],
)
def test_bad_requests(either_hs: Homeserver, body: dict[str, Any]) -> None:
    hs = either_hs
    assert hs.api("POST", "/memberships", body)[0] == 400


def test_rooms_members(either_hs: Homeserver) -> None:
    hs = either_hs
    first, second = hs.make_room(), hs.make_room()
    people = hs.make_people(*(unique("member") for _ in range(5)))
    change(hs, first, *map(join, people))
    change(hs, second, join(people[0]))
    hs.service("POST", f"/rooms/{quote(second, safe='')}/invite", {"user_id": people[1]})
    _, token = hs.person()
    _, other = hs.client("POST", "/createRoom", {}, token=token)

    body: dict[str, Any] = {"room_ids": [first, second, other["room_id"], "!x:qiao.test"]}
    answer = hs.ok("/rooms/members", body)
    assert set(answer["rooms"]) == {first, second}
    assert set(answer["rooms"][first]["join"]) == {hs.as_user, *people}
    assert answer["rooms"][second]["invite"] == [people[1]]
    assert answer["rooms"][second]["creator"] == hs.as_user
    assert {e["errcode"] for e in answer["errors"].values()} == {"M_NOT_FOUND"}
    assert "next" not in answer

    paged: dict[str, set[str]] = {first: set(), second: set()}
    pages = 0
    cursor: str | None = None
    while True:
        page = hs.ok("/rooms/members", {**body, "limit": 2, **({"from": cursor} if cursor else {})})
        pages += 1
        for room_id, members in page["rooms"].items():
            new = set(members["join"]) | set(members["invite"])
            assert not new & paged[room_id]
            paged[room_id] |= new
        cursor = page.get("next")
        if cursor is None:
            break
    assert pages == 5
    assert paged == {
        first: {hs.as_user, *people},
        second: {hs.as_user, people[0], people[1]},
    }


@pytest.mark.parametrize(
    "body",
    [
        {"room_ids": []},
        {"room_ids": ["nonsense"]},
        {"room_ids": ["!a:b"], "limit": 0},
        {"room_ids": ["!a:b"], "limit": True},
        {"room_ids": ["!a:b"], "from": "nonsense"},
        {"room_ids": ["!a:b"], "from": 3},
        {"room_ids": ["!a:b"] * 201},
    ],
)
def test_rooms_members_bad_requests(either_hs: Homeserver, body: dict[str, Any]) -> None:
    hs = either_hs
    assert hs.api("POST", "/rooms/members", body)[0] == 400
