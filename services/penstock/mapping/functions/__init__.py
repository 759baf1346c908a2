"""The function table of the mapping language."""

from __future__ import annotations

from penstock.mapping.functions import context, lists, numbers, special, texts, times
from penstock.mapping.functions.registry import Function, FunctionTable, Parameter

FUNCTIONS = FunctionTable(
    [
        *texts.FUNCTIONS,
        *numbers.FUNCTIONS,
        *lists.FUNCTIONS,
        *times.FUNCTIONS,
        *context.FUNCTIONS,
        *special.FUNCTIONS,
    ]
)
"""Every built-in function. `FUNCTIONS.extended(...)` gives a table with more."""

__all__ = ["FUNCTIONS", "Function", "FunctionTable", "Parameter"]
