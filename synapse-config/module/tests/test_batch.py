"""What a batch of memberships leaves behind is what one event at a time would have left."""

from __future__ import annotations

import http.client
import sqlite3
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from homeserver import Homeserver, unique

from qiao_synapse import memberships
from qiao_synapse.batch import MAX_EVENTS
from qiao_synapse.config import QiaoConfig

# Synapse's own limit of a chain of state group deltas, and what one batch may add to it.
MAX_HOPS = 100 + MAX_EVENTS


def change(hs: Homeserver, room_id: str, membership: str, *users: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for start in range(0, len(users), 200):
        items = [{"user_id": u, "membership": membership} for u in users[start : start + 200]]
        body = {"room_id": room_id, "items": items, "as": hs.as_user}
        results += hs.ok("/memberships", body)["results"]
    return results


def people(hs: Homeserver, count: int) -> list[str]:
    return hs.make_people(*(unique("crowd") for _ in range(count)))


def room_state(hs: Homeserver, room_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    events = hs.service("GET", f"/rooms/{quote(room_id, safe='')}/state")
    return {(e["type"], e["state_key"]): e for e in events}


def sync(hs: Homeserver, token: str, since: str | None = None, as_user: str | None = None) -> Any:
    lazy = quote('{"room":{"timeline":{"limit":1000}}}')
    path = f"/sync?filter={lazy}" + (f"&since={since}" if since else "")
    status, answer = hs.client("GET", path, token=token, as_user=as_user)
    assert status == 200, answer
    return answer


def joins_in(events: list[dict[str, Any]]) -> list[str]:
    return [
        e["state_key"]
        for e in events
        if e["type"] == "m.room.member" and e["content"]["membership"] == "join"
    ]


def test_all_views_agree(hs: Homeserver) -> None:
    room = hs.make_room()
    member, token = hs.person()
    change(hs, room, "join", member)
    before = sync(hs, token)["next_batch"]

    crowd = people(hs, 120)
    results = change(hs, room, "join", *crowd)
    assert all(r["changed"] for r in results)
    assert hs.joined(room) == {hs.as_user, member, *crowd}

    # Each answer names the event that is now the person's state.
    state = room_state(hs, room)
    for user_id, result in zip(crowd, results, strict=True):
        assert state[("m.room.member", user_id)]["event_id"] == result["event_id"]

    # A member who was there sees every join once, in the order asked for.
    seen = sync(hs, token, before)["rooms"]["join"][room]
    assert seen["timeline"]["limited"] is False
    assert joins_in(seen["timeline"]["events"]) == crowd

    # Somebody who signs in for the first time sees everybody.
    newcomer, new_token = hs.person()
    change(hs, room, "join", newcomer)
    fresh = sync(hs, new_token)["rooms"]["join"][room]
    in_state = joins_in(fresh["state"]["events"]) + joins_in(fresh["timeline"]["events"])
    assert set(in_state) == {hs.as_user, member, newcomer, *crowd}

    gone = crowd[::2]
    assert all(r["changed"] for r in change(hs, room, "leave", *gone))
    assert hs.joined(room) == {hs.as_user, member, newcomer, *crowd[1::2]}
    assert room_state(hs, room)[("m.room.member", gone[0])]["content"]["membership"] == "leave"


def test_the_chain_of_events_is_sound(hs: Homeserver) -> None:
    room = hs.make_room()
    crowd = people(hs, 60)
    change(hs, room, "join", *crowd)
    path = f"/rooms/{quote(room, safe='')}"
    chunk = hs.service("GET", f"{path}/messages?dir=b&limit=1000")["chunk"]
    joins = [e for e in chunk if e["type"] == "m.room.member" and e["state_key"] in crowd]
    # The joins replace the invitations, and each was sent by the person.
    by_id = {e["event_id"]: e for e in chunk}
    for event in joins:
        if event["content"]["membership"] == "join":
            assert event["sender"] == event["state_key"]
            replaced = by_id[event["unsigned"]["replaces_state"]]
            assert replaced["content"]["membership"] == "invite"
            assert replaced["sender"] == hs.as_user
    # /context asks for the state at an event in the middle of a batch.
    middle = next(
        e for e in joins if e["state_key"] == crowd[30] and e["content"]["membership"] == "join"
    )
    context = hs.service("GET", f"{path}/context/{quote(middle['event_id'], safe='')}?limit=1")
    at = {
        e["state_key"]: e["content"]["membership"]
        for e in context["state"]
        if e["type"] == "m.room.member"
    }
    assert at[crowd[29]] == "join"
    assert crowd[32] not in at


def test_devices_of_the_joined_are_announced(hs: Homeserver) -> None:
    room = hs.make_room(
        initial_state=[
            {
                "type": "m.room.encryption",
                "state_key": "",
                "content": {"algorithm": "m.megolm.v1.aes-sha2"},
            }
        ]
    )
    member, token = hs.person()
    change(hs, room, "join", member)
    before = sync(hs, token)["next_batch"]
    crowd = people(hs, 30)
    change(hs, room, "join", *crowd)
    after = sync(hs, token, before)
    assert set(crowd) <= set(after["device_lists"]["changed"])
    change(hs, room, "leave", *crowd)
    last = sync(hs, token, after["next_batch"])
    assert set(crowd) <= set(last["device_lists"]["left"])


def test_nobody_is_rung_for_an_invitation_that_is_a_join(hs: Homeserver) -> None:
    first, token = hs.person()
    second, _ = hs.person()
    room = hs.make_room()
    change(hs, room, "join", first, second)
    status, answer = hs.client("GET", "/notifications", token=token)
    assert status == 200
    assert answer["notifications"] == []
    assert sync(hs, token)["rooms"]["join"][room]["unread_notifications"] == {
        "highlight_count": 0,
        "notification_count": 0,
    }


def test_messages_while_a_batch_runs(hs: Homeserver) -> None:
    room = hs.make_room()
    path = f"/rooms/{quote(room, safe='')}"
    sent: list[str] = []
    stop = threading.Event()

    def talk() -> None:
        while not stop.is_set():
            content = {"msgtype": "m.text", "body": str(len(sent))}
            answer = hs.service("PUT", f"{path}/send/m.room.message/{unique('txn')}", content)
            sent.append(answer["event_id"])

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        crowd = people(hs, 150)
        results = change(hs, room, "join", *crowd)
    finally:
        stop.set()
        talker.join()
    assert all(r["changed"] for r in results)
    assert len(sent) > 3
    assert hs.joined(room) == {hs.as_user, *crowd}
    chunk = hs.service("GET", f"{path}/messages?dir=b&limit=1000")["chunk"]
    assert set(sent) <= {e["event_id"] for e in chunk}
    # And the room goes on.
    change(hs, room, "leave", *crowd[:10])
    assert hs.joined(room) == {hs.as_user, *crowd[10:]}


def test_two_requests_for_one_room(hs: Homeserver) -> None:
    room = hs.make_room()
    crowd = people(hs, 80)
    answers: dict[int, list[dict[str, Any]]] = {}

    def ask(index: int, users: list[str]) -> None:
        answers[index] = change(hs, room, "join", *users)

    # They overlap in the middle: whoever is second finds it done.
    threads = [
        threading.Thread(target=ask, args=(0, crowd[:50])),
        threading.Thread(target=ask, args=(1, crowd[30:])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("errcode" not in r for a in answers.values() for r in a)
    changed = [r["user_id"] for a in answers.values() for r in a if r["changed"]]
    assert sorted(changed) == sorted(crowd)
    assert hs.joined(room) == {hs.as_user, *crowd}


def test_one_who_cannot_does_not_hold_up_the_others(hs: Homeserver) -> None:
    room = hs.make_room()
    crowd = people(hs, 10)
    banned = crowd[4]
    hs.service("POST", f"/rooms/{quote(room, safe='')}/ban", {"user_id": banned})
    results = change(hs, room, "join", *crowd)
    assert results[4]["errcode"] == "M_BAD_STATE"
    assert all(r["changed"] for r in results if r["user_id"] != banned)
    assert hs.joined(room) == {hs.as_user, *crowd} - {banned}


def test_power_is_still_asked_for(hs: Homeserver) -> None:
    room = hs.make_room()
    hs.ensure_service_user(hs.as_bot)
    crowd = people(hs, 3)
    # In the room, but without the power to invite or kick.
    hs.service("POST", f"/rooms/{quote(room, safe='')}/invite", {"user_id": hs.as_bot})
    hs.service("POST", f"/rooms/{quote(room, safe='')}/join", {}, hs.as_bot)
    levels = hs.state(room, "m.room.power_levels")[1]
    hs.service(
        "PUT",
        f"/rooms/{quote(room, safe='')}/state/m.room.power_levels",
        {**levels, "invite": 50},
    )

    def ask(membership: str) -> list[dict[str, Any]]:
        items = [{"user_id": u, "membership": membership} for u in crowd]
        body = {"room_id": room, "items": items, "as": hs.as_bot}
        results: list[dict[str, Any]] = hs.ok("/memberships", body)["results"]
        return results

    assert {r["errcode"] for r in ask("join")} == {"M_FORBIDDEN"}
    change(hs, room, "join", *crowd)
    assert {r["errcode"] for r in ask("leave")} == {"M_FORBIDDEN"}
    assert hs.joined(room) == {hs.as_user, hs.as_bot, *crowd}


def longest_chain(database: Path) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        before = dict(
            connection.execute("SELECT state_group, prev_state_group FROM state_group_edges")
        )
    finally:
        connection.close()
    hops: dict[int, int] = {}
    for group in sorted(before):
        hops[group] = hops.get(before[group], 0) + 1
    return max(hops.values())


def test_restart_and_length_of_state_chains(tmp_path: Path) -> None:
    hs = Homeserver(tmp_path)
    try:
        hs.start()
        room = hs.make_room()
        crowd = people(hs, 200)
        change(hs, room, "join", *crowd[:120])

        # The power goes off while more are joining.
        results: list[Any] = []

        def ask() -> None:
            try:
                results.extend(change(hs, room, "join", *crowd[120:]))
            except (OSError, http.client.HTTPException) as e:
                results.append(e)

        asking = threading.Thread(target=ask)
        asking.start()
        while len(hs.joined(room)) < 130 and asking.is_alive():
            pass
        hs.kill()
        asking.join()
        hs.start()

        there = hs.joined(room)
        assert {hs.as_user, *crowd[:120]} <= there
        again = change(hs, room, "join", *crowd)
        assert [r["changed"] for r in again] == [u not in there for u in crowd]
        assert hs.joined(room) == {hs.as_user, *crowd}
        assert set(joined_in_state(hs, room)) == {hs.as_user, *crowd}
        if hs.sqlite is not None:
            assert longest_chain(hs.sqlite) <= MAX_HOPS
    finally:
        hs.stop()


def joined_in_state(hs: Homeserver, room_id: str) -> list[str]:
    return joins_in(list(room_state(hs, room_id).values()))


def test_profiles_of_many_go_together(hs: Homeserver) -> None:
    room = hs.make_room()
    crowd = people(hs, 60)
    change(hs, room, "join", *crowd)
    items = [{"user_id": u, "displayname": f"名{i}"} for i, u in enumerate(crowd)]
    answer = hs.ok("/accounts/profile", {"items": items})
    assert all(r["rooms"] == 1 for r in answer["results"])
    state = room_state(hs, room)
    for i, user_id in enumerate(crowd):
        assert state[("m.room.member", user_id)]["content"] == {
            "membership": "join",
            "displayname": f"名{i}",
        }


def test_other_synapse_releases_go_one_by_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = QiaoConfig(token_path="unused")
    assert memberships._batches_allowed(config) is True
    monkeypatch.setattr(memberships, "SYNAPSE_VERSION", "1.999.0")
    assert memberships._batches_allowed(config) is False
    assert "1.999.0" in caplog.text


def test_ping_says_which(hs: Homeserver, slow_hs: Homeserver) -> None:
    assert "memberships.fast" in hs.api("GET", "/ping")[1]["features"]
    assert "memberships.fast" not in slow_hs.api("GET", "/ping")[1]["features"]


def test_no_batch_fell_back_unexpectedly(hs: Homeserver) -> None:
    """Only what the tests above provoke goes one by one, and nothing failed inside."""
    assert "Traceback" not in hs.log()
