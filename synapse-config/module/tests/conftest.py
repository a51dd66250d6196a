"""A real Synapse with the module, one per test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from homeserver import Homeserver


def _running(
    tmp_path_factory: pytest.TempPathFactory, module_config: dict[str, object]
) -> Iterator[Homeserver]:
    server = Homeserver(tmp_path_factory.mktemp("synapse"), module_config)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def hs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """The module as it is used; the host that is asked about contacts is away."""
    yield from _running(
        tmp_path_factory,
        {"conversations": {"user": "@_qiao_rooms:qiao.test", "appservice": "qiao"}},
    )


@pytest.fixture(scope="session")
def slow_hs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """Without batches, as on a Synapse release they were not tested with.

    Rooms are as people make them: those from before the module looked at them.
    """
    yield from _running(tmp_path_factory, {"fast_memberships": False, "people_rooms": False})


@pytest.fixture(params=["batched", "one by one"])
def either_hs(request: pytest.FixtureRequest) -> Homeserver:
    """Both, one after the other: they must not differ."""
    server: Homeserver = request.getfixturevalue("hs" if request.param == "batched" else "slow_hs")
    return server
