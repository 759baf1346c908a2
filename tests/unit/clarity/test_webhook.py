"""Events of the shop (systems/clarity.md 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from penstock.connectors.clarity.profile import ClarityProfile, Signature
from penstock.connectors.clarity.webhook import receive
from penstock.connectors.contract import WebhookRefusedError

NOW = datetime.fromtimestamp(1741100703, UTC)
EVENT: dict[str, Any] = {
    "id": "4c0b3c1e-7f1c-4b7e-9a52-0d6f2a1f9d10",
    "type": "order.created",
    "apiVersion": "v1",
    "createdAt": "2025-03-04T15:05:03Z",
    "tenant": "acme",
    "sequence": 1,
    "data": {"resource": "sales-orders", "id": 5120, "customKey": None, "version": 1},
}


def mac(body: bytes, key: str = "new key", at: str | None = "1741100703") -> bytes:
    signed = body if at is None else at.encode() + b"." + body
    return hmac.new(key.encode(), signed, hashlib.sha256).digest()


def signed(event: Any = EVENT, *keys: str, at: str = "1741100703") -> tuple[bytes, dict[str, str]]:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    values = ",".join(f"v1={mac(body, key, at).hex()}" for key in keys or ("new key",))
    return body, {"x-clarity-signature": f"t={at},{values}"}


def event(kind: str, resource: str, native_id: int, **shown: Any) -> dict[str, Any]:
    data = {"resource": resource, "id": native_id, "version": 1} | ({"object": shown} if shown else {})
    return {**EVENT, "type": kind, "data": data}


def test_a_signed_event_names_its_order(settings) -> None:
    [found] = receive(*signed(), NOW, settings())
    assert str(found.ref) == "clarity:acme:order:5120"
    assert (found.via, found.event, found.carried) == ("webhook", "order.created", ())


@pytest.mark.parametrize("keys", [("old key",), ("other", "new key"), ("old key", "other")])
def test_any_signature_by_any_of_both_keys_is_good(settings, keys: tuple[str, ...]) -> None:
    assert receive(*signed(EVENT, *keys), NOW, settings())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-clarity-signature": ""},
        {"x-clarity-signature": "t=1741100703"},
        {"x-clarity-signature": "t=1741100703,v1=" + "0" * 64},
        {"x-clarity-signature": f"t=1741100704,v1={mac(json.dumps(EVENT).encode()).hex()}"},
        {"x-clarity-signature": f"v1={mac(json.dumps(EVENT).encode()).hex()}"},
        {"x-clarity-signature": f"t=1741100703,v2={mac(json.dumps(EVENT).encode()).hex()}"},
    ],
)
def test_a_bad_signature_is_refused(settings, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefusedError) as raised:
        receive(json.dumps(EVENT).encode(), headers, NOW, settings())
    assert raised.value.status == 401


def test_a_changed_byte_is_refused(settings) -> None:
    body, headers = signed()
    with pytest.raises(WebhookRefusedError, match="does not fit"):
        receive(body + b" ", headers, NOW, settings())


@pytest.mark.parametrize(("off", "good"), [(-300, True), (300, True), (-301, False), (301, False)])
def test_the_window_is_five_minutes(settings, off: int, good: bool) -> None:
    if good:
        assert receive(*signed(), NOW + timedelta(seconds=off), settings())
    else:
        with pytest.raises(WebhookRefusedError, match="300 s off"):
            receive(*signed(), NOW + timedelta(seconds=off), settings())


def test_without_a_key_nothing_is_accepted(settings) -> None:
    with pytest.raises(WebhookRefusedError, match="webhook_secret"):
        receive(*signed(), NOW, settings(webhook_secret=None, webhook_secret_previous=None))


@pytest.mark.parametrize("timestamped", [True, False])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("form", ["pairs", "bare"])
def test_the_form_of_the_signature_is_configuration(settings, form: Any, encoding: Any, timestamped: bool) -> None:
    signature = Signature(header="X-Sig", form=form, encoding=encoding, timestamped=timestamped)
    body, at = json.dumps(EVENT).encode(), "1741100703" if timestamped else None
    digest = mac(body, at=at)
    value = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    headers = {"X-Sig": f"t={at},v1={value}" if form == "pairs" else value}
    if form == "bare" and at:
        headers["X-Clarity-Timestamp"] = at
    given = settings(profile=ClarityProfile(signature=signature))
    assert receive(body, headers, NOW, given)
    with pytest.raises(WebhookRefusedError):
        receive(body + b" ", headers, NOW, given)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (event("product.updated", "products", 310), ["product:310"]),
        (event("customer.created", "accounts", 88), ["customer:account-88"]),
        (event("customer.updated", "users", 412, accountId=88), ["customer:account-88"]),
        (event("customer.updated", "users", 500, accountId=None), ["customer:user-500"]),
        (event("payment.received", "payments", 600, salesOrderId=5120), ["order:5120"]),
        (event("payment.received", "payments", 600), []),
        (event("refund.created", "refunds", 7, id=7, salesOrderId=5120), ["refund:7", "order:5120"]),
        (event("refund.created", "refunds", 7), ["refund:7"]),
        (event("shipment.created", "shipments", 700), []),
        (event("webhook.test", "webhooks", 1), []),
    ],
)
def test_what_an_event_speaks_of(settings, given: dict[str, Any], named: list[str]) -> None:
    found = receive(*signed(given), NOW, settings())
    assert [f"{note.ref.entity}:{note.ref.native_id}" for note in found] == named


def test_only_a_refund_carries_its_object(settings) -> None:
    shown = {"id": 7, "salesOrderId": 5120, "amount": "20.00", "cardLast4": "4242"}
    refund, order = receive(*signed(event("refund.created", "refunds", 7, **shown)), NOW, settings())
    [part] = refund.carried
    assert json.loads(part.body) == {"id": 7, "salesOrderId": 5120, "amount": "20.00"}
    assert order.carried == ()


def test_events_of_another_tenant_are_passed_over(settings) -> None:
    assert receive(*signed(), NOW, settings(tenant="acme"))
    assert not receive(*signed(), NOW, settings(tenant="other"))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        json.dumps({**EVENT, "type": None}).encode(),
        json.dumps(event("order.created", "sales-orders", -1)).encode(),
        json.dumps({**EVENT, "data": {"resource": "sales-orders", "id": "1/../2"}}).encode(),
        json.dumps({**EVENT, "data": {"resource": "sales-orders", "id": True}}).encode(),
    ],
)
def test_nonsense_is_refused_although_signed(settings, body: bytes) -> None:
    with pytest.raises(WebhookRefusedError) as raised:
        receive(*signed(body), NOW, settings())
    assert raised.value.status == 400


def test_a_huge_body_is_refused(settings) -> None:
    with pytest.raises(WebhookRefusedError) as raised:
        receive(*signed(b" " * 1_100_000), NOW, settings())
    assert raised.value.status == 413
