"""Errors of the API, in Matrix form."""

from __future__ import annotations

from typing import Any

from synapse.api.errors import Codes, SynapseError


def bad_request(message: str, errcode: str = Codes.INVALID_PARAM) -> SynapseError:
    """A 400 for input that breaks the contract."""
    return SynapseError(400, message, errcode)


def forbidden(message: str, errcode: str = Codes.FORBIDDEN) -> SynapseError:
    """A 403 for something this API never does, whoever asks."""
    return SynapseError(403, message, errcode)


def not_found(message: str) -> SynapseError:
    """A 404 for an unknown user or room."""
    return SynapseError(404, message, Codes.NOT_FOUND)


def item_error(error: SynapseError) -> dict[str, Any]:
    """The part of a batch result that says why one item failed."""
    body = error.error_dict(None)
    code = body["errcode"]
    # Codes is a str, but formats itself as its member's name.
    return {"errcode": code.value if isinstance(code, Codes) else code, "error": body["error"]}


#: What a caller sees of an unexpected failure; the cause is in Synapse's log only.
INTERNAL_ITEM_ERROR = {"errcode": Codes.UNKNOWN.value, "error": "Internal error"}
