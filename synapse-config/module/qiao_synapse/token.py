"""The bearer token of the API, kept in a file."""

from __future__ import annotations

import hmac
import logging
import os

logger = logging.getLogger(__name__)

MIN_TOKEN_LENGTH = 32
MAX_TOKEN_FILE_BYTES = 4096


class TokenFile:
    """Holds the token of a file and reads it again when the file changes.

    A file that disappears or becomes unusable while Synapse runs closes the API (every
    token is refused) until it is back; it never leaves an old token valid.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._token: bytes | None = None

    def load(self) -> None:
        """Read the file now. Raises OSError or ValueError with a reason without the token."""
        with open(self._path, "rb") as file:
            stat = os.fstat(file.fileno())
            data = file.read(MAX_TOKEN_FILE_BYTES + 1)
        token = data.strip()
        if len(data) > MAX_TOKEN_FILE_BYTES or len(token) < MIN_TOKEN_LENGTH:
            raise ValueError(
                f"{self._path}: a token of at least {MIN_TOKEN_LENGTH} bytes is needed"
            )
        self._token = token
        self._stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)

    def matches(self, presented: bytes) -> bool:
        """Whether `presented` is the token, compared in constant time."""
        self._refresh()
        if self._token is None:
            return False
        return hmac.compare_digest(self._token, presented)

    def _refresh(self) -> None:
        try:
            stat = os.stat(self._path)
            if (stat.st_mtime_ns, stat.st_size, stat.st_ino) != self._stamp:
                self.load()
        except (OSError, ValueError) as e:
            if self._token is not None:
                logger.error("the API is closed, its token cannot be read: %s", e)
            self._token = None
            self._stamp = None
