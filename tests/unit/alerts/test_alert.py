"""Records of topic `alert`, as any version of any service may write them."""

from datetime import UTC, datetime

import orjson
import pytest

from penstock.alerts.alert import Alert, AlertError, read_alert

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def read(**said: object) -> Alert:
    return read_alert(orjson.dumps(said), NOW)


def test_an_outage_of_a_sink_is_read_whole():
    alert = read(
        at="2026-11-21T11:33:05.002+00:00",
        kind="outage",
        target="infor:DALS",
        priority=2,
        reason="load/SLCos: answered 503",
        seconds=61.5,
    )
    at = datetime(2026, 11, 21, 11, 33, 5, 2000, tzinfo=UTC)
    assert alert == Alert(at, "outage", "infor:DALS", 2, "load/SLCos: answered 503", seconds=61.5)


def test_a_kind_is_enough_and_unknown_fields_are_passed_over():
    assert read(kind="held", weather="rain") == Alert(NOW, "held")


@pytest.mark.parametrize("said", [{"priority": "high"}, {"count": None}, {"seconds": True}, {"at": "yesterday"}])
def test_a_field_that_cannot_be_read_counts_as_absent(said: dict[str, object]):
    assert read(kind="held", **said) == Alert(NOW, "held")


@pytest.mark.parametrize("priority", [0, -3, 1])
def test_no_priority_is_below_one(priority: int):
    assert read(kind="held", priority=priority).priority == 1


@pytest.mark.parametrize("value", [None, b"", b"{", b"[1]", b'"held"', b"{}", b'{"kind": " "}', b"x" * 70_000])
def test_what_is_no_alert_is_refused_with_a_reason(value: bytes | None):
    with pytest.raises(AlertError, match=r".+"):
        read_alert(value, NOW)


def test_an_e_mail_address_does_not_get_through():
    reason = read(kind="rejected", reason="no buyer <jane.doe@example.com>, see jane@example.com.").reason
    assert "@" not in reason
    assert reason.startswith("no buyer <(address)>, see (address)")


def test_a_text_has_no_line_breaks_that_would_make_a_header():
    assert read(kind="held", target="x\r\nBcc: all\x00").target == "x Bcc: all"


def test_a_text_of_megabytes_is_cut():
    assert len(read(kind="held", reason="ä" * 20_000).reason) == 300


def test_reasons_that_differ_in_numbers_and_names_are_alike():
    one = Alert(NOW, "held", reason="order PS1-41: item 'Apron, sand' is missing")
    two = Alert(NOW, "held", reason="order PS1-7: item 'Cap' is missing")
    assert one.likeness == two.likeness == "order # item # is missing"
    assert Alert(NOW, "held", reason="credit limit").likeness != one.likeness


def test_a_rule_says_what_is_alike():
    one = Alert(NOW, "held", reason="owes 12 of 10", rule="credit")
    assert one.likeness == "credit"
