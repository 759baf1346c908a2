"""Code tables, rates, the version of a configuration, and ids."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.mapping import BadValue, CodeTable, MappingSyntaxError, Rates, UnknownCode, config_version
from penstock.records import ids
from penstock.records.ids import canonical_id
from tests.unit.mapping.conftest import RATES, Evaluate


def test_a_table_keeps_codes_as_they_are_written() -> None:
    table = CodeTable.from_text("t", "doc: Yes or no\nentries: {yes: 1, 007: on, 'a b': ''}\ndefault: off")
    assert dict(table.entries) == {"yes": "1", "007": "on", "a b": ""}
    assert table.lookup("yes") == "1"
    assert table.lookup("other") == "off"
    assert table.lookup("a b") == ""


def test_a_table_without_default_refuses_an_unknown_code() -> None:
    with pytest.raises(UnknownCode, match=r"nearest entries: shipped.*tables/t\.yaml"):
        CodeTable.from_text("t", "entries: {shipped: x}").lookup("shiped")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("doc: x", "needs `entries:`"),
        ("entries: [a]", "needs `entries:`"),
        ("entries: {a: [b]}", "holds texts"),
        ("entries: {}\ndefalt: x", "unknown key 'defalt'; did you mean 'default'"),
        ("entries:\n  a: 1\n  a: 2", r"tables/t\.yaml:3: 'a' is given twice"),
    ],
)
def test_a_wrong_table_is_refused(text: str, message: str) -> None:
    with pytest.raises(MappingSyntaxError, match=message):
        CodeTable.from_text("t", text)


DAY = date(2025, 3, 4)


@pytest.mark.parametrize(
    ("amount", "source", "target", "day", "result"),
    [
        ("100", "EUR", "USD", DAY, "104.65"),
        ("104.65", "USD", "EUR", DAY, "100.00"),
        ("100", "USD", "GBP", DAY, "79.11"),
        ("10", "EUR", "JPY", DAY, "1571"),
        ("100", "EUR", "USD", date(2025, 3, 5), "106.94"),
        ("100", "EUR", "GBP", date(2025, 3, 10), "82.79"),
        ("0.123456", "EUR", "EUR", date(1999, 1, 1), "0.123456"),
    ],
)
def test_an_amount_is_converted_by_the_latest_rate_of_the_day(
    amount: str, source: str, target: str, day: date, result: str
) -> None:
    converted = Rates.from_text(RATES).convert(Decimal(amount), source, target, day)
    assert str(converted) == result


@pytest.mark.parametrize(("target", "day"), [("USD", date(2025, 3, 2)), ("USD", date(2025, 3, 13)), ("CHF", DAY)])
def test_a_rate_is_never_guessed(target: str, day: date) -> None:
    with pytest.raises(BadValue, match=rf"no rate EUR/{target} for {day}.*rates\.yaml"):
        Rates.from_text(RATES).convert(Decimal(1), "EUR", target, day)


def test_the_rounding_of_the_file_is_obeyed(evaluate: Evaluate) -> None:
    down = RATES.replace("mode: half_up", "mode: down, places: 1")
    assert Rates.from_text(down).convert(Decimal(100), "EUR", "USD", DAY) == Decimal("104.6")
    assert evaluate('convert(100, "EUR", "USD", date_only("2025-03-04"))') == Decimal("104.65")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("base: EUR", "base: EURO", "not a currency"),
        ("base: EUR", "", "`base:` is needed"),
        ("max_age_days: 7", "max_age_days: soon", "must be a whole number"),
        ("half_up", "halfup", "unknown rounding mode 'halfup'; did you mean 'half_up'"),
        ("rounding: {mode: half_up}", "", "is needed; modes"),
        ('"1.0465"', '"-1"', "not a rate above zero"),
        ('"1.0465"', '"NaN"', "not a rate above zero"),
        ("2025-03-05:", "5 March:", "is not a day"),
        ("rates:", "rate:", "unknown key 'rate'; did you mean 'rates'"),
    ],
)
def test_a_wrong_rates_file_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(MappingSyntaxError, match=message):
        Rates.from_text(RATES.replace(old, new))


def test_the_version_changes_with_any_text_and_with_nothing_else() -> None:
    assert config_version(["a", "b"]) == config_version(["b", "a"])
    assert len({config_version(texts) for texts in (["a", "b"], ["ab"], ["a"], ["a", "b", ""], [])}) == 5
    assert len(config_version(["a"])) == 12


@given(*[st.text(max_size=20)] * 4)
def test_a_canonical_id_is_the_uuid5_of_its_parts(system: str, instance: str, entity: str, native: str) -> None:
    name = f"{system}:{instance}:{entity}:{native}"
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    expected = uuid.uuid5(uuid.UUID(bytes=ids._NAMESPACE), name)
    assert canonical_id(system, instance, entity, native) == str(expected)


def test_a_canonical_id_never_changes() -> None:
    assert canonical_id("prestashop", "shop-fr", "order", "41") == "72d8999c-9b7e-5cff-9323-4ce94558fad2"
