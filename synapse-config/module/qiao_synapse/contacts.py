"""Asking the organisation's host who may write to whom."""

from __future__ import annotations

from collections.abc import Sequence

from qiao_synapse.host import Host, HostAway


class Contacts:
    """The host's answer about pairs of people."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def allowed(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether the first of each pair may contact the second. Raises HostAway."""
        answer = await self._host.post(
            "/contact", {"pairs": [{"from": a, "to": b} for a, b in pairs]}
        )
        allowed = answer.get("allowed") if isinstance(answer, dict) else None
        if not isinstance(allowed, list) or len(allowed) != len(pairs):
            raise HostAway("an answer that is none")
        return [a is True for a in allowed]
