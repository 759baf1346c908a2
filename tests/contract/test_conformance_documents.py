"""Conformance of every connector: its raw documents open, bad bytes are named, a repeat is known as one."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from tests.contract.conformance.desk import Prepared, Subject, budget

from penstock.records.raw import RawDocument

BAD = {
    "nothing": b"",
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "NUL": b'{"id": "a\x00b"}',
    "half": b'{"id": "41", "lines": [{"sku"',
    "an HTML page": b"<!DOCTYPE html><html><body>Maintenance</body></html>",
    "deep nesting": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "a huge exponent": b'{"id": 1e999999999}',
    "a huge number": b'{"id": ' + b"9" * 10_000 + b"}",
    "NaN": b'{"id": NaN}',
    "an XML bomb": b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;&c;&c;</a>',
    "an XML entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
}


def with_body(document: RawDocument, at: int, body: bytes) -> RawDocument:
    parts = list(document.parts)
    parts[at] = parts[at]._replace(body=body)
    return replace(document, parts=tuple(parts))


def test_the_sandbox_holds_a_document_of_every_entity_read(reading: Subject, found: Prepared) -> None:
    missing = set(reading.spec.reads) - set(found.found)
    assert not missing, f"polls (and the webhook of conformance.yaml) bring no {sorted(missing)}: make one in `prepare`"


def test_every_document_opens(reading: Subject, found: Prepared) -> None:
    for _, document in found.found.values():
        assert reading.spec.open_document(document, reading.settings())


@pytest.mark.parametrize("bad", BAD)
def test_bad_bytes_are_refused_with_the_name_of_their_part(reading: Subject, found: Prepared, bad: str) -> None:
    for entity, (_, document) in found.found.items():
        for at, part in enumerate(document.parts):
            with pytest.raises(ValueError, match=part.role) as raised:
                reading.spec.open_document(with_body(document, at, BAD[bad]), reading.settings())
            assert len(str(raised.value)) < 1000, f"{entity}: the error repeats the bytes"


def test_secret_fields_are_not_in_the_documents(reading: Subject, found: Prepared) -> None:
    for entity, (_, document) in found.found.items():
        for part in document.parts:
            for name in reading.spec.secret_fields:
                assert f'"{name}"'.encode() not in part.body, f"{name} in {part.role} of {entity}"


def test_a_fingerprint_does_not_tell_when_or_where_a_document_was_read(reading: Subject, found: Prepared) -> None:
    source = reading.spec.source(reading.settings(), budget())
    for entity, (_, document) in found.found.items():
        later = [part._replace(fetched_at="2031-01-01T00:00:00.000Z", url="http://other/") for part in document.parts]
        again = RawDocument.from_bytes(replace(document, parts=tuple(later)).to_bytes())
        assert source.fingerprint(again) == source.fingerprint(document), entity


def test_a_fingerprint_tells_a_change_of_the_content(reading: Subject, found: Prepared) -> None:
    source = reading.spec.source(reading.settings(), budget())
    for entity, (_, document) in found.found.items():
        deleted = replace(document, deleted=True, version=None)
        plain = replace(document, version=None)
        assert source.fingerprint(deleted) != source.fingerprint(plain), entity
        body = orjson.loads(document.parts[0].body)
        for changed in _changes(body):
            other = with_body(plain, 0, orjson.dumps(changed))
            if source.fingerprint(other) != source.fingerprint(plain):
                break
        else:
            raise AssertionError(f"no change of {document.parts[0].role} changes the fingerprint of {entity}")


def _changes(value: object) -> list[object]:
    """The same with one text changed, for every text in it."""
    if isinstance(value, str):
        return [f"{value} changed"]
    if isinstance(value, dict):
        return [{**value, key: changed} for key, inner in value.items() for changed in _changes(inner)]
    if isinstance(value, list):
        return [
            [*value[:at], changed, *value[at + 1 :]] for at, inner in enumerate(value) for changed in _changes(inner)
        ]
    return []
