"""Alerts by HTTP: one POST of JSON a message, signed as our shop module signs (docs/shop-module.md)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
from pydantic import SecretStr

from penstock.alerts.channel import DeliveryError, RefusedError
from penstock.alerts.message import Message
from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.http import Api, LostReplyError, NotSentError, retry_after_seconds

SIGNATURE_HEADER = "X-Penstock-Signature"
TIMEOUT = 15.0
REFUSALS = frozenset({400, 413, 415, 422})
"""Answers that speak of the body. All others (401, 404, 503, …) speak of the way to the receiver: it is repaired."""


class Webhook:
    """`url` may hold a token in its path, so only the host is ever named."""

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: SecretStr | None,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._host = urlsplit(url).hostname or "?"
        self._secret = secret
        self._clock = clock
        self._api = Api(url, Budget(BudgetSettings(concurrency=1)), timeout=timeout)

    async def deliver(self, message: Message) -> None:
        body = orjson.dumps(message.to_json(self._clock()))
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._secret, body)
        try:
            reply = await self._api.request("POST", self._url, content=body, headers=headers)
        except (NotSentError, LostReplyError) as error:
            after = error.retry_after if isinstance(error, NotSentError) else None
            why = "429 too many requests" if error.__cause__ is None else type(error.__cause__).__name__
            raise DeliveryError(f"{self._host}: {why}", after) from error
        if reply.status in REFUSALS:
            raise RefusedError(f"{self._host}: answered {reply.status}")
        if not 200 <= reply.status < 300:
            after = retry_after_seconds(reply.headers.get("retry-after"), self._clock())
            raise DeliveryError(f"{self._host}: answered {reply.status}", after)

    async def close(self) -> None:
        await self._api.close()


def signature(secret: SecretStr, body: bytes) -> str:
    """`sha256=<hex HMAC-SHA256 of the raw body>`; `sent_at` in the body tells its age."""
    return f"sha256={hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()}"
