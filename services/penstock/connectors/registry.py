"""Which connectors there are."""

from __future__ import annotations

from importlib import import_module

from penstock.connectors.contract import ConnectorSpec

NAMES = ("prestashop", "infor", "clarity", "sage100")


def connector(name: str) -> ConnectorSpec:
    """The spec of a connector. Raises LookupError naming those that exist."""
    if name not in NAMES:
        raise LookupError(f"there is no connector {name!r}; there are: {', '.join(NAMES)}")
    spec: ConnectorSpec = import_module(f"penstock.connectors.{name}").SPEC
    return spec
