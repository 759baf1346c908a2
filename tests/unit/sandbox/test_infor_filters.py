"""The filter subset, run against a real SQLite table (infor.md 4.2)."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connectors.infor.sandbox.filters import compile_filter
from penstock.connectors.infor.sandbox.model import dates, decimals, flags, ido, longs, text
from penstock.connectors.infor.sandbox.tables import Tables
from penstock.connectors.infor.sandbox.tokens import IllegalFilterError
from penstock.connectors.infor.sandbox.values import IdoError, ParseError
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.storage import Storage

NOW = datetime(2026, 3, 31, 10, 0, 0, 500000)  # noqa: DTZ001 site local time has no zone
THINGS = ido(
    "SLThings",
    "thing",
    "thg",
    ("Code",),
    text(10, "Code"),
    text(40, "Name"),
    longs("Line"),
    flags("Held"),
    decimals("Qty", "Shipped"),
    dates("Due"),
)
ROWS = [
    ("a", "Lamp 100%", 1, 0, 2 * 10**8, 2 * 10**8, "20260331 09:59:00.000"),
    ("b", "lamp_[x]", 2, 1, 15 * 10**7, 0, "20260330 10:00:00.000"),
    ("c", None, 10, 0, -(10**8), None, None),
    ("d ", "O'Neil", 3, 1, 9 * 10**8, 3 * 10**8, "20260228 00:00:00.000"),
]


@pytest.fixture(scope="module")
def storage():
    made = Storage(None)
    Tables(made, SandboxClock("UTC")).create_ido(THINGS)
    made.executemany("INSERT INTO thing (Code, Name, Line, Held, Qty, Shipped, Due) VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
    return made


def codes(storage, where, *, bare_numbers=False):
    made = compile_filter(where, THINGS.props, NOW, bare_numbers=bare_numbers)
    rows = storage.query(f"SELECT Code FROM thing AS thg WHERE {made.sql} ORDER BY rowid", made.params)
    return "".join(row["Code"].strip() for row in rows)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Code = 'a'", "a"),
        ("Code = 'A'", ""),
        ("Code = 'd'", "d"),
        ("Code='d    '", "d"),
        ("'b' < Code", "cd"),
        ("Code <> 'a' and Code != 'b'", "cd"),
        ("Line >= '3'", "cd"),
        ("Line !< '3' AND Line !> '3'", "d"),
        ("Held = '1'", "bd"),
        ("Qty = '1.5'", "b"),
        ("Qty > '1.50000000'", "ad"),
        ("Qty = Shipped", "a"),
        ("Qty > Line", "ad"),
        ("Line < Qty", "ad"),
        ("Name = 'O''Neil'", "d"),
        ("Name LIKE 'lamp%'", "b"),
        ("Name LIKE '%[%]'", "a"),
        ("Name LIKE 'lamp[_][[]x]'", "b"),
        ("Name LIKE '_amp%'", "ab"),
        ("Name LIKE '[A-M]%'", "a"),
        ("Name LIKE '[^A-M]%'", "bd"),
        ("Name NOT LIKE '%amp%'", "d"),
        ("Name LIKE '*'", ""),
        ("Code LIKE 'd'", "d"),
        ("Code IN ('a', N'c')", "ac"),
        ("Line NOT IN ('1', '2')", "cd"),
        ("Name IS NULL", "c"),
        ("Name IS NOT NULL", "abd"),
        ("Name = NULL", ""),
        ("Name <> 'x'", "abd"),
        ("NOT Name = 'O''Neil'", "ab"),
        ("NOT NOT Code = 'a'", "a"),
        ("Code = 'a' OR Code = 'b' AND Line = '9'", "a"),
        ("(Code = 'a' OR Code = 'b') AND Line = '2'", "b"),
        ("not (Code = 'a' or Code = 'b')", "cd"),
        ("Due >= '20260331'", "a"),
        ("Due > '20260330 10:00:00'", "a"),
        ("Due >= '20260330 10:00:00.0'", "ab"),
        ("Due >= DATEADD(day, -1, GETDATE())", "a"),
        ("Due >= dateadd(dd,-2,getdate())", "ab"),
        ("Due = DATEADD(month, -1, '20260331')", "d"),
        ("Due < DATEADD(hh, 1, DATEADD(yy, -1, GETDATE()))", ""),
        ("'1' = '1'", "abcd"),
    ],
)
def test_the_subset_finds_what_sql_would(storage, where, found):
    assert codes(storage, where) == found


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("Line = 1", "number must be written as a string"),
        ("Line = -1", "arithmetic"),
        ("Line = '1' + '1'", "arithmetic"),
        ("Line BETWEEN '1' AND '2'", "BETWEEN"),
        ("Code IN (SELECT Code FROM thing)", "subqueries"),
        ("EXISTS (SELECT 1)", "subqueries"),
        ("Code = 'a' -- x", "comments"),
        ("Code /* x */ = 'a'", "comments"),
        ("LEN(Code) = '1'", "function"),
        ("UPPER(Code) = 'A'", "function"),
        ("Code = 'a'; DROP TABLE thing", "character"),
        ("Code = 'a", "string without its end"),
        ('Code = "a"', "character"),
        ("[Code] = 'a'", "character"),
        ("Code", "its end"),
        ("Code = ", "its end"),
        ("Code = 'a' AND", "its end"),
        ("Code = 'a')", "unexpected"),
        ("(Code = 'a'", "its end"),
        ("Code NOT = 'a'", "unexpected"),
        ("Code IS 'a'", "unexpected"),
        ("Code IN ()", "unexpected"),
        ("Code IN (Name)", "literals only"),
        ("Line LIKE '1%'", "LIKE needs text"),
        ("Code = Line", "different types"),
        ("Due > DATEADD(day, '1', GETDATE())", "whole number"),
        ("Due > DATEADD(day, 1.5, GETDATE())", "whole number"),
        ("Due > DATEADD(fortnight, 1, GETDATE())", "date part"),
        ("Due > DATEADD(day, 1, Due)", "unexpected"),
        ("(" * 51 + "Code = 'a'" + ")" * 51, "parentheses"),
        (" OR ".join(["Code = 'a'"] * 401), "conditions"),
    ],
)
def test_anything_else_is_an_illegal_filter(storage, where, reason):
    with pytest.raises(IllegalFilterError, match=reason):
        codes(storage, where)


@pytest.mark.parametrize("where", ["Line = 'x'", "Line = ''", "Due = '2026-03-31'", "Qty = '1,5'", "Held = '2'"])
def test_a_literal_that_is_not_of_the_propertys_type_fails_to_parse(storage, where):
    with pytest.raises(ParseError, match="failed to parse normalized string"):
        codes(storage, where)


@pytest.mark.parametrize("where", ["code = 'a'", "Nothing IS NULL"])
def test_property_names_are_exact(storage, where):
    with pytest.raises(IdoError, match="was not found"):
        codes(storage, where)


def test_bare_numbers_pass_when_allowed(storage):
    assert codes(storage, "Line = 2 OR Qty < -0.5 OR Line IN (3)", bare_numbers=True) == "bcd"


def test_a_date_that_leaves_the_calendar_is_a_refusal(storage):
    with pytest.raises(IdoError, match="overflow"):
        codes(storage, "Due > DATEADD(year, 9000, GETDATE())")


@given(st.text(max_size=30))
def test_an_escaped_literal_finds_exactly_its_own_text(storage, value):
    where = f"Name = N'{value.replace(chr(39), chr(39) * 2)}'"
    assert compile_filter(where, THINGS.props, NOW, bare_numbers=False).params == [value.rstrip(" ")]


@given(st.text(alphabet="Code='a() ANDORNOTLIKE%[]-,.0129;<>!*", max_size=60))
def test_no_text_gets_past_the_parser_as_raw_sql(storage, where):
    try:
        made = compile_filter(where, THINGS.props, NOW, bare_numbers=False)
    except IdoError:
        return
    storage.query(f"SELECT 1 FROM thing AS thg WHERE {made.sql}", made.params)
