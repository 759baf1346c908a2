"""Decision tables: the first row that holds, and errors that name the line."""

from pathlib import Path

import pytest

from penstock.resources import resource
from penstock.rules.decision import Decision, DecisionTable, NoRuleError, TableError

TABLE = """\
inputs: [shop, country]
rules:
  - {when: {country: [FR, BE], shop: "2"}, then: CC-110, why: the Lyon shop}
  - {when: {country: [FR, BE]}, then: CC-100}
  - {then: CC-200}
"""


def decide(text: str, **inputs: str | None) -> Decision:
    return DecisionTable.from_text("cost-centre", text).decide(**inputs)


def test_the_first_row_that_holds_decides() -> None:
    assert decide(TABLE, shop="2", country="FR") == Decision("CC-110", 1, "the Lyon shop")
    assert decide(TABLE, shop="1", country="BE") == Decision("CC-100", 2, "country is BE or FR")
    assert decide(TABLE, shop=None, country=None) == Decision("CC-200", 3, "always")


def test_the_default_is_row_zero() -> None:
    text = "inputs: [country]\nrules: [{when: {country: FR}, then: A}]\ndefault: B\n"
    assert decide(text, country="US").row == 0


def test_no_row_and_no_default_is_an_error_that_says_where_to_add_one() -> None:
    text = "inputs: [country]\nrules: [{when: {country: FR}, then: A}]\n"
    with pytest.raises(NoRuleError, match=r"no row for country 'US'; add one to tables/cost-centre.yaml"):
        decide(text, country="US")


def test_an_input_that_the_table_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="decides by shop, country"):
        decide(TABLE, shop="1", land="FR")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "inputs: [country]\nrules:\n  - {when: {contry: FR}, then: A}\n",
            r":3: `when` has no 'contry'; did you mean 'country'",
        ),
        ("inputs: [country]\nrules:\n  - {when: {country: FR}}\n", r":3: a row needs `then:`"),
        (
            "inputs: [country]\nrules:\n  - {then: A}\n  - {when: {country: FR}, then: B}\n",
            r":4: never reached: line 3 takes all",
        ),
        ("inputs: [country]\nrules: {a: b}\n", r":2: `rules:` is a list of rows"),
        ("inputs: [country]\nrule: []\n", r"no 'rule'; did you mean 'rules'"),
        ("inputs: [country\n", "not YAML"),
        ("- a\n", "has `name: value` lines"),
        ("", "has `name: value` lines"),
        ("inputs: [c]\nrules: [{when: {c: {a: b}}, then: x}]\n", "a condition is a text or a list"),
        ("inputs: [c]\nrules: [{when: {c: a, c: b}, then: x}]\n", "'c' is given twice"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        DecisionTable.from_text("cost-centre", text)


@pytest.mark.parametrize("name", ["cost-centre", "project"])
def test_the_flow_s_tables_are_sound_and_cover_every_order(name: str) -> None:
    path: Path = resource("flows") / "prestashop-infor" / "tables" / f"{name}.yaml"
    table = DecisionTable.from_text(name, path.read_text("utf-8"))
    assert table.decide(shop="1", country="NZ", category=None).value
