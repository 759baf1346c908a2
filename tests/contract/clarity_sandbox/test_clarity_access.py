"""Who may call: tokens, keys, scopes (systems/clarity.md 3.2), and what every answer has (3.6)."""

import asyncio
import uuid
from typing import Any

import pytest

from penstock.connectors.clarity.sandbox.options import SCOPES, Options

from .conftest import FORM, Open, ShopClient, error

BASIC = (Options().client_id, Options().client_secret)


async def test_a_token_has_all_the_scopes_of_the_client_unless_it_asks_for_less(shared: ShopClient) -> None:
    answer = await shared.log_in()
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert (token["token_type"], token["expires_in"], token["scope"].split()) == ("Bearer", 3600, list(SCOPES))
    less = (await shared.log_in(scope="orders:read products:read")).json()
    assert less["scope"] == "orders:read products:read"


async def test_the_client_may_authenticate_by_basic(shared: ShopClient) -> None:
    answer = await shared.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=BASIC)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "stranger"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": "orders:read moon:write"}, "invalid_scope"),
    ],
)
async def test_token_requests_are_refused_as_rfc_6749_says(
    shared: ShopClient, form: dict[str, str], expected: str
) -> None:
    answer = await shared.log_in(**form)
    assert (answer.status_code, answer.json()["error"]) == (400, expected)
    assert answer.json()["error_description"]


async def test_a_wrong_basic_secret_is_401_with_a_challenge(shared: ShopClient) -> None:
    answer = await shared.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("penstock", "no"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_a_token_request_in_json_is_invalid(shared: ShopClient) -> None:
    answer = await shared.http.post("/oauth/token", json=FORM)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_the_token_address_takes_post_only_and_is_not_under_the_api(shared: ShopClient) -> None:
    answer = await shared.http.get("/oauth/token")
    assert (error(answer), answer.headers["allow"]) == ((405, "method_not_allowed"), "POST")
    assert error(await shared.post("oauth/token", {})) == (404, "not_found")


async def test_without_a_token_or_with_a_wrong_one_401(shared: ShopClient) -> None:
    del shared.http.headers["Authorization"]
    assert error(await shared.get("products")) == (401, "missing_credentials")
    answer = await shared.get("products", headers={"Authorization": "Bearer nonsense"})
    assert error(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_token_expires_sooner_when_time_is_scaled(open_shop: Open) -> None:
    shop = await open_shop(token_seconds=36, time_scale=36_000)
    await asyncio.sleep(0.002)  # twice its life of a millisecond
    assert error(await shop.get("products")) == (401, "invalid_token")


async def test_a_fault_ends_a_token_before_its_time(shop: ShopClient) -> None:
    await shop.fault(kind="token_expired")
    assert error(await shop.get("products")) == (401, "invalid_token")
    assert error(await shop.get("products")) == (401, "invalid_token")
    await shop.log_in()
    assert (await shop.get("products")).status_code == 200


async def test_a_shop_with_api_keys_knows_no_tokens(open_shop: Open) -> None:
    shop = await open_shop(auth="key", api_key="k-1")
    assert error(await shop.get("products")) == (401, "missing_credentials")
    assert error(await shop.get("products", headers={"X-Api-Key": "k-2"})) == (401, "invalid_token")
    assert (await shop.get("products", headers={"X-Api-Key": "k-1"})).status_code == 200
    assert (await shop.log_in()).status_code == 404


CALLS: list[tuple[str, str, str, Any]] = [
    ("orders:read", "GET", "sales-orders", None),
    ("orders:read", "GET", "sales-orders/by-key/1", None),
    ("orders:write", "PATCH", "sales-orders/1", {}),
    ("orders:write", "POST", "sales-orders/1/status", {}),
    ("orders:write", "POST", "refunds", {}),
    ("shipments:read", "GET", "shipments/1", None),
    ("shipments:write", "POST", "shipments", {}),
    ("shipments:write", "PATCH", "shipments/1", {}),
    ("payments:read", "GET", "payments", None),
    ("products:read", "GET", "products/1", None),
    ("products:write", "PUT", "products/by-key/1", {}),
    ("products:read", "GET", "prices/bulk", None),
    ("products:write", "PUT", "prices/bulk", {}),
    ("inventory:read", "GET", "inventory", None),
    ("inventory:write", "PUT", "inventory/bulk", {}),
    ("customers:read", "GET", "accounts", None),
    ("customers:read", "GET", "users/1", None),
    ("customers:read", "GET", "contacts", None),
    ("customers:write", "PUT", "accounts/by-key/1", {}),
    ("webhooks:read", "GET", "webhooks", None),
    ("webhooks:read", "GET", "webhooks/1/deliveries", None),
    ("webhooks:write", "POST", "webhooks", {}),
    ("webhooks:write", "DELETE", "webhooks/1", None),
]


@pytest.mark.parametrize(("scope", "method", "path", "body"), CALLS)
async def test_every_call_needs_its_scope(shared: ShopClient, scope: str, method: str, path: str, body: Any) -> None:
    await shared.log_in(scope=" ".join(one for one in SCOPES if one != scope))
    answer = await shared.http.request(method, f"/api/v1/{path}", json=body)
    assert error(answer) == (403, "insufficient_scope")
    await shared.log_in(scope=scope)
    answer = await shared.http.request(method, f"/api/v1/{path}", json=body)
    assert answer.status_code != 403


async def test_health_needs_no_credentials(shared: ShopClient) -> None:
    del shared.http.headers["Authorization"]
    assert (await shared.get("health")).status_code == 200


async def test_an_error_has_its_request_id_in_body_and_header(shared: ShopClient) -> None:
    answer = await shared.get("products/9999999")
    assert error(answer) == (404, "not_found")
    told = answer.json()["error"]
    assert set(told) == {"code", "message", "requestId", "details"}
    assert told["requestId"] == answer.headers["x-request-id"]
    assert uuid.UUID(told["requestId"])


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "sales-orders/5120", "GET, PATCH"),
        ("POST", "products", "GET"),
        ("GET", "products/by-key/X", "PUT"),
        ("GET", "refunds", "POST"),
        ("GET", "webhooks/1", "DELETE"),
        ("HEAD", "sales-orders", "GET"),
        ("POST", "prices/bulk", "GET, PUT"),
    ],
)
async def test_a_method_that_is_not_known_is_405_with_allow(
    shared: ShopClient, method: str, path: str, allow: str
) -> None:
    answer = await shared.http.request(method, f"/api/v1/{path}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


@pytest.mark.parametrize("path", ["nothing", "sales-orders/1/lines", "sales-orders/abc", "sales-orders/-1", ""])
async def test_what_is_not_there_is_404(shared: ShopClient, path: str) -> None:
    assert error(await shared.get(path)) == (404, "not_found")
