"""The organisation's host is told of every new password it has not set itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from homeserver import Homeserver
from host import AnsweringHost

OLD = "correct horse"
NEW = "battery staple"


class Host(AnsweringHost):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.tries = 0
        self.left: list[str] = []
        super().__init__("passwords")

    def answer(self, body: dict[str, Any], good: bool) -> dict[str, Any]:
        self.tries += 1
        left = [user_id for user_id in body["user_ids"] if user_id in self.left]
        if good:
            self.told += [user_id for user_id in body["user_ids"] if user_id not in left]
        return {"left": left}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Homeserver, Host]]:
    host = Host()
    hs = Homeserver(
        tmp_path_factory.mktemp("passwords"),
        {"conversations": {"user": "@_qiao_rooms:qiao.test", "appservice": "asked"}},
        asked=host.url,
    )
    try:
        hs.start()
        yield hs, host
    finally:
        hs.stop()
        host.stop()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def change(hs: Homeserver, user_id: str, token: str, old: str, new: str) -> int:
    """As any client does it; answers the status."""
    body: dict[str, Any] = {"new_password": new, "logout_devices": False}
    _, flow = hs.client("POST", "/account/password", body, token=token)
    body["auth"] = {
        "type": "m.login.password",
        "session": flow["session"],
        "identifier": {"type": "m.id.user", "user": user_id},
        "password": old,
    }
    return hs.client("POST", "/account/password", body, token=token)[0]


def test_a_password_that_a_person_changes_is_told(company: tuple[Homeserver, Host]) -> None:
    hs, host = company
    user_id, token = hs.person()
    assert host.told == [], "what the host sets itself"
    assert change(hs, user_id, token, "wrong", NEW) == 401
    assert change(hs, user_id, token, OLD, NEW) == 200
    until(lambda: host.told == [user_id])
    assert host.tokens == {f"Bearer {hs.hs_token}"}


def test_a_password_that_an_administrator_of_the_server_sets_is_told(
    company: tuple[Homeserver, Host],
) -> None:
    hs, host = company
    user_id, _ = hs.person()
    token = hs.register_outside("server.admin", "correct horse", admin=True)
    status, answer = hs.request(
        "POST",
        f"/_synapse/admin/v1/reset_password/{user_id}",
        {"new_password": NEW, "logout_devices": True},
        token,
    )
    assert status == 200, answer
    until(lambda: user_id in host.told)


def test_one_whom_the_host_cannot_deal_with_holds_up_nobody(
    company: tuple[Homeserver, Host],
) -> None:
    hs, host = company
    (first, first_token), (second, second_token) = hs.person(), hs.person()
    host.left = [first]
    assert change(hs, first, first_token, OLD, NEW) == 200
    assert change(hs, second, second_token, OLD, NEW) == 200
    until(lambda: second in host.told)
    # Asked again for the one alone.
    tries = host.tries
    until(lambda: host.tries > tries)
    assert host.told.count(second) == 1
    assert first not in host.told
    host.left = []
    until(lambda: first in host.told)


def test_what_could_not_be_told_is_told_later_also_after_the_end_of_the_process(
    company: tuple[Homeserver, Host],
) -> None:
    hs, host = company
    user_id, token = hs.person()
    host.away = True
    tries = host.tries
    assert change(hs, user_id, token, OLD, NEW) == 200
    until(lambda: host.tries > tries)
    assert user_id not in host.told
    hs.kill()
    host.away = False
    hs.start()
    until(lambda: user_id in host.told)
    assert hs.login(user_id, NEW)[0] == 200
