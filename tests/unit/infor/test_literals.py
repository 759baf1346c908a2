from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connectors.infor.literals import any_of, co_num, cust_num, parse_site_time, quoted, site_time, value_text

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("O'Neill", "'O''Neill'"),
        ("' OR 1=1 --", "''' OR 1=1 --'"),
        ("Müller", "'Müller'"),
        ("Žižek", "N'Žižek'"),
        (3, "'3'"),
        (Decimal("1.50"), "'1.5'"),
    ],
)
def test_literals_are_quoted(value: str | int | Decimal, literal: str) -> None:
    assert quoted(value) == literal


@given(st.text(st.characters(min_codepoint=32, blacklist_characters="\x7f"), max_size=30))
def test_no_text_ends_its_literal(text: str) -> None:
    inside = quoted(text).removeprefix("N")[1:-1]
    assert inside.replace("''", "").count("'") == 0


def test_control_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="control characters"):
        quoted("a\x00b")


def test_lists_are_in_filters() -> None:
    assert any_of("Item", ["A", "B'"]) == "Item IN ('A','B''')"


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (cust_num("888"), "    888"),
        (cust_num(" 888 "), "    888"),
        (co_num("EC00000042"), "EC00000042"),
        (co_num("42"), "        42"),
    ],
)
def test_keys_are_padded_as_the_site_stores_them(made: str, wanted: str) -> None:
    assert made == wanted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "1"),
        (False, "0"),
        (7, "7"),
        (Decimal("19.95000000"), "19.95"),
        (Decimal("1E+2"), "100"),
        (Decimal(0), "0"),
        (date(2026, 2, 3), "20260203"),
        (datetime(2026, 2, 3, 15, 10, 11, 123000, UTC), "20260203 09:10:11.123"),
        ("text", "text"),
    ],
)
def test_property_values_are_texts(value: object, text: str | None) -> None:
    assert value_text(value, CHICAGO) == text


def test_site_times_are_read_with_and_without_a_fraction() -> None:
    assert parse_site_time("20260203 09:10:11") == datetime(2026, 2, 3, 9, 10, 11)  # noqa: DTZ001 - site-local
    assert site_time(parse_site_time("20260203 09:10:11.12")) == "20260203 09:10:11.120"
