"""The front door: what every call passes before its handler, in this order (systems/clarity.md 3.2 to 3.7).

Failures on demand, client, rate limit, address, scope, size, content type, Idempotency-Key; then the handler.
"""

import asyncio
import hashlib
import time
import uuid
from urllib.parse import unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from penstock.connectors.clarity.sandbox.access import Access
from penstock.connectors.clarity.sandbox.answers import Answer, ApiError, answer, refusal
from penstock.connectors.clarity.sandbox.call import Call
from penstock.connectors.clarity.sandbox.checks import idempotency_key
from penstock.connectors.clarity.sandbox.failures import Failures
from penstock.connectors.clarity.sandbox.limits import Limits
from penstock.connectors.clarity.sandbox.routes import Route, find
from penstock.connectors.clarity.sandbox.shop import Shop

MAX_BODY = 1024 * 1024
KEPT_SECONDS = 86_400
_MEDIA = {"json": "application/json", "merge-patch": "application/merge-patch+json"}


class Gateway:
    """Handles every call below the host."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._access = Access(shop.storage, shop.options, shop.sandbox.faults, time.time)
        self._limits = Limits(shop.options, shop.clock, time.monotonic)
        self._failures = Failures(shop.options, shop.sandbox.faults, self._limits)

    async def handle(self, request: Request) -> Response:
        if self._shop.options.latency_ms:
            await asyncio.sleep(self._shop.options.latency_ms / 1000)
        body = await request.body()
        request_id = str(uuid.uuid4())
        call = _call(request, body, request_id)
        headers = {"X-Request-Id": request_id}
        try:
            made = self._answer(call, headers)
        except ApiError as error:
            made = refusal(error, request_id)
        sent = {**headers, **made.headers}
        return Response(made.body, made.status, sent, media_type=made.media if made.body else None)

    def _answer(self, call: Call, headers: dict[str, str]) -> Answer:
        """The answer; what every answer has goes into `headers`."""
        match call.segments:
            case ("oauth", "token") if self._shop.options.auth == "oauth":
                headers |= self._limits.take("anonymous")
                if call.method != "POST":
                    raise ApiError(405, "method_not_allowed", "POST it", headers={"Allow": "POST"})
                return self._access.token(call.headers, call.body)
            case ("api", "v1", "health"):
                headers |= self._limits.take("anonymous")
                if call.method != "GET":
                    raise ApiError(405, "method_not_allowed", "GET it", headers={"Allow": "GET"})
                return answer({"status": "ok"})
            case ("api", "v1", *_):
                return self._api(call, headers)
        headers |= self._limits.take("anonymous")
        raise ApiError(404, "not_found", f"there is nothing at {call.path}")

    def _api(self, call: Call, headers: dict[str, str]) -> Answer:
        forced = self._failures.next(call)
        if forced is not None:
            return forced
        try:
            call.client, scopes = self._access.client(call.headers)
        except ApiError:
            headers |= self._limits.take("anonymous")
            raise
        headers |= self._limits.take(call.client)
        route, call.args = find(call.method, call.segments[2:])
        if route.scope not in scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{route.scope}"'
            message = f"this needs the scope {route.scope}"
            raise ApiError(403, "insufficient_scope", message, headers={"WWW-Authenticate": challenge})
        _check_form(route, call)
        if call.method == "POST":
            return self._once(route, call)
        if call.method == "GET":
            return route.handler(self._shop, call)
        with self._shop.work():
            return route.handler(self._shop, call)

    def _once(self, route: Route, call: Call) -> Answer:
        """A POST under its Idempotency-Key: only 2xx answers are kept."""
        key = idempotency_key(call.headers.get("idempotency-key"))
        digest = hashlib.sha256(call.body).hexdigest()
        now = self._shop.clock.utc().timestamp()
        storage = self._shop.storage
        known = storage.one("SELECT * FROM idempotency WHERE client = ? AND key = ?", (call.client, key))
        if known is not None and known["at"] > now - KEPT_SECONDS:
            if (known["path"], known["digest"]) != (call.path, digest):
                message = "the Idempotency-Key was used for another request"
                raise ApiError(422, "idempotency_key_reused", message)
            replayed = {**orjson.loads(known["headers"]), "Idempotent-Replay": "true"}
            return Answer(known["status"], known["body"], replayed)
        with self._shop.work():
            made = route.handler(self._shop, call)
            row = (call.client, key, call.path, digest, now, made.status, orjson.dumps(made.headers), made.body)
            storage.execute("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return made


def _call(request: Request, body: bytes, request_id: str) -> Call:
    scope = request.scope
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("ascii", "replace").partition("?")[0]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    headers["x-request-id"] = request_id
    return Call(
        method=scope["method"],
        path=path,
        query=scope["query_string"].decode("latin-1"),
        segments=tuple(unquote(part) for part in path.strip("/").split("/")),
        headers=headers,
        body=body,
        base=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
    )


def _check_form(route: Route, call: Call) -> None:
    if len(call.body) > MAX_BODY:
        raise ApiError(413, "payload_too_large", "a body may have 1 MiB at most")
    wanted = _MEDIA.get(route.takes)
    given = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if wanted is not None and given != wanted:
        raise ApiError(415, "unsupported_media_type", f"the Content-Type must be {wanted}, not {given or 'none'}")
