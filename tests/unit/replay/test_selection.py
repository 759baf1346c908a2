"""Which documents a replay is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from penstock.flow.load import load_flow
from penstock.log.headers import Position
from penstock.log.scan import Record
from penstock.records.ids import canonical_id
from penstock.replay.errors import RefusedError
from penstock.replay.selection import Picker, Selection, start_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
FLOW = load_flow("prestashop-infor")
RAW, CANONICAL = "raw.prestashop.order", "canonical.shipment"


def raw(key: str = "1:41", at: datetime = NOON, place: tuple[str, int, int] = (RAW, 2, 7)) -> Record:
    return Record(*place, at, key.encode(), b"{}", [])


def picks(selection: Selection, record: Record) -> bool:
    return Picker(selection, FLOW).raw(record, "prestashop", "order")


def test_nothing_asked_for_means_everything():
    assert picks(Selection(), raw())


@pytest.mark.parametrize(
    ("key", "picked"),
    [
        ("PS1-41", True),
        ("PS1-42", False),
        ("1:41", True),
        ("2:41", False),
        (canonical_id("prestashop", "1", "order", "41"), True),
        (canonical_id("prestashop", "1", "order", "42"), False),
    ],
)
def test_a_document_is_named_by_reference_key_or_canonical_id(key: str, picked: bool):
    assert picks(Selection(keys=(key,)), raw()) is picked


def test_a_time_takes_its_beginning_and_leaves_its_end():
    hour = timedelta(hours=1)
    assert picks(Selection(since=NOON, until=NOON + hour), raw())
    assert not picks(Selection(since=NOON - hour, until=NOON), raw())


def test_an_offset_takes_the_rest_of_its_partition_alone():
    selection = Selection(starts=(Position(RAW, 2, 7),))
    assert picks(selection, raw())
    assert not picks(selection, raw(place=(RAW, 2, 6)))
    assert not picks(selection, raw(place=(RAW, 1, 9)))
    assert not Picker(selection, FLOW).wants_topic("raw.prestashop.customer")


def test_a_topic_of_a_cluster_with_a_prefix_may_be_named_without_it():
    picker = Picker(Selection(starts=(Position(RAW, 2, 7),)), FLOW, "test.")
    assert picker.wants_topic("test.raw.prestashop.order")


def headers(**changes: str) -> Mapping[str, str]:
    return {"ce_id": "infor:DALS:shipment:PS00000041/1:0f3a", "ce_source": "infor:DALS"} | changes


def test_a_reference_takes_the_order_and_all_that_is_about_it():
    order = canonical_id("prestashop", "1", "order", "41")
    record = raw(order, place=(CANONICAL, 0, 3))
    assert Picker(Selection(keys=("PS1-41",)), FLOW).canonical(record, headers(), "its own id")
    assert not Picker(Selection(keys=("PS1-42",)), FLOW).canonical(record, headers(), "its own id")


def test_a_canonical_record_is_found_by_the_native_id_of_its_source():
    record = raw("some order", place=(CANONICAL, 0, 3))
    assert Picker(Selection(keys=("DALS:PS00000041/1",)), FLOW).canonical(record, headers(), "its own id")
    assert not Picker(Selection(keys=("DALS:PS00000041/2",)), FLOW).canonical(record, headers(), "its own id")


def test_a_shop_leaves_out_what_comes_from_elsewhere():
    picker = Picker(Selection(shop="1"), FLOW)
    assert picker.raw(raw(), "prestashop", "order")
    assert not picker.raw(raw("2:41"), "prestashop", "order")
    assert not picker.canonical(raw(), headers(), "its own id")


@pytest.mark.parametrize("selection", [Selection(entities=("orders",)), Selection(shop="9")])
def test_what_the_flow_does_not_have_is_refused_with_what_it_has(selection: Selection):
    with pytest.raises(RefusedError, match="in this flow"):
        Picker(selection, FLOW)


def test_a_place_that_is_none_is_refused():
    with pytest.raises(RefusedError, match="topic-partition-offset"):
        start_of("raw.prestashop.order")


def test_a_selection_comes_back_from_the_log_as_it_was():
    selection = Selection(("order",), "1", ("PS1-41",), NOON, None, (Position(RAW, 2, 7),))
    assert Selection.from_dict(selection.to_dict()) == selection
    assert str(Selection()) == "everything"
