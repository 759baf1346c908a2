"""The shape of a target (or of a canonical source): Avro records and payload schemas as one small type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from penstock.mapping.errors import MappingSyntaxError, Place, Problem, nearest
from penstock.mapping.yamltext import Block, load

PROVIDED = frozenset({"id", "source", "deleted_at"})
"""Fields of a canonical record that the caller fills where the mapping does not."""


@dataclass(frozen=True, slots=True)
class Shape:
    """kind: text, decimal, integer, boolean, timestamp, date, day (date, timestamp or their text), list, object, any.

    fields: of an object, None when its names are free. item: of a list. length: of a text; places: of a decimal.
    """

    kind: str
    nullable: bool = False
    required: bool = False
    fields: Mapping[str, Shape] | None = None
    item: Shape | None = None
    length: int | None = None
    places: int | None = None
    symbols: tuple[str, ...] = ()
    doc: str = field(default="", compare=False)


ANY = Shape("any", nullable=True)

_PRIMITIVES = {"string": "text", "int": "integer", "long": "integer", "boolean": "boolean"}
_LOGICAL = {"timestamp-millis": "timestamp", "timestamp-micros": "timestamp", "date": "date", "uuid": "text"}


def from_avro(schema: Mapping[str, Any]) -> Shape:
    """The shape of an Avro record schema, as parsed from JSON. Raises MappingSyntaxError when it is no record."""
    shape = _Avro().shape(schema)
    if shape.kind != "object" or shape.fields is None:
        raise MappingSyntaxError([Problem(Place(str(schema.get("name", "schema")), 1), "not an Avro record")])
    return shape


class _Avro:
    def __init__(self) -> None:
        self._named: dict[str, Shape] = {}

    def shape(self, schema: Any) -> Shape:
        if isinstance(schema, str):
            return self._by_name(schema)
        if isinstance(schema, list):
            return self._union(schema)
        logical, kind = schema.get("logicalType"), schema["type"]
        if logical == "decimal":
            return Shape("decimal", places=schema.get("scale", 0))
        if logical in _LOGICAL:
            return Shape(_LOGICAL[logical])
        if kind == "record":
            return self._record(schema)
        if kind == "array":
            return Shape("list", item=self.shape(schema["items"]))
        if kind == "map":
            return Shape("object")
        if kind == "enum":
            return self._remember(schema, Shape("text", symbols=tuple(schema["symbols"])))
        return self.shape(kind)

    def _by_name(self, name: str) -> Shape:
        if name in _PRIMITIVES:
            return Shape(_PRIMITIVES[name])
        return self._named.get(name.rpartition(".")[2], ANY)

    def _union(self, members: list[Any]) -> Shape:
        kinds = [member for member in members if member != "null"]
        shape = self.shape(kinds[0]) if len(kinds) == 1 else ANY
        return replace(shape, nullable=True) if "null" in members else shape

    def _record(self, schema: Mapping[str, Any]) -> Shape:
        fields = {
            field["name"]: replace(
                self.shape(field["type"]), required="default" not in field, doc=str(field.get("doc", ""))
            )
            for field in schema["fields"]
        }
        return self._remember(schema, Shape("object", fields=fields))

    def _remember(self, schema: Mapping[str, Any], shape: Shape) -> Shape:
        self._named[schema["name"]] = shape
        return shape


def fits(target: Shape, given: str) -> bool:
    """May a value of the kind `given` go into `target`? Unknown kinds may: they are checked when the value is made."""
    accepted = {
        "text": {"text", "integer"},
        "decimal": {"decimal", "integer", "number"},
        "integer": {"integer", "number"},
        "day": {"date", "timestamp", "text"},
    }.get(target.kind, {target.kind})
    return "any" in (target.kind, given) or given in accepted


def missing_fields(shape: Shape, given: Mapping[str, object], *, provided: frozenset[str]) -> Iterator[str]:
    """Required fields of an object that are neither given nor provided."""
    for name, wanted in (shape.fields or {}).items():
        if wanted.required and name not in given and name not in provided:
            yield name


_PAYLOAD_KINDS = {
    "string": "text",
    "decimal": "decimal",
    "integer": "integer",
    "boolean": "boolean",
    "date": "day",
    "any": "any",
    "object": "object",
    "list": "list",
}
_PAYLOAD_KEYS = ("type", "length", "places", "required", "doc", "fields", "items", "symbols")


def from_payload(file: str, text: str) -> Shape:
    """The shape of a payload schema file (`order.payload.yaml`). Raises MappingSyntaxError."""
    reader = _Payload(file)
    root = load(file, text)
    for key, block in root.items():
        if key not in ("fields", "doc"):
            reader.wrong(block.line, "", f"unknown key {key!r}; there is doc, fields")
    shape = reader.object(root.get("fields"), 1, "")
    if reader.problems:
        raise MappingSyntaxError(reader.problems)
    return shape


class _Payload:
    def __init__(self, file: str) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def wrong(self, line: int, path: str, message: str) -> None:
        self.problems.append(Problem(Place(self._file, line, path), message))

    def object(self, block: Block | None, line: int, path: str) -> Shape:
        if block is None or not isinstance(block.value, dict):
            self.wrong(line, path, "`fields:` with `Name: {type: …}` lines is needed")
            return Shape("object")
        return Shape(
            "object",
            fields={name: self._field(item, f"{path}.{name}" if path else name) for name, item in block.value.items()},
        )

    def _field(self, block: Block, path: str) -> Shape:
        blocks = block.value
        if not isinstance(blocks, dict):
            self.wrong(block.line, path, "a field is written `Name: {type: string}`")
            return ANY
        for key, item in blocks.items():
            if key not in _PAYLOAD_KEYS:
                self.wrong(item.line, path, f"unknown key {key!r}{nearest(key, _PAYLOAD_KEYS)}")
        written = self._text(blocks, "type")
        kind = _PAYLOAD_KINDS.get(written)
        if kind is None:
            self.wrong(block.line, path, f"unknown type {written!r}{nearest(written, _PAYLOAD_KINDS)}")
            return ANY
        required = self._text(blocks, "required") == "true"
        shape = Shape(
            kind,
            nullable=not required,
            required=required,
            length=self._whole(blocks, "length", path),
            places=self._whole(blocks, "places", path),
            doc=self._text(blocks, "doc"),
            symbols=self._symbols(blocks),
        )
        if kind == "object" and "fields" in blocks:
            return replace(shape, fields=self.object(blocks["fields"], block.line, path).fields)
        if kind == "list":
            return replace(shape, item=self._item(blocks, path))
        return shape

    def _item(self, blocks: dict[str, Block], path: str) -> Shape:
        if "fields" in blocks:
            return self.object(blocks["fields"], blocks["fields"].line, f"{path}[]")
        return self._field(blocks["items"], f"{path}[]") if "items" in blocks else ANY

    def _text(self, blocks: dict[str, Block], key: str) -> str:
        block = blocks.get(key)
        return block.value if block is not None and isinstance(block.value, str) else ""

    def _whole(self, blocks: dict[str, Block], key: str, path: str) -> int | None:
        text = self._text(blocks, key)
        if not text:
            return None
        if not text.isdecimal() or len(text) > 6:
            self.wrong(blocks[key].line, path, f"`{key}` must be a whole number")
            return None
        return int(text)

    def _symbols(self, blocks: dict[str, Block]) -> tuple[str, ...]:
        block = blocks.get("symbols")
        items = block.value if block is not None and isinstance(block.value, list) else []
        return tuple(str(item.value) for item in items)
