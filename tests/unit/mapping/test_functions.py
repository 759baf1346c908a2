"""The function table: every example of the docs, and the odd inputs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from penstock.mapping import FUNCTIONS, BadValue, Function, MappingEnv, UnknownCode, compile_mapping, function
from penstock.mapping.errors import MappingError
from tests.unit.mapping.conftest import Evaluate, one_field

EXAMPLES = [(call, result) for one in FUNCTIONS for call, result in one.examples.items()]
WITHOUT_EXAMPLE = {"xref", "convert", "address", "match_key"}  # their answer depends on the flow


@pytest.mark.parametrize(("call", "result"), EXAMPLES, ids=[call for call, _ in EXAMPLES])
def test_an_example_of_the_docs_is_true(evaluate: Evaluate, call: str, result: str) -> None:
    assert evaluate(call) == evaluate(result)


@pytest.mark.parametrize("one", list(FUNCTIONS), ids=[one.name for one in FUNCTIONS])
def test_every_function_has_an_example_and_a_sentence(one: Function) -> None:
    assert bool(one.examples) != (one.name in WITHOUT_EXAMPLE)
    assert one.doc.endswith((".", "?"))


NUMBERS = [
    "NaN",
    "nan",
    "Infinity",
    "-inf",
    "1e999",
    "1E+400",
    "9" * 39,
    "1e-99",
    "1,5",
    "",
    " ",
    "0x10",
    "1_000",
    "٣",
    "--1",
]


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_no_number_is_refused(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(BadValue, match=r"is not a number|digits"):
        evaluate("decimal(x)", x=text)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity"), True, [], {}, 10**40]
)
def test_what_is_no_number_in_json_either_is_refused(evaluate: Evaluate, value: Any) -> None:
    with pytest.raises(BadValue, match=r": it: .* is not a number|digits"):
        evaluate("decimal(x)", x=value)


@pytest.mark.parametrize(
    ("value", "number"),
    [("12.500000", "12.5"), (" 7 ", "7"), ("-0.10", "-0.1"), (".5", "0.5"), ("1e3", "1000"), (12.1, "12.1"), (3, "3")],
)
def test_numbers_of_every_spelling_are_read_exactly(evaluate: Evaluate, value: Any, number: str) -> None:
    assert evaluate("decimal(x)", x=value) == Decimal(number)


@pytest.mark.parametrize("value", ["2.5", True, "two", None])
def test_integer_takes_whole_numbers_only(evaluate: Evaluate, value: Any) -> None:
    if value is None:
        assert evaluate("integer(x)", x=value) is None
    else:
        with pytest.raises(BadValue):
            evaluate("integer(x)", x=value)


@pytest.mark.parametrize(
    ("value", "truth"), [("0", False), ("1", True), (0, False), (1, True), (True, True), ("", False), ("TRUE", True)]
)
def test_boolean_reads_what_shops_send(evaluate: Evaluate, value: Any, truth: bool) -> None:
    assert evaluate("boolean(x)", x=value) is truth


@pytest.mark.parametrize("value", ["2", "yes", 2, 1.5, [], {}])
def test_boolean_refuses_the_rest(evaluate: Evaluate, value: Any) -> None:
    with pytest.raises(BadValue, match="neither yes nor no"):
        evaluate("boolean(x)", x=value)


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
def test_text_refuses_control_characters(evaluate: Evaluate, char: str) -> None:
    for call in ("text(x)", "upper(x)", "trim(x)", "concat(x)", 'join(",", x)', "hash_text(x)"):
        with pytest.raises(BadValue, match=r"control character U\+"):
            evaluate(call, x=f"a{char}b")


def test_text_keeps_newlines_tabs_emoji_and_accents(evaluate: Evaluate) -> None:
    assert evaluate("text(x)", x="é 🎁\n\tb\r\nc") == "é 🎁\n\tb\nc"


def test_texts_cannot_be_made_endless(evaluate: Evaluate) -> None:
    million = "a" * 1_000_000
    for call in ("concat(x, x)", 'join(",", x, x)', 'replace(x, "a", "bb")'):
        with pytest.raises(BadValue, match=r"longer|characters"):
            evaluate(call, x=million)
    assert len(evaluate('pad_left("a", 999999999)')) == 1_000


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "aXbY", False),
        ("?", "é", True),
        ("[!a-c]?", "dx", True),
        ("[!a-c]?", "bx", False),
        ("[]]", "]", True),
        ("a.c", "abc", False),
        ("**", "x", True),
        ("", "x", False),
        ("*a" * 60 + "b", "a" * 5_000, False),  # hangs an engine that goes back
    ],
)
def test_patterns_fit_in_linear_time(evaluate: Evaluate, pattern: str, text: str, fits: bool) -> None:
    assert evaluate("matches(x, p)", x=text, p=pattern) is fits


def test_a_text_too_long_for_its_pattern_is_refused(evaluate: Evaluate) -> None:
    with pytest.raises(BadValue, match="too long for the pattern"):
        evaluate("matches(x, '*a*b')", x="a" * 500_000)


@pytest.mark.parametrize("pattern", ["[abc", "a" * 201, "[\u0000-\uffff]"])
def test_a_pattern_that_is_not_well_formed_is_refused(evaluate: Evaluate, pattern: str) -> None:
    with pytest.raises(BadValue):
        evaluate("matches('x', p)", p=pattern)


MONEY_BAD = [
    ("0.123456789", "EUR", "more than 8 decimals"),
    ("1", "XYZ", "not a currency"),
    ("1", "eur", "not a currency"),
]


@pytest.mark.parametrize(("value", "currency", "reason"), MONEY_BAD)
def test_money_refuses_what_it_would_have_to_round_or_guess(
    evaluate: Evaluate, value: str, currency: str, reason: str
) -> None:
    with pytest.raises(BadValue, match=reason):
        evaluate("money(x, c)", x=value, c=currency)


def test_money_keeps_every_decimal_that_says_something(evaluate: Evaluate) -> None:
    assert evaluate('money("0.1234567800", "EUR")') == Decimal("0.12345678")
    assert evaluate('money("0.12345678", "JPY")') == Decimal("0.12345678")


def test_minor_units_refuse_a_fraction(evaluate: Evaluate) -> None:
    assert evaluate('minor_units(1.005, "KWD")') == 1005
    with pytest.raises(BadValue, match="smallest unit"):
        evaluate('minor_units(1.005, "EUR")')


@pytest.mark.parametrize(
    ("value", "zone", "moment"),
    [
        ("2025-03-04 10:12:31", "Europe/Paris", "2025-03-04T09:12:31+00:00"),
        ("2025-07-04 10:12:31", "Europe/Paris", "2025-07-04T08:12:31+00:00"),
        ("20260203 09:10:11.123", "America/New_York", "2026-02-03T14:10:11.123000+00:00"),
        ("2025-10-26 02:30:00", "Europe/Paris", "2025-10-26T00:30:00+00:00"),  # comes twice: the first
        (
            "2025-03-30 02:30:00",
            "Europe/Paris",
            "2025-03-30T01:30:00+00:00",
        ),  # never comes: as if the clock had not moved
        ("2025-03-04T10:12:31+05:00", "Europe/Paris", "2025-03-04T05:12:31+00:00"),
        ("2025-03-04", "Europe/Paris", "2025-03-03T23:00:00+00:00"),
    ],
)
def test_local_time_knows_its_zone(evaluate: Evaluate, value: str, zone: str, moment: str) -> None:
    found = evaluate("local_time(x, zone=z)", x=value, z=zone)
    assert found.isoformat() == moment
    assert found == evaluate("local_time(x, zone=z)", x=datetime.fromisoformat(value), z=zone)


@pytest.mark.parametrize("value", ["0000-00-00 00:00:00", "0000-00-00", "", None])
def test_an_unset_date_is_null(evaluate: Evaluate, value: Any) -> None:
    for call in ("local_time(x, zone='Europe/Paris')", "timestamp(x)", "utc(x)", "date_only(x)"):
        assert evaluate(call, x=value) is None


@pytest.mark.parametrize(
    "value", ["yesterday", "2025-13-01 00:00:00", "2025-02-30 00:00:00", 20250304, [], "0001-01-01 00:00:00"]
)
def test_a_date_that_is_none_is_refused(evaluate: Evaluate, value: Any) -> None:
    with pytest.raises(BadValue):
        evaluate("local_time(x, zone='Asia/Tokyo')", x=value)


def test_a_zone_that_does_not_exist_names_the_nearest(evaluate: Evaluate) -> None:
    with pytest.raises(BadValue, match="did you mean 'Europe/Paris'"):
        evaluate("local_time('2025-03-04 10:12:31', zone='Europe/Pari')")


def test_timestamp_wants_an_offset(evaluate: Evaluate) -> None:
    with pytest.raises(BadValue, match="does not say its zone"):
        evaluate("timestamp('2025-03-04T10:12:31')")
    assert evaluate("timestamp('2025-03-04T10:12:31Z')") == datetime(2025, 3, 4, 10, 12, 31, tzinfo=UTC)


def test_a_day_depends_on_the_zone_of_a_moment(evaluate: Evaluate) -> None:
    at = datetime(2025, 3, 4, 23, 30, tzinfo=UTC)
    assert evaluate("date_only(x)", x=at) == date(2025, 3, 4)
    assert evaluate("date_only(x, 'Europe/Paris')", x=at) == date(2025, 3, 5)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyyMMdd HH:mm:ss.fff", "20250304 10:12:31.045"),
        ("dd.MM.yy", "04.03.25"),
        ("yyyy-MM-dd'T'HH:mm", "2025-03-04T10:12"),
    ],
)
def test_times_are_written_by_pattern(evaluate: Evaluate, pattern: str, text: str) -> None:
    at = datetime(2025, 3, 4, 10, 12, 31, 45_678, tzinfo=UTC)
    assert evaluate("format_time(x, p)", x=at, p=pattern) == text


@pytest.mark.parametrize("pattern", ["YYYY", "yyyy'x", "", "%Y", "h:mm"])
def test_a_pattern_with_unknown_letters_is_refused(evaluate: Evaluate, pattern: str) -> None:
    if pattern == "%Y":
        pattern = "%Y-x"
    with pytest.raises(BadValue, match="pattern"):
        evaluate("format_time(x, p)", x=date(2025, 3, 4), p=pattern)


def test_an_unknown_code_names_table_nearest_entries_and_file(evaluate: Evaluate) -> None:
    with pytest.raises(
        UnknownCode, match=r"'order-status' has no entry for '33'.*flows/f/tables/order-status\.yaml"
    ) as caught:
        evaluate('code("order-status", "33")')
    assert (caught.value.table, caught.value.value, caught.value.nearest) == ("order-status", "33", ("3",))
    assert caught.value.table_file == "flows/f/tables/order-status.yaml"


def test_a_code_is_the_same_as_number_and_as_text(evaluate: Evaluate) -> None:
    assert evaluate('code("order-status", 3)') == evaluate('code("order-status", "3")') == "processing"
    assert evaluate('code("order-status", null)') is None


def test_a_missing_setting_names_the_nearest(evaluate: Evaluate) -> None:
    with pytest.raises(MappingError, match="no setting 'warehous'; did you mean 'warehouse'"):
        evaluate('setting("warehous")')
    assert evaluate('default(setting("warehous"), "X")') == "X"


def test_a_reference_needs_a_tag(doc: dict[str, Any]) -> None:
    with pytest.raises(BadValue, match="has no tag"):
        one_field("reference(order.id)")(doc, MappingEnv("s", "i"))


@pytest.mark.parametrize("text", ["PS2-41", "PS1", "PS1-", "", "phone order"])
def test_a_reference_that_is_not_ours_is_null(evaluate: Evaluate, text: str) -> None:
    assert evaluate("order_id_of(x)", x=text) is None


def test_injected_functions_get_what_the_mapping_writes(evaluate: Evaluate) -> None:
    assert evaluate("address(order.rows[0], city='Paris')") == {
        "sku": "APR-S",
        "qty": "2",
        "price": "12.500000",
        "city": "Paris",
    }
    assert evaluate("match_key(email=order.reference)") == "key-of-XKBK"


def test_lists_of_different_kinds_have_no_smallest(evaluate: Evaluate) -> None:
    with pytest.raises(BadValue, match="compared with each other"):
        evaluate("min_of(x)", x=[1, "a"])
    assert evaluate("max_of(order.rows) if false else min_of([])") is None


def test_the_sum_of_texts_is_refused(evaluate: Evaluate) -> None:
    with pytest.raises(BadValue, match="write decimal"):
        evaluate("sum_of(row.price for row in order.rows)")


def test_a_package_can_add_a_function(env: MappingEnv) -> None:
    def shout(value: str) -> str:
        """Loud."""
        return value.upper() + "!"

    functions = FUNCTIONS.extended([function(shout, group="Text", kinds="text -> text")])
    mapping = compile_mapping("a.to-canonical", "from: a\nto: b\nfields: {A: shout(x)}", functions=functions)
    assert mapping({"x": "hi"}, env) == {"A": "HI!"}
    with pytest.raises(ValueError, match="registered twice"):
        functions.extended([function(shout, group="Text", kinds="text -> text")])


def test_a_function_without_a_sentence_or_with_wrong_kinds_is_refused() -> None:
    def silent(value: str) -> str:
        return value

    with pytest.raises(ValueError, match="needs a docstring"):
        function(silent, group="Text", kinds="text -> text")
    with pytest.raises(ValueError, match="do not fit"):
        function(silent, group="Text", kinds="text, text -> text")
