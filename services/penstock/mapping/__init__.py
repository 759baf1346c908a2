"""Mapping files -> compiled functions. Pure: texts and data in, data out; no I/O, no clock.

>>> order = compile_mapping("order.to-canonical", text, target_schema=avro)   # raises MappingSyntaxError
>>> record = order(document, env)                                             # raises MappingError
"""

from __future__ import annotations

from penstock.mapping.env import MappingEnv
from penstock.mapping.errors import (
    BadValue,
    MappingError,
    MappingSyntaxError,
    MissingName,
    MissingXref,
    Place,
    Problem,
    UnknownCode,
)
from penstock.mapping.functions import FUNCTIONS, Function, FunctionTable
from penstock.mapping.functions.registry import function
from penstock.mapping.mapping import Mapping, compile_mapping, mapping_name, root_name
from penstock.mapping.rates import Rates
from penstock.mapping.schema import Shape, from_avro, from_payload
from penstock.mapping.tables import CodeTable
from penstock.mapping.trace import Explanation, Step
from penstock.mapping.version import config_version

__all__ = [
    "FUNCTIONS",
    "BadValue",
    "CodeTable",
    "Explanation",
    "Function",
    "FunctionTable",
    "Mapping",
    "MappingEnv",
    "MappingError",
    "MappingSyntaxError",
    "MissingName",
    "MissingXref",
    "Place",
    "Problem",
    "Rates",
    "Shape",
    "Step",
    "UnknownCode",
    "compile_mapping",
    "config_version",
    "from_avro",
    "from_payload",
    "function",
    "mapping_name",
    "root_name",
]
