"""Answers of the webservice, odd ones included."""

from __future__ import annotations

import pytest

from penstock.connectors.prestashop.document import associated, plain
from penstock.connectors.prestashop.wire import Answer, UnreadableError, flag, integer, read_answer, text
from penstock.connectors.prestashop.xmlbody import UnwritableTextError, edited, entity, error_codes, parsed


@pytest.mark.parametrize(
    ("body", "rows", "codes"),
    [
        (b"[]", (), ()),
        (b'{"orders":[{"id":1},{"id":2}]}', ({"id": 1}, {"id": 2}), ()),
        (b'{"order":{"id":1}}', ({"id": 1},), ()),
        (b'{"order_slips":[{"id":1}]}', ({"id": 1},), ()),
        (b'{"errors":[{"code":20,"message":"x"},{"code":21,"message":"y"}]}', (), (20, 21)),
        (b'{"product":{"id":2},"errors":[{"code":3,"message":"[PHP Warning #2] \xe2\x80\xa6"}]}', ({"id": 2},), ()),
        (b'{"errors":[{"code":"32"},{"code":3},{"code":5}]}', (), (32,)),
        (b'{"errors":{"code":41}}', (), (41,)),
        (b'{"errors":[{"message":"no code"}]}', (), (0,)),
        (b"<br />\n<b>Warning</b>: Undefined array key [0] in {main}\n" + b'{"orders":[{"id":1}]}', ({"id": 1},), ()),
        (b"Notice: x\n[]", (), ()),
    ],
)
def test_rows_and_codes_of_an_answer(body: bytes, rows: tuple[dict[str, int], ...], codes: tuple[int, ...]) -> None:
    answer = read_answer(body)
    assert answer.rows == rows
    assert answer.codes == codes


def test_noise_of_php_is_told_apart_from_errors() -> None:
    assert read_answer(b'{"errors":[{"code":3}]}') == Answer((), (), noise=True, has_entity=False)
    assert not read_answer(b'{"errors":[{"code":41}]}').noise


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  \n",
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"orders":[{"id":1},{"id',
        b'{"orders":[{"id":1,"associations":{"rows":[]}',
        b'Notice: x\n{"orders":[{"id":1,"associations":{"rows":[]}',
        b'Notice: x\n{"orders":[{"id":1,"rows":[]',
        b"{}",
        b"\xff\xfe{}",
        b'{"orders":[1,2]}',
        b'{"orders":"none"}',
        b"[1,2]",
        b"null",
        b'"text"',
        b'{"orders":[{"id":NaN}]}',
        b'{"orders":[{"name":"\\ud800"}]}',
        b"[" * 5000,
        b"{" * 100_000,
    ],
)
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_answer(body)


def test_scalars_of_every_version() -> None:
    assert [text(value) for value in (None, False, 0, "0", " a ", 12)] == ["", "", "0", "0", "a", "12"]
    assert [integer(value) for value in (None, "", "12", 12)] == [0, 0, 12, 12]
    assert [flag(value) for value in ("1", 1, "0", 0, None, "")] == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    "associations",
    [
        {"order_rows": [{"id": 1}]},
        {"order_rows": {"id": 1}},
        {"order_rows": {"order_rows": [{"id": 1}]}},
        {"order_rows": {"order_row": [{"id": 1}]}},
    ],
)
def test_an_association_is_a_list_in_every_shape(associations: dict[str, object]) -> None:
    assert associated({"associations": associations}, "order_rows") == [{"id": 1}]


@pytest.mark.parametrize("row", [{}, {"associations": None}, {"associations": []}, {"associations": {"taxes": []}}])
def test_an_absent_association_is_empty(row: dict[str, object]) -> None:
    assert associated(row, "taxes") == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Mug", "Mug"),
        ([{"id": 1, "value": "Mug"}, {"id": 2, "value": "Tasse"}], "Tasse"),
        ([{"id": "1", "value": "Mug"}, {"id": "2", "value": "Tasse"}], "Tasse"),
        ([{"id": 1, "value": "Mug"}], "Mug"),
        ([{"id": 1, "value": "Mug"}, {"id": 2, "value": ""}], "Mug"),
        ({"id": 2, "value": "Tasse"}, "Tasse"),
        ({"language": [{"id": "2", "value": "Tasse"}]}, "Tasse"),
        ([], ""),
        (None, None),
    ],
)
def test_a_multilingual_value_becomes_one_text(value: object, found: object) -> None:
    assert plain({"name": value, "id": 1}, 2) == {"name": found, "id": 1}


def test_a_body_is_escaped_and_trimmed() -> None:
    body = entity("customer", {"id": "12", "company": " Dupont & <Fils> 🛍 "})
    assert parsed(body).findtext("customer/company") == "Dupont & <Fils> 🛍"


@pytest.mark.parametrize("bad", ["a\x00b", "a\x1fb", "\ud800", "\ufffe"])
def test_a_text_that_xml_cannot_carry_is_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(UnwritableTextError, match="company") as caught:
        entity("customer", {"company": bad})
    assert bad not in str(caught.value)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<prestashop><stock_available><id>&b;</id></stock_available></prestashop>"
)
EXTERNAL = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<prestashop><stock_available><id>&a;</id></stock_available></prestashop>"
)


@pytest.mark.parametrize("answer", [BOMB, EXTERNAL, b"", b"<html>", b"{}", b"<a>\x00</a>"])
def test_xml_bombs_external_entities_and_other_things_are_unreadable(answer: bytes) -> None:
    with pytest.raises(UnreadableError):
        parsed(answer)


ROW = b"""<?xml version="1.0" encoding="UTF-8"?>
<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">
<stock_available>
\t<id><![CDATA[58]]></id>
\t<id_product xlink:href="https://shop.example/api/products/8"><![CDATA[8]]></id_product>
\t<id_shop><![CDATA[1]]></id_shop>
\t<quantity><![CDATA[140]]></quantity>
\t<location></location>
</stock_available>
</prestashop>"""


def test_a_put_holds_every_field_that_was_there() -> None:
    root = parsed(edited(ROW, "stock_available", {"quantity": 3}))
    assert {child.tag: child.text for child in root[0]} == {
        "id": "58",
        "id_product": "8",
        "id_shop": "1",
        "quantity": "3",
        "location": None,
    }


def test_a_multilingual_entity_is_not_put() -> None:
    body = b"<prestashop><product><name><language id='1'>x</language></name></product></prestashop>"
    with pytest.raises(UnreadableError, match="multilingual"):
        edited(body, "product", {})


def test_codes_of_an_xml_error() -> None:
    errors = b"<error><code><![CDATA[32]]></code></error><error><code>x</code></error>"
    body = b"<prestashop><errors>" + errors + b"</errors></prestashop>"
    assert error_codes(parsed(body)) == (32, 0)
