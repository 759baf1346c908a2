"""What an answer means, and how a call gets in."""

from __future__ import annotations

import httpx
import pytest
from pydantic import ValidationError

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.clarity.client import Shop, idempotency_key
from penstock.connectors.clarity.errors import ConfigurationError, RefusedError
from penstock.connectors.clarity.profile import ClarityProfile, Paths
from penstock.connectors.http import LostReplyError, NotSentError
from tests.unit.clarity.fake_shop import FakeShop, once
from tests.unit.clarity.tasks import Closed, Open

LOGIN = httpx.Response(302, headers={"Location": "https://login.example/sign-in?next=secret"})
HTML = httpx.Response(200, text="<html>Sign in</html>", headers={"Content-Type": "text/html; charset=utf-8"})


async def test_one_token_serves_many_calls(client: Shop, shop: FakeShop) -> None:
    for _ in range(3):
        await client.page("products", {})
    assert shop.tokens == 1
    assert {headers["Authorization"] for headers in shop.headers} == {"Bearer token-1"}


async def test_a_refused_token_is_renewed_once(client: Shop, shop: FakeShop) -> None:
    shop.hooks.append(once(shop.error(401, "invalid_token")))
    await client.page("products", {})
    assert [headers["Authorization"] for headers in shop.headers] == ["Bearer token-1", "Bearer token-2"]
    shop.hooks.append(lambda _: shop.error(401, "invalid_token"))
    with pytest.raises(ConfigurationError, match="401"):
        await client.page("products", {})
    assert shop.tokens == 3


async def test_a_token_is_renewed_a_minute_before_its_end(client: Shop, shop: FakeShop) -> None:
    now = [0.0]
    client.credentials._clock = lambda: now[0]
    await client.credentials.headers()
    now[0] = 3539.0
    await client.credentials.headers()
    assert shop.tokens == 1
    now[0] = 3540.0
    await client.credentials.headers()
    assert shop.tokens == 2


@pytest.mark.parametrize(("status", "error"), [(400, ConfigurationError), (503, NotSentError)])
async def test_no_token(client: Shop, shop: FakeShop, settings, status: int, error: type) -> None:
    answer = httpx.Response(status, json={"error": "invalid_client"})
    made = Shop(settings(), Budget(BudgetSettings()), httpx.MockTransport(lambda _: answer))
    with pytest.raises(error):
        await made.page("products", {})
    await made.close()


async def test_an_api_key_asks_for_no_token(shop: FakeShop, settings) -> None:
    keyed = settings(client_id=None, client_secret=None, api_key="plain:k1")
    made = Shop(keyed, Budget(BudgetSettings()), shop.transport)
    await made.page("products", {})
    assert shop.headers[0]["X-Api-Key"] == "k1"
    shop.hooks.append(lambda _: shop.error(401, "missing_credentials"))
    with pytest.raises(ConfigurationError):
        await made.page("products", {})
    assert shop.tokens == 0
    await made.close()


@pytest.mark.parametrize("given", [{}, {"client_id": "a", "client_secret": "plain:b", "api_key": "plain:c"}])
def test_there_is_one_way_in(settings, given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either client_id and client_secret, or api_key"):
        settings(**({"client_id": None, "client_secret": None} | given))


@pytest.mark.parametrize("status", [423, 429, 503])
@pytest.mark.parametrize("method", ["read", "write"])
async def test_a_retry_after_is_a_wait(client: Shop, shop: FakeShop, status: int, method: str) -> None:
    shop.hooks.append(once(httpx.Response(status, text="busy", headers={"Retry-After": "7"})))
    with pytest.raises(NotSentError) as raised:
        await (client.page("products", {}) if method == "read" else client.put("inventory/bulk", {}, Open()))
    assert raised.value.retry_after == 7.0


async def test_a_login_page_is_named_and_its_query_is_not(client: Shop, shop: FakeShop) -> None:
    shop.hooks.append(once(LOGIN))
    with pytest.raises(ConfigurationError, match="redirected to /sign-in:") as raised:
        await client.page("products", {})
    assert "secret" not in str(raised.value)


async def test_html_in_place_of_json_is_no_answer(client: Shop, shop: FakeShop) -> None:
    shop.hooks.append(once(HTML))
    with pytest.raises(NotSentError, match="text/html in place of JSON"):
        await client.page("products", {})
    shop.hooks.append(once(HTML))
    with pytest.raises(LostReplyError, match="proxy or login page"):
        await client.put("inventory/bulk", {}, Open())


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_error_after_a_write_says_nothing(client: Shop, shop: FakeShop, status: int) -> None:
    shop.hooks.append(lambda _: shop.error(status, "internal"))
    with pytest.raises(LostReplyError):
        await client.put("inventory/bulk", {}, Open())
    with pytest.raises(NotSentError):
        await client.page("products", {})


async def test_a_missing_scope_is_named(client: Shop, shop: FakeShop) -> None:
    shop.hooks.append(lambda _: shop.error(403, "insufficient_scope"))
    with pytest.raises(ConfigurationError, match="scope customers:read"):
        await client.one("accounts", 88)
    with pytest.raises(ConfigurationError, match="scope orders:write"):
        await client.post("sales-orders/5120/status", {}, "e", Open())


async def test_a_refusal_names_codes_and_fields_and_no_values(client: Shop, shop: FakeShop) -> None:
    detail = {"field": "items[0].quantity", "code": "max", "message": "buyer@acme.example"}
    shop.hooks.append(once(shop.error(422, "validation_failed", [detail])))
    with pytest.raises(RefusedError) as raised:
        await client.put("products/by-key/A", {}, Open())
    assert str(raised.value) == "PUT products/by-key/A: 422 validation_failed: items[0].quantity (max)"


async def test_a_closed_window_sends_nothing(client: Shop, shop: FakeShop) -> None:
    with pytest.raises(NotSentError):
        await client.put("inventory/bulk", {}, Closed())
    assert shop.calls == []


async def test_every_page_of_a_list_is_read(client: Shop, shop: FakeShop, settings) -> None:
    shop.tables["shipments"] = [{"id": n, "salesOrderId": 5120} for n in range(250)]
    assert len(await client.rows("shipments", salesOrderId=5120)) == 250
    assert [query["page"] for query in shop.reads("shipments")] == ["1", "2", "3"]


async def test_addresses_come_from_the_profile(shop: FakeShop, settings) -> None:
    profile = ClarityProfile(api_prefix="/rest", paths=Paths(products="catalog/items"))
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return shop.json({"access_token": "t", "expires_in": 60, "data": []})

    made = Shop(settings(profile=profile), Budget(BudgetSettings()), httpx.MockTransport(answer))
    await made.page(made.paths.products, {})
    assert seen == ["/oauth/token", "/rest/catalog/items"]
    await made.close()


def test_an_idempotency_key_belongs_to_the_event_and_the_bytes() -> None:
    keys = {idempotency_key(*given) for given in (("e", "p", b"1"), ("e", "p", b"2"), ("f", "p", b"1"))}
    assert len(keys) == 3
    assert idempotency_key("e", "p", b"1") in keys
