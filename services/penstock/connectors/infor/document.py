"""A raw document of the site as mappings see it, and the hash that tells a change from a repeat. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from penstock.records.raw import Part, RawDocument

LISTS = frozenset({"lines", "ship_tos", "seqs", "packages", "ledger", "transactions", "order_lines"})
"""Roles whose part is a list of rows; any other role is one row."""
STAMPS = frozenset({"RecordDate", "RowPointer", "_ItemId"})

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """An IDO's property name in snake case.

    >>> snake("CoNum"), snake("ShipToAddr_1"), snake("WeightUM"), snake("DerItemAvailQtyAvail")
    ('co_num', 'ship_to_addr_1', 'weight_um', 'der_item_avail_qty_avail')
    """
    return _WORD.sub("_", name).lower()


def open_document(document: RawDocument, _settings: Any = None) -> dict[str, Any]:
    """`{"order": {"co_num": …}, "lines": [{…}, …]}`: a row per role, a list of rows for the roles in LISTS.

    Raises ValueError naming the part that cannot be read.
    """
    opened: dict[str, Any] = {}
    for part in document.parts:
        rows = [{snake(name): value for name, value in row.items() if name != "_ItemId"} for row in rows_of(part)]
        if part.role in LISTS:
            opened.setdefault(part.role, []).extend(rows)
        elif rows:
            opened[part.role] = rows[0]
    return opened


def fingerprint(document: RawDocument) -> str:
    """Hash of what the rows say; row stamps, which move with every write, and fetch times do not count.

    Of stock the time of the write counts: a figure that has moved and come back between two polls is news to a shop,
    whose own sales have moved the one that it shows.
    """
    dropped = STAMPS - {"RecordDate"} if document.ref.entity == "stock" else STAMPS
    content = [
        [part.role, [{name: row[name] for name in sorted(row) if name not in dropped} for row in rows_of(part)]]
        for part in document.parts
    ]
    return hashlib.sha256(orjson.dumps([document.deleted, content])).hexdigest()[:32]


def rows_of(part: Part) -> Iterator[dict[str, Any]]:
    try:
        items = orjson.loads(part.body)["Items"] or []
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"part {part.role}: not an answer of load: {type(error).__name__}: {error}") from error
    for row in items:
        if not isinstance(row, dict):
            raise ValueError(f"part {part.role}: a row that is no object")  # noqa: TRY004 - the contract asks for it
        yield row
