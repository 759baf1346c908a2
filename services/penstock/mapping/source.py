"""A mapping file as data: what each line asks for, with the place it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf

from penstock.mapping.errors import Place
from penstock.mapping.nodes import Node

Direction = OneOf["to-canonical", "from-canonical"]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, its text, and where it stands."""

    text: str
    node: Node
    place: Place


@dataclass(frozen=True, slots=True)
class Value:
    """A field with one value."""

    expression: Expression
    place: Place
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A nested object."""

    place: Place
    let: Mapping[str, Expression] = field(default_factory=dict)
    fields: Mapping[str, Spec] = field(default_factory=dict)
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A list: one `entry` per row. `entry` is a Group, or an Expression for a list of plain values."""

    place: Place
    variable: str
    rows: Expression
    entry: Group | Expression
    where: Expression | None = None
    when: Expression | None = None


Spec = Value | Group | Rows


@dataclass(frozen=True, slots=True)
class MappingSource:
    """A whole mapping: `root` holds its lets and fields."""

    name: str
    file: str
    direction: Direction
    source: str
    target: str
    root: Group
    doc: str = ""


@dataclass(frozen=True, slots=True)
class OverrideSource:
    """Changes to the mapping `name`: fields and lets to replace or add, fields to remove (dotted) with their places."""

    name: str
    file: str
    root: Group
    remove: Mapping[str, Place]
