"""Starts a Synapse process with the module, and talks to it.

SQLite by default: nothing but Python is needed. With QIAO_TEST_POSTGRES set to libpq's
`host=… port=… user=…` of a server where databases may be created, it uses that.
"""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import http.client
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

MODULE_ROOT = Path(__file__).resolve().parent.parent
API = "/_synapse/client/qiao/v1"
START_TIMEOUT_S = 120

_counter = itertools.count(1)


def unique(prefix: str) -> str:
    """A localpart that no other test uses."""
    return f"{prefix}{next(_counter)}"


def _end_with_parent() -> None:
    """Have Linux end this process when its parent is gone, however it went."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Homeserver:
    """One Synapse process. `api` calls the module, `client` the Matrix API."""

    server_name = "qiao.test"

    def __init__(
        self,
        folder: Path,
        module_config: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        asked: str | None = None,
    ) -> None:
        """`asked`: address of a registration `asked`, which the module may ask things."""
        self._asked = asked
        self.hs_token = secrets.token_hex(16)
        self.folder = folder
        self.token = secrets.token_hex(32)
        self.as_token = secrets.token_hex(16)
        self.as_user = f"@_qiao_org:{self.server_name}"
        self.as_bot = f"@_qiao_audit:{self.server_name}"
        self.token_path = folder / "token"
        self.port = 0
        self._shared_secret = secrets.token_hex(16)
        self._module_config = module_config or {}
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._database: dict[str, Any] = {
            "name": "sqlite3",
            "args": {"database": str(folder / "synapse.db")},
        }
        self._pg_name: str | None = None
        self._create_postgres_database()

    @property
    def sqlite(self) -> Path | None:
        """The database file, if it is one."""
        return None if self._pg_name else self.folder / "synapse.db"

    def mxid(self, localpart: str) -> str:
        return f"@{localpart}:{self.server_name}"

    # -- the process

    def _create_postgres_database(self) -> None:
        dsn = os.environ.get("QIAO_TEST_POSTGRES")
        if not dsn:
            return
        import psycopg2

        self._pg_name = f"qiao_test_{secrets.token_hex(6)}"
        connection = psycopg2.connect(f"{dsn} dbname=postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE DATABASE {self._pg_name} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
                " TEMPLATE template0"
            )
        connection.close()
        args: dict[str, Any] = dict(part.split("=", 1) for part in dsn.split())
        args.update(dbname=self._pg_name, cp_min=2, cp_max=10)
        self._database = {"name": "psycopg2", "args": args}

    def _write_config(self) -> Path:
        self.token_path.write_text(self.token + "\n")
        (self.folder / "as.yaml").write_text(
            json.dumps(
                {
                    "id": "qiao",
                    "url": None,
                    "as_token": self.as_token,
                    "hs_token": secrets.token_hex(16),
                    "sender_localpart": "_qiao_sender",
                    "rate_limited": False,
                    "namespaces": {"users": [{"exclusive": True, "regex": "@_qiao_.*"}]},
                }
            )
        )
        registrations = ["as.yaml"]
        if self._asked is not None:
            registrations.append("asked.yaml")
            (self.folder / "asked.yaml").write_text(
                json.dumps(
                    {
                        "id": "asked",
                        "url": self._asked,
                        "as_token": secrets.token_hex(16),
                        "hs_token": self.hs_token,
                        "sender_localpart": "_asked_sender",
                        "namespaces": {},
                    }
                )
            )
        (self.folder / "log.yaml").write_text(
            json.dumps(
                {
                    "version": 1,
                    "formatters": {
                        "f": {"format": "%(asctime)s %(name)s %(lineno)d %(levelname)s %(message)s"}
                    },
                    "handlers": {
                        "file": {
                            "class": "logging.FileHandler",
                            "formatter": "f",
                            "filename": str(self.folder / "synapse.log"),
                        }
                    },
                    "root": {"level": "INFO", "handlers": ["file"]},
                    "disable_existing_loggers": False,
                }
            )
        )
        unlimited = {"per_second": 100000, "burst_count": 100000}
        config = {
            "server_name": self.server_name,
            "pid_file": str(self.folder / "pid"),
            "listeners": [
                {
                    "port": self.port,
                    "bind_addresses": ["127.0.0.1"],
                    "type": "http",
                    "resources": [{"names": ["client"]}],
                }
            ],
            "database": self._database,
            "log_config": str(self.folder / "log.yaml"),
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "trusted_key_servers": [],
            "report_stats": False,
            "registration_shared_secret": self._shared_secret,
            "macaroon_secret_key": "m",
            "form_secret": "f",
            "bcrypt_rounds": 4,
            "filter_timeline_limit": 1000,
            "max_event_delay_duration": "24h",
            "app_service_config_files": [str(self.folder / name) for name in registrations],
            "password_config": {"policy": {"enabled": True, "minimum_length": 8}},
            "rc_login": {"address": unlimited, "account": unlimited, "failed_attempts": unlimited},
            "rc_registration": unlimited,
            "rc_message": unlimited,
            # The module must not need any of these raised.
            "rc_joins": {"local": {"per_second": 0.1, "burst_count": 5}},
            "rc_invites": {"per_room": {"per_second": 0.1, "burst_count": 5}},
            "modules": [
                {
                    "module": "qiao_synapse.QiaoModule",
                    "config": {
                        "token_path": str(self.token_path),
                        "server": self.server_name,
                        **self._module_config,
                    },
                },
                {"module": "counting.Count", "config": {}},
            ],
            **self._settings,
        }
        path = self.folder / "homeserver.yaml"
        path.write_text(json.dumps(config))
        return path

    def start(self) -> None:
        """Start, and wait until it answers. The port is chosen anew by the kernel each time."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        config = self._write_config()
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(MODULE_ROOT), str(MODULE_ROOT / "tests")]),
        }
        with open(self.folder / "out.log", "ab") as out:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "synapse.app.homeserver",
                    "-c",
                    str(config),
                ],
                cwd=self.folder,
                env=env,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            if self._process.poll() is not None:
                raise RuntimeError("Synapse ended at start:\n" + self.output()[-4000:])
            try:
                if self.request("GET", "/health", raw=True)[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("Synapse did not answer:\n" + self.output()[-4000:])
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def configure(self, module_config: dict[str, Any]) -> None:
        """Set options of the module for the next start."""
        self._module_config = module_config

    def stop_process(self) -> None:
        """End the process and keep the data."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End the process and remove what is outside the folder."""
        self.stop_process()
        if self._pg_name is not None:
            import psycopg2

            connection = psycopg2.connect(f"{os.environ['QIAO_TEST_POSTGRES']} dbname=postgres")
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {self._pg_name} WITH (FORCE)")
            connection.close()
            self._pg_name = None

    def output(self) -> str:
        return (self.folder / "out.log").read_text(errors="replace")

    def log(self) -> str:
        return (self.folder / "synapse.log").read_text(errors="replace")

    # -- requests

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        raw: bool = False,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            all_headers = dict(headers or {})
            if token is not None:
                all_headers["Authorization"] = f"Bearer {token}"
            data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
            connection.request(method, path, data, all_headers)
            response = connection.getresponse()
            payload = response.read()
            return response.status, payload if raw else json.loads(payload or b"null")
        finally:
            connection.close()

    def api(
        self, method: str, path: str, body: Any = None, token: str | None = ""
    ) -> tuple[int, Any]:
        """Call the module's API, with the right token if none is given (None: no token)."""
        return self.request(method, API + path, body, self.token if token == "" else token)

    def ok(self, path: str, body: Any) -> Any:
        """POST to the module's API and expect 200."""
        status, answer = self.api("POST", path, body)
        assert status == 200, (status, answer)
        return answer

    def client(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str,
        as_user: str | None = None,
    ) -> tuple[int, Any]:
        """Call the Matrix client API; `as_user` for the appservice token."""
        if as_user is not None:
            path += ("&" if "?" in path else "?") + "user_id=" + quote(as_user, safe="")
        return self.request(method, "/_matrix/client/v3" + path, body, token)

    def service(self, method: str, path: str, body: Any = None, user: str | None = None) -> Any:
        """Call the Matrix client API as a service user and expect 200."""
        status, answer = self.client(
            method, path, body, token=self.as_token, as_user=user or self.as_user
        )
        assert status == 200, (status, answer)
        return answer

    # -- set-up that does not go through the module

    def register_outside(self, localpart: str, password: str, admin: bool = False) -> str:
        """Make an account by Synapse's shared secret. Returns an access token."""
        _, answer = self.request("GET", "/_synapse/admin/v1/register")
        nonce = answer["nonce"]
        mac = hmac.new(self._shared_secret.encode(), digestmod=hashlib.sha1)
        mac.update(
            b"\x00".join(
                [
                    nonce.encode(),
                    localpart.encode(),
                    password.encode(),
                    b"admin" if admin else b"notadmin",
                ]
            )
        )
        status, answer = self.request(
            "POST",
            "/_synapse/admin/v1/register",
            {
                "nonce": nonce,
                "username": localpart,
                "password": password,
                "admin": admin,
                "mac": mac.hexdigest(),
            },
        )
        assert status == 200, answer
        return str(answer["access_token"])

    def ensure_service_user(self, user_id: str) -> None:
        """Register a user of the appservice's namespace, once."""
        status, answer = self.request(
            "POST",
            "/_matrix/client/v3/register",
            {
                "type": "m.login.application_service",
                "username": user_id[1:].partition(":")[0],
                "inhibit_login": True,
            },
            self.as_token,
        )
        assert status == 200 or answer["errcode"] == "M_USER_IN_USE", answer

    def login(self, localpart: str, password: str) -> tuple[int, Any]:
        return self.request(
            "POST",
            "/_matrix/client/v3/login",
            {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": localpart},
                "password": password,
            },
        )

    def make_people(self, *localparts: str) -> list[str]:
        """Make accounts by the module. Returns their user ids."""
        answer = self.ok("/accounts", {"accounts": [{"localpart": p} for p in localparts]})
        assert all(r.get("created") for r in answer["results"]), answer
        return [r["user_id"] for r in answer["results"]]

    def person(self, prefix: str = "person", password: str = "correct horse") -> tuple[str, str]:
        """An activated account: (user id, access token)."""
        (user_id,) = self.make_people(unique(prefix))
        self.ok(
            "/accounts/password",
            {"user_id": user_id, "password": password, "logout_devices": False},
        )
        status, answer = self.login(user_id, password)
        assert status == 200, answer
        return user_id, str(answer["access_token"])

    def make_room(self, user: str | None = None, **options: Any) -> str:
        """A room made by a service user, as the organisation makes them."""
        self.ensure_service_user(user or self.as_user)
        body = {
            "preset": "private_chat",
            "creation_content": {"m.federate": False},
            **options,
        }
        return str(self.service("POST", "/createRoom", body, user)["room_id"])

    def joined(self, room_id: str) -> set[str]:
        """Joined members, as the service user sees them."""
        answer = self.service("GET", f"/rooms/{quote(room_id, safe='')}/joined_members")
        return set(answer["joined"])

    def state(self, room_id: str, event_type: str, state_key: str = "") -> tuple[int, Any]:
        return self.client(
            "GET",
            f"/rooms/{quote(room_id, safe='')}/state/{event_type}/{quote(state_key, safe='')}",
            token=self.as_token,
            as_user=self.as_user,
        )
