"""Documents shown to people and written back: what nobody touched stays as it was, digit for digit."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from penstock.cli.errors import CommandError
from penstock.cli.payloads import changed, loads, readable, rewritten
from penstock.log.wire import Codec
from penstock.records.raw import EntityRef, Part, RawDocument

AT = "2026-03-04T09:06:00.000Z"
BODY = b'{"order": {"id": 41, "total": 19.90, "big": 12345678901234567890123, "tiny": 1E-7,  "name": "Zo\xc3\xa9"}}'
XML = b"<prestashop><order/></prestashop>"


def no_codec() -> Codec:
    raise AssertionError("a raw document needs no registry")


def raw() -> bytes:
    ref = EntityRef("shop", "1", "order", "41")
    parts = (
        Part("order", "/orders/41", 200, "application/json", AT, BODY),
        Part("customer", "/customers/7", 200, "application/json", AT, b'{ "id" : 7.0 }'),
        Part("xml", "/x", 200, "text/xml", AT, XML),
    )
    return RawDocument(ref, parts).to_bytes()


def shown() -> Any:
    return readable("raw.shop.order", raw(), no_codec)


def test_json_bodies_are_shown_as_json_and_others_as_text() -> None:
    parts = shown()["parts"]
    assert parts[0]["body"]["order"]["name"] == "Zoé"
    assert parts[2]["body"] == XML.decode()


def test_numbers_that_nobody_touches_keep_their_digits_and_other_parts_their_bytes() -> None:
    document = shown()
    changed(document, "/parts/0/body/order/name", "Zoe")
    made = RawDocument.from_bytes(rewritten("raw.shop.order", raw(), document, no_codec))
    body = made.parts[0].body
    for text in (b'"total":19.90', b'"big":12345678901234567890123', b'"tiny":1E-7', b'"name":"Zoe"'):
        assert text in body
    assert (made.parts[1].body, made.parts[2].body) == (b'{ "id" : 7.0 }', XML)


def test_a_document_that_went_through_an_editor_unchanged_is_the_same() -> None:
    text = orjson.dumps(shown(), option=orjson.OPT_INDENT_2)
    made = rewritten("raw.shop.order", raw(), loads(text), no_codec)
    assert RawDocument.from_bytes(made) == RawDocument.from_bytes(raw())


@pytest.mark.parametrize("pointer", ["parts", "/parts/9/body", "/parts/0/nowhere/x", "/parts/x"])
def test_a_place_that_is_not_there_is_named(pointer: str) -> None:
    with pytest.raises(CommandError, match="--set"):
        changed(shown(), pointer, "1")


def test_a_value_is_json_or_text() -> None:
    document = {"a": 0, "b": 0, "c/d": 0}
    changed(document, "/a", "[1, 2]")
    changed(document, "/b", "plain words")
    changed(document, "/c~1d", "null")
    assert document == {"a": [1, 2], "b": "plain words", "c/d": None}


def test_what_is_no_document_is_not_shown() -> None:
    assert readable("raw.shop.order", b"\xff", no_codec) is None
    assert readable("raw.shop.order", b"[NaN]", no_codec) is None
