"""The HTTP side: one resource that authenticates, parses, dispatches and answers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from synapse.api.errors import Codes, SynapseError
from synapse.http.server import DirectServeJsonResource, respond_with_json
from synapse.http.site import SynapseRequest
from synapse.util.clock import Clock
from synapse.util.json import json_decoder
from twisted.python.failure import Failure

from qiao_synapse.token import TokenFile

logger = logging.getLogger(__name__)

PREFIX = "/_synapse/client/qiao/v1"
MAX_BODY_BYTES = 512 * 1024

JsonObject = dict[str, Any]
Handler = Callable[[Mapping[str, Any]], Awaitable[JsonObject]]


class QiaoResource(DirectServeJsonResource):
    """Serves everything below `PREFIX`.

    Order for every request: token, path and method, body, handler. Without the token no
    answer tells which paths exist. No CORS headers: browsers have no business here.
    """

    isLeaf = True

    def __init__(
        self,
        *,
        clock: Clock,
        token: TokenFile,
        routes: Mapping[tuple[str, str], Handler],
    ) -> None:
        super().__init__(clock=clock)
        self._token = token
        self._routes = dict(routes)
        self._paths = {path for _, path in routes}

    async def _async_render(self, request: SynapseRequest) -> tuple[int, JsonObject]:
        request.request_metrics.name = "QiaoResource"
        self._authenticate(request)

        path = request.path.decode("ascii", errors="replace")
        path = path[len(PREFIX) :] if path.startswith(PREFIX) else path
        method = request.method.decode("ascii", errors="replace")
        handler = self._routes.get((method, path))
        if handler is None:
            if path in self._paths:
                raise SynapseError(405, "Method not allowed", Codes.UNRECOGNIZED)
            raise SynapseError(404, "Unknown endpoint", Codes.UNRECOGNIZED)
        request.request_metrics.name = "Qiao" + path.title().replace("/", "")

        body = {} if method == "GET" else _read_body(request)
        return 200, await handler(body)

    def _authenticate(self, request: SynapseRequest) -> None:
        headers = request.requestHeaders.getRawHeaders(b"Authorization") or []
        if not headers:
            raise SynapseError(401, "A token is needed", Codes.MISSING_TOKEN)
        scheme, _, presented = headers[0].partition(b" ")
        if len(headers) != 1 or scheme.lower() != b"bearer":
            raise SynapseError(401, "A bearer token is needed", Codes.MISSING_TOKEN)
        if not self._token.matches(presented.strip()):
            logger.warning("refused a request with a wrong token")
            raise SynapseError(403, "This token does not open this API", Codes.FORBIDDEN)

    def _send_response(self, request: SynapseRequest, code: int, response_object: Any) -> None:
        respond_with_json(request, code, response_object, send_cors=False, canonical_json=False)

    def _send_error_response(self, f: Failure, request: SynapseRequest) -> None:
        if isinstance(f.value, SynapseError):
            code, body = f.value.code, f.value.error_dict(None)
        else:
            code, body = 500, {"errcode": Codes.UNKNOWN, "error": "Internal server error"}
            logger.error("%s failed", request.request_metrics.name, exc_info=f.value)
        if request.startedWriting:
            if request.channel:
                request.channel.forceAbortClient()  # type: ignore[no-untyped-call]
            return
        respond_with_json(request, code, body, send_cors=False)


def _read_body(request: SynapseRequest) -> Mapping[str, Any]:
    # Synapse's own parser writes a body it cannot parse into the log; ours may hold a password.
    content = request.content
    raw = content.read(MAX_BODY_BYTES + 1) if content is not None else b""
    if len(raw) > MAX_BODY_BYTES:
        raise SynapseError(413, "The body is too large", Codes.TOO_LARGE)
    try:
        body = json_decoder.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise SynapseError(400, "The body is not JSON", Codes.NOT_JSON) from None
    if not isinstance(body, dict):
        raise SynapseError(400, "The body must be an object", Codes.BAD_JSON)
    return body
