"""What must change in Sage 100 so that a sales order stands as wanted, by the rules of PATCH (5.4). Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from penstock.connectors.sage100.amounts import ZERO
from penstock.connectors.sage100.client import Row
from penstock.connectors.sage100.orders import Part, number
from penstock.connectors.sage100.vocabulary import CLOSED, COMMENT, PART, REFERENCE, WAITS_FOR, is_charge

_FIXED = frozenset(
    {"SalesOrderNo", "ARDivisionNo", "CustomerNo", "OrderStatus", "OrderType", "Lines", REFERENCE, PART, WAITS_FOR}
)
_EMPTIED = tuple(f"{kind}Address{number}" for kind in ("BillTo", "ShipTo") for number in (2, 3))
"""Optional lines of an address: what the wanted one lacks is emptied."""
_OF_PAYMENT = frozenset({"PaymentType", "OtherPaymentTypeRefNo", "DepositAmt"})
"""How the buyer pays: once the order is complete, the receipts of its invoice tell that."""


class RefusedChangeError(ValueError):
    """The order in Sage cannot be brought to what is wanted without a person."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A PATCH, empty when all agrees, and the fields that were left as they are in Sage."""

    body: Row
    kept: tuple[str, ...] = ()


def foreign(part: Part, row: Mapping[str, Any]) -> str | None:
    """Is the order under our number another one? Reference and customer must agree."""
    for name in (REFERENCE, "ARDivisionNo", "CustomerNo"):
        ours, theirs = str(part.body.get(name) or ""), str(row.get(name) or "").strip()
        if theirs and ours.upper() != theirs.upper():
            return (
                f"order {row.get('SalesOrderNo')} is in Sage 100 with {name} {theirs}, ours is {ours}: it is not this "
                "order, or was changed there; a clerk must compare the two"
            )
    return None


def shipped(row: Mapping[str, Any]) -> bool:
    return any(number(line, "QuantityShipped") > 0 for line in row.get("Lines") or ())


def changes_of(part: Part, row: Mapping[str, Any], not_ours: Collection[str] = ()) -> Changes:
    """Raises RefusedChangeError with the reason."""
    if reason := foreign(part, row):
        raise RefusedChangeError(reason)
    differing = {
        name: value for name, value in part.body.items() if name not in _FIXED and not same(value, row.get(name))
    }
    if "ShipToAddress1" in part.body:
        differing |= {name: "" for name in _EMPTIED if name not in part.body and row.get(name)}
    complete = row.get("OrderStatus") == CLOSED
    kept = tuple(sorted(set(differing) & {*not_ours, *(_OF_PAYMENT if complete else ())}))
    body = {name: value for name, value in differing.items() if name not in kept}
    if lines := _lines(part, row):
        body["Lines"] = lines
    if body and complete:
        raise RefusedChangeError(
            f"order {row.get('SalesOrderNo')} is complete in Sage 100 and can no longer be changed: settle the "
            "difference with the buyer"
        )
    return Changes(body, kept)


def _lines(part: Part, row: Mapping[str, Any]) -> list[Row]:
    left = [line for line in row.get("Lines") or () if line.get("ItemType") != COMMENT]
    changes = []
    for wanted in part.body["Lines"]:
        found = _match(wanted, left)
        if found is None:
            raise RefusedChangeError(
                f"{wanted['ItemCode']} is not among the lines of order {row.get('SalesOrderNo')}, and no line can be "
                "added to an order: add it in Sage 100, or cancel the order in the shop and place it anew"
            )
        left.remove(found)
        if changed := _line(wanted, found, row):
            changes.append({"LineKey": found["LineKey"], **changed})
    for line in left:
        code = str(line.get("ItemCode") or "")
        if not is_charge(code):
            raise RefusedChangeError(
                f"{code} is in order {row.get('SalesOrderNo')} and no longer in the shop's order, and no line can be "
                "removed: take it out in Sage 100"
            )
        if number(line, "UnitPrice"):
            changes.append({"LineKey": line["LineKey"], "UnitPrice": "0.000000"})
    return changes


def _match(wanted: Row, rows: list[Row]) -> Row | None:
    """The row of the same item, the one that agrees in quantity and price first."""
    candidates = [row for row in rows if row.get("ItemCode") == wanted["ItemCode"]]
    names = ("QuantityOrdered", "UnitPrice")
    exact = (row for row in candidates if all(same(wanted[name], row.get(name)) for name in names))
    return next(exact, next(iter(candidates), None))


def _line(wanted: Row, row: Row, order: Mapping[str, Any]) -> Row:
    prices = {"LineDiscountPercent": "0.000", **wanted}
    names = ("QuantityOrdered", "UnitPrice", "LineDiscountPercent")
    changed = {name: prices[name] for name in names if Decimal(prices[name]) != number(row, name)}
    if "QuantityOrdered" in changed and Decimal(changed["QuantityOrdered"]) < number(row, "QuantityShipped"):
        raise RefusedChangeError(
            f"{row.get('ItemCode')} of order {order.get('SalesOrderNo')}: {number(row, 'QuantityShipped'):f} shipped, "
            f"and the shop now orders {Decimal(changed['QuantityOrdered']):f}: take the difference back with a return"
        )
    return changed


def owned_elsewhere(not_ours: Collection[str], part: str) -> frozenset[str]:
    """Fields of one part of the payload whose master is Sage: `header.TermsCode` -> `TermsCode`."""
    prefix = f"{part}."
    return frozenset(name.removeprefix(prefix) for name in not_ours if name.startswith(prefix))


def same(ours: object, theirs: object) -> bool:
    """Equal as text, or as numbers; an amount that is absent is zero."""
    left, right = str(ours or "").strip(), str(theirs or "").strip()
    if left == right:
        return True
    if "." not in left:  # a code such as `01` is no number
        return False
    try:
        return Decimal(left) == (Decimal(right) if right else ZERO)
    except InvalidOperation:
        return False
