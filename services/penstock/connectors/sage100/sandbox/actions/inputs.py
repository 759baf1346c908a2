"""What the actions share: strict inputs, and clerk's changes of any column of a row."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from penstock.connectors.sage100.sandbox.dictionary.columns import AUDIT, Column, FieldError, Kind, Table

_AUDITED = frozenset(column.name for column in AUDIT)


class Input(BaseModel):
    """Base of every action's input: unknown fields are refused, numbers are taken as text."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class Fields(BaseModel):
    """An input that also takes any column of a table."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    def columns(self, table: Table) -> dict[str, str]:
        """The columns that were given, in stored form. Raises FieldError for an unknown one."""
        return columns(table, self.model_extra or {})


def columns(table: Table, given: Mapping[str, Any]) -> dict[str, str]:
    """Values of a clerk: computed columns may be set too, "" empties any column that may be empty."""
    made = {}
    for name, value in given.items():
        column = table.by_name.get(name)
        if column is None or name in _AUDITED:
            raise FieldError(f"{name} is not a field of {table.name}.")
        made[name] = _read(column, str(value))
    return made


def _read(column: Column, value: str) -> str:
    if not value and column.kind in {Kind.DATE, Kind.COUNTRY} and not column.required:
        return ""
    return column.read(value)


def filled(number: str, width: int = 7) -> str:
    """A number as the tables have it; people may leave the leading zeros out."""
    return number.zfill(width) if number.isdigit() else number
