"""Compiles the `when` expressions of a flow file: checked against the canonical schemas when the flow is loaded."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from penstock.mapping import FUNCTIONS, Function
from penstock.mapping.conditions import Condition, compile_condition, condition_functions
from penstock.mapping.errors import Place
from penstock.mapping.schema import Shape, from_avro
from penstock.resources import resource

ENTITIES = (
    "order", "order-status", "customer", "product", "price", "payment", "invoice", "shipment", "stock-level", "refund",
)  # fmt: skip
"""Every canonical entity."""


@cache
def avro_schema(entity: str) -> dict[str, Any]:
    """The canonical schema of an entity. Raises FileNotFoundError for one that there is not."""
    schema: dict[str, Any] = json.loads((resource("schemas") / "avro" / f"{entity}.avsc").read_text(encoding="utf-8"))
    return schema


@cache
def record_shapes() -> Mapping[str, Shape]:
    """Shape of every canonical record by its top name in expressions: `stock_level`."""
    return {entity.replace("-", "_"): from_avro(avro_schema(entity)) for entity in ENTITIES}


class Conditions:
    """Compiles conditions of one flow file. `tables` and `settings` are the names that the flow has."""

    def __init__(
        self,
        file: str,
        text: str,
        *,
        functions: Collection[Function],
        tables: Collection[str],
        settings: Collection[str],
    ) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._functions = condition_functions(FUNCTIONS).extended(functions)
        self._tables = tables
        self._settings = settings

    def of_any(self, when: str | None, field: str) -> Condition | None:
        """A condition that may ask of any canonical record; None stays None. Raises MappingSyntaxError."""
        return self._compiled(when, field, record_shapes())

    def of_record(self, when: str | None, field: str, entity: str) -> Condition | None:
        """A condition over records of one entity. Raises MappingSyntaxError."""
        name = entity.replace("-", "_")
        return self._compiled(when, field, {name: record_shapes()[name]})

    def _compiled(self, when: str | None, field: str, records: Mapping[str, Shape]) -> Condition | None:
        if when is None:
            return None
        return compile_condition(
            Place(self._file, self._line_of(when), field),
            when,
            records=records,
            functions=self._functions,
            tables=self._tables,
            settings=self._settings,
        )

    def _line_of(self, when: str) -> int:
        """YAML has lost the lines: the first that holds the text."""
        first = when.strip().splitlines()[0]
        return next((number for number, line in enumerate(self._lines, 1) if first in line), 1)
