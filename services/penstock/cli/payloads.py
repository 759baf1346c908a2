"""What a dead letter or an entry carries, readable for people, and back into bytes after an edit.

A raw document is shown with the JSON of its parts as JSON; a number that nobody touches keeps its digits. A canonical
record is shown as JSON. Anything else is text, or not shown at all.
"""

import json
from collections.abc import Callable
from typing import Any

import orjson

from penstock.cli.errors import CommandError, Exit
from penstock.flow.when import avro_schema
from penstock.log.wire import Codec, WireError
from penstock.mapping import MappingError, from_avro
from penstock.mapping.documents import from_json, to_json
from penstock.records.raw import Part, RawDocument

IDENTITY = ("system", "instance", "entity", "native_id")
WIDEST = 2**53
"""Whole numbers beyond are kept as they are written: JSON of 64 bits would not hold all of them."""

MakeCodec = Callable[[], Codec]


def readable(topic: str, value: bytes, codec: MakeCodec) -> Any:
    """The document as a JSON value; None when it cannot be read. `topic` is a name of topics.yaml."""
    if topic.startswith("canonical."):
        try:
            return plain(codec().decode(value)[1])
        except WireError:
            return None
    try:
        data = _loads(value)
    except ValueError:
        return None
    if isinstance(data, dict) and isinstance(data.get("parts"), list):
        data["parts"] = [_opened(part) for part in data["parts"]]
    return data


def rewritten(topic: str, value: bytes, document: Any, codec: MakeCodec) -> bytes:
    """Bytes of the edited document. Raises CommandError when they are no document of this kind, or another one."""
    if topic.startswith("canonical."):
        return _canonical(topic, value, document, codec())
    if isinstance(document, dict) and isinstance(document.get("parts"), list):
        document = {**document, "parts": _closed(document["parts"], value)}
    made = orjson.dumps(document)
    if topic.startswith("raw.") and not topic.endswith(".notification"):
        _same_document(value, made)
    return made


def checked(topic: str, original: bytes, value: bytes) -> bytes:
    """Bytes that a person gives as they are."""
    if topic.startswith("raw.") and not topic.endswith(".notification"):
        _same_document(original, value)
    return value


def changed(document: Any, pointer: str, text: str) -> None:
    """Sets one place of a document, in place. `text` is JSON, or a text if it is none. Raises CommandError.

    >>> found = {"parts": [{"body": {"order": {"id": 4}}}]}
    >>> changed(found, "/parts/0/body/order/id", "5")
    >>> found["parts"][0]["body"]["order"]["id"]
    5
    """
    if not pointer.startswith("/"):
        raise CommandError(f"--set {pointer}=…: a JSON pointer begins with /, e.g. /parts/0/body/order/id", Exit.USAGE)
    try:
        value = _loads(text.encode())
    except ValueError:
        value = text
    *way, last = [name.replace("~1", "/").replace("~0", "~") for name in pointer[1:].split("/")]
    at = document
    for name in way:
        at = _child(at, name, pointer)
    if isinstance(at, dict):
        at[last] = value
    elif isinstance(at, list) and last.isdecimal() and int(last) < len(at):
        at[int(last)] = value
    else:
        raise CommandError(
            f"--set {pointer}: there is no place {last!r}; `dlq show --document` shows it all", Exit.USAGE
        )


def _child(at: Any, name: str, pointer: str) -> Any:
    if isinstance(at, dict) and name in at:
        return at[name]
    if isinstance(at, list) and name.isdecimal() and int(name) < len(at):
        return at[int(name)]
    raise CommandError(f"--set {pointer}: there is no {name!r}; `dlq show --document` shows the document", Exit.USAGE)


def plain(value: Any) -> Any:
    """A canonical record as JSON values."""
    return orjson.loads(orjson.dumps(value, default=to_json))


def text_of(document: Any) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def loads(text: bytes) -> Any:
    """JSON whose numbers keep their digits. Raises CommandError."""
    try:
        return _loads(text)
    except ValueError as error:
        raise CommandError(f"the edited document is no JSON: {error}", Exit.USAGE) from error


def _loads(text: bytes) -> Any:
    return json.loads(text, parse_float=_as_written, parse_int=_whole, parse_constant=_no_number)


def _as_written(digits: str) -> Any:
    return orjson.Fragment(digits)


def _whole(digits: str) -> Any:
    number = int(digits)
    return number if abs(number) <= WIDEST and digits == str(number) else orjson.Fragment(digits)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _opened(part: Any) -> Any:
    """A part with its body as JSON, where it is JSON."""
    body = part.get("body") if isinstance(part, dict) else None
    if not isinstance(body, str):
        return part
    try:
        return {**part, "body": _loads(body.encode())} if body[:1] in "{[" else part
    except ValueError:
        return part


def _closed(parts: list[Any], original: bytes) -> list[Any]:
    """The parts with their bodies as texts again: those that nobody has touched as they were, byte for byte."""
    untouched = {orjson.dumps(_opened(part)): part for part in _loads(original).get("parts") or ()}
    return [untouched.get(orjson.dumps(part)) or _as_text(part) for part in parts]


def _as_text(part: Any) -> Any:
    body = part.get("body") if isinstance(part, dict) else None
    return {**part, "body": orjson.dumps(body).decode()} if isinstance(body, dict | list) else part


def _same_document(original: bytes, made: bytes) -> None:
    try:
        after = RawDocument.from_bytes(made)
    except ValueError as error:
        raise CommandError(f"the edited bytes are {error}", Exit.USAGE) from error
    try:
        before = RawDocument.from_bytes(original).ref
    except ValueError:
        return  # what could not be read has no identity to keep
    if after.ref != before:
        raise CommandError(
            f"the edit makes {before} into {after.ref}: another document is no retry of this one", Exit.USAGE
        )


def _canonical(topic: str, value: bytes, document: Any, codec: Codec) -> bytes:
    name, before = codec.decode(value)
    if not isinstance(document, dict) or document.get("id") != before["id"] or _source(document) != _source(before):
        raise CommandError("the edit changes id or source: another document is no retry of this one", Exit.USAGE)
    try:
        return codec.encode(name, from_json(document, from_avro(avro_schema(topic.removeprefix("canonical.")))))
    except (WireError, MappingError, ValueError) as error:
        raise CommandError(f"the edited record does not fit its schema: {error}", Exit.USAGE) from error


def _source(record: dict[str, Any]) -> list[Any]:
    source = record.get("source") or {}
    return [source.get(name) for name in ("system", "instance", "native_id")]


def parts_of(value: bytes) -> list[dict[str, Any]]:
    """The parts of a raw document without what is in them; empty for anything else."""
    try:
        parts: list[Part] = list(RawDocument.from_bytes(value).parts)
    except ValueError:
        return []
    return [
        {"role": part.role, "status": part.status, "type": part.content_type, "bytes": len(part.body)} for part in parts
    ]
