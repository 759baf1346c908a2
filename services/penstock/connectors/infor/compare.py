"""What must change at the site so that an order stands as wanted, by the rules of systems/infor.md 4.7. Pure.

Nothing shipped: everything may change. Part-shipped: what remains may. Else a Refused verdict names the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from penstock.connectors.infor.client import Row
from penstock.connectors.infor.literals import plain
from penstock.connectors.infor.payloads import Line, Values, Wanted, line_amount, number
from penstock.records.money import to_minor_unit

CLOSED = {"C": "complete", "H": "history"}
_CHARGES = ("Freight", "MiscCharges")


@dataclass(frozen=True, slots=True)
class Current:
    """An order as the site shows it."""

    header: Row
    lines: Sequence[Row]

    @property
    def co_num(self) -> str:
        return self.header["CoNum"] or ""

    @property
    def stat(self) -> str:
        return (self.header.get("Stat") or "").strip()

    @property
    def shipped(self) -> bool:
        return any(number(row, "QtyShipped") > 0 for row in self.lines)

    @property
    def invoiced(self) -> bool:
        return any(number(row, "QtyInvoiced") > 0 for row in self.lines)


@dataclass(frozen=True, slots=True)
class Update:
    """Write these properties of a header or line; with `line` it is that line that is added."""

    ido: str
    values: Values
    item_id: str
    name: str
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    ido: str
    item_id: str
    name: str


Change = Update | Delete


@dataclass(frozen=True, slots=True)
class Refused:
    """The site's order cannot be brought to what is wanted without a person."""

    reason: str


def foreign(wanted: Wanted, current: Current) -> Refused | None:
    """Is the order under our number another one? Reference, customer and currency must agree."""
    header = current.header
    checks = (
        ("ExternalConfirmationRef", wanted.reference),
        ("CustNum", wanted.header.get("CustNum")),
        ("CurrCode", wanted.currency),
    )
    for name, ours in checks:
        theirs = (header.get(name) or "").strip()
        if ours is not None and theirs != ours.strip():
            return Refused(
                f"order {current.co_num.strip()} is in Infor with {name} {theirs or 'blank'}, ours is {ours.strip()}: "
                "it is not this order, or was changed there; a clerk must compare the two"
            )
    return None


def differences(wanted: Wanted, current: Current) -> list[Change] | Refused:
    """Header first: writes to lines move the header's row."""
    if refused := foreign(wanted, current):
        return refused
    pairs, inserts, leftovers = _match(wanted.lines, current.lines)
    changes: list[Change] = []
    header = _changed(wanted.header, current.header)
    if current.invoiced and (moved := [name for name in _CHARGES if name in header]):
        return Refused(f"order {current.co_num.strip()}: {moved[0]} is invoiced already; correct it with a credit memo")
    if header:
        changes.append(Update("SLCos", header, current.header["_ItemId"] or "", "header"))
    for line, row in pairs:
        if refused := _shipped_conflict(line, row):
            return refused
        if values := _line_changes(line, row):
            changes.append(Update("SLCoitems", values, row["_ItemId"] or "", f"line {row['CoLine']}"))
    for row in leftovers:
        if number(row, "QtyShipped") > 0:
            return Refused(
                f"line {row['CoLine']} ({row.get('Item')}) is shipped, and the shop has removed it: take it back with "
                "a return in Infor, or restore the line in the shop"
            )
        changes.append(Delete("SLCoitems", row["_ItemId"] or "", f"line {row['CoLine']}"))
    used = {int(row["CoLine"] or 0) for row in current.lines}
    for line in inserts:
        free = line.number if line.number not in used else max(used) + 1
        used.add(free)
        changes.append(Update("SLCoitems", {"CoLine": str(free)}, "", f"line {free}", line))
    if changes and current.stat in CLOSED:
        return Refused(
            f"order {current.co_num.strip()} is {CLOSED[current.stat]} in Infor and can no longer be changed"
        )
    return changes


def _match(lines: Sequence[Line], rows: Sequence[Row]) -> tuple[list[tuple[Line, Row]], list[Line], list[Row]]:
    """Lines belong together by item: first those that agree in all, then those of one number, then in their order."""
    pairs: list[tuple[Line, Row]] = []
    open_lines, open_rows = list(lines), list(rows)
    rules = (
        lambda line, row: agrees(line, row) and str(line.number) == row["CoLine"],
        agrees,
        lambda line, row: _same_item(line, row) and str(line.number) == row["CoLine"],
        _same_item,
    )
    for rule in rules:
        for line in list(open_lines):
            row = next((row for row in open_rows if rule(line, row)), None)
            if row is not None:
                pairs.append((line, row))
                open_lines.remove(line)
                open_rows.remove(row)
    return pairs, open_lines, open_rows


def _same_item(line: Line, row: Row) -> bool:
    return line.item == (row.get("Item") or "").strip()


def agrees(line: Line, row: Row) -> bool:
    """Item, quantity and price are those of the row."""
    return _same_item(line, row) and line.quantity == number(row, "QtyOrdered") and line.price == number(row, "Price")


def _shipped_conflict(line: Line, row: Row) -> Refused | None:
    shipped = number(row, "QtyShipped")
    if shipped == 0:
        return None
    if line.quantity < shipped:
        return Refused(
            f"line {row['CoLine']} ({line.sku}): {plain(shipped)} shipped, and the shop now orders "
            f"{plain(line.quantity)}: take the difference back with a return in Infor, or restore the quantity in the "
            "shop"
        )
    if line.price != number(row, "Price"):
        return Refused(
            f"line {row['CoLine']} ({line.sku}): shipped at {plain(number(row, 'Price'))}, and the shop now charges "
            f"{plain(line.price)}: correct it with a credit memo in Infor, or restore the price in the shop"
        )
    return None


def _line_changes(line: Line, row: Row) -> Values:
    if agrees(line, row):
        return {}
    names = ("QtyOrdered", "QtyOrderedConv", "Price", "PriceConv")
    values: Values = {name: line.values[name] for name in names}
    if (row.get("Stat") or "").strip() == "F" and line.quantity > number(row, "QtyShipped"):
        values["Stat"] = "O"
    return values


def _changed(wanted: Mapping[str, str | None], row: Row) -> Values:
    """The wanted properties whose value at the site is another one; the site's own properties are not compared."""
    return {name: value for name, value in wanted.items() if name != "CoNum" and not same(value, row.get(name))}


def same(ours: str | None, theirs: str | None) -> bool:
    """Equal as text without padding, or as numbers, or as the same day written with and without a time."""
    left, right = (ours or "").strip(), (theirs or "").strip()
    if left == right:
        return True
    if not left or not right:
        return False
    try:
        return Decimal(left) == Decimal(right)
    except InvalidOperation:
        return len(min(left, right, key=len)) >= 8 and left.removesuffix(".000").removesuffix(" 00:00:00") == (
            right.removesuffix(".000").removesuffix(" 00:00:00")
        )


def remainder(wanted: Wanted, current: Current) -> list[Change] | Refused:
    """Cancels what is not shipped: unshipped lines go, part-shipped ones end at what was shipped, amounts shrink.

    Tax, order discount and charges keep the share that the shipped goods have; freight stays: it was spent.
    """
    if all(number(row, "QtyShipped") >= number(row, "QtyOrdered") for row in current.lines):
        return Refused(
            f"order {current.co_num.strip()} is shipped in full, it cannot be cancelled: take the goods back with a "
            "return"
        )
    if refused := foreign(wanted, current):
        return refused
    changes: list[Change] = []
    lowered = _lowered(wanted, current)
    if header := _changed(lowered, current.header):
        changes.append(Update("SLCos", header, current.header["_ItemId"] or "", "header"))
    for row in current.lines:
        shipped, item_id = number(row, "QtyShipped"), row["_ItemId"] or ""
        if shipped == 0:
            changes.append(Delete("SLCoitems", item_id, f"line {row['CoLine']}"))
        elif shipped < number(row, "QtyOrdered"):
            stat = "C" if number(row, "QtyInvoiced") >= shipped else "F"
            quantity = plain(shipped)
            values: Values = {"QtyOrdered": quantity, "QtyOrderedConv": quantity, "Stat": stat}
            changes.append(Update("SLCoitems", values, item_id, f"line {row['CoLine']}"))
    return changes


def _lowered(wanted: Wanted, current: Current) -> Values:
    full = wanted.amounts
    kept = sum(
        (line_amount(number(row, "QtyShipped"), number(row, "Price"), wanted.currency) for row in current.lines),
        Decimal(0),
    )
    share = kept / full.lines if full.lines else Decimal(0)
    scaled = replace(full, lines=kept, discount=to_minor_unit(full.discount * share, wanted.currency))
    before = full.total - full.tax
    taxed = (scaled.total - scaled.tax) / before if before else Decimal(0)
    tax = to_minor_unit(full.tax * taxed, wanted.currency)
    return {"DiscAmount": plain(scaled.discount), "SalesTax": plain(tax)}
