"""The admin API under `/_sandbox/`: read the state, act as the people there do, set faults, see requests."""

import difflib
import json
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from penstock.sandbox.engine import Sandbox

ADMIN_PREFIX = "/_sandbox/"
Json = dict[str, Any]


class ActionError(ValueError):
    """What was asked of the admin API cannot be done; the text says what to change. Answered 400."""


class AdminApi:
    """Handlers of one sandbox's admin API."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    async def health(self, _: Request) -> Response:
        box = self._sandbox
        return _reply({"name": box.name, "time": box.clock.utc_stamp(), "local_time": box.clock.stamp()})

    async def state(self, request: Request) -> Response:
        """`?field=value` keeps the rows where the field, as text, equals the value."""
        name = request.path_params["collection"]
        read = self._sandbox.collections.get(name)
        if read is None:
            return _unknown("collection", name, list(self._sandbox.collections))
        wanted = dict(request.query_params)
        items = [row for row in read() if all(_text(row.get(field)) == value for field, value in wanted.items())]
        return _reply({"items": items})

    async def action(self, request: Request) -> Response:
        name = request.path_params["name"]
        act = self._sandbox.actions.get(name)
        if act is None:
            return _unknown("action", name, list(self._sandbox.actions))
        try:
            return _reply(await act(_parse(await request.body())))
        except (ActionError, ValidationError) as error:
            return _reply({"error": str(error)}, 400)

    async def faults(self, request: Request) -> Response:
        box = self._sandbox.faults
        try:
            if request.method == "DELETE":
                box.clear()
            elif request.method in {"PUT", "POST"}:
                given = _parse(await request.body())
                listed = given.get("faults", [given] if "kind" in given else [])
                (box.replace if request.method == "PUT" else box.add)(listed)
        except ValueError as error:
            return _reply({"error": str(error), "kinds": sorted(box.kinds)}, 400)
        return _reply({"faults": [fault.model_dump() for fault in box.all()]})

    async def requests(self, request: Request) -> Response:
        """`?path=` (part of it), `?method=`, `?since=` (numbers above it); oldest first."""
        asked = request.query_params
        since = int(asked.get("since") or 0)
        method = asked.get("method", "").upper()
        items = [
            entry
            for entry in self._sandbox.requests
            if entry["number"] > since
            and (not method or entry["method"] == method)
            and asked.get("path", "") in entry["path"]
        ]
        return _reply({"items": items})


def admin_routes(sandbox: "Sandbox") -> list[Route]:
    api = AdminApi(sandbox)
    return [
        Route("/_sandbox/health", api.health),
        Route("/_sandbox/state/{collection}", api.state),
        Route("/_sandbox/actions/{name}", api.action, methods=["POST"]),
        Route("/_sandbox/faults", api.faults, methods=["GET", "PUT", "POST", "DELETE"]),
        Route("/_sandbox/requests", api.requests),
    ]


def _parse(raw: bytes) -> Json:
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise ActionError(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ActionError("the body must be a JSON object")
    return value


def _unknown(what: str, name: str, known: list[str]) -> Response:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return _reply({"error": f"no {what} {name!r}{hint}", "known": sorted(known)}, 404)


def _reply(value: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(value, default=str), status, media_type="application/json")


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
