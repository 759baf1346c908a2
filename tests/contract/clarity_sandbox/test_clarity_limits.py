"""Rate limit and the failures on demand (systems/clarity.md 3.7 and the switches of 6)."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from .conftest import Open, ShopClient, error


async def drain(shop: ShopClient) -> httpx.Response:
    """Call until the bucket is empty; the first 429."""
    for _ in range(200):
        answer = await shop.get("products/101")
        if answer.status_code == 429:
            return answer
    raise AssertionError("never refused")


async def test_the_bucket_holds_forty_calls_and_fills_at_two_a_second(open_shop: Open) -> None:
    shop = await open_shop(rate_limit=120)
    first = await shop.get("products/101")
    assert (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]) == ("120", "39")
    assert first.headers["ratelimit-reset"] == "1"
    started, calls = time.monotonic(), 1
    while (answer := await shop.get("products/101")).status_code == 200:
        calls += 1
    assert 40 <= calls <= 40 + 2 * (time.monotonic() - started) + 1
    assert error(answer) == (429, "rate_limited")
    assert (answer.headers["retry-after"], answer.headers["ratelimit-remaining"]) == ("1", "0")
    assert int(answer.headers["ratelimit-reset"]) in range(18, 21)


async def test_errors_have_the_headers_too_and_strangers_have_a_bucket_of_their_own(open_shop: Open) -> None:
    shop = await open_shop(rate_limit=120)
    missing = await shop.get("products/1")
    assert (missing.status_code, missing.headers["ratelimit-remaining"]) == (404, "39")
    await drain(shop)
    stranger = await shop.get("products", headers={"Authorization": "Bearer x"})
    assert (stranger.status_code, stranger.headers["ratelimit-limit"]) == (401, "120")


async def test_time_scale_multiplies_the_rate(open_shop: Open) -> None:
    shop = await open_shop(rate_limit=60, rate_burst=3, time_scale=10)
    answer = await shop.get("products/101")
    assert answer.headers["ratelimit-limit"] == "600"


async def test_retry_after_may_be_a_date_or_missing(open_shop: Open) -> None:
    dated = await drain(await open_shop(rate_limit=60, rate_burst=2, retry_after="date"))
    wait = (parsedate_to_datetime(dated.headers["retry-after"]) - datetime.now(UTC)).total_seconds()
    assert 0 < wait <= 2
    none = await drain(await open_shop(rate_limit=60, rate_burst=2, retry_after="none"))
    assert "retry-after" not in none.headers


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("429", (429, "rate_limited")),
        ("500", (500, "internal")),
        ("502", (502, "unavailable")),
        ("503", (503, "unavailable")),
        ("504", (504, "unavailable")),
    ],
)
async def test_every_nth_call_fails_on_demand(open_shop: Open, kind: str, expected: tuple[int, str]) -> None:
    shop = await open_shop(fail_every={kind: 3})
    answers = [await shop.get("products/101") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, expected[0]] * 2
    assert error(answers[2]) == expected
    assert ("retry-after" in answers[2].headers) == (kind in {"429", "503"})


async def test_a_call_that_fails_has_done_nothing(open_shop: Open) -> None:
    shop = await open_shop(fail_every={"503": 1})
    number = (await shop.act("place-order"))["id"]
    assert (await shop.post(f"sales-orders/{number}/status", {"status": "Confirmed"})).status_code == 503
    assert (await shop.state("orders"))[0]["status"] == "Pending"


async def test_a_proxy_may_answer_with_an_html_page(open_shop: Open) -> None:
    shop = await open_shop(fail_every={"html": 1})
    answer = await shop.get("products/101")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert b"<html>" in answer.content


async def test_a_login_page_may_stand_in_the_way(open_shop: Open) -> None:
    shop = await open_shop(fail_every={"login": 2})
    assert (await shop.get("products/101")).status_code == 200
    answer = await shop.get("products/101")
    assert answer.status_code == 302
    assert answer.headers["location"] == "http://shop.example/login?returnUrl=%2Fapi%2Fv1%2Fproducts%2F101"
    await shop.fault(kind="login_redirect", path="products/102")
    assert (await shop.get("products/101")).status_code == 200
    assert (await shop.get("products/102")).status_code == 302


async def test_latency_holds_every_answer_back(open_shop: Open) -> None:
    shop = await open_shop(latency_ms=30)
    started = time.monotonic()
    await shop.get("products/101")
    assert time.monotonic() - started >= 0.03


async def test_switches_change_while_it_runs_and_others_do_not(shop: ShopClient) -> None:
    await shop.act("set-options", fail_every={"500": 1})
    assert (await shop.get("products/101")).status_code == 500
    await shop.act("set-options", fail_every={})
    assert (await shop.get("products/101")).status_code == 200
    assert "first_order_id" in await shop.refused("set-options", first_order_id=1)
    assert "latency_ms" in await shop.refused("set-options", latency_ms=-1)


async def test_the_clock_of_the_shop_may_be_wrong(open_shop: Open) -> None:
    shop = await open_shop(clock_skew=-600)
    placed = await shop.order((await shop.act("place-order"))["id"])
    behind = (datetime.now(UTC) - datetime.fromisoformat(placed["placedDate"])).total_seconds()
    assert 599 <= behind < 620


async def test_an_unknown_status_may_be_shown_for_every_order(open_shop: Open) -> None:
    shop = await open_shop(unknown_status="Awaiting Pick")
    number = (await shop.act("place-order"))["id"]
    assert (await shop.order(number))["status"] == "Awaiting Pick"
    [listed] = (await shop.get("sales-orders?status=Pending")).json()["data"]
    assert listed["status"] == "Awaiting Pick"


async def test_custom_keys_may_be_null_or_absent(open_shop: Open) -> None:
    shop = await open_shop(custom_key="null")
    assert (await shop.get("products/101")).json()["customKey"] is None
    await shop.act("set-options", custom_key="absent")
    assert "customKey" not in (await shop.get("products/101")).json()
    number = (await shop.act("place-order"))["id"]
    assert "customKey" not in (await shop.order(number))["items"][0]
