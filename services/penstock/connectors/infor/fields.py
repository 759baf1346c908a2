"""Checks values against the site's own `/info` before they are written: never cut, never refused half-way."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.connectors.infor.client import InforClient, Property

NUMBERED: Mapping[str, frozenset[str]] = {"SLCos": frozenset({"CoNum"}), "SLCustomers": frozenset({"CustNum"})}
"""Required keys that the site fills when they are blank."""


async def problem(client: InforClient, ido: str, values: Mapping[str, str | None], *, insert: bool) -> str | None:
    """The first reason why the site cannot take these values: field, value, limit, remedy."""
    return problem_of(ido, await client.info(ido), values, insert=insert)


def problem_of(
    ido: str, properties: Mapping[str, Property], values: Mapping[str, str | None], *, insert: bool
) -> str | None:
    for name, value in values.items():
        known = properties.get(name)
        if known is None:
            return f"{ido} of this site has no property {name}: take it out of the mapping"
        if value is not None and known.length is not None and len(value) > known.length:
            return (
                f"{ido}.{name} takes {known.length} characters, the value has {len(value)}: shorten it in the shop, or "
                "say left(…) in the mapping"
            )
    if insert:
        numbered = NUMBERED.get(ido, frozenset())
        for name, known in properties.items():
            filled_by_site = known.read_only or known.default or name in numbered
            if known.required and not filled_by_site and not (values.get(name) or "").strip():
                return (
                    f"{ido}.{name} is mandatory at this site and has no value: fill it in the shop, or in the mapping"
                )
    return None
