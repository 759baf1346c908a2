"""Faults that people make in shop and ERP, as their lists show them."""

from __future__ import annotations

from dataclasses import replace

from penstock.connectors.contract import Listed
from tests.unit.audit.world import AT, Books


def seed(books: Books, each: int) -> set[tuple[str, str]]:
    """So many faults of each of five kinds, on booked orders 1 to 4 × `each`; gives kind and document, or reference."""
    wanted = set()
    deleted, doubled, amount, stale = (range(1 + part * each, 1 + part * each + each) for part in range(4))
    for number in deleted:
        del books.erp[f"E{number}"]
        wanted.add(("deleted", books.ref(number)))
    for number in doubled:
        copy = replace(books.erp[f"E{number}"], native_id=f"H{number}")
        books.erp[copy.native_id] = copy
        wanted.add(("doubled", copy.native_id))
    for number in amount:
        row = books.erp[f"E{number}"]
        name = ("total", "tax", "quantity")[number % 3]
        books.erp[row.native_id] = replace(row, facts={**row.facts, name: "7777.77"})
        wanted.add(("amount", books.ref(number)))
    for number in range(1_000_001, 1_000_001 + each):
        facts = {"currency": "USD", "total": "10.00", "tax": "0", "quantity": "1", "state": "O"}
        books.erp[f"H{number}"] = Listed("order", f"H{number}", books.ref(number), AT, facts)
        wanted.add(("orphan", f"H{number}"))
    for number in stale[: each // 2]:
        row = books.shop[str(number)]
        books.shop[row.native_id] = replace(row, facts={**row.facts, "state": "another"})
        wanted.add(("stale", row.native_id))
    for number in range(each - each // 2):
        row = books.stock[f"SKU-{number}"]
        books.stock[row.native_id] = replace(row, facts={**row.facts, "available": "99"})
        wanted.add(("stale", row.native_id))
    return wanted
