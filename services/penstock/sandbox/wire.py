"""Ends of an HTTP exchange that ASGI does not know: dropped, reset and cut connections."""

import socket
import struct
from asyncio import Transport

from starlette.types import Message, Receive, Send

LINGER_ZERO = struct.pack("ii", 1, 0)


class ConnectionDroppedError(ConnectionError):
    """Raised in place of a dropped connection where no socket is below us (in-process tests)."""


class Captured:
    """Collects what an application sends, so that a fault can decide what of it leaves the house."""

    def __init__(self) -> None:
        self.start: Message | None = None
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    @property
    def status(self) -> int:
        return int(self.start["status"]) if self.start else 500

    async def release(self, send: Send) -> None:
        if self.start is not None:
            await send(self.start)
            await send({"type": "http.response.body", "body": self.body})


def transport_of(send: Send) -> Transport | None:
    """uvicorn's transport below this exchange; None in process."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    return transport if isinstance(transport, Transport) else None


async def drop(receive: Receive, send: Send, *, reset: bool = False) -> None:
    """Close the connection without an answer; `reset` sends RST in place of FIN."""
    transport = transport_of(send)
    if transport is None:
        raise ConnectionDroppedError("the sandbox dropped the connection (a fault)")
    raw = transport.get_extra_info("socket")
    if reset and raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_half(captured: Captured, receive: Receive, send: Send) -> None:
    """Send the head and half of the body under the full Content-Length, then close."""
    if captured.start is not None:
        await send(captured.start)
        await send({"type": "http.response.body", "body": captured.body[: len(captured.body) // 2], "more_body": True})
    transport = transport_of(send)
    if transport is None:
        raise ConnectionDroppedError("the sandbox cut the answer in half (a fault)")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
