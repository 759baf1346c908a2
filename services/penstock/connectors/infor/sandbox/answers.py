"""Answers of the gateway and of the IDO service behind it (systems/infor.md 1.4, 4.1)."""

from typing import Any

import orjson
from starlette.responses import Response

_EMPTY: dict[str, dict[str, Any]] = {
    "load": {"Items": None, "Bookmark": None, "MoreRowsExist": False},
    "update": {"RefreshItems": None},
    "invoke": {"Parameters": None, "ReturnValue": None},
    "info": {"Keys": None, "Properties": None, "SubCollections": None},
}


def reply(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


def refused(operation: str, message: str) -> Response:
    """A business failure: HTTP 200."""
    return reply({"Message": message, "Success": False, **_EMPTY[operation]})


def bare(status: int, headers: dict[str, str] | None = None) -> Response:
    """A status without a body."""
    return Response(status_code=status, headers=headers)
