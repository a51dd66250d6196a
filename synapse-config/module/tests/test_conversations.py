"""Rooms of people, conversations that a service user makes for them, and invitations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from homeserver import Homeserver, unique
from host import AnsweringHost

ROOMS = "@_qiao_rooms:qiao.test"


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def give_keys(hs: Homeserver, user_id: str, token: str) -> None:
    """A first device with keys; the homeserver does not look at signatures."""
    _, who = hs.client("GET", "/account/whoami", token=token)
    device = who["device_id"]
    keys = {
        "user_id": user_id,
        "device_id": device,
        "algorithms": ["m.megolm.v1.aes-sha2"],
        "keys": {f"curve25519:{device}": "A" * 43, f"ed25519:{device}": "B" * 43},
        "signatures": {user_id: {f"ed25519:{device}": "C" * 86}},
    }
    status, answer = hs.client("POST", "/keys/upload", {"device_keys": keys}, token=token)
    assert status == 200, answer


def ready(hs: Homeserver) -> tuple[str, str]:
    user_id, token = hs.person()
    give_keys(hs, user_id, token)
    return user_id, token


def create(hs: Homeserver, token: str, **body: Any) -> tuple[int, Any]:
    return hs.client("POST", "/createRoom", body, token=token)


def state_as(hs: Homeserver, token: str, room_id: str, event_type: str) -> Any:
    status, answer = hs.client(
        "GET", f"/rooms/{quote(room_id, safe='')}/state/{event_type}/", token=token
    )
    assert status == 200, answer
    return answer


def membership(hs: Homeserver, token: str, room_id: str, user_id: str) -> str | None:
    status, answer = hs.client(
        "GET",
        f"/rooms/{quote(room_id, safe='')}/state/m.room.member/{quote(user_id, safe='')}",
        token=token,
    )
    return str(answer["membership"]) if status == 200 else None


# -- rooms of people


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"room_version": "12"},
        {"creation_content": {"m.federate": True, "additional_creators": ["@a:qiao.test"]}},
        {"preset": "trusted_private_chat", "is_direct": True},
        {"creation_content": {"type": "m.space"}},
    ],
)
def test_people_make_rooms_that_can_be_handed_on_and_stay_here(
    hs: Homeserver, wish: dict[str, Any]
) -> None:
    user_id, token = hs.person()
    status, answer = create(hs, token, **wish)
    assert status == 200, answer
    made = state_as(hs, token, answer["room_id"], "m.room.create")
    assert (made["room_version"], made["m.federate"]) == ("11", False)
    assert made.get("type") == wish.get("creation_content", {}).get("type")
    assert "additional_creators" not in made
    levels = state_as(hs, token, answer["room_id"], "m.room.power_levels")
    assert levels["users"][user_id] == 100


def test_service_users_make_rooms_as_they_ask(hs: Homeserver) -> None:
    room = hs.make_room()
    status, made = hs.state(room, "m.room.create")
    assert (status, made["room_version"]) == (200, "12")


def test_no_upgrade_makes_a_person_a_creator_for_good(hs: Homeserver) -> None:
    _, token = hs.person()
    _, answer = create(hs, token)
    path = f"/rooms/{quote(answer['room_id'], safe='')}/upgrade"
    assert hs.client("POST", path, {"new_version": "12"}, token=token)[0] == 403
    assert hs.client("POST", path, {"new_version": "10"}, token=token)[0] == 200


# -- /memberships/add


def test_add_joins_who_can_read_and_invites_the_others(hs: Homeserver) -> None:
    room = hs.make_room(ROOMS)
    able, able_token = ready(hs)
    asking, asking_token = hs.person()
    waiting, waiting_token = hs.person()
    nobody = hs.mxid(unique("nobody"))
    body = {"as": ROOMS, "room_id": room, "user_ids": [able, waiting, nobody], "for": asking}
    for _ in range(2):
        answer = hs.ok("/memberships/add", body)
        assert answer["others"] is False
        assert [(r["user_id"], r.get("state") or r["errcode"]) for r in answer["results"]] == [
            (asking, "joined"),
            (able, "joined"),
            (waiting, "invited"),
            (nobody, "M_NOT_FOUND"),
        ]
    assert membership(hs, able_token, room, waiting) == "invite"
    # Has a device now: the next call, or /memberships/accept, joins.
    give_keys(hs, waiting, waiting_token)
    assert hs.ok("/memberships/accept", {"user_id": waiting})["waiting"] == [room]
    until(lambda: membership(hs, asking_token, room, waiting) == "join", "the join")


def test_add_to_a_direct_chat_looks_for_a_third_one_and_labels_it(hs: Homeserver) -> None:
    room = hs.make_room(ROOMS)
    (one, one_token), (two, _), (three, _) = ready(hs), ready(hs), ready(hs)
    body = {
        "as": ROOMS,
        "room_id": room,
        "user_ids": [one, two],
        "direct": True,
        "only": [one, two],
    }
    assert [r["state"] for r in hs.ok("/memberships/add", body)["results"]] == ["joined"] * 2
    status, label = hs.client(
        "GET", f"/user/{quote(one, safe='')}/account_data/m.direct", token=one_token
    )
    assert (status, label) == (200, {two: [room]})
    hs.ok("/memberships/add", {"as": ROOMS, "room_id": room, "user_ids": [three]})
    assert hs.ok("/memberships/add", body) == {"room_id": room, "others": True, "results": []}


def test_add_refuses_other_rooms_and_users(hs: Homeserver) -> None:
    user_id, token = hs.person()
    room = create(hs, token)[1]["room_id"]
    for body, code in (
        ({"as": ROOMS, "room_id": room, "user_ids": [user_id]}, 404),
        ({"as": user_id, "room_id": room, "user_ids": [user_id]}, 403),
        ({"as": ROOMS, "room_id": room, "user_ids": []}, 400),
        ({"as": ROOMS, "room_id": "!none", "user_ids": [user_id]}, 404),
    ):
        assert hs.api("POST", "/memberships/add", body)[0] == code


# -- /rooms/renewal


def test_renewal_tells_a_creator_what_a_successor_takes_over(slow_hs: Homeserver) -> None:
    hs = slow_hs
    (creator, token), (other, other_token), (invited, _) = hs.person(), hs.person(), hs.person()
    _, answer = create(
        hs,
        token,
        room_version="12",
        name="值班群",
        topic="Nights",
        preset="public_chat",
        invite=[invited],
        power_level_content_override={"users": {other: 50, "@gone:qiao.test": 100}},
    )
    room = answer["room_id"]
    hs.client("POST", f"/join/{quote(room, safe='')}", {}, token=other_token)
    facts = hs.ok("/rooms/renewal", {"room_id": room, "by": creator})
    assert facts == {
        "room_id": room,
        "name": "值班群",
        "topic": "Nights",
        "avatar_url": None,
        "history": "shared",
        "direct": False,
        "members": sorted([creator, other, invited]),
        "invited": [invited],
        "levels": {other: 50},
    }
    # Nobody else's, none that can be handed on, none of a service user.
    younger = create(hs, token, room_version="11")[1]["room_id"]
    for body in (
        {"room_id": room, "by": other},
        {"room_id": younger, "by": creator},
        {"room_id": hs.make_room(), "by": hs.as_user},
        {"room_id": "!none", "by": creator},
    ):
        assert hs.api("POST", "/rooms/renewal", body)[0] == 404
    hs.client("POST", f"/rooms/{quote(room, safe='')}/leave", {}, token=token)
    assert hs.api("POST", "/rooms/renewal", {"room_id": room, "by": creator})[0] == 404


# -- succession


def test_the_maker_of_conversations_stands_in_for_nobody(hs: Homeserver) -> None:
    user_id, _ = ready(hs)
    other, _ = ready(hs)
    left_with_it = hs.make_room(ROOMS, power_level_content_override={"users": {user_id: 100}})
    group = hs.make_room(ROOMS, power_level_content_override={"users": {user_id: 100}})
    hs.ok("/memberships/add", {"as": ROOMS, "room_id": left_with_it, "user_ids": [user_id]})
    hs.ok("/memberships/add", {"as": ROOMS, "room_id": group, "user_ids": [user_id, other]})
    residue = hs.ok("/accounts/residue", {"user_id": user_id})
    assert residue["alone"] == [left_with_it]
    assert set(residue["sole_admin"]) == {left_with_it, group}
    hs.ok("/accounts/suspend", {"user_id": user_id, "suspended": True})
    for _ in range(2):
        hs.ok("/rooms/handover", {"user_id": user_id, "room_id": group, "to": other})
    assert hs.ok("/accounts/residue", {"user_id": user_id})["sole_admin"] == [left_with_it]


# -- invitations, with a host that answers


class Host(AnsweringHost):
    """Says who may contact whom."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        super().__init__("contact")

    def answer(self, body: dict[str, Any], good: bool) -> dict[str, Any]:
        pairs = [(p["from"], p["to"]) for p in body["pairs"]]
        self.asked += pairs
        return {"allowed": [to not in self.refused for _, to in pairs]}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Homeserver, Host]]:
    host = Host()
    folder: Path = tmp_path_factory.mktemp("company")
    hs = Homeserver(
        folder,
        {"conversations": {"user": ROOMS, "appservice": "asked"}},
        asked=host.url,
    )
    try:
        hs.start()
        yield hs, host
    finally:
        hs.stop()
        host.stop()


def invite(hs: Homeserver, token: str, room_id: str, user_id: str) -> None:
    status, answer = hs.client(
        "POST", f"/rooms/{quote(room_id, safe='')}/invite", {"user_id": user_id}, token=token
    )
    assert status == 200, answer


def test_an_invitation_is_taken_up(company: tuple[Homeserver, Host]) -> None:
    hs, host = company
    (one, token), (two, two_token) = ready(hs), ready(hs)
    room = create(hs, token, invite=[two], is_direct=True)[1]["room_id"]
    until(lambda: membership(hs, token, room, two) == "join", "the join")
    assert (one, two) in host.asked
    assert host.tokens == {f"Bearer {hs.hs_token}"}
    label_path = f"/user/{quote(two, safe='')}/account_data/m.direct"
    until(
        lambda: hs.client("GET", label_path, token=two_token) == (200, {one: [room]}), "the label"
    )


def test_what_is_not_for_the_server_to_take_up_stays(company: tuple[Homeserver, Host]) -> None:
    hs, host = company
    one, token = ready(hs)
    refused, _ = ready(hs)
    ignoring, ignoring_token = ready(hs)
    unready, _ = hs.person()
    last, _ = ready(hs)
    host.refused.add(refused)
    hs.client(
        "PUT",
        f"/user/{quote(ignoring, safe='')}/account_data/m.ignored_user_list",
        {"ignored_users": {one: {}}},
        token=ignoring_token,
    )
    room = create(hs, token)[1]["room_id"]
    for user_id in (refused, ignoring, unready, last):
        invite(hs, token, room, user_id)
    until(lambda: membership(hs, token, room, last) == "join", "the last one's join")
    for user_id in (refused, ignoring, unready):
        assert membership(hs, token, room, user_id) == "invite"
    assert {to for _, to in host.asked}.isdisjoint({ignoring, unready})


def test_who_lost_all_devices_is_joined_with_the_next_one(
    company: tuple[Homeserver, Host],
) -> None:
    hs, _ = company
    (one, token), (two, _), (last, _) = ready(hs), ready(hs), ready(hs)
    made = hs.make_room(ROOMS)
    room = create(hs, token)[1]["room_id"]
    hs.ok("/accounts/logout", {"user_id": two})
    invite(hs, token, room, two)
    answer = hs.ok("/memberships/add", {"as": ROOMS, "room_id": made, "user_ids": [one, two]})
    assert [r["state"] for r in answer["results"]] == ["joined", "invited"]
    invite(hs, token, room, last)
    until(lambda: membership(hs, token, room, last) == "join", "the last one's join")
    # Also over a restart, and nobody has to tell.
    hs.kill()
    hs.start()
    assert membership(hs, token, room, two) == "invite"
    give_keys(hs, two, str(hs.login(two, "correct horse")[1]["access_token"]))
    for there in (room, made):
        until(lambda there=there: membership(hs, token, there, two) == "join", "the join")


def test_what_failed_is_tried_again_after_a_kill(company: tuple[Homeserver, Host]) -> None:
    hs, host = company
    (_, token), (two, _) = ready(hs), ready(hs)
    room = create(hs, token)[1]["room_id"]
    host.away = True
    invite(hs, token, room, two)
    until(lambda: any(to == two for _, to in host.asked), "a try")
    hs.kill()
    hs.start()
    assert membership(hs, token, room, two) == "invite"
    host.away = False
    until(lambda: membership(hs, token, room, two) == "join", "the join")
