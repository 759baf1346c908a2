"""Messages of the shop module: docs/shop-module.md."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from penstock.connectors.contract import WebhookRefusedError
from penstock.connectors.prestashop import auth
from penstock.connectors.prestashop.webhook import receive

NOW = datetime(2025, 3, 4, 9, 12, 40, tzinfo=UTC)
MESSAGE = {
    "event": "order.status_updated",
    "id": "0b6f3c1e-7a55-4f0e-9a0e-0d3f0c1f7b11",
    "occurred_at": "2025-03-04T09:12:31Z",
    "shop_id": 1,
    "resource": "orders",
    "resource_id": 41,
}


def signed(message: Any = MESSAGE, key: str = "new key") -> tuple[bytes, dict[str, str]]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return body, {"x-prestashop-signature": auth.sign(body, SecretStr(key))}


def test_a_signed_message_names_its_order(settings) -> None:
    [found] = receive(*signed(), NOW, settings())
    assert str(found.ref) == "prestashop:1:order:41"
    assert found.via == "webhook"
    assert found.event == "order.status_updated"


def test_the_test_vectors_of_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs/shop-module.md").read_text()
    vectors = re.findall(r"^\| `([^`]+)` \| `(\{[^`]+\})` \| `(sha256=[0-9a-f]{64})` \|$", page, re.MULTILINE)
    assert len(vectors) == 2
    for key, body, signature in vectors:
        assert auth.sign(body.encode(), SecretStr(key)) == signature


@pytest.mark.parametrize("key", ["new key", "old key"])
def test_both_keys_count_during_a_rotation(settings, key: str) -> None:
    assert receive(*signed(key=key), NOW, settings())


def test_the_header_name_is_a_setting(settings) -> None:
    body, headers = signed()
    renamed = {"X-Shop-Sign": headers["x-prestashop-signature"]}
    assert receive(body, renamed, NOW, settings(webhook_header="x-shop-sign"))


@pytest.mark.parametrize(
    ("resource", "entity"),
    [("orders", "order"), ("customers", "customer"), ("products", "product"), ("order_slip", "refund")],
)
def test_resources_become_documents(settings, resource: str, entity: str) -> None:
    [found] = receive(*signed(MESSAGE | {"resource": resource, "resource_id": "7"}), NOW, settings())
    assert (found.ref.entity, found.ref.native_id) == (entity, "7")


def test_an_unknown_resource_is_ignored(settings) -> None:
    assert receive(*signed(MESSAGE | {"resource": "carts"}), NOW, settings()) == ()


def test_another_shop_of_the_installation_is_ignored(settings) -> None:
    assert receive(*signed(MESSAGE | {"shop_id": 2}), NOW, settings(shop_id=1)) == ()
    assert receive(*signed(), NOW, settings(shop_id=1))


def refusal(settings: Any, body: bytes, headers: dict[str, str], now: datetime = NOW) -> int:
    with pytest.raises(WebhookRefusedError) as caught:
        receive(body, headers, now, settings)
    return caught.value.status


def test_a_wrong_or_missing_signature_is_401(settings) -> None:
    body, headers = signed()
    assert refusal(settings(), body + b" ", headers) == 401
    assert refusal(settings(), body, {}) == 401
    assert refusal(settings(), *signed(key="stolen")) == 401
    assert refusal(settings(), body, {"X-PrestaShop-Signature": "sha256=é"}) == 401
    assert refusal(settings(), body, {"X-PrestaShop-Signature": headers["x-prestashop-signature"][7:]}) == 401


def test_without_a_secret_nothing_is_accepted(settings) -> None:
    assert refusal(settings(webhook_secret=None, webhook_secret_previous=None), *signed(key="")) == 401


@pytest.mark.parametrize("off", [-301, 301])
def test_a_stale_or_future_message_is_401(settings, off: int) -> None:
    at = datetime(2025, 3, 4, 9, 12, 31, tzinfo=UTC) + timedelta(seconds=off)
    assert refusal(settings(), *signed(), now=at) == 401


def test_a_body_over_64_kib_is_413_before_anything_is_computed(settings) -> None:
    assert refusal(settings(), b" " * (64 * 1024 + 1), {}) == 413


@pytest.mark.parametrize(
    "message",
    [
        b"{not json",
        b"\xff\xfe",
        b"[]",
        {name: value for name, value in MESSAGE.items() if name != "resource"},
        MESSAGE | {"occurred_at": "yesterday"},
        MESSAGE | {"occurred_at": 5},
        MESSAGE | {"resource_id": "41 OR 1=1"},
        MESSAGE | {"resource_id": -1},
        MESSAGE | {"resource_id": True},
        MESSAGE | {"resource_id": None},
        MESSAGE | {"resource_id": 0},
        MESSAGE | {"resource_id": "٤"},
        MESSAGE | {"event": "x" * 300},
    ],
)
def test_a_signed_message_that_makes_no_sense_is_400(settings, message: Any) -> None:
    assert refusal(settings(), *signed(message)) == 400
