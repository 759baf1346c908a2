"""Allocation: `QtyAllocCo` counts what open order lines still want of an item in a warehouse."""

from collections.abc import Mapping

from penstock.connectors.infor.sandbox.idos.stock import STOCK
from penstock.connectors.infor.sandbox.site import Site, whole
from penstock.connectors.infor.sandbox.values import IdoError, Stored

_LIVE_HEADERS = ("O", "S")  # a stopped order keeps its allocations: a clerk decides


def demand(header: Mapping[str, Stored], line: Mapping[str, Stored]) -> int:
    """What a line still wants, in stored form."""
    if line["Stat"] != "O" or header["Stat"] not in _LIVE_HEADERS or header["Type"] != "R":
        return 0
    return max(0, whole(line["QtyOrdered"]) - whole(line["QtyShipped"]))


def move_stock(site: Site, item: Stored, whse: Stored, **moves: int) -> None:
    """Add to quantity columns of a stock row; a move of nothing leaves its `RecordDate` alone."""
    wanted = {name: amount for name, amount in moves.items() if amount}
    if not wanted:
        return
    row = site.tables.find(STOCK, Item=item, Whse=whse)
    if row is None:
        raise IdoError(f"Item [{item}] is not stocked in Warehouse [{whse}].")
    site.tables.update(STOCK, row, {name: whole(row[name]) + amount for name, amount in wanted.items()})


def reallocate(
    site: Site, before: tuple[Mapping[str, Stored], int] | None, after: tuple[Mapping[str, Stored], int] | None
) -> None:
    """Carry a line's demand from its old place to its new one; each side is (line, its demand), None: no line."""
    same_place = before and after and all(before[0][name] == after[0][name] for name in ("Item", "Whse"))
    if before and after and same_place:
        move_stock(site, after[0]["Item"], after[0]["Whse"], QtyAllocCo=after[1] - before[1])
        return
    if before:
        move_stock(site, before[0]["Item"], before[0]["Whse"], QtyAllocCo=-before[1])
    if after:
        move_stock(site, after[0]["Item"], after[0]["Whse"], QtyAllocCo=after[1])
