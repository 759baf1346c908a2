"""Events of the shop (systems/clarity.md 4): verified over the raw bytes, then read as "look at this document again".

The object of a full event is not used: events come in any order and more than once, and a document is more than one
resource. Refunds are the exception: nothing else tells them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from penstock.connectors.clarity import auth
from penstock.connectors.clarity.document import clean
from penstock.connectors.clarity.polls import person
from penstock.connectors.clarity.profile import Signature
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.contract import Notification, WebhookRefusedError
from penstock.connectors.http import now_text
from penstock.records.raw import EntityRef, Part

MAX_BODY = 1024 * 1024


def receive(
    body: bytes, headers: Mapping[str, str], now: datetime, settings: ClaritySettings
) -> Sequence[Notification]:
    """The documents that an event speaks of; none for what we do not read. Raises WebhookRefusedError."""
    if len(body) > MAX_BODY:
        raise WebhookRefusedError(413, f"body of {len(body)} bytes, at most {MAX_BODY}")
    _verify(body, headers, now, settings)
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WebhookRefusedError(400, f"no JSON: {error.msg}") from error
    envelope = settings.profile.envelope
    kind, resource = _at(event, envelope.type), _at(event, envelope.resource)
    if not isinstance(kind, str) or len(kind) > 200:
        raise WebhookRefusedError(400, f"{envelope.type} is missing or no short text")
    if settings.tenant is not None and _at(event, envelope.tenant) != settings.tenant:
        return ()
    what = envelope.resources.get(resource) if isinstance(resource, str) else None
    if what is None:
        return ()
    native_id, shown = _whole(_at(event, envelope.id), envelope.id), _at(event, envelope.object)
    named = _documents(what, native_id, shown if isinstance(shown, dict) else {})
    carried = _refund(shown) if what == "refund" and isinstance(shown, dict) else ()
    return [
        Notification(EntityRef("clarity", settings.instance, *one), "webhook", kind, carried if one[0] == what else ())
        for one in named
    ]


def _documents(what: str, native_id: int, shown: Mapping[str, Any]) -> list[tuple[str, str]]:
    order_id = shown.get("salesOrderId")
    of_order = [("order", str(order_id))] if isinstance(order_id, int) else []
    match what:
        case "order" | "product":
            return [(what, str(native_id))]
        case "account":
            return [("customer", f"account-{native_id}")]
        case "user":
            return [person({**shown, "id": native_id})]
        case "refund":
            return [("refund", str(native_id)), *of_order]
    return of_order  # a payment: a thin event does not name its order, whose own event or poll tells it


def _refund(shown: Mapping[str, Any]) -> tuple[Part, ...]:
    return (Part("refund", "webhook", 200, "application/json", now_text(), orjson.dumps(clean(shown))),)


def _verify(body: bytes, headers: Mapping[str, str], now: datetime, settings: ClaritySettings) -> None:
    secrets = [key for key in (settings.webhook_secret, settings.webhook_secret_previous) if key is not None]
    if not secrets:
        raise WebhookRefusedError(401, "no webhook_secret is set: events cannot be verified")
    form = settings.profile.signature
    lower = {name.lower(): value for name, value in headers.items()}
    given = lower.get(form.header.lower())
    if given is None:
        raise WebhookRefusedError(401, f"no {form.header} header")
    at, signatures = _signatures(given, form, lower)
    if form.timestamped:
        _in_time(at, now, settings.webhook_window)
    if not auth.verify(body, signatures, secrets, form, at):
        raise WebhookRefusedError(401, "the signature does not fit the body")


def _signatures(given: str, form: Signature, headers: Mapping[str, str]) -> tuple[str, list[str]]:
    """Time and signatures of the header."""
    if form.form == "bare":
        return headers.get(form.timestamp_header.lower(), ""), [given]
    pairs = [(name.strip(), value.strip()) for name, _, value in (one.partition("=") for one in given.split(","))]
    times = [value for name, value in pairs if name == form.time_key]
    return times[0] if times else "", [value for name, value in pairs if name == form.value_key][:10]


def _in_time(at: str, now: datetime, window: float) -> None:
    """An old event signed long ago may be a replay; what it told was found by polling."""
    if not (at.isascii() and at.isdigit()) or len(at) > 12:
        raise WebhookRefusedError(401, "the signature has no time in Unix seconds")
    if abs(now.timestamp() - int(at)) > window:
        raise WebhookRefusedError(401, f"the signature is more than {window:.0f} s off")


def _at(event: Any, place: str) -> Any:
    """The value at a dotted place; None where there is none."""
    found = event
    for name in place.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _whole(value: Any, name: str) -> int:
    text = "" if isinstance(value, bool) else str(value)
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) == 0:
        raise WebhookRefusedError(400, f"{name} is no positive whole number")
    return int(text)
