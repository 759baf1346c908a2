"""Addresses in one manner: names, spaces, capitals, street words, codes of state and country, postal code.

Nothing is dropped and nothing is guessed: what a rule does not know stays as the customer wrote it, and validation
says so. Every change is told in a sentence of `changes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from penstock.records.countries import country_code, is_country, is_state, state_code
from penstock.rules.letter_case import Kind, needs_case, proper_case
from penstock.rules.postal import postal_code
from penstock.rules.streets import direction, standard_line

TEXTS = (
    "native_id", "company", "first_name", "last_name", "line1", "line2", "line3",
    "postal_code", "city", "state_code", "country_code", "phone", "vat_number",
)  # fmt: skip
_REQUIRED = frozenset({"line1", "city", "country_code"})
# A company's spelling is its own (IKEA, eBay), and line3 is delivery text in the customer's words: only their spaces
# are tidied.
_CASED: tuple[tuple[str, Kind], ...] = (
    ("first_name", "name"),
    ("last_name", "name"),
    ("line1", "place"),
    ("line2", "place"),
    ("city", "place"),
)
_STREET_LINES = ("line1", "line2")
# Longer texts are no address: they are left alone, and validation refuses them.
LONGEST = 1000


def standardise(address: Mapping[str, Any]) -> dict[str, Any]:
    """The Address record (schemas/avro) of a raw one of the same shape.

    `state_code` may be `CA`, `US-CA` or `California`, `country_code` may be alpha-2, alpha-3 or a name; blank optional
    texts become null. Unknown keys are kept. Standardising twice changes nothing more.
    """
    try:
        known = _lately(tuple(address.items()))
    except TypeError:  # something in it is no text, such as the `changes` of a standardised address
        return _standardised(address)
    return {**known, "changes": list(known["changes"])}


@lru_cache(maxsize=64)  # an order goes to the address that it is billed to, and comes again with every change of state
def _lately(items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return _standardised(dict(items))


def _standardised(address: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(address)
    changes: list[str] = list(address.get("changes") or ())
    _spaces(out, changes)
    country = _country(out, changes)
    for field, kind in _CASED:
        text = out[field]
        if text and needs_case(text) and len(text) <= LONGEST:
            out[field] = _told(proper_case(text, kind, country), text, f"capitals of {field} changed", changes)
    for field in _STREET_LINES:
        text = out[field]
        if text and len(text) <= LONGEST:
            out[field] = _street(text, field, country, changes)
    _codes(out, country, changes)
    out["changes"] = changes
    return out


def _spaces(out: dict[str, Any], changes: list[str]) -> None:
    for field in TEXTS:
        text = out.get(field)
        if not text:
            out[field] = "" if field in _REQUIRED else None
            continue
        if len(text) > LONGEST or (" " not in text and text.isprintable()):
            continue
        tidy = " ".join(text.split())
        if tidy != text:
            changes.append(f"Extra spaces removed from {field}.")
            out[field] = tidy or ("" if field in _REQUIRED else None)


def _country(out: dict[str, Any], changes: list[str]) -> str:
    text: str = out["country_code"]
    if is_country(text) or not text or len(text) > LONGEST:
        return text
    code = country_code(text)
    if code is not None:
        out["country_code"] = _told(code, text, "country_code written as its ISO code", changes)
    return code or text


def _street(text: str, field: str, country: str, changes: list[str]) -> str:
    line, replaced = standard_line(text, country)
    if replaced:
        how = "written out" if direction(country) == "expand" else "abbreviated"
        changes.extend(f'In {field}, "{old}" was {how} as "{new}".' for old, new in replaced)
    return line


def _codes(out: dict[str, Any], country: str, changes: list[str]) -> None:
    state = out["state_code"]
    if state and not is_state(country, state) and len(state) <= LONGEST:
        code = state_code(country, state)
        out["state_code"] = _told(code or state, state, "state_code written as its ISO code", changes)
    postal = out["postal_code"]
    if postal:
        form = postal_code(country, postal)
        out["postal_code"] = _told(form or postal, postal, f"postal_code written in the form of {country}", changes)
    vat = out["vat_number"]
    if vat and len(vat) <= LONGEST:
        out["vat_number"] = _told(vat.replace(" ", ""), vat, "Spaces removed from vat_number", changes)


def _told(new: str, old: str, what: str, changes: list[str]) -> str:
    if new != old:
        changes.append(f'{what[0].upper()}{what[1:]}: "{old}" became "{new}".')
    return new
