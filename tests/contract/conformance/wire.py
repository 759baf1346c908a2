"""The wire between a connector and its sandbox, both in this process: sees every request, and breaks some."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

Forward = Callable[[httpx.Request], Awaitable[httpx.Response]]
Break = Callable[[httpx.Request, Forward], Awaitable[httpx.Response]]
HOST = "sandbox"


def line(request: httpx.Request) -> str:
    """`METHOD path body`."""
    return f"{request.method} {request.url.path} {request.content.decode('utf-8', 'replace')}"


@dataclass
class Fault:
    """`pattern` is searched in the line of a request; `times` None is for ever."""

    how: Break
    pattern: str
    times: int | None
    spare: str | None

    def hits(self, request: httpx.Request) -> bool:
        said = line(request)
        if self.times == 0 or not re.search(self.pattern, said) or (self.spare and re.search(self.spare, said)):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Wire(httpx.AsyncBaseTransport):
    """Requests in `asked`; those that went to another host than the sandbox's in `astray`."""

    def __init__(self, app: Callable[..., Awaitable[None]], token: str | None) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._token = token
        self._faults: list[Fault] = []
        self.asked: list[str] = []
        self.astray: list[str] = []
        self.closed = 0

    def fault(self, how: Break, pattern: str = "", times: int | None = None) -> None:
        """Requests for a token are spared: a connector without one asks for it before anything else."""
        self._faults.append(Fault(how, pattern, times, self._token))

    def heal(self) -> None:
        self._faults.clear()

    def count(self, pattern: str) -> int:
        return sum(bool(re.search(pattern, said)) for said in self.asked)

    @property
    def tokens(self) -> int:
        return self.count(self._token) if self._token else 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(line(request))
        if request.url.host != HOST:
            self.astray.append(str(request.url))
            raise httpx.ConnectError("no such host", request=request)
        for fault in self._faults:
            if fault.hits(request):
                return await fault.how(request, self._inner.handle_async_request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        self.closed += 1


# --- what can go wrong


def answer(status: int, body: bytes = b"", **headers: str) -> Break:
    """This answer, nothing done."""

    async def how(_: httpx.Request, __: Forward) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, content=body, headers=named)

    return how


HTML = answer(200, b"<!DOCTYPE html><html><body><h1>We'll be back soon</h1></body></html>", content_type="text/html")


async def never_arrives(request: httpx.Request, _: Forward) -> httpx.Response:
    """The connection breaks after the request was sent; the system has not done it."""
    raise httpx.ReadError("connection reset", request=request)


async def reply_lost(request: httpx.Request, forward: Forward) -> httpx.Response:
    """The system has done it; its answer is lost."""
    await forward(request)
    raise httpx.ReadError("connection reset", request=request)


async def truncated(request: httpx.Request, forward: Forward) -> httpx.Response:
    """Done, and half of the answer arrives."""
    whole = await forward(request)
    body = await whole.aread()
    headers = {"content-type": whole.headers.get("content-type", ""), "content-length": str(len(body))}
    return httpx.Response(whole.status_code, headers=headers, stream=httpx.ByteStream(body[: len(body) // 2]))
