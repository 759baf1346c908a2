"""The shell of every long-running service: logs, signals, health and metrics over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from penstock.liveness import LoopGuard

Check = Callable[[], bool]
Gauges = Callable[[], Mapping[str, float]]


def configure_logs(service: str, level: int = logging.INFO) -> None:
    """Structured lines on stderr: JSON when it is no terminal. Library loggers at WARNING."""
    terminal = sys.stderr.isatty()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    renderer = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if not terminal else _unchanged,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def _unchanged(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event


def health_routes(live: Check, ready: Check, gauges: Gauges) -> list[BaseRoute]:
    """`/healthz` (work is possible), `/readyz` (caught up), `/metrics` (Prometheus)."""

    async def healthz(_: Request) -> Response:
        alive = live()
        return JSONResponse({"live": alive}, status_code=200 if alive else 503)

    async def readyz(_: Request) -> Response:
        return JSONResponse({"ready": ready()}, status_code=200 if ready() else 503)

    async def metrics(_: Request) -> Response:
        registry = CollectorRegistry()
        for name, value in gauges().items():
            Gauge(f"penstock_{name}", name.replace("_", " "), registry=registry).set(value)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


class _Server(uvicorn.Server):
    """Leaves the signals to the service."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@contextlib.asynccontextmanager
async def http_server(routes: list[BaseRoute], host: str, port: int, limit: int | None = None) -> AsyncIterator[int]:
    """Serves `routes` while the context is open; gives the port (a free one for port 0)."""
    config = uvicorn.Config(
        Starlette(routes=routes),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        limit_concurrency=limit,
    )
    server = _Server(config)
    # asyncio sets TCP_NODELAY only where the protocol is named; without it answers may wait 40 ms for an ACK.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(512)
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def announce(ready: Check, ready_file: Path | None, text: str, stop: asyncio.Event) -> None:
    """Writes `ready_file` once the service is ready."""
    if ready_file is None:
        return
    while not ready() and not stop.is_set():  # noqa: ASYNC110 - readiness is a question, not an event
        await asyncio.sleep(0.05)
    if ready():
        partial = ready_file.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(ready_file)


async def first_failure(tasks: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Runs all to their end; the first exception stops the others and is raised."""
    pending = set(tasks)
    failure: BaseException | None = None
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.exception() is not None and failure is None:
                failure = task.exception()
                stop.set()
    if failure is not None:
        raise failure


def run_service(service: str, main: Callable[[], Awaitable[None]]) -> None:
    """Runs `main` to its end. An exception is logged and ends the process with 70."""
    configure_logs(service)

    async def guarded() -> int:
        LoopGuard(asyncio.get_running_loop()).start()
        try:
            await main()
        except Exception:  # noqa: BLE001 - the last line of defence: say it, then end
            structlog.get_logger().exception("service_failed")
            return 70
        return 0

    sys.exit(asyncio.run(guarded()))
