"""What the warehouse does: ship lines, add a tracking number later."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from penstock.connectors.infor.sandbox.actions.inputs import Input, padded, scaled
from penstock.connectors.infor.sandbox.idos.sales import LINES
from penstock.connectors.infor.sandbox.idos.shipping import (
    PACKAGES,
    SHIPMENT_LINES,
    SHIPMENT_SEQS,
    SHIPMENTS,
    SHIPPED,
)
from penstock.connectors.infor.sandbox.idos.stock import ITEMS, STOCK
from penstock.connectors.infor.sandbox.rules import orders
from penstock.connectors.infor.sandbox.rules.stock import demand, move_stock
from penstock.connectors.infor.sandbox.site import Site, blank, whole
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import SCALE, IdoError, Kind, show

_DEFAULT_CARRIER = "UPSG"
_NAMES = {"P": "Planned", "S": "Stopped", "C": "Complete", "H": "in History"}
Picked = list[tuple[Row, int]]


class Ship(Input):
    """`lines`: {CoLine: quantity}, all that is open without it. `tracking` "" ships without a number."""

    CoNum: str
    lines: dict[int, Decimal] | None = None
    tracking: str | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """What the lines of one shipping have in common."""

    header: Row
    pack: int
    carrier: str
    tracking: str | None


class SetTracking(Input):
    ShipmentId: int
    tracking: str
    carrier: str | None = None


def ship(site: Site, given: Ship) -> dict[str, object]:
    """Ship lines of an order: ledger, one shipment per warehouse, line, stock."""
    header = orders.order(site, padded(given.CoNum, 10))
    _refuse_unshippable(site, header)
    picked = _pick(site, header, given.lines)
    carrier = given.carrier or (_DEFAULT_CARRIER if blank(header["ShipCode"]) else str(header["ShipCode"]))
    site.check_codes({"ShipCode": carrier})
    by_warehouse: dict[str, Picked] = defaultdict(list)
    for line, quantity in picked:
        by_warehouse[str(line["Whse"])].append((line, quantity))
    departure = Departure(header, site.tables.next_number("pack", 5011), carrier, given.tracking)
    for line, quantity in picked:
        _ship_line(site, departure, line, quantity)
    shipments = [_shipment(site, departure, whse, lines) for whse, lines in sorted(by_warehouse.items())]
    return {"CoNum": header["CoNum"], "PackNum": str(departure.pack), "shipments": shipments}


def set_tracking(site: Site, given: SetTracking) -> dict[str, object]:
    """Give a shipment its number after it left."""
    row = site.tables.find(SHIPMENTS, ShipmentId=given.ShipmentId)
    if row is None:
        raise IdoError(f"Shipment [{given.ShipmentId}] is not on file.")
    changes: Row = {"TrackingNumber": given.tracking or None}
    if given.carrier is not None:
        site.check_codes({"ShipCode": given.carrier})
        changes["ShipCode"] = given.carrier
    site.tables.update(SHIPMENTS, row, changes)
    for package in site.tables.select(PACKAGES, ShipmentId=given.ShipmentId):
        site.tables.update(PACKAGES, package, {"DerTrackingNumber": given.tracking or None})
    return {"ShipmentId": str(given.ShipmentId), "TrackingNumber": given.tracking}


def _refuse_unshippable(site: Site, header: Row) -> None:
    if header["Stat"] != "O":
        raise IdoError(f"Order [{header['CoNum']}] is {_NAMES[str(header['Stat'])]} and cannot be shipped.")
    if header["Type"] != "R":
        raise IdoError(f"Order [{header['CoNum']}] is not a regular order and cannot be shipped.")
    if header["CreditHold"]:
        raise IdoError(f"Order [{header['CoNum']}] is on Credit Hold and cannot be shipped.")
    if site.customer(header["CustNum"])["CreditHold"]:
        raise IdoError(f"Customer [{header['CustNum']}] is on Credit Hold; its orders cannot be shipped.")


def _pick(site: Site, header: Row, wanted: dict[int, Decimal] | None) -> Picked:
    open_lines = {
        whole(line["CoLine"]): (line, whole(line["QtyOrdered"]) - whole(line["QtyShipped"]))
        for line in site.tables.select(LINES, CoNum=header["CoNum"])
        if line["Stat"] == "O" and whole(line["QtyOrdered"]) > whole(line["QtyShipped"])
    }
    if wanted is None:
        picked = list(open_lines.values())
    else:
        picked = []
        for number, quantity in wanted.items():
            line, left = open_lines.get(number, (None, 0))
            if line is None or not 0 < scaled(quantity) <= left:
                shown = show(Kind.DECIMAL, left)
                raise IdoError(f"Line [{number}] of Order [{header['CoNum']}] has [{shown}] open, not [{quantity}].")
            picked.append((line, scaled(quantity)))
    if not picked:
        raise IdoError(f"Order [{header['CoNum']}] has nothing open to ship.")
    everything = len(picked) == len(open_lines) and all(
        quantity == open_lines[whole(line["CoLine"])][1] for line, quantity in picked
    )
    if not everything and not header["ShipPartial"]:
        raise IdoError(f"Order [{header['CoNum']}] does not allow partial shipments.")
    return picked


def _ship_line(site: Site, departure: Departure, line: Row, quantity: int) -> None:
    today = site.tables.today()
    if not site.options.negative_stock:
        stock = site.tables.find(STOCK, Item=line["Item"], Whse=line["Whse"])
        if stock is None or whole(stock["QtyOnHand"]) < quantity:
            raise IdoError(f"Item [{line['Item']}] has not enough On Hand in Warehouse [{line['Whse']}].")
    key = {name: line[name] for name in ("CoNum", "CoLine", "CoRelease")}
    earlier = site.tables.select(SHIPPED, **key, ShipDate=today)
    site.tables.insert(
        SHIPPED,
        {
            **key,
            "QtyShipped": quantity,
            "ShipDate": today,
            "DateSeq": 1 + max((whole(row["DateSeq"]) for row in earlier), default=0),
            "Price": line["DerNetPrice"],
            "PackNum": departure.pack,
            "CoShipCode": departure.carrier,
        },
    )
    shipped = whole(line["QtyShipped"]) + quantity
    changes: Row = {"QtyShipped": shipped, "QtyPacked": shipped, "ShipDate": today}
    if shipped >= whole(line["QtyOrdered"]):
        changes["Stat"] = "F"
    written = site.tables.update(LINES, line, changes)
    released = demand(departure.header, line) - demand(departure.header, written)
    move_stock(site, line["Item"], line["Whse"], QtyOnHand=-quantity, QtyAllocCo=-released)


def _shipment(site: Site, departure: Departure, whse: str, lines: Picked) -> dict[str, object]:
    header, tracking = departure.header, departure.tracking
    number = site.tables.next_number("shipment", 3007)
    code = f"1ZDEMO{number:010d}" if tracking is None else tracking or None
    weight = sum(_weight(site, line, quantity) for line, quantity in lines)
    for index, (line, quantity) in enumerate(lines, start=1):
        link: Row = {
            "ShipmentId": number,
            "ShipmentLine": index,
            "RefNum": line["CoNum"],
            "RefLineSuf": line["CoLine"],
            "RefRelease": line["CoRelease"],
        }
        site.tables.insert(SHIPMENT_LINES, link)
        site.tables.insert(SHIPMENT_SEQS, {**link, "ShipmentSeq": 1, "PackageId": 1, "QtyShipped": quantity})
    package: Row = {"ShipmentId": number, "PackageId": 1, "PackageType": "BOX", "DerTrackingNumber": code}
    site.tables.insert(PACKAGES, {**package, "Weight": weight})
    site.tables.insert(
        SHIPMENTS,
        {
            "ShipmentId": number,
            "Status": "S",
            "CustNum": header["CustNum"],
            "CustSeq": header["CustSeq"],
            "Whse": whse,
            "ShipDate": site.tables.today(),
            "ShipCode": departure.carrier,
            "TrackingNumber": code,
            "QtyPackages": 1,
            "Weight": weight,
            "WeightUM": "KG",
        },
    )
    quantities = {str(line["CoLine"]): show(Kind.DECIMAL, quantity) for line, quantity in lines}
    return {"ShipmentId": str(number), "Whse": whse, "TrackingNumber": code, "lines": quantities}


def _weight(site: Site, line: Row, quantity: int) -> int:
    item = site.tables.find(ITEMS, Item=line["Item"])
    return whole(item["UnitWeight"]) * quantity // SCALE if item else 0
