"""Texts as Sage 100 can keep them."""

from __future__ import annotations

import pytest

from penstock.connectors.sage100.texts import FieldError, fitted, transliterated
from tests.unit.sage100.world import settings

HEADER = "SO_SalesOrderHeader"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Zoé Müller – “Café”", "Zoé Müller – “Café”"),
        ("Zoe\u0301", "Zoé"),
        ("Łódź", "Lódz"),
        ("Москва", "Moskva"),
        ("Щука и Ёж", "Shchuka i Yozh"),
        ("Αθήνα", "Athina"),
        ("Dvořák", "Dvorák"),
    ],
)
def test_letters_become_those_of_windows_1252(text: str, written: str) -> None:
    assert fitted(HEADER, {"ShipToName": text}, settings(), transliterate=True) == {"ShipToName": written}


@pytest.mark.parametrize(("text", "policy"), [("東京", True), ("سلام", True), ("Łódź", False)])
def test_what_cannot_be_written_holds_and_is_never_a_question_mark(text: str, policy: bool) -> None:
    assert "?" not in transliterated(text)
    with pytest.raises(FieldError) as refused:
        fitted(HEADER, {"ShipToName": text}, settings(), transliterate=policy)
    assert refused.value.rule == "characters"
    assert text not in str(refused.value)


def test_a_long_address_is_spread_over_three_lines_and_loses_no_word() -> None:
    street = "Zweigniederlassung Nordwest, Gebäude 7, Eingang B, Am Alten Güterbahnhof 112 bis 114, Halle 3"
    made = fitted(HEADER, {"ShipToAddress1": street, "ShipToAddress2": ""}, settings(), transliterate=False)

    lines = [made[f"ShipToAddress{number}"] for number in (1, 2, 3)]
    assert " ".join(lines) == street
    assert all(len(line) <= 40 for line in lines)


def test_lines_of_an_address_stay_apart_where_there_is_room() -> None:
    given = {"ShipToAddress1": "A" * 20 + " " + "B" * 25, "ShipToAddress2": "Rear building"}
    assert fitted(HEADER, given, settings(), transliterate=False) == {
        "ShipToAddress1": "A" * 20, "ShipToAddress2": "B" * 25, "ShipToAddress3": "Rear building",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"), [("ShipToAddress1", "X" * 41), ("ShipToCity", "Y" * 31), ("ShipToAddress1", "word " * 40)]
)
def test_what_does_not_fit_is_held_by_field(field: str, value: str) -> None:
    with pytest.raises(FieldError, match=rf"{HEADER}\.{field} takes \d+ characters") as refused:
        fitted(HEADER, {field: value}, settings(), transliterate=False)
    assert refused.value.rule == "field-length"


def test_a_site_of_another_version_has_other_lengths() -> None:
    older = settings(lengths={HEADER: {"EmailAddress": 50}})
    mail = {"EmailAddress": f"{'a' * 45}@example.com"}
    assert fitted(HEADER, mail, settings(), transliterate=False) == mail
    with pytest.raises(FieldError, match="EmailAddress takes 50 characters"):
        fitted(HEADER, mail, older, transliterate=False)
