"""A real Synapse with the module, one per test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from homeserver import Homeserver


@pytest.fixture(scope="session")
def hs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    server = Homeserver(tmp_path_factory.mktemp("synapse"))
    server.start()
    yield server
    server.stop()
