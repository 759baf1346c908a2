"""Reads mapping and override files into `source` data, collecting every problem on the way."""

from __future__ import annotations

import re
from typing import get_args

from penstock.mapping.errors import MappingSyntaxError, Place, Problem, nearest
from penstock.mapping.expressions import ExpressionError, parse, variable
from penstock.mapping.nodes import Literal, Name
from penstock.mapping.source import Direction, Expression, Group, MappingSource, OverrideSource, Rows, Spec, Value
from penstock.mapping.yamltext import Block, load

_MAPPING_KEYS = ("from", "to", "doc", "let", "fields")
_OVERRIDE_KEYS = ("override", "doc", "let", "fields", "remove")
_FIELD_KEYS = ("value", "const", "fields", "for", "where", "when", "let", "doc")
_FOR = re.compile(r"\s*(\w+)\s+in\s+(.+)", re.DOTALL)
MAX_FIELDS = 2_000


def read_mapping(name: str, file: str, text: str) -> MappingSource:
    """Raises MappingSyntaxError with every problem of the file."""
    reader = _Reader(file, load(file, text))
    return reader.mapping(name)


def read_override(file: str, text: str) -> OverrideSource:
    """Raises MappingSyntaxError with every problem of the file."""
    return _Reader(file, load(file, text)).override()


class _Reader:
    def __init__(self, file: str, top: dict[str, Block]) -> None:
        self._file = file
        self._top = top
        self._problems: list[Problem] = []
        self._count = 0
        self._names: set[str] = set()

    def mapping(self, name: str) -> MappingSource:
        self._refuse_unknown(self._top, _MAPPING_KEYS, "")
        direction = name.rpartition(".")[2]
        if direction not in get_args(Direction):
            self._wrong(1, "", f"{name!r}: a mapping is named like order.to-canonical or order.from-canonical")
        source, target = self._word("from"), self._word("to")
        root = self._group(self._top, Place(self._file, 1), "", needs_fields=True)
        self._raise()
        return MappingSource(
            name=name,
            file=self._file,
            direction="to-canonical" if direction == "to-canonical" else "from-canonical",
            source=source,
            target=target,
            root=root,
            doc=self._doc(),
        )

    def override(self) -> OverrideSource:
        self._refuse_unknown(self._top, _OVERRIDE_KEYS, "")
        name = self._word("override")
        root = self._group(self._top, Place(self._file, 1), "", needs_fields=False)
        remove: dict[str, Place] = {}
        block = self._top.get("remove")
        if block is not None:
            items = block.value if isinstance(block.value, list) else [block]
            for item in items:
                if isinstance(item.value, str):
                    remove[item.value] = Place(self._file, item.line, item.value)
                else:
                    self._wrong(item.line, "remove", "`remove` is a list of field names")
        self._raise()
        return OverrideSource(name, self._file, root, remove)

    def _doc(self) -> str:
        block = self._top.get("doc")
        return block.value if block is not None and isinstance(block.value, str) else ""

    def _raise(self) -> None:
        if self._problems:
            raise MappingSyntaxError(self._problems)

    def _wrong(self, line: int, field: str, message: str) -> None:
        self._problems.append(Problem(Place(self._file, line, field), message))

    def _refuse_unknown(self, blocks: dict[str, Block], known: tuple[str, ...], field: str) -> None:
        for key, block in blocks.items():
            if key not in known:
                self._wrong(block.line, field, f"unknown key {key!r}{nearest(key, known)}")

    def _word(self, key: str) -> str:
        block = self._top.get(key)
        if block is None or not isinstance(block.value, str) or not block.value:
            self._wrong(block.line if block else 1, "", f"`{key}:` is needed")
            return ""
        return block.value

    def _group(self, blocks: dict[str, Block], place: Place, path: str, *, needs_fields: bool = True) -> Group:
        return Group(
            place=place,
            let=self._let(blocks.get("let"), path),
            fields=self._fields(blocks.get("fields"), place, path, needed=needs_fields),
            when=self._optional_expression(blocks, "when", path),
        )

    def _let(self, block: Block | None, path: str) -> dict[str, Expression]:
        lets: dict[str, Expression] = {}
        if block is None:
            return lets
        if not isinstance(block.value, dict):
            self._wrong(block.line, path, "`let` holds `name: expression` lines")
            return lets
        for name, item in block.value.items():
            label = f"{path} let {name}".strip()
            if self._is_variable(name, item.line, label):
                # `self._names` is of the whole file: it only softens the check for forgotten quotes.
                lets[name] = self._expression(item, label)
                self._names.add(name)
        return lets

    def _is_variable(self, name: str, line: int, label: str) -> bool:
        try:
            variable(name)
        except ExpressionError as error:
            self._wrong(line, label, str(error))
            return False
        return True

    def _fields(self, block: Block | None, place: Place, path: str, *, needed: bool) -> dict[str, Spec]:
        if block is None:
            if needed:
                self._wrong(place.line, path, "`fields:` is needed")
            return {}
        if not isinstance(block.value, dict):
            self._wrong(block.line, path, "`fields` holds `target field: expression` lines")
            return {}
        return {name: self._spec(item, f"{path}.{name}" if path else name) for name, item in block.value.items()}

    def _spec(self, block: Block, path: str) -> Spec:
        place = Place(self._file, block.line, path)
        self._count += 1
        if self._count == MAX_FIELDS:
            self._wrong(block.line, path, f"a mapping has at most {MAX_FIELDS} fields")
        blocks = block.value
        if isinstance(blocks, str):
            return Value(self._expression(block, path), place)
        if isinstance(blocks, list):
            self._wrong(block.line, path, "a list is made with `for: row in …`, or written as an expression")
            return _nothing(place)
        self._refuse_unknown(blocks, _FIELD_KEYS, path)
        if "for" in blocks:
            return self._rows(blocks, place, path)
        if "where" in blocks:
            self._wrong(blocks["where"].line, path, "`where` goes with `for`; a condition on a field is `when`")
        if "fields" in blocks:
            if "value" in blocks or "const" in blocks:
                self._wrong(block.line, path, "a field has `fields` or a `value`, not both")
            return self._group(blocks, place, path)
        return self._value(blocks, place, path)

    def _value(self, blocks: dict[str, Block], place: Place, path: str) -> Value:
        if "let" in blocks:
            self._wrong(blocks["let"].line, path, "`let` goes with `fields`")
        when = self._optional_expression(blocks, "when", path)
        return Value(self._plain(blocks, place, path), place, when)

    def _plain(self, blocks: dict[str, Block], place: Place, path: str) -> Expression:
        const, value = blocks.get("const"), blocks.get("value")
        if (const is None) == (value is None):
            self._wrong(
                place.line, path, "a field needs `value:` (an expression), `const:` (a text), `fields:` or `for:`"
            )
        elif const is not None and isinstance(const.value, str):
            return Expression(repr(const.value), Literal(const.value), Place(self._file, const.line, path))
        elif const is not None:
            self._wrong(const.line, path, "`const` is a text")
        elif value is not None:
            return self._expression(value, path)
        return _nothing(place).expression

    def _rows(self, blocks: dict[str, Block], place: Place, path: str) -> Spec:
        loop = blocks["for"]
        found = _FOR.fullmatch(loop.value) if isinstance(loop.value, str) else None
        if found is None:
            self._wrong(loop.line, path, "`for` is written `for: row in order.rows`")
            return _nothing(place)
        name, rows = found.groups()
        if not self._is_variable(name, loop.line, path):
            return _nothing(place)
        self._names.add(name)
        entry: Group | Expression
        inner = f"{path}[]"
        if "fields" in blocks:
            if "value" in blocks or "const" in blocks:
                self._wrong(place.line, path, "the rows have `fields` or a `value`, not both")
            entry = self._group({key: blocks[key] for key in ("let", "fields") if key in blocks}, place, inner)
        else:
            entry = self._plain(blocks, place, inner)
            if "let" in blocks:
                self._wrong(blocks["let"].line, path, "`let` goes with `fields`")
        return Rows(
            place=place,
            variable=name,
            rows=self._expression(Block(rows, loop.line), f"{path} for"),
            entry=entry,
            where=self._optional_expression(blocks, "where", path),
            when=self._optional_expression(blocks, "when", path),
        )

    def _optional_expression(self, blocks: dict[str, Block], key: str, path: str) -> Expression | None:
        return self._expression(blocks[key], f"{path} {key}".strip()) if key in blocks else None

    def _expression(self, block: Block, path: str) -> Expression:
        place = Place(self._file, block.line, path)
        if not isinstance(block.value, str):
            self._wrong(block.line, path, "an expression is expected here")
            return _nothing(place).expression
        try:
            node = parse(block.value)
        except ExpressionError as error:
            self._wrong(block.line, path, str(error))
            return _nothing(place).expression
        if block.quoted and isinstance(node, Name) and node.name not in self._names:
            self._wrong(
                block.line,
                path,
                f"{block.value!r} is read as the name {node.name}; for the text write '\"{node.name}\"' or "
                f"{{const: {node.name}}}, for the name leave the quotes out",
            )
        return Expression(" ".join(block.value.split()), node, place)


def _nothing(place: Place) -> Value:
    return Value(Expression("null", Literal(None), place), place)
