"""What the warehouse does: enter an invoice, add packages later, post it."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from penstock.connectors.sage100.sandbox.actions.inputs import Input, columns, filled
from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.invoices import HISTORY, SHIPMENTS, TRACKING
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDERS
from penstock.connectors.sage100.sandbox.rules.amounts import total
from penstock.connectors.sage100.sandbox.rules.invoices import enter_invoice, find_invoice
from penstock.connectors.sage100.sandbox.rules.packages import add_package
from penstock.connectors.sage100.sandbox.rules.posting import post_invoice
from penstock.connectors.sage100.sandbox.views import show

Shown = dict[str, Any]


class EnterInvoice(Input):
    """`lines`: {LineKey: quantity}, all that is open without it; charges come along with the first invoice."""

    SalesOrderNo: str
    lines: dict[str, Decimal] | None = None
    ShipVia: str | None = None
    ShipStatus: Literal["N", "L", "S"] = "S"


class AddTracking(Input):
    """A package; without a PackageNo the next one."""

    InvoiceNo: str
    TrackingID: str
    PackageNo: str | None = None
    StarshipShipVia: str = ""
    Comment: str = ""
    Weight: str = "0"
    FreightAmt: str = "0"


class PostInvoice(Input):
    InvoiceNo: str


class Ship(EnterInvoice):
    """`TrackingID` null: one is made up, "": none, a list: one package each."""

    TrackingID: str | list[str] | None = Field(None)


def enter(company: Company, given: EnterInvoice) -> Shown:
    """Enter an invoice: a shipment without packages yet."""
    number = filled(given.SalesOrderNo)
    invoice = enter_invoice(company, number, given.lines, given.ShipVia, given.ShipStatus)
    return _shipment(company, invoice["InvoiceNo"]) | {"total": f"{total(invoice):.2f}"}


def add_tracking(company: Company, given: AddTracking) -> Shown:
    """Add a package: only the stamp of the invoice header moves."""
    number = filled(given.InvoiceNo)
    values = given.model_dump(exclude={"InvoiceNo", "PackageNo"})
    if given.PackageNo is not None:
        values["PackageNo"] = filled(given.PackageNo, 4)
    add_package(company.store, number, columns(TRACKING, values))
    return _shipment(company, number)


def post(company: Company, given: PostInvoice) -> Shown:
    """Post an invoice: it moves to history, and the order is complete or becomes a back order."""
    posted = post_invoice(company, filled(given.InvoiceNo))
    order = company.store.find(ORDERS, SalesOrderNo=posted["SalesOrderNo"]) or {}
    state = {name: order.get(name, "") for name in ("OrderType", "OrderStatus")}
    return show(company.store, HISTORY, posted) | state


def ship(company: Company, given: Ship) -> Shown:
    """Enter, track and post in one."""
    number = enter_invoice(company, filled(given.SalesOrderNo), given.lines, given.ShipVia, given.ShipStatus)[
        "InvoiceNo"
    ]
    tracking = f"1ZDEMO{int(number):010d}" if given.TrackingID is None else given.TrackingID
    via = find_invoice(company.store, number)["ShipVia"]
    for code in tracking if isinstance(tracking, list) else [tracking]:
        if code:
            add_package(company.store, number, columns(TRACKING, {"TrackingID": code, "StarshipShipVia": via}))
    posted = post(company, PostInvoice(InvoiceNo=number))
    return _shipment(company, number) | {name: posted[name] for name in ("OrderType", "OrderStatus", "Balance")}


def _shipment(company: Company, number: str) -> Shown:
    row = company.store.find(SHIPMENTS, InvoiceNo=number)
    return show(company.store, SHIPMENTS, row, lines=True) if row else {}
