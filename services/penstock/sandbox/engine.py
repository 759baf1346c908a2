"""A sandbox: its parts, and the ASGI application that puts faults, request log and admin API around its routes."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from penstock.sandbox.admin import ADMIN_PREFIX, ActionError, admin_routes
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.faults import HTTP_KINDS, Fault, FaultBox
from penstock.sandbox.storage import Storage
from penstock.sandbox.wire import Captured, drop, send_half

log = structlog.get_logger()

Json = dict[str, Any]
Collection = Callable[[], list[Json]]
Action = Callable[[Json], Awaitable[Json]]

__all__ = ["ActionError", "Sandbox", "SandboxApp"]

REQUESTS_KEPT = 20_000
BODY_EXCERPT = 2048
HTML_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>We'll be back soon</h1></body></html>"
)


class Sandbox:
    """What a sandbox is made of. A system fills `collections` and `actions` and calls `app(routes)`.

    `time_scale` divides the documented waits of the system (rate limit windows), not the seconds of a fault.
    """

    def __init__(
        self, name: str, storage: Storage, clock: SandboxClock, faults: FaultBox, *, time_scale: float = 1.0
    ) -> None:
        self.name = name
        self.storage = storage
        self.clock = clock
        self.faults = faults
        self.time_scale = time_scale
        self.collections: dict[str, Collection] = {}
        self.actions: dict[str, Action] = {}
        self.requests: deque[Json] = deque(maxlen=REQUESTS_KEPT)
        self.opening: list[Callable[[], Awaitable[None]]] = []
        self.closing: list[Callable[[], Awaitable[None]]] = []
        self._numbered = 0
        self._tasks: set[asyncio.Task[None]] = set()
        faults.on_change = self._follow_clock_shift

    def app(self, routes: Sequence[BaseRoute]) -> "SandboxApp":
        """The ASGI application: `routes` of the system, and `/_sandbox/` beside them."""
        return SandboxApp(self, [*admin_routes(self), *routes])

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the requests (a webhook being sent). It is cancelled when the sandbox stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self) -> None:
        """Wait until nothing runs in the background."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await self.settle()
        for closer in self.closing:
            await closer()
        self.storage.close()

    def note(self, scope: Scope, body: bytes, status: int | None, started: float, fault: Fault | None) -> None:
        """Put one request on the request log. `status` None: no complete answer left the house."""
        self._numbered += 1
        self.requests.append(
            {
                "number": self._numbered,
                "at": self.clock.utc_stamp(),
                "method": scope["method"],
                "path": scope["path"],
                "query": scope["query_string"].decode("latin-1"),
                "status": status,
                "ms": round((time.perf_counter() - started) * 1000, 3),
                "body": body[:BODY_EXCERPT].decode("utf-8", "replace"),
                "fault": f"{fault.kind}:{fault.id}" if fault else None,
            }
        )

    def _follow_clock_shift(self) -> None:
        self.clock.shift_seconds = self.faults.clock_shift()


class SandboxApp(Starlette):
    """Starlette with the faults outside of everything, where the socket can still be reached."""

    def __init__(self, sandbox: Sandbox, routes: Sequence[BaseRoute]) -> None:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            for opener in sandbox.opening:
                await opener()
            yield
            await sandbox.close()

        super().__init__(routes=list(routes), lifespan=lifespan)
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ADMIN_PREFIX):
            await super().__call__(scope, receive, send)
            return
        started = time.perf_counter()
        body = await Request(scope, receive).body()
        fault = self._fault(scope, body)
        captured = Captured()
        if fault is None:
            await super().__call__(scope, _replay(body, receive), captured.send)
            self.sandbox.note(scope, body, captured.status, started, None)
            await captured.release(send)
            return
        status = await self._with_fault(fault, scope, body, captured, receive)
        self.sandbox.note(scope, body, status, started, fault)
        if status is not None:
            await captured.release(send)
        elif fault.kind == "truncated":
            await send_half(captured, receive, send)
        else:
            await drop(receive, send, reset=fault.kind == "reset")

    def _fault(self, scope: Scope, body: bytes) -> Fault | None:
        if not self.sandbox.faults.all():
            return None
        query = scope["query_string"].decode("latin-1")
        target = f"{scope['path']}?{query}" if query else scope["path"]
        return self.sandbox.faults.take(HTTP_KINDS, scope["method"], target, body.decode("utf-8", "replace"))

    async def _with_fault(
        self, fault: Fault, scope: Scope, body: bytes, captured: Captured, receive: Receive
    ) -> int | None:
        """Fill `captured` with what the fault makes of the answer; None when the connection is to be broken."""
        kind = fault.kind
        if kind in {"hang", "slow"}:
            await asyncio.sleep(fault.seconds)
        handled = kind in {"reply_lost", "error_after", "empty_500_after", "truncated", "slow"}
        if handled or (kind == "hang" and fault.then == "handle"):
            await super().__call__(scope, _replay(body, receive), captured.send)
        match kind:
            case "reply_lost" | "reset" | "truncated":
                return None
            case "hang" if fault.then == "drop":
                return None
            case "empty_500_before" | "empty_500_after":
                _answer(captured, 500, b"", {"content-type": "text/html; charset=utf-8"})
            case "error_before" | "error_after":
                _answer(captured, fault.status or 503, b"Service Unavailable", {"content-type": "text/plain"})
            case "rate_limit":
                headers = {"content-type": "text/plain"}
                if fault.retry_after is not None:
                    headers["retry-after"] = fault.retry_after
                _answer(captured, fault.status or 429, b"Too Many Requests", headers)
            case "html":
                _answer(captured, fault.status or 200, HTML_PAGE, {"content-type": "text/html; charset=utf-8"})
        return captured.status


def _answer(captured: Captured, status: int, body: bytes, headers: dict[str, str]) -> None:
    sent = {**headers, "content-length": str(len(body))}
    captured.start = {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
    }
    captured.body = body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body once more to the inner application, then what really comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
