from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.connectors.infor.document import fingerprint, open_document, snake
from penstock.records.raw import EntityRef, Part, RawDocument


def document(entity: str = "order", **parts: list[dict[str, Any]]) -> RawDocument:
    made = [
        Part(role, f"http://gateway.test/{role}", 200, "application/json", "2026-02-03T09:00:00Z",
             json.dumps({"Items": items, "Success": True}).encode())
        for role, items in parts.items()
    ]  # fmt: skip
    return RawDocument(EntityRef("infor", "DALS", entity, "EC00000042"), tuple(made))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("CoNum", "co_num"), ("UM", "um"), ("WeightUM", "weight_um"), ("ShipToAddr_1", "ship_to_addr_1"),
     ("DerItemAvailQtyAvail", "der_item_avail_qty_avail"), ("QtyAllocjob", "qty_allocjob"), ("Charfld1", "charfld1")],
)  # fmt: skip
def test_property_names_become_snake_case(name: str, wanted: str) -> None:
    assert snake(name) == wanted


def test_a_document_opens_as_rows_by_role() -> None:
    opened = open_document(
        document(order=[{"CoNum": "EC1", "_ItemId": "PBT"}], lines=[{"CoLine": "1"}, {"CoLine": "2"}])
    )
    assert opened == {"order": {"co_num": "EC1"}, "lines": [{"co_line": "1"}, {"co_line": "2"}]}


def test_stamps_do_not_count_in_the_fingerprint_and_content_does() -> None:
    first = document(order=[{"Stat": "O", "RecordDate": "20260203 09:00:00.000", "_ItemId": "a"}])
    moved = document(order=[{"RecordDate": "20260203 09:30:00.000", "_ItemId": "b", "Stat": "O"}])
    changed = document(order=[{"Stat": "C", "RecordDate": "20260203 09:00:00.000", "_ItemId": "a"}])
    assert fingerprint(first) == fingerprint(moved)
    assert fingerprint(first) != fingerprint(changed)


def test_stock_that_was_written_is_news_though_its_figure_came_back() -> None:
    first, again, written = (
        document("stock", stock=[{"QtyOnHand": "5", "RecordDate": at, "_ItemId": handle}])
        for at, handle in (("20260203 09:00:00.000", "a"), ("20260203 09:00:00.000", "b"), ("20260203 09:30:00", "a"))
    )
    assert fingerprint(first) == fingerprint(again) != fingerprint(written)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"Items":["x"]}'])
def test_a_part_that_is_no_answer_of_load_is_named(body: bytes) -> None:
    part = Part("order", "", 200, "", "", body)
    with pytest.raises(ValueError, match="part order"):
        open_document(RawDocument(EntityRef("infor", "DALS", "order", "EC1"), (part,)))
