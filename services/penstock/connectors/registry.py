"""Which connectors there are: every package in this folder is one, by the name of its system."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

from penstock.connectors.contract import ConnectorSpec


def names() -> tuple[str, ...]:
    """The connectors, in the order of the alphabet; none of them is imported."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]) if found.ispkg))


def connector(name: str) -> ConnectorSpec:
    """The spec of a connector. Raises LookupError naming those that exist."""
    if name not in names():
        raise LookupError(f"there is no connector {name!r}; there are: {', '.join(names())}")
    spec: ConnectorSpec = import_module(f"penstock.connectors.{name}").SPEC
    return spec
