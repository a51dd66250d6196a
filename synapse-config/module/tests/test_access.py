"""Nobody but the holder of the token gets in, at every endpoint."""

from __future__ import annotations

import http.client
import os
from typing import Any

import pytest
from homeserver import API, Homeserver, unique

ENDPOINTS: list[tuple[str, str]] = [
    ("GET", "/ping"),
    ("POST", "/accounts"),
    ("POST", "/accounts/query"),
    ("POST", "/accounts/identifiers"),
    ("POST", "/accounts/resolve"),
    ("POST", "/accounts/password"),
    ("POST", "/accounts/profile"),
    ("POST", "/accounts/emails"),
    ("POST", "/accounts/suspend"),
    ("POST", "/accounts/logout"),
    ("POST", "/accounts/deactivate"),
    ("POST", "/accounts/reactivate"),
    ("POST", "/accounts/residue"),
    ("POST", "/memberships"),
    ("POST", "/rooms/members"),
    ("POST", "/rooms/handover"),
    ("POST", "/rooms/witness"),
]


@pytest.fixture(scope="session")
def strangers(hs: Homeserver) -> dict[str, str | None]:
    """Tokens that are good elsewhere and not here."""
    return {
        "none": None,
        "empty": " ",
        "wrong": "x" * len(hs.token),
        "prefix": hs.token[:-1],
        "longer": hs.token + "0",
        "appservice": hs.as_token,
        "user": hs.register_outside(unique("stranger"), "a password"),
        "admin": hs.register_outside(unique("stranger"), "a password", admin=True),
    }


@pytest.mark.parametrize("who", "none empty wrong prefix longer appservice user admin".split())
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_refuses_every_other_token(
    hs: Homeserver, strangers: dict[str, str | None], method: str, path: str, who: str
) -> None:
    status, answer = hs.api(method, path, None if method == "GET" else {}, token=strangers[who])
    assert status == (401 if who == "none" else 403), answer
    assert answer["errcode"] == ("M_MISSING_TOKEN" if who == "none" else "M_FORBIDDEN")


def test_token_in_the_query_does_not_count(hs: Homeserver) -> None:
    status, _ = hs.request("GET", f"{API}/ping?access_token={hs.token}")
    assert status == 401


def test_unknown_paths_look_alike_without_token(hs: Homeserver) -> None:
    assert hs.api("GET", "/nothing", token=None) == hs.api("GET", "/ping", token=None)
    assert hs.api("GET", "/nothing")[0] == 404
    assert hs.api("DELETE", "/accounts")[0] == 405


def test_no_cors(hs: Homeserver) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", hs.port)
    connection.request("GET", f"{API}/ping", headers={"Authorization": f"Bearer {hs.token}"})
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("Access-Control-Allow-Origin") is None
    connection.close()


@pytest.mark.parametrize(("method", "path"), [e for e in ENDPOINTS if e[0] == "POST"])
@pytest.mark.parametrize(
    ("body", "status", "errcode"),
    [
        (b"{", 400, "M_NOT_JSON"),
        (b"\xff\xfe", 400, "M_NOT_JSON"),
        (b"[" * 100_000, 400, "M_NOT_JSON"),
        (b'{"a": NaN}', 400, "M_NOT_JSON"),
        (b"[]", 400, "M_BAD_JSON"),
        (b'{"surprise": 1}', 400, "M_BAD_JSON"),
        (b'{"a": "' + b"x" * 600_000 + b'"}', 413, "M_TOO_LARGE"),
    ],
)
def test_broken_bodies(
    hs: Homeserver, method: str, path: str, body: bytes, status: int, errcode: str
) -> None:
    answer: Any
    got, answer = hs.api(method, path, body)
    assert (got, answer["errcode"]) == (status, errcode)


def test_token_file_is_read_again(hs: Homeserver) -> None:
    old = hs.token
    new = "another-token-" + "y" * 40
    try:
        hs.token_path.write_text(new)
        assert hs.api("GET", "/ping", token=new)[0] == 200
        assert hs.api("GET", "/ping", token=old)[0] == 403
        os.unlink(hs.token_path)
        assert hs.api("GET", "/ping", token=new)[0] == 403
        hs.token_path.write_text("short")
        assert hs.api("GET", "/ping", token="short")[0] == 403
        assert hs.api("GET", "/ping", token="")[0] == 403
    finally:
        hs.token_path.write_text(old)
    assert hs.api("GET", "/ping", token=old)[0] == 200


def test_ping(hs: Homeserver) -> None:
    status, answer = hs.api("GET", "/ping")
    assert status == 200
    assert answer["server_name"] == hs.server_name
    assert "memberships" in answer["features"]
