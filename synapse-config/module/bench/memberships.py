"""Joins per second by three paths, on one Synapse and one database, in one run.

    QIAO_TEST_POSTGRES="host=… port=… user=…" python bench/memberships.py [--large 5000] [--lean]

- outside: invite and join by the client API, as an appservice would do it
- one by one: the module without batches
- batched: the module as it is

Prints wall time and Synapse's own CPU time per join. Machines differ and are noisy: only the
ratios between the paths of one run say something.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from homeserver import Homeserver, unique

BATCH = 200
# Settings under which a join in a large room costs what the join costs: see the README.
LEAN = {"update_user_directory_from_worker": "nobody", "send_federation": False}
PARALLEL = 4
PATHS = ("outside", "one by one", "batched")


def cpu_seconds(hs: Homeserver) -> float:
    """Synapse's CPU time so far, user and system."""
    fields = Path(f"/proc/{hs.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def people(hs: Homeserver, count: int) -> list[str]:
    """New accounts, made by the module."""
    names = [unique("b") for _ in range(count)]
    users: list[str] = []
    for start in range(0, count, BATCH):
        users += hs.make_people(*names[start : start + BATCH])
    return users


def bots(hs: Homeserver, count: int) -> list[str]:
    """New users whom the appservice token can act for."""
    users = [hs.mxid(f"_qiao_{unique('b')}") for _ in range(count)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(hs.ensure_service_user, users))
    return users


def outside(hs: Homeserver, work: dict[str, list[str]]) -> None:
    """Invite and join, rooms in parallel."""

    def one_room(room: str) -> None:
        path = f"/rooms/{quote(room, safe='')}"
        for user in work[room]:
            hs.service("POST", f"{path}/invite", {"user_id": user})
            hs.service("POST", f"{path}/join", {}, user)

    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(one_room, work))


def module(hs: Homeserver, work: dict[str, list[str]], membership: str = "join") -> None:
    """The same by /memberships."""
    items = [
        {"room_id": room, "user_id": user, "membership": membership}
        for room, users in work.items()
        for user in users
    ]
    for start in range(0, len(items), BATCH):
        answer = hs.ok("/memberships", {"as": hs.as_user, "items": items[start : start + BATCH]})
        assert all(r.get("changed") for r in answer["results"]), answer["results"][0]


def wait_until_quiet(hs: Homeserver) -> None:
    """Wait until Synapse has done what it does in the background."""
    while True:
        before = cpu_seconds(hs)
        time.sleep(2)
        if cpu_seconds(hs) - before < 0.1:
            return


def measure(
    hs: Homeserver,
    name: str,
    act: Callable[[Homeserver, dict[str, list[str]]], None],
    work: dict[str, list[str]],
) -> None:
    """Run and print one line. The CPU time counts what Synapse does afterwards as well."""
    count = sum(map(len, work.values()))
    wait_until_quiet(hs)
    cpu, wall = cpu_seconds(hs), time.monotonic()
    act(hs, work)
    wall = time.monotonic() - wall
    during = cpu_seconds(hs) - cpu
    wait_until_quiet(hs)
    after = cpu_seconds(hs) - cpu - during
    print(
        f"  {name:12} {count / wall:7.1f}/s   CPU {during / count * 1000:6.1f} ms each"
        f", {after / count * 1000:6.1f} ms afterwards",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", type=int, default=0)
    parser.add_argument("--joins", type=int, default=400)
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=PATHS)
    parser.add_argument("--lean", action="store_true", help=f"with {LEAN}")
    arguments = parser.parse_args()
    n = arguments.joins
    with tempfile.TemporaryDirectory() as folder:
        hs = Homeserver(Path(folder), settings=LEAN if arguments.lean else None)
        hs.start()
        try:
            large = hs.make_room() if arguments.large else ""
            if large:
                print(f"filling a room with {arguments.large}")
                measure(hs, "fill", module, {large: people(hs, arguments.large)})
            for path in arguments.paths:
                hs.stop_process()
                hs.configure({"fast_memberships": path == "batched"})
                hs.start()
                make = bots if path == "outside" else people
                act = outside if path == "outside" else module
                warm = make(hs, 20)
                act(hs, {hs.make_room(): warm})
                print(path)
                users = make(hs, n)
                many = {hs.make_room(): users[i : i + 20] for i in range(0, n, 20)}
                measure(hs, f"{n // 20} x 20", act, many)
                measure(hs, f"1 x {n}", act, {hs.make_room(): make(hs, n)})
                if path != "outside":
                    measure(hs, "kick", lambda h, w: module(h, w, "leave"), many)
                if large:
                    few = make(hs, n // 4)
                    measure(hs, f"large + {n // 4}", act, {large: few})
        finally:
            hs.stop()


if __name__ == "__main__":
    main()
