"""Addresses: what is changed, what is left alone, and that nothing is lost."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from penstock.rules.address import LONGEST, TEXTS, standardise
from penstock.rules.data.streets import STREETS
from penstock.rules.streets import standard_line
from penstock.sandbox.catalogue import catalogue

COUNTRIES = [*STREETS, "SE", "TR", "JP", "Nowhere", ""]
WORDS = (
    "12 12-14 bis av. Bd bld R. St Street AVENUE NW Apt Suite 4B #4 C/ C/Mayor c/o Müllerstr. Lange Str. Str.5 "
    "Hauptstr.5 V.le P.zza de l'Église O'CONNOR PO Box p.o. the Foch, Rd, Bât. bte "
    "'s-Gravenhage MACDONALD ii Kerkstr x Ж ß WEIß İI ŉ ǆ"
)
lines = st.one_of(st.lists(st.sampled_from(WORDS.split()), max_size=8).map(" ".join), st.text(max_size=12))
case = st.sampled_from([str, str.upper, str.lower])
texts = st.builds(lambda change, text: change(text), case, lines)
addresses = st.fixed_dictionaries(
    {"country_code": st.sampled_from([*COUNTRIES, "France", "usa", "de"])},
    optional={field: st.none() | texts for field in TEXTS if field != "country_code"},
)
# The first run of hypothesis builds its table of characters, which takes a second.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def one(**fields: Any) -> dict[str, Any]:
    return standardise({"line1": "1 Main St", "city": "Town", "country_code": "US"} | fields)


@patient
@given(addresses)
@example({"country_code": "BE", "line2": "bte"})
def test_standardising_twice_changes_nothing_more(address: dict[str, Any]) -> None:
    once = standardise(address)
    assert standardise(once) == once


@patient
@given(texts, st.sampled_from(COUNTRIES))
def test_a_line_loses_no_word_but_for_the_changes_it_tells(line: str, country: str) -> None:
    tidy = " ".join(line.split())
    result, changes = standard_line(tidy, country)
    before, after = Counter(tidy.replace(",", " ").split()), Counter(result.replace(",", " ").split())
    for old, new in changes:
        before.subtract(old.replace(",", " ").split())
        before.update(new.replace(",", " ").split())
    assert +before == after
    assert min(before.values(), default=0) >= 0


@patient
@given(addresses)
def test_every_difference_is_told(address: dict[str, Any]) -> None:
    result = standardise(address)
    same = all((address.get(field) or None) == (result[field] or None) for field in TEXTS)
    assert same == (result["changes"] == [])


@patient
@given(addresses)
def test_case_and_spaces_apart_names_and_cities_keep_their_letters(address: dict[str, Any]) -> None:
    result = standardise(address)
    for field in ("company", "first_name", "last_name", "line3", "city"):
        assert (
            "".join((address.get(field) or "").split()).casefold() == "".join((result[field] or "").split()).casefold()
        )


@pytest.mark.parametrize("seed", [7, 8])
def test_the_catalogue_s_addresses_come_out_the_same_the_second_time(seed: int) -> None:
    for customer in catalogue(seed).customers:
        for given_ in customer.addresses:
            first = one(line1=given_.address1, line2=given_.address2, postal_code=given_.postcode, city=given_.city,
                        state_code=given_.state, country_code=given_.country, last_name=given_.lastname)  # fmt: skip
            assert standardise(first) == first
            assert first["postal_code"] == given_.postcode


def test_unknown_keys_and_earlier_changes_are_kept() -> None:
    result = standardise({"line1": "1 A St", "city": "X", "country_code": "US", "floor": "3", "changes": ["By hand."]})
    assert result["floor"] == "3"
    assert result["changes"] == ["By hand."]


def test_the_given_address_is_not_touched() -> None:
    address = {"line1": " 1  MAIN STREET ", "city": "X", "country_code": "USA", "changes": ["Earlier."]}
    standardise(address)
    assert address == {"line1": " 1  MAIN STREET ", "city": "X", "country_code": "USA", "changes": ["Earlier."]}


def test_a_text_of_ten_megabytes_is_left_for_validation() -> None:
    monster = "A " * 5_000_000
    result = one(line1=monster, state_code=monster, postal_code=monster, country_code=monster, vat_number=monster)
    assert result["line1"] is monster
    assert len(monster) > LONGEST


def test_a_control_character_is_left_for_validation() -> None:
    assert one(city="Ber\x00lin")["city"] == "Ber\x00lin"


def test_line3_is_delivery_text_in_the_customer_s_words() -> None:
    assert one(line3="leave it at 5 main street")["line3"] == "leave it at 5 main street"


def test_a_lost_leading_zero_is_not_guessed() -> None:
    assert one(country_code="DE", postal_code="1067")["postal_code"] == "1067"


def test_what_is_done_to_one_address_does_not_show_in_the_next_one() -> None:
    first = one(line1="1 MAIN ST")
    untouched = {**first, "changes": list(first["changes"])}
    first["city"] = "Elsewhere"
    first["changes"].append("by hand")
    assert one(line1="1 MAIN ST") == untouched


def test_a_field_that_is_no_text_is_judged_the_same_the_second_time() -> None:
    assert one(line2=[]) == one(line2=[])
    assert one(line2=[])["line2"] is None
