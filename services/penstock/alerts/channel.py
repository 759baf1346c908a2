"""What a channel is: a way to a person, and how it fails."""

from __future__ import annotations

from typing import Protocol

import structlog

from penstock.alerts.message import Message

log = structlog.get_logger()


class DeliveryError(Exception):
    """Not delivered, or nobody knows; the same is tried again. `retry_after`: seconds that the receiver asks for."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RefusedError(DeliveryError):
    """The receiver refuses this very message; another one may pass."""


class Channel(Protocol):
    """`deliver` returns once the receiver has the message. Errors name host and code, never an address or a secret."""

    name: str

    async def deliver(self, message: Message) -> None:
        """Raises DeliveryError, RefusedError."""

    async def close(self) -> None: ...


class LogChannel:
    """Where no target is named: the service's own log."""

    name = "log"

    async def deliver(self, message: Message) -> None:
        log.warning("alert", title=message.title, reason=message.reason, documents=message.documents)

    async def close(self) -> None:
        return
