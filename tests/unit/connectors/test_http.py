"""What is known after a call went wrong, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.http import (
    Api,
    BusyError,
    LostReplyError,
    NotSentError,
    TooLargeError,
    retry_after_seconds,
)

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def target(behaviour: Behaviour, timeout: float = 5.0) -> AsyncIterator[tuple[Api, list[bytes]]]:
    """An Api against a server that reads one request, then behaves; and the request lines that it has seen."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"content-length: 2" in head.lower():
            await reader.readexactly(2)
        seen.append(head.split(b"\r\n")[0])
        await behaviour(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    api = Api(f"http://{host}:{port}", Budget(BudgetSettings()), timeout=timeout)
    try:
        yield api, seen
    finally:
        await api.close()
        server.close()


async def hang_up(_writer: asyncio.StreamWriter) -> None: ...


async def reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def cut(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await writer.drain()


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(1.0)


@pytest.mark.parametrize("behaviour", [hang_up, reset, cut])
async def test_a_connection_that_breaks_after_a_write_was_sent_is_a_lost_reply(behaviour: Behaviour) -> None:
    async with target(behaviour) as (api, seen):
        with pytest.raises(LostReplyError):
            await api.request("POST", "/orders", content=b"{}")
        assert seen == [b"POST /orders HTTP/1.1"]


async def test_a_write_that_times_out_is_a_lost_reply() -> None:
    async with target(silence, timeout=0.2) as (api, _):
        with pytest.raises(LostReplyError):
            await api.request("POST", "/orders", content=b"{}")


@pytest.mark.parametrize("behaviour", [hang_up, reset, cut])
async def test_a_read_that_breaks_may_be_made_again(behaviour: Behaviour) -> None:
    async with target(behaviour) as (api, _):
        with pytest.raises(NotSentError):
            await api.request("GET", "/orders")


async def test_a_write_that_finds_nobody_was_not_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    api = Api(f"http://127.0.0.1:{port}", Budget(BudgetSettings()), timeout=2.0)
    with pytest.raises(NotSentError, match="cannot connect"):
        await api.request("POST", "/orders", content=b"{}")
    await api.close()


async def test_an_answer_without_end_is_given_up_and_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.connectors.http.MAX_BODY", 1000)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"x" * 1001))
    api = Api("https://shop.example/api", Budget(BudgetSettings()), transport=transport)
    with pytest.raises(TooLargeError, match="longer than 1000 bytes"):
        await api.request("GET", "/orders")
    with pytest.raises(LostReplyError, match="longer than 1000 bytes"):
        await api.request("POST", "/orders", content=b"{}")
    await api.close()


NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 12:00:45 GMT", 45.0),
        ("Sunday, 01-Mar-26 12:00:45 GMT", 45.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("7200", 3600.0),
        ("9" * 5000, 3600.0),
        ("Mon, 02 Mar 2026 12:00:00 GMT", 3600.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("\u00b2", None),
        ("Sun, 01 Mar 99999 12:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOON) == seconds


@pytest.mark.parametrize(("seconds", "closed"), [(7.0, False), (900.0, True)])
async def test_too_many_requests_are_a_wait_that_stops_all_callers(seconds: float, closed: bool) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(429, headers={"Retry-After": str(int(seconds))}))
    budget = Budget(BudgetSettings(), clock=lambda: 100.0)
    api = Api("https://shop.example/api", budget, transport=transport)
    with pytest.raises(BusyError) as raised:
        await api.request("POST", "/orders", content=b"{}")
    assert (raised.value.retry_after, raised.value.closed) == (seconds, closed)
    assert budget._blocked_until == 100.0 + seconds
    await api.close()


@pytest.mark.parametrize("status", [423, 503])
async def test_an_answer_says_how_long_to_wait(status: int) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, headers={"Retry-After": "3600"}))
    api = Api("https://erp.example", Budget(BudgetSettings()), transport=transport)
    assert (await api.request("POST", "/orders", content=b"{}")).retry_after == 3600.0
    await api.close()


async def test_a_call_carries_its_parameters_and_its_own_headers() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"[]")

    given = {"Accept": "application/json", "X-Shop": "1"}
    api = Api("http://shop.test/api", Budget(BudgetSettings()), headers=given, transport=httpx.MockTransport(answer))
    params = {"filter[id]": "[7|8]", "name": "Café & Bar"}
    reply = await api.request("GET", "orders?schema=full", params=params, headers={"accept": "text/xml"})
    assert dict(seen[0].url.params) == {"schema": "full", **params}
    assert (seen[0].headers["accept"], seen[0].headers["x-shop"]) == ("text/xml", "1")
    assert reply.url == str(seen[0].url)


async def test_a_redirect_is_an_answer_and_a_cookie_is_not_kept() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "http://elsewhere.test/", "set-cookie": "a=1"})

    api = Api("http://shop.test", Budget(BudgetSettings()), transport=httpx.MockTransport(answer))
    assert [(await api.request("GET", "/")).status for _ in range(2)] == [302, 302]
    assert [request.url.host for request in seen] == ["shop.test", "shop.test"]
    assert "cookie" not in seen[1].headers
