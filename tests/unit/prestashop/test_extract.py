"""Whole documents of a shop."""

from __future__ import annotations

import httpx
import pytest

from penstock.connectors.contract import SourceRefusedError, SourceUnavailableError
from penstock.connectors.prestashop.document import open_document
from penstock.connectors.prestashop.source import PrestashopSource
from penstock.records.raw import EntityRef, RawDocument
from tests.unit.prestashop.fake_shop import FakeShop

ORDER = EntityRef("prestashop", "1", "order", "41")


async def test_an_order_comes_with_everything_it_refers_to(source: PrestashopSource, settings) -> None:
    raw = await source.extract(ORDER)
    assert raw is not None
    opened = open_document(raw, settings())
    assert opened["order"]["reference"] == "QWLRTKZPA"
    assert opened["customer"]["email"] == "Zoe.Durand@Example.com"
    assert opened["delivery_address"]["id"] == 17
    assert opened["invoice_address"]["company"] == "Atelier Zoé"
    assert opened["invoice_country"]["iso_code"] == "FR"
    assert opened["delivery_state"] is None
    assert opened["currency"]["iso_code"] == "EUR"
    assert opened["state"]["paid"] == "1"
    [line] = opened["order_details"]
    assert line["taxes"] == [{"id": 1, "rate": "20.000"}]
    assert line["category"]["name"] == "Kitchen"
    assert line["line_number"] == 1


async def test_no_secret_reaches_the_document(source: PrestashopSource) -> None:
    for entity in ("order", "customer"):
        native_id = {"order": "41", "customer": "12"}[entity]
        raw = await source.extract(EntityRef("prestashop", "1", entity, native_id))
        assert raw is not None
        text = raw.to_bytes().decode()
        for secret in ("6f1ed002", "secure_key", "$2y$10", "passwd", "4111111111111111", "Z DURAND", "tok"):
            assert secret not in text, secret


async def test_an_order_takes_about_ten_calls_once_reference_data_is_known(
    source: PrestashopSource, shop: FakeShop
) -> None:
    await source.extract(ORDER)
    shop.calls.clear()
    await source.extract(ORDER)
    assert len(shop.calls) <= 10


async def test_an_order_that_moves_while_it_is_read_is_read_again(source: PrestashopSource, shop: FakeShop) -> None:
    def move(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/order_carriers"):
            shop.after.clear()
            shop.row("orders", 41).update(current_state=3, date_upd="2025-03-04 10:12:31")
            shop.row("addresses", 17)["city"] = "Lyon"
        return None

    shop.after.append(move)
    raw = await source.extract(ORDER)
    assert raw is not None
    assert b'"current_state":3' in raw.parts[0].body.replace(b" ", b"")
    assert len(shop.reads("order_details")) == 2


async def test_an_order_that_never_rests_is_unavailable(source: PrestashopSource, shop: FakeShop) -> None:
    def move(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/order_carriers"):
            shop.row("orders", 41)["current_state"] += 1
        return None

    shop.after.append(move)
    with pytest.raises(SourceUnavailableError, match="changes faster"):
        await source.extract(ORDER)


async def test_a_missing_order_is_none(source: PrestashopSource) -> None:
    assert await source.extract(EntityRef("prestashop", "1", "order", "999")) is None


async def test_an_unknown_entity_is_refused_by_name(source: PrestashopSource) -> None:
    with pytest.raises(SourceRefusedError, match="no cart documents"):
        await source.extract(EntityRef("prestashop", "1", "cart", "1"))


async def test_a_document_survives_the_log_unchanged(source: PrestashopSource, settings) -> None:
    raw = await source.extract(ORDER)
    assert raw is not None
    again = RawDocument.from_bytes(raw.to_bytes())
    assert open_document(again, settings()) == open_document(raw, settings())
    assert source.fingerprint(again) == source.fingerprint(raw)


async def test_a_product_comes_with_combinations_and_stock_rows(source: PrestashopSource, settings) -> None:
    raw = await source.extract(EntityRef("prestashop", "1", "product", "8"))
    assert raw is not None
    opened = open_document(raw, settings(language=2))
    assert opened["product"]["name"] == "Tablier"
    assert opened["combinations"][0]["stock"]["id"] == 58
    assert opened["stock"]["id"] == 57
    assert b"quantity" not in b"".join(part.body for part in raw.all_of("stock_availables"))


async def test_the_fingerprint_ignores_stamps_rates_and_the_shops_version(
    source: PrestashopSource, shop: FakeShop
) -> None:
    before = await source.extract(ORDER)
    shop.row("orders", 41)["date_upd"] = "2025-03-09 00:00:00"
    shop.row("orders", 41)["id_carrier"] = "3"
    shop.row("currencies", 1)["conversion_rate"] = "1.100000"
    after = await source.extract(ORDER)
    assert before is not None
    assert after is not None
    assert source.fingerprint(before) == source.fingerprint(after)


async def test_the_fingerprint_sees_what_the_order_owns(source: PrestashopSource, shop: FakeShop) -> None:
    before = await source.extract(ORDER)
    shop.row("order_carriers", 41)["tracking_number"] = "1Z9"
    after = await source.extract(ORDER)
    assert before is not None
    assert after is not None
    assert source.fingerprint(before) != source.fingerprint(after)
