"""What a mapping may use besides the document: tables, settings, and functions that the caller injects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.mapping.errors import BadValue
from penstock.mapping.rates import Rates
from penstock.mapping.tables import CodeTable

XrefLookup = Callable[[str, str], str | None]
"""(entity, canonical id) -> native id in the target, None when it is not there (yet)."""


def _no_xref(entity: str, canonical_id: str) -> str | None:
    raise BadValue(f"xref({entity!r}, {canonical_id}) was asked, but this run has no cross-reference")


def _no_address(*_parts: Any, **_fields: Any) -> Mapping[str, Any]:
    raise BadValue("address() was asked, but this run has no address standardisation")


def _no_match_key(*_parts: Any, **_fields: Any) -> str:
    raise BadValue("match_key() was asked, but this run has no match key")


@dataclass(frozen=True, slots=True)
class MappingEnv:
    """The surroundings of one mapping run.

    system, instance, tag: of the document's source (to-canonical) or of the target (from-canonical).
    instances: instance tag -> (system, instance), for `order_id_of`. settings: flow and instance settings.
    policies: the flow's policies as they are for the record, by dotted name.
    no_reference: native ids that mean "none" (PrestaShop writes 0); `id()` gives null for them.
    address, match_key: called as the mapping writes the call.
    """

    system: str
    instance: str
    tag: str = ""
    tables: Mapping[str, CodeTable] = field(default_factory=dict)
    rates: Rates | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    instances: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    xref: XrefLookup = _no_xref
    address: Callable[..., Any] = _no_address
    match_key: Callable[..., Any] = _no_match_key
    no_reference: frozenset[str] = frozenset({"", "0"})
