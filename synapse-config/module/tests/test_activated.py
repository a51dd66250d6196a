"""Who has a device with keys."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from homeserver import Homeserver


def upload_keys(hs: Homeserver, user_id: str, token: str) -> None:
    """Upload identity keys for the token's device, as a client does when it signs in."""
    status, who = hs.client("GET", "/account/whoami", token=token)
    assert status == 200, who
    device = who["device_id"]
    keys = {
        "user_id": user_id,
        "device_id": device,
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "keys": {f"curve25519:{device}": "c" * 43, f"ed25519:{device}": "e" * 43},
        "signatures": {user_id: {f"ed25519:{device}": "s" * 86}},
    }
    status, answer = hs.client("POST", "/keys/upload", {"device_keys": keys}, token=token)
    assert status == 200, answer


def all_of(hs: Homeserver, since: str | None = None) -> tuple[list[str], str]:
    """Everybody told from here on, and where that ends."""
    found: list[str] = []
    while True:
        answer = ask(hs, since)
        found += answer["user_ids"]
        since = answer["next"]
        if not answer["limited"]:
            return found, answer["next"]


def ask(hs: Homeserver, since: str | None, timeout: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = {"timeout": timeout}
    if since is not None:
        body["since"] = since
    return dict(hs.ok("/accounts/activated", body))


def test_a_device_without_keys_is_not_enough(hs: Homeserver) -> None:
    user_id, token = hs.person("keys")
    before, since = all_of(hs)
    assert user_id not in before
    (facts,) = hs.ok("/accounts/query", {"user_ids": [user_id]})["results"]
    assert (facts["devices"], facts["activated"]) == (1, False)

    upload_keys(hs, user_id, token)
    assert all_of(hs, since)[0] == [user_id]
    assert user_id in all_of(hs)[0]
    (facts,) = hs.ok("/accounts/query", {"user_ids": [user_id]})["results"]
    assert facts["activated"] is True


def test_nothing_new_is_an_empty_answer_and_the_same_place(hs: Homeserver) -> None:
    _, since = all_of(hs)
    assert ask(hs, since) == {"user_ids": [], "next": since, "limited": False}


def test_waits_for_somebody(hs: Homeserver) -> None:
    user_id, token = hs.person("waited")
    _, since = all_of(hs)
    answers: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: answers.append(ask(hs, since, 20_000)))
    waiting.start()
    started = time.monotonic()
    upload_keys(hs, user_id, token)
    waiting.join(timeout=40)
    assert answers[0]["user_ids"] == [user_id]
    # Not at the end of the time it was given; a busy machine may take some of it.
    assert time.monotonic() - started < 15


def test_who_lost_all_devices_is_not_listed(hs: Homeserver) -> None:
    user_id, token = hs.person("lost")
    upload_keys(hs, user_id, token)
    assert user_id in all_of(hs)[0]
    hs.ok("/accounts/logout", {"user_id": user_id})
    everybody, since = all_of(hs)
    assert user_id not in everybody
    # And is told again with the next device.
    _, answer = hs.login(user_id, "correct horse")
    upload_keys(hs, user_id, str(answer["access_token"]))
    assert all_of(hs, since)[0] == [user_id]


def test_a_place_of_another_life_begins_anew(hs: Homeserver) -> None:
    user_id, token = hs.person("anew")
    upload_keys(hs, user_id, token)
    assert user_id in all_of(hs, "p999999999")[0]


def test_pages(hs: Homeserver) -> None:
    """The list of all goes on behind a user id, and ends where it began."""
    user_ids = []
    for _ in range(3):
        user_id, token = hs.person("page")
        upload_keys(hs, user_id, token)
        user_ids.append(user_id)
    _, since = all_of(hs)
    rest = ask(hs, f"a{since[1:]}~{user_ids[0]}")
    assert user_ids[0] not in rest["user_ids"]
    assert set(user_ids[1:]) <= set(rest["user_ids"])
    assert (rest["next"], rest["limited"]) == (since, False)


@pytest.mark.parametrize(
    "body",
    [
        {"since": 1},
        {"since": "x"},
        {"since": "a1~"},
        {"timeout": -1},
        {"timeout": 30_001},
        {"timeout": True},
        {"who": 1},
    ],
)
def test_refuses_what_it_does_not_know(hs: Homeserver, body: dict[str, Any]) -> None:
    status, answer = hs.api("POST", "/accounts/activated", body)
    assert status == 400, answer
