"""A tiny sandbox: one counter, to see whether a request was handled."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.engine import ActionError, Sandbox, SandboxApp
from penstock.sandbox.faults import FaultBox
from penstock.sandbox.serve import listen
from penstock.sandbox.storage import Storage

BODY = b"0123456789" * 4


def tiny(path: Path | None = None) -> SandboxApp:
    """Counts POST /things; reading `things` shows how many were handled."""
    box = Sandbox("tiny", Storage(path), SandboxClock("Europe/Paris"), FaultBox(7, ["token_expired"]))
    box.storage.execute("CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, body TEXT)")

    async def add(request: Request) -> Response:
        box.storage.insert("things", {"body": (await request.body()).decode()})
        return Response(BODY, 201)

    async def double(wanted: dict[str, object]) -> dict[str, object]:
        if not isinstance(wanted.get("number"), int):
            raise ActionError("number: give a whole number")
        return {"doubled": wanted["number"] * 2}  # type: ignore[operator]

    box.collections["things"] = lambda: box.storage.query("SELECT * FROM things ORDER BY id")
    box.actions["double-it"] = double
    return box.app([Route("/things", add, methods=["POST"])])


@pytest.fixture
def app() -> SandboxApp:
    return tiny()


@pytest.fixture
async def client(app: SandboxApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as made:
        yield made


@pytest.fixture
def served(app: SandboxApp) -> Iterator[str]:
    """The same behind a real socket."""
    listener: socket.socket = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
