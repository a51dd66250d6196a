"""What a message's sender can have proved."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import quote

import pytest
from homeserver import Homeserver
from test_handover import enter, own_room

_txn = itertools.count()


def send(hs: Homeserver, token: str, room: str, kind: str, content: dict[str, Any]) -> str:
    path = f"/rooms/{quote(room, safe='')}/send/{kind}/w{next(_txn)}"
    status, answer = hs.client("PUT", path, content, token=token)
    assert status == 200, answer
    event_id: str = answer["event_id"]
    return event_id


def witness(
    hs: Homeserver, room: Any, event: Any, by: Any, *users: Any
) -> tuple[int, dict[str, Any]]:
    body = {"room_id": room, "event_id": event, "by": by, "user_ids": list(users)}
    return hs.api("POST", "/rooms/witness", body)


def test_tells_the_sender_who_is_there_and_who_reacted(hs: Homeserver) -> None:
    asker, asker_token = hs.person()
    asked, asked_token = hs.person()
    third, third_token = hs.person()
    outside, _ = hs.person()
    room = own_room(hs, asker_token, asked, third)
    enter(hs, room, asked_token)
    enter(hs, room, third_token)
    event = send(hs, asker_token, room, "m.room.message", {"msgtype": "m.text", "body": "secret"})

    status, answer = witness(hs, room, event, asker, asked, outside, "@x:elsewhere.example")
    assert status == 200, answer
    assert answer["joined"] == [asked]
    assert answer["reacted"] == []
    assert answer["redacted"] is False
    assert "secret" not in str(answer)

    annotation = {"rel_type": "m.annotation", "event_id": event, "key": "✅"}
    reaction = send(hs, asked_token, room, "m.reaction", {"m.relates_to": annotation})
    thread = {"rel_type": "m.thread", "event_id": event}
    send(
        hs,
        third_token,
        room,
        "m.room.encrypted",
        {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "m.relates_to": thread},
    )
    assert witness(hs, room, event, asker, asked)[1]["reacted"] == [asked]
    # Only of those who are named.
    both = witness(hs, room, event, asker, asked, third)[1]["reacted"]
    assert both == sorted([asked, third])

    path = f"/rooms/{quote(room, safe='')}/redact/{quote(reaction, safe='')}/r{next(_txn)}"
    assert hs.client("PUT", path, {}, token=asked_token)[0] == 200
    assert witness(hs, room, event, asker, asked)[1]["reacted"] == []

    path = f"/rooms/{quote(room, safe='')}/redact/{quote(event, safe='')}/r{next(_txn)}"
    assert hs.client("PUT", path, {}, token=asker_token)[0] == 200
    assert witness(hs, room, event, asker, asked)[1]["redacted"] is True


def test_tells_nobody_else_anything(hs: Homeserver) -> None:
    asker, asker_token = hs.person()
    asked, asked_token = hs.person()
    outside, outside_token = hs.person()
    room = own_room(hs, asker_token, asked)
    enter(hs, room, asked_token)
    event = send(hs, asker_token, room, "m.room.message", {"msgtype": "m.text", "body": "hello"})
    elsewhere = own_room(hs, outside_token)
    theirs = send(hs, outside_token, elsewhere, "m.room.message", {"msgtype": "m.text", "body": "x"})
    path = f"/rooms/{quote(room, safe='')}/state/m.room.create"
    assert hs.client("GET", path, token=asker_token)[0] == 200

    refused = [
        witness(hs, room, event, asked, asker),
        witness(hs, room, event, outside, asker),
        witness(hs, elsewhere, event, outside, asker),
        witness(hs, elsewhere, theirs, asker, outside),
        witness(hs, room, theirs, asker, asked),
        witness(hs, "!nowhere", event, asker, asked),
        witness(hs, room, "$nothing", asker, asked),
        witness(hs, room, event, "@x:elsewhere.example", asked),
    ]
    assert {status for status, _ in refused} == {404}

    # Who has left has no say any more.
    leave = f"/rooms/{quote(room, safe='')}/leave"
    assert hs.client("POST", leave, {}, token=asker_token)[0] == 200
    assert witness(hs, room, event, asker, asked)[0] == 404


@pytest.mark.parametrize(
    ("room", "event", "by", "users"),
    [
        ("nothing", "$e", "@a:x", ["@b:x"]),
        ("!r", "e", "@a:x", ["@b:x"]),
        ("!r", "$", "@a:x", ["@b:x"]),
        ("!r", "$e\u0000", "@a:x", ["@b:x"]),
        ("!r", "$" + "e" * 300, "@a:x", ["@b:x"]),
        ("!r", "$e", "@a:x", []),
        ("!r", "$e", "@a:x", ["b"]),
        ("!r", "$e", "@a:x", [7]),
        ("!r", "$e", "@a:x", ["@b:x"] * 201),
        ("!r", {"$gt": ""}, "@a:x", ["@b:x"]),
    ],
)
def test_refuses_what_are_no_ids(
    hs: Homeserver, room: Any, event: Any, by: str, users: list[Any]
) -> None:
    me, _ = hs.person()
    status, answer = witness(hs, room, event, me, *users)
    assert status == 400, answer
