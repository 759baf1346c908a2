"""Documents that are held because their order has no route yet: published again when it has.

The holds are followed on the log, so that they outlive the worker, and so that it does not matter which worker routes
the order. Two workers may publish the same record again: it is the same event, and goes the same way.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from confluent_kafka import Message

from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.processors.deliver import Output, Send, deliver
from penstock.processors.holds import ORDER_ROUTE
from penstock.processors.routing import RouteStore

log = structlog.get_logger()

LOOK = 1.0
"""Seconds between two looks at what waits; nothing is asked for it but memory."""


class OrderWaiters:
    """Holds with the rule `order-route` of one flow, by their keys."""

    def __init__(self, flow: str, routes: RouteStore, settings: KafkaSettings | None = None) -> None:
        self._flow = flow
        self._routes = routes
        self._waiting: dict[str, Mapping[str, Any]] = {}
        self._loader: Loader | None = None
        if settings is not None:
            self._loader = Loader(settings, self._take, name="order-route")
            self._loader.follow(settings.topic("hold"))

    def take(self, key: str, value: bytes | None) -> None:
        """One record of the topic `hold`."""
        self._waiting.pop(key, None)
        if value is None or not key.startswith(f"{self._flow}:"):
            return
        data = orjson.loads(value)
        if data["on"] == ORDER_ROUTE:
            self._waiting[key] = data

    def due(self) -> list[Output]:
        """The records whose order has a route now, each named once; the entries stay until they have a fate."""
        out: dict[str, Output] = {}
        for key, data in list(self._waiting.items()):
            routed = self._routes.get(data["order_id"])
            if routed is not None and routed.targets is not None:
                del self._waiting[key]
                out[data["event_id"]] = _again(data["republish"])
        return list(out.values())

    async def run(self, send: Send) -> None:
        """For ever. Raises LoaderError when the holds or the routes cannot be followed any more."""
        while True:
            await asyncio.sleep(LOOK)
            self._routes.check()
            if self._loader is not None:
                self._loader.caught_up()
            if due := self.due():
                await deliver(due, send)
                log.info("published_again", why="their orders are routed", records=len(due))

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.take((message.key() or b"").decode(), message.value())


def _again(carried: Mapping[str, Any]) -> Output:
    headers = {**carried["headers"], "retry": str(int(carried["headers"].get("retry", "0")) + 1)}
    return Output(
        carried["topic"],
        base64.b64decode(carried["key_base64"]),
        base64.b64decode(carried["value_base64"]),
        [(name, text.encode()) for name, text in headers.items()],
    )
