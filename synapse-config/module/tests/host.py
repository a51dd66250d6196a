"""Where the organisation's host is, in tests: what our module asks or tells over loopback."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class AnsweringHost(ABC):
    """Answers one path below the registration's address, and 503 while it is away."""

    def __init__(self, path: str) -> None:
        self.tokens: set[str] = set()
        self.away = False
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                host.tokens.add(self.headers["authorization"])
                good = self.path == f"/as/_qiao/v1/{path}" and not host.away
                answer = json.dumps(host.answer(body, good)).encode()
                self.send_response(200 if good else 503)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/as"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @abstractmethod
    def answer(self, body: dict[str, Any], good: bool) -> dict[str, Any]:
        """What is answered; ``good``: with 200."""

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
