"""Countries, states and currencies."""

from decimal import Decimal

import pytest

from penstock.records.countries import country_code, is_country, is_state, state_code
from penstock.records.money import UnknownCurrencyError, is_currency, minor_places, minor_unit, to_minor_unit


@pytest.mark.parametrize(
    ("text", "code"),
    [("fr", "FR"), ("USA", "US"), ("Österreich", "AT"), ("UK", "GB"), ("Narnia", None), ("", None)],
)  # fmt: skip
def test_a_country_is_known_by_code_or_name(text: str, code: str | None) -> None:
    assert country_code(text) == code
    assert code is None or is_country(code)


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("US", "California", "CA"),
        ("US", "us-ca", "CA"),
        ("US", "AE", "AE"),
        ("CA", "Quebec", "QC"),
        ("IT", "Milano", "MI"),
        ("ES", "La Coruña", "C"),
        ("ES", "La Rioja", "LO"),
        ("AU", "new south wales", "NSW"),
        ("US", "Bayern", None),
        ("XX", "CA", None),
    ],
)
def test_a_state_is_known_by_code_or_name(country: str, text: str, code: str | None) -> None:
    assert state_code(country, text) == code
    assert code is None or is_state(country, code)


@pytest.mark.parametrize(("code", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_a_currency_has_its_minor_unit(code: str, places: int) -> None:
    assert minor_places(code) == places
    assert minor_unit(code) == Decimal(10) ** -places


@pytest.mark.parametrize("code", ["XXX", "XAU", "eur", "", None, "ABC"])
def test_what_nobody_pays_with_is_no_currency(code: str | None) -> None:
    assert not is_currency(code)


def test_an_unknown_currency_is_a_named_error() -> None:
    with pytest.raises(UnknownCurrencyError, match="'ABC' is not a currency of ISO 4217"):
        minor_places("ABC")


def test_rounding_is_half_up_unless_said_otherwise() -> None:
    assert to_minor_unit(Decimal("2.345"), "EUR") == Decimal("2.35")
    assert to_minor_unit(Decimal("2.5"), "JPY", "ROUND_HALF_EVEN") == Decimal(2)
