from datetime import UTC, datetime

import pytest

from penstock.log.headers import Headers, HeadersError, Position, texts

FULL = Headers(
    ce_id="prestashop:shop-1:order:41:ab12",
    ce_source="prestashop:shop-1",
    ce_type="penstock.canonical.order",
    ce_time=datetime(2026, 3, 1, 10, 20, 30, 123000, tzinfo=UTC),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    cause="req-ü-1",
    raw=Position("raw.prestashop.order", 3, 991),
    flow="prestashop-infor",
    targets=("infor-main", "infor-us"),
    config_version="c0ffee",
)


def test_headers_survive_the_log() -> None:
    assert Headers.decode(FULL.encode()) == FULL


def test_what_is_not_known_yet_is_left_out() -> None:
    bare = Headers(FULL.ce_id, FULL.ce_source, FULL.ce_type, FULL.ce_time)
    assert [name for name, _ in bare.encode()] == ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"]
    assert Headers.decode(bare.encode()) == bare


def test_routed_to_nobody_is_not_the_same_as_not_routed_yet() -> None:
    nobody = Headers(FULL.ce_id, FULL.ce_source, FULL.ce_type, FULL.ce_time, targets=())
    assert Headers.decode(nobody.encode()).targets == ()


def test_headers_of_others_are_passed_over() -> None:
    assert Headers.decode([("x-team", b"\xff"), *FULL.encode()]) == FULL


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_time"])
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(HeadersError, match=name):
        Headers.decode([pair for pair in FULL.encode() if pair[0] != name])


@pytest.mark.parametrize(("name", "value"), [("ce_time", b"yesterday"), ("raw", b"raw.prestashop.order")])
def test_an_unreadable_header_is_an_error(name: str, value: bytes) -> None:
    with pytest.raises(HeadersError):
        Headers.decode([*FULL.encode(), (name, value)])


def test_a_record_without_headers_is_an_error() -> None:
    with pytest.raises(HeadersError, match="ce_id"):
        Headers.decode(None)


def test_a_topic_name_may_hold_hyphens() -> None:
    position = Position("canonical.order-status", 0, 12)
    assert Position.parse(str(position)) == position


def test_bytes_that_are_no_text_are_shown_all_the_same() -> None:
    assert texts([("a", b"\xff"), ("b", None)]) == {"a": "\ufffd"}
