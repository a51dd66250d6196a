"""A leaver's rooms get another administrator."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from homeserver import Homeserver


def own_room(hs: Homeserver, token: str, *invite: str, **more: Any) -> str:
    status, answer = hs.client(
        "POST",
        "/createRoom",
        {"preset": "private_chat", "invite": list(invite), **more},
        token=token,
    )
    assert status == 200, answer
    room: str = answer["room_id"]
    return room


def enter(hs: Homeserver, room: str, token: str) -> None:
    status, answer = hs.client("POST", f"/rooms/{quote(room, safe='')}/join", {}, token=token)
    assert status == 200, answer


def lock(hs: Homeserver, user_id: str) -> None:
    hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": True})


def handover(hs: Homeserver, user_id: str, room: str, to: str) -> tuple[int, Any]:
    return hs.api("POST", "/rooms/handover", {"user_id": user_id, "room_id": room, "to": to})


def levels(hs: Homeserver, room: str, token: str) -> dict[str, Any]:
    path = f"/rooms/{quote(room, safe='')}/state/m.room.power_levels"
    status, content = hs.client("GET", path, token=token)
    assert status == 200, content
    users: dict[str, Any] = content["users"]
    return users


@pytest.mark.parametrize("version", ["11", "12"])
def test_a_member_becomes_the_administrator(hs: Homeserver, version: str) -> None:
    leaver, leaver_token = hs.person()
    heir, heir_token = hs.person()
    room = own_room(hs, leaver_token, heir, room_version=version)
    enter(hs, room, heir_token)
    lock(hs, leaver)
    assert room in hs.ok("/accounts/residue", {"user_id": leaver})["sole_admin"]

    status, answer = handover(hs, leaver, room, heir)
    assert (status, answer["changed"]) == (200, True)
    assert levels(hs, room, heir_token)[heir] == 100
    assert hs.ok("/accounts/residue", {"user_id": leaver})["sole_admin"] == []

    status, answer = handover(hs, leaver, room, heir)
    assert (status, answer["changed"]) == (200, False)


def test_somebody_outside_is_let_in(hs: Homeserver) -> None:
    leaver, leaver_token = hs.person()
    other, other_token = hs.person()
    heir, heir_token = hs.person()
    room = own_room(hs, leaver_token, other)
    enter(hs, room, other_token)
    lock(hs, leaver)
    assert handover(hs, leaver, room, heir)[0] == 200
    assert levels(hs, room, heir_token)[heir] == 100


def test_only_a_leavers_rooms_of_which_it_is_the_only_administrator(hs: Homeserver) -> None:
    leaver, leaver_token = hs.person()
    second, second_token = hs.person()
    heir, _ = hs.person()
    shared = own_room(hs, leaver_token, second, preset="trusted_private_chat", room_version="11")
    enter(hs, shared, second_token)
    foreign = own_room(hs, second_token)

    def code(user: str, room: str, to: str) -> tuple[int, str]:
        status, answer = handover(hs, user, room, to)
        return status, answer.get("errcode", "")

    # Not locked: nobody acts in the name of somebody who works here.
    assert code(leaver, shared, heir) == (403, "M_FORBIDDEN")
    lock(hs, leaver)
    assert code(leaver, shared, heir) == (403, "M_FORBIDDEN")
    assert code(leaver, foreign, heir) == (404, "M_NOT_FOUND")
    assert code(leaver, shared, "@nobody:qiao.test") == (404, "M_NOT_FOUND")
    lock(hs, heir)
    assert code(leaver, shared, heir) == (403, "M_FORBIDDEN")
    hs.ok("/accounts/deactivate", {"user_id": leaver})
    assert code(leaver, shared, second) == (403, "M_FORBIDDEN")
