"""The message of our shop module (docs/shop-module.md): verified, then read as "look at this document again"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from penstock.connectors.contract import Notification, WebhookRefusedError
from penstock.connectors.prestashop import auth
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.records.raw import EntityRef

MAX_BODY = 64 * 1024
ENTITIES = {"orders": "order", "customers": "customer", "products": "product", "order_slip": "refund"}
"""Webservice resource -> document. Others are found by polling, or say nothing about a document."""


def receive(
    body: bytes, headers: Mapping[str, str], now: datetime, settings: PrestashopSettings
) -> Sequence[Notification]:
    """The documents a message speaks of; none for a resource we do not read. Raises WebhookRefusedError."""
    if len(body) > MAX_BODY:
        raise WebhookRefusedError(413, f"body of {len(body)} bytes, at most {MAX_BODY}")
    _verify(body, headers, settings)
    message = _message(body)
    _in_time(message, now, settings.webhook_window)
    entity = ENTITIES.get(_word(message, "resource"))
    if entity is None or not _this_shop(message, settings):
        return ()
    ref = EntityRef("prestashop", settings.instance, entity, _native_id(message))
    return (Notification(ref, "webhook", _word(message, "event")),)


def _verify(body: bytes, headers: Mapping[str, str], settings: PrestashopSettings) -> None:
    secrets = [key for key in (settings.webhook_secret, settings.webhook_secret_previous) if key is not None]
    if not secrets:
        raise WebhookRefusedError(401, "no webhook_secret is set: messages cannot be verified")
    wanted = settings.webhook_header.lower()
    given = next((value for name, value in headers.items() if name.lower() == wanted), None)
    if given is None:
        raise WebhookRefusedError(401, f"no {settings.webhook_header} header")
    if not auth.verify(body, given, secrets):
        raise WebhookRefusedError(401, "the signature does not fit the body")


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WebhookRefusedError(400, f"no JSON: {error.msg}") from error
    if not isinstance(message, dict):
        raise WebhookRefusedError(400, "the message is no JSON object")
    return message


def _in_time(message: Mapping[str, Any], now: datetime, window: float) -> None:
    """A repeated message does no harm, but an old one tells of a queue that nobody watches: polling has found it."""
    try:
        at = datetime.fromisoformat(_word(message, "occurred_at"))
    except ValueError as error:
        raise WebhookRefusedError(400, "occurred_at is no ISO 8601 time") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if abs((now - at).total_seconds()) > window:
        raise WebhookRefusedError(401, f"occurred_at is more than {window:.0f} s off")


def _this_shop(message: Mapping[str, Any], settings: PrestashopSettings) -> bool:
    return settings.shop_id is None or str(message.get("shop_id")) == str(settings.shop_id)


def _native_id(message: Mapping[str, Any]) -> str:
    value = message.get("resource_id")
    found = "" if isinstance(value, bool) else str(value)
    if not (found.isascii() and found.isdigit()) or len(found) > 18 or int(found) == 0:
        raise WebhookRefusedError(400, "resource_id is no positive whole number")
    return str(int(found))


def _word(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or len(value) > 200:
        raise WebhookRefusedError(400, f"{name} is missing or no short text")
    return value
