"""Loaded by the Synapse under test: tells how many passwords it has hashed.

Time says little on a busy machine; the number of hashes says whether an answer took one.
"""

from __future__ import annotations

from typing import Any

import bcrypt
from synapse.http.server import DirectServeJsonResource
from synapse.http.site import SynapseRequest
from synapse.module_api import ModuleApi

PATH = "/_counted"

counted = 0
_checkpw = bcrypt.checkpw


def _counting(password: bytes, hashed: bytes) -> bool:
    global counted
    counted += 1
    return _checkpw(password, hashed)


class Count:
    """A Synapse module."""

    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:
        bcrypt.checkpw = _counting
        api.register_web_resource(PATH, _Resource(clock=api._hs.get_clock()))

    @staticmethod
    def parse_config(config: dict[str, Any]) -> dict[str, Any]:
        return config


class _Resource(DirectServeJsonResource):
    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, Any]:
        return 200, {"counted": counted}
