"""Whole documents, and how changes are found by polling."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.clarity.source import ClaritySource
from penstock.connectors.contract import Notification, SourceRefusedError, SourceUnavailableError
from penstock.records.raw import EntityRef, Part, RawDocument
from tests.unit.clarity.fake_shop import FakeShop, once
from tests.unit.clarity.rows import ACCOUNT, PAYMENT, PRODUCT


async def read(source: ClaritySource, entity: str, native_id: str, *carried: Part) -> RawDocument | None:
    return await source.extract(EntityRef("clarity", "acme", entity, native_id), carried)


def roles(document: RawDocument | None) -> list[str]:
    assert document is not None
    return [part.role for part in document.parts]


# --- documents


async def test_an_order_is_read_with_its_account_only(source: ClaritySource, shop: FakeShop) -> None:
    document = await read(source, "order", "5120")
    assert roles(document) == ["order", "account"]
    assert document is not None
    assert document.version == "1"
    assert [path for _, path, _ in shop.calls] == ["sales-orders/5120", "accounts/88", "sales-orders/5120"]


async def test_what_the_order_lacks_is_read(source: ClaritySource, shop: FakeShop) -> None:
    shop.tables["payments"] = [PAYMENT]
    shop.order().update(email=None, billingContact={"id": 901}, paymentStatus="paid")
    shop.order().update(shippingContact=None, shippingContactId=902)
    document = await read(source, "order", "5120")
    assert roles(document) == ["order", "account", "user", "contact", "contact", "payments"]


async def test_a_guest_order_is_one_call(source: ClaritySource, shop: FakeShop) -> None:
    shop.order().update(accountId=None, userId=None)
    assert roles(await read(source, "order", "5120")) == ["order"]
    assert len(shop.calls) == 1


async def test_card_data_stays_in_the_shop(source: ClaritySource, shop: FakeShop) -> None:
    shop.order()["payments"] = [PAYMENT]
    document = await read(source, "order", "5120")
    assert document is not None
    assert b"cardLast4" not in document.to_bytes()
    assert b"tx_81" in document.to_bytes()


async def test_an_order_that_moved_meanwhile_is_read_again(source: ClaritySource, shop: FakeShop) -> None:
    moves = iter(range(2, 3))

    def move(request: httpx.Request) -> None:
        if "accounts" in request.url.path:
            shop.order()["version"] = next(moves, shop.order()["version"])

    shop.after.append(move)
    document = await read(source, "order", "5120")
    assert document is not None
    assert document.version == "2"


async def test_an_order_that_never_stands_still_is_tried_later(source: ClaritySource, shop: FakeShop) -> None:
    def move(request: httpx.Request) -> None:
        shop.order()["version"] += 1

    shop.after.append(move)
    with pytest.raises(SourceUnavailableError):
        await read(source, "order", "5120")


async def test_the_counter_tells_a_change_of_an_order(source: ClaritySource, shop: FakeShop) -> None:
    first = await read(source, "order", "5120")
    shop.row("accounts", 88)["name"] = "Acme Tools Inc."
    second = await read(source, "order", "5120")
    shop.order()["version"] = 2
    third = await read(source, "order", "5120")
    assert first is not None
    assert second is not None
    assert third is not None
    assert source.fingerprint(first) == source.fingerprint(second) != source.fingerprint(third)


async def test_a_company_comes_with_its_people(source: ClaritySource, shop: FakeShop) -> None:
    first = await read(source, "customer", "account-88")
    assert roles(first) == ["account", "user", "contact"]
    shop.row("users", 412).update(email="new@acme.example", updatedDate="2025-03-09T00:00:00Z")
    second = await read(source, "customer", "account-88")
    shop.row("accounts", 88).update(version=2, updatedDate="2025-03-09T00:00:00Z")
    third = await read(source, "customer", "account-88")
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.version is None
    assert source.fingerprint(first) != source.fingerprint(second) == source.fingerprint(third)


async def test_a_person_of_a_company_is_no_customer_of_its_own(source: ClaritySource) -> None:
    assert await read(source, "customer", "user-412") is None
    assert roles(await read(source, "customer", "user-500")) == ["user", "contact"]
    assert await read(source, "customer", "guest-5120") is None


async def test_a_refund_is_what_its_event_carried_with_its_order(source: ClaritySource) -> None:
    body = json.dumps({"id": 7, "version": 1, "salesOrderId": 5120, "amount": "20.00"}).encode()
    carried = Part("refund", "webhook", 200, "application/json", "2025-03-04T15:05:03Z", body)
    document = await read(source, "refund", "7", carried)
    assert roles(document) == ["refund", "order"]
    assert document is not None
    assert document.version == "1"


async def test_a_refund_of_a_thin_event_cannot_be_read_and_says_what_to_do(source: ClaritySource) -> None:
    with pytest.raises(SourceRefusedError, match="full events"):
        await read(source, "refund", "7")


async def test_what_is_gone_is_none(source: ClaritySource) -> None:
    for entity, native_id in (("order", "1"), ("product", "1"), ("customer", "account-1"), ("customer", "user-1")):
        assert await read(source, entity, native_id) is None
    with pytest.raises(SourceRefusedError, match="clarity has no invoice"):
        await read(source, "invoice", "1")


async def test_a_login_page_is_an_outage(source: ClaritySource, shop: FakeShop) -> None:
    shop.hooks.append(once(httpx.Response(200, text="<html>Sign in</html>")))
    with pytest.raises(SourceUnavailableError, match="proxy or login page"):
        await read(source, "order", "5120")


# --- polling


async def polled(source: ClaritySource, name: str, mark: Any = None) -> tuple[list[Notification], Any]:
    poll = next(each for each in source.polls if each.name == name)
    notes: list[Notification] = []
    async for page in poll.poll(mark):
        notes += page.notifications
        mark = page.mark if page.mark is not None else mark
    return notes, json.loads(json.dumps(mark))


def many(count: int, moment: str = "") -> list[dict[str, Any]]:
    stamps = [moment or f"2025-03-04T10:{n // 60:02}:{n % 60:02}Z" for n in range(count)]
    return [{**PRODUCT, "id": n, "updatedDate": stamps[n]} for n in range(count)]


async def small(shop: FakeShop, settings: Any, **changed: Any) -> ClaritySource:
    return ClaritySource(settings(page_size=2, **changed), Budget(BudgetSettings()), shop.transport)


async def test_a_change_is_notified_once(source: ClaritySource, shop: FakeShop) -> None:
    notes, mark = await polled(source, "orders")
    assert [(str(note.ref), note.via) for note in notes] == [("clarity:acme:order:5120", "poll:orders")]
    assert mark["at"] == "2025-03-04T15:05:02Z"
    assert (await polled(source, "orders", mark))[0] == []
    assert shop.reads("sales-orders")[-1]["updatedSince"] == "2025-03-04T15:03:02Z"
    shop.order()["version"] = 2  # changed within the same second
    assert len((await polled(source, "orders", mark))[0]) == 1


async def test_pages_move_by_the_change_time(shop: FakeShop, settings: Any) -> None:
    shop.tables["products"] = many(7)
    source = await small(shop, settings)
    moved = []

    def drift(request: httpx.Request) -> None:
        """A row of the first page is changed while the second is asked for: the others shift by one."""
        if not moved:
            moved.append(1)
            shop.row("products", 0).update(updatedDate="2025-03-04T11:00:00Z", version=2)

    shop.after.append(drift)
    notes, _ = await polled(source, "products")
    assert sorted({note.ref.native_id for note in notes}) == [str(n) for n in range(7)]
    assert {query.get("page") for query in shop.reads("products")} == {None}
    await source.close()


async def test_an_instant_that_holds_more_than_a_page_is_read_whole(shop: FakeShop, settings: Any) -> None:
    shop.tables["products"] = many(5, "2025-03-04T10:00:00Z")
    source = await small(shop, settings)
    notes, mark = await polled(source, "products")
    assert len(notes) == 5
    assert (await polled(source, "products", mark))[0] == []
    await source.close()


async def test_a_cursor_is_followed_where_there_is_one(shop: FakeShop, settings: Any) -> None:
    pages = {None: (many(2), "c2"), "c2": (many(3)[2:], None)}

    def answer(request: httpx.Request) -> httpx.Response | None:
        if "products" not in request.url.path:
            return None
        rows, following = pages[request.url.params.get("cursor")]
        return shop.json({"data": rows, "pagination": {"nextCursor": following}})

    shop.hooks.append(answer)
    source = await small(shop, settings)
    assert len((await polled(source, "products"))[0]) == 3
    assert all("page" not in query for query in shop.reads("products"))
    await source.close()


async def test_people_speak_of_their_company(source: ClaritySource) -> None:
    notes, _ = await polled(source, "users")
    assert [note.ref.native_id for note in notes] == ["account-88", "user-500"]


async def test_a_row_of_the_future_hides_nothing(source: ClaritySource, shop: FakeShop) -> None:
    shop.tables["accounts"].append({**ACCOUNT, "id": 89, "updatedDate": "2999-01-01T00:00:00Z"})
    _, mark = await polled(source, "accounts")
    assert mark["at"] == "2025-03-04T16:00:00Z"
    assert (await polled(source, "accounts", mark))[0] == []


async def test_orders_are_read_from_the_start_of_the_flow(shop: FakeShop, settings: Any) -> None:
    source = await small(shop, settings, start="2025-03-05")
    assert (await polled(source, "orders"))[0] == []
    assert len((await polled(source, "accounts"))[0]) == 1
    await source.close()


async def test_a_row_without_a_change_time_is_an_outage_not_a_crash(source: ClaritySource, shop: FakeShop) -> None:
    del shop.tables["products"][0]["updatedDate"]
    shop.hooks.append(once(shop.json({"data": shop.tables["products"]}), "GET", "products"))
    with pytest.raises(SourceUnavailableError, match="updatedDate"):
        await polled(source, "products")


async def test_a_refused_poll_is_tried_later(source: ClaritySource, shop: FakeShop) -> None:
    shop.hooks.append(once(shop.error(400, "invalid_filter")))
    with pytest.raises(SourceUnavailableError, match="invalid_filter"):
        await polled(source, "products")


def test_each_set_has_its_interval(settings: Any, shop: FakeShop) -> None:
    given = settings(poll_intervals={"orders": 60.0})
    source = ClaritySource(given, Budget(BudgetSettings()), shop.transport)
    assert {poll.name: poll.interval for poll in source.polls} == {
        "orders": 60.0, "accounts": 900.0, "users": 900.0, "products": 900.0,
    }  # fmt: skip
