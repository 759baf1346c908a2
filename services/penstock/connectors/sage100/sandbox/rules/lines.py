"""Order lines: what ItemCode loads, what a line may set, its extension (systems/sage100.md 1.2, 2.2, 5.4)."""

import json
from collections.abc import Mapping
from decimal import Decimal

from penstock.connectors.sage100.sandbox.dictionary.items import ITEMS
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDER_LINES
from penstock.connectors.sage100.sandbox.documents import Document
from penstock.connectors.sage100.sandbox.errors import RefusedError, not_on_file
from penstock.connectors.sage100.sandbox.rules.amounts import TAXED, extension
from penstock.connectors.sage100.sandbox.rules.references import check_codes
from penstock.connectors.sage100.sandbox.store import Row, Store, udf_of

_NEVER_EMPTY = frozenset({"WarehouseCode", "UnitOfMeasure", "TaxClass"})
CHARGE_TYPES = frozenset({"3", "5"})


def new_line(store: Store, header: Mapping[str, str], document: Document, number: int, rate: Decimal) -> Row:
    """A line as it will be stored, not yet written. `number` counts from 1; `rate` is the schedule's, in percent."""
    sent = document.values
    item = store.find(ITEMS, ItemCode=sent["ItemCode"])
    if item is None:
        raise not_on_file(ORDER_LINES.business, "ItemCode", sent["ItemCode"], number)
    if item["InactiveItem"] == "Y":
        raise RefusedError(
            "CI_InactiveItem",
            f"Item {item['ItemCode']} is inactive.",
            business=ORDER_LINES.business,
            column="ItemCode",
            value=item["ItemCode"],
            line=number,
        )
    for name, own in (("ItemType", item["ItemType"]), ("UnitOfMeasure", item["SalesUnitOfMeasure"])):
        if sent.get(name) and sent[name] != own:
            raise not_on_file(ORDER_LINES.business, name, sent[name], number)
    row = {**ORDER_LINES.defaults(), **_loaded(header, item), **_set(sent)}
    check_codes(store, ORDER_LINES, row, number)
    return priced(
        {
            **row,
            "SalesOrderNo": header["SalesOrderNo"],
            "LineKey": f"{number:06d}",
            "LineSeqNo": f"{number:014d}",
            "PriceOverridden": sent.get("PriceOverridden", "Y" if "UnitPrice" in sent else "N"),
            "Stocked": "Y" if is_stocked(item) and row["DropShip"] != "Y" else "N",
            "InEntry": "0",
            "Udf": json.dumps(document.udf) if document.udf else "",
        },
        rate,
        number,
    )


def changed_line(line: Row, document: Document, rate: Decimal, number: int) -> Row:
    """A line after a PATCH. Raises when less is ordered than was shipped."""
    ordered = Decimal(document.values.get("QuantityOrdered", line["QuantityOrdered"]))
    gone = Decimal(line["QuantityShipped"]) + Decimal(line["InEntry"])
    if ordered < gone:
        raise RefusedError(
            "BAD_REQUEST",
            f"QuantityOrdered must not be below the {gone.normalize():f} shipped.",
            business=ORDER_LINES.business,
            column="QuantityOrdered",
            value=document.values["QuantityOrdered"],
            line=number,
        )
    overridden = {"PriceOverridden": "Y"} if "UnitPrice" in document.values else {}
    udf = {**udf_of(line), **document.udf}
    row = {**line, **document.values, **overridden, "Udf": json.dumps(udf) if udf else ""}
    return priced(row, rate, number)


def priced(line: Row, rate: Decimal, number: int) -> Row:
    """A line with its extension, and its tax by the schedule. Only charges may be negative."""
    if Decimal(line["UnitPrice"]) < 0 and line["ItemType"] not in CHARGE_TYPES:
        raise RefusedError(
            "BAD_REQUEST",
            "UnitPrice must not be negative.",
            business=ORDER_LINES.business,
            column="UnitPrice",
            value=line["UnitPrice"],
            line=number,
        )
    if Decimal(line["LineDiscountPercent"]) > 100:
        raise RefusedError(
            "BAD_REQUEST",
            "LineDiscountPercent must not be above 100.",
            business=ORDER_LINES.business,
            column="LineDiscountPercent",
            value=line["LineDiscountPercent"],
            line=number,
        )
    amount = extension(line, Decimal(line["QuantityOrdered"]))
    applied = rate if line["TaxClass"] == TAXED else Decimal(0)
    return {
        **line,
        "ExtensionAmt": ORDER_LINES.amount("ExtensionAmt", amount),
        "TaxRate": ORDER_LINES.amount("TaxRate", applied),
        "TaxAmt": ORDER_LINES.amount("TaxAmt", amount * applied / 100),
    }


def is_stocked(item: Row) -> bool:
    """Whether an item has quantities: regular items that are no kits."""
    return item["ItemType"] == "1" and item["ProductType"] != "K"


def _set(sent: Mapping[str, str]) -> dict[str, str]:
    """Values that take the place of what the item loads; an empty code does not."""
    return {name: value for name, value in sent.items() if value or name not in _NEVER_EMPTY}


def _loaded(header: Mapping[str, str], item: Row) -> Row:
    return {
        "ItemType": item["ItemType"],
        "ItemCodeDesc": item["ItemCodeDesc"],
        "WarehouseCode": header["WarehouseCode"] if is_stocked(item) else "",
        "UnitOfMeasure": item["SalesUnitOfMeasure"],
        "UnitOfMeasureConvFactor": "1.0000",
        "UnitPrice": item["StandardUnitPrice"],
        "UnitCost": item["StandardUnitCost"],
        "TaxClass": item["TaxClass"],
        "Valuation": item["Valuation"],
        "LotSerialFullyDistributed": "N" if item["Valuation"] in {"5", "6"} else "Y",
    }
