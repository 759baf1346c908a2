"""Clarity ↔ Sage 100: reads what the two systems show. Only their state counts here, never our own topics."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from penstock.cli.demo_report import ENDED, NOTHING, ErpOrder, ShopOrder
from penstock.cli.pairs.pair import Row, Snapshot, amount, by
from penstock.cli.sandbox_api import SandboxApi
from penstock.mapping import Rates
from penstock.records.money import to_minor_unit

COMPANY_CURRENCY = "USD"
LOCATION, WAREHOUSE = "AUS-1", "001"
"""The location of the shop that is the ERP's warehouse."""
REFERENCE, PART = "UDF_PENSTOCK_REF", "UDF_PENSTOCK_PART"
STATUSES = {
    "Pending": "paid",
    "Confirmed": "confirmed",
    "On Hold": "on-hold",
    "Backordered": "on-hold",
    "Processing": "processing",
    "Partially Shipped": "part-shipped",
    "Ready For Pickup": "shipped",
    "Shipped": "shipped",
    "Completed": "delivered",
    "Cancelled": "cancelled",
}
"""Statuses of the shop (systems/clarity.md 5) in the words of the books."""
RECEIVED = "paymentReceived."
INVOICED = "invoice."
"""Attributes of the shop's order that tell of the ERP's receipts and invoices."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What the ERP has of one web order: sales orders (the first one first), their lines, invoices, and packages."""

    orders: Sequence[Row] = ()
    lines: Sequence[Row] = ()
    entered: Sequence[Row] = ()
    posted: Sequence[Row] = ()
    packages: Sequence[Row] = ()
    receipts: Sequence[Row] = ()


@dataclass(slots=True)
class Reader:
    """Orders of the shop above its highest id before the demo, and what the ERP has of them."""

    shop: SandboxApi
    erp: SandboxApi
    tag: str
    rates: Rates | None
    documents: Mapping[str, Documents] = field(default_factory=dict)
    _after: int = 0
    _old_customers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._after = max((int(row["id"]) for row in self.shop.state("orders")), default=0)
        self._old_customers = frozenset(customer_key(row) for row in self.erp.state("customers"))

    def read(self) -> Snapshot:
        orders = [row for row in self.shop.state("orders") if int(row["id"]) > self._after]
        shipments = by(self.shop.state("shipments"), "salesOrderId")
        self.documents = documents_by_reference(
            self.erp.state("sales_orders"),
            lines=self.erp.state("sales_order_lines"),
            entered=self.erp.state("invoices"),
            posted=self.erp.state("invoice_history"),
            packages=self.erp.state("tracking"),
            receipts=self.erp.state("cash_receipts"),
        )
        ours = {ref: found for ref, found in self.documents.items() if ref.startswith(f"{self.tag}-")}
        ended = {f"{self.tag}-{row['id']}" for row in orders if STATUSES[row["status"]] in ENDED}
        customers = self.erp.state("customers")
        return Snapshot(
            shop=[self._shop_order(row, shipments[str(row["id"])], ours) for row in orders],
            erp=[order for ref, found in ours.items() for order in erp_orders(ref, found, stopped=ref in ended)],
            erp_emails=self._emails(customers),
            shop_lines={
                f"{self.tag}-{row['id']}": [(item["sku"], Decimal(item["quantity"])) for item in row["items"]]
                for row in orders
            },
            erp_lines={ref: allocated(found.lines) for ref, found in ours.items()},
            invoiced=frozenset(str(row["SalesOrderNo"]) for found in ours.values() for row in found.posted),
            shop_stock={
                row["sku"]: amount(row, "quantityAvailable")
                for row in self.shop.state("inventory", locationKey=LOCATION)
            },
            erp_stock={
                row["ItemCode"]: available(row) for row in self.erp.state("item_warehouses", WarehouseCode=WAREHOUSE)
            },
            wrong=[
                *told_twice(self.shop.state("notifications_sent"), self.tag),
                *(said for row in orders for said in not_shown(row, ours.get(f"{self.tag}-{row['id']}"), self.tag)),
            ],
            outcomes=self._outcomes(orders, ours, customers),
        )

    def _shop_order(self, row: Row, shipments: Iterable[Row], ours: Mapping[str, Documents]) -> ShopOrder:
        ref = f"{self.tag}-{row['id']}"
        currency, total = str(row["currency"]), Decimal(row["totals"]["total"])
        paid = total - Decimal(row["totals"]["balanceDue"])
        if currency != COMPANY_CURRENCY and ref in ours and self.rates is not None:
            # what the ERP has booked is in its own currency: so are the books
            total, paid = (self._converted(each, currency, row) for each in (total, paid))
            currency = COMPANY_CURRENCY
        received = (value for name, value in row["attributes"].items() if name.startswith(RECEIVED))
        steps = row["statusHistory"]
        names = [steps[0]["from"], *(step["to"] for step in steps)] if steps else [row["status"]]
        return ShopOrder(
            ref=ref,
            currency=currency,
            total=total,
            status=STATUSES[row["status"]],
            statuses=tuple(STATUSES[name] for name in names),
            tracking=tuple(
                number
                for shipment in shipments
                for number in str(shipment["trackingNumber"] or "").split(", ")
                if number and shipment["status"] != "cancelled"
            ),
            paid=paid + sum((Decimal(str(text).split()[0]) for text in received), NOTHING),
            email=str(row["email"] or ""),
        )

    def _converted(self, value: Decimal, currency: str, row: Row) -> Decimal:
        day = datetime.fromisoformat(row["placedDate"]).date()
        made = self.rates.convert(value, currency, COMPANY_CURRENCY, day) if self.rates else value
        return to_minor_unit(made, COMPANY_CURRENCY)

    def _emails(self, customers: Iterable[Row]) -> list[str]:
        """One per customer; those that the ERP had twice before the demo count once."""
        new = [str(row["EmailAddress"]) for row in customers if customer_key(row) not in self._old_customers]
        return [*new, *{str(row["EmailAddress"]) for row in customers if customer_key(row) in self._old_customers}]

    def _outcomes(
        self, orders: Sequence[Row], ours: Mapping[str, Documents], customers: Iterable[Row]
    ) -> dict[str, int]:
        """What the policies did, as the two systems show it; what did not happen is left out."""
        booked = [row for row in orders if f"{self.tag}-{row['id']}" in ours]
        codes = [{str(line["ItemCode"]) for line in found.lines} for found in ours.values()]
        parts = [{str(row.get(PART) or "") for row in found.orders} for found in ours.values()]
        counted = {
            "customers.create=auto": sum(customer_key(row) not in self._old_customers for row in customers),
            "currency=convert": sum(row["currency"] != COMPANY_CURRENCY for row in booked),
            "stock.unavailable=partial": sum("remainder" in names for names in parts),
            "tax=line": sum("/TAX" in each for each in codes),
            "tax=header": sum(any(amount(row, "SalesTaxAmt") for row in found.orders) for found in ours.values()),
            "shipping=line": sum("/FREIGHT" in each for each in codes),
            "shipping=header": sum(any(amount(row, "FreightAmt") for row in found.orders) for found in ours.values()),
            "discount=line": sum("/DISCOUNT" in each for each in codes),
            "discount=header": sum(any(amount(row, "DiscountAmt") for row in found.orders) for found in ours.values()),
        }
        return {name: count for name, count in counted.items() if count}


def documents_by_reference(
    orders: Iterable[Row],
    *,
    lines: Iterable[Row],
    entered: Iterable[Row],
    posted: Iterable[Row],
    packages: Iterable[Row],
    receipts: Iterable[Row],
) -> dict[str, Documents]:
    """Our reference -> what the ERP has of the order. Orders without a reference of ours are left out."""
    of_ref: defaultdict[str, list[Row]] = defaultdict(list)
    for row in orders:
        if ref := str(row.get(REFERENCE) or ""):
            of_ref[ref].append(row)
    line_of, entered_of, posted_of = by(lines, "SalesOrderNo"), by(entered, "SalesOrderNo"), by(posted, "SalesOrderNo")
    packages_of, receipts_of = by(packages, "InvoiceNo"), by(receipts, "InvoiceNo")
    made = {}
    for ref, rows in of_ref.items():
        numbers = [str(row["SalesOrderNo"]) for row in rows]
        there = [row for number in numbers for row in (*entered_of[number], *posted_of[number])]
        made[ref] = Documents(
            orders=sorted(rows, key=is_remainder),
            lines=[line for number in numbers for line in line_of[number]],
            entered=[row for number in numbers for row in entered_of[number]],
            posted=[row for number in numbers for row in posted_of[number]],
            packages=[package for row in there for package in packages_of[str(row["InvoiceNo"])]],
            receipts=[receipt for row in there for receipt in receipts_of[str(row["InvoiceNo"])]],
        )
    return made


def erp_orders(ref: str, found: Documents, *, stopped: bool) -> list[ErpOrder]:
    """The order as one, its remainder with it; every further document of the same reference is an order too many."""
    whole = [row for row in found.orders if not is_remainder(row)] or found.orders[:1]
    rest = [row for row in found.orders if row not in whole]
    goods = [line for line in found.lines if not is_charge(line)]
    first, *others = whole
    order = ErpOrder(
        ref=ref,
        number=str(first["SalesOrderNo"]),
        currency=COMPANY_CURRENCY,
        total=sum((order_total(row) for row in (first, *rest)), NOTHING),
        planned=all(row["OrderStatus"] == "H" for row in found.orders) and not stopped,
        stopped=stopped and all(row["OrderStatus"] == "H" for row in found.orders),
        ordered=sum((amount(line, "QuantityOrdered") for line in goods), NOTHING),
        shipped=sum((amount(line, "QuantityShipped") + amount(line, "InEntry") for line in goods), NOTHING),
        tracking=tuple(dict.fromkeys(str(row["TrackingID"]) for row in found.packages if row["TrackingID"])),
        paid=sum((amount(row, "CashAmountApplied") for row in found.receipts), NOTHING),
        parts=tuple(str(row["SalesOrderNo"]) for row in rest),
    )
    return [
        order,
        *(ErpOrder(ref, str(row["SalesOrderNo"]), COMPANY_CURRENCY, order_total(row)) for row in others),
    ]


def order_total(row: Row) -> Decimal:
    """Systems/sage100.md 5.4; no field holds it."""
    added = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    return sum((amount(row, name) for name in added), NOTHING) - amount(row, "DiscountAmt")


def allocated(lines: Iterable[Row]) -> dict[str, Decimal]:
    """Item -> quantity booked, by the name that the shop sold it under where that is on the line."""
    out: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if not is_charge(line):
            out[str(line["ItemCode"])] += amount(line, "QuantityOrdered")
    return dict(out)


def available(row: Row) -> Decimal:
    """On hand less all demand, never negative (systems/sage100.md 2.5)."""
    taken = ("QuantityOnSalesOrder", "QuantityOnBackOrder", "QuantityRequiredForWO")
    return max(amount(row, "QuantityOnHand") - sum((amount(row, name) for name in taken), NOTHING), NOTHING)


def told_twice(notices: Iterable[Row], tag: str) -> list[str]:
    """Buyers who got the same message more than once."""
    counted = Counter((row["salesOrderId"], row["kind"], row["shipmentId"], row["status"]) for row in notices)
    return [
        f"{tag}-{order}: the buyer was told {count} times of {kind} {shipment or status}"
        for (order, kind, shipment, status), count in counted.items()
        if count > 1
    ]


def not_shown(row: Row, found: Documents | None, tag: str) -> list[str]:
    """What the shop's order does not show of the ERP's: its number, and its posted invoices."""
    if found is None or STATUSES[row["status"]] in ENDED:
        return []
    ref, number = f"{tag}-{row['id']}", str(found.orders[0]["SalesOrderNo"])
    said = []
    if row["customKey"] != number:
        said.append(f"{ref}: it is {number} in the ERP, the shop shows {row['customKey']}")
    for invoice in found.posted:
        name = f"{INVOICED}{invoice['InvoiceNo']}"
        if not any(each.startswith(name) for each in row["attributes"]):
            said.append(f"{ref}: invoice {invoice['InvoiceNo']} has not reached the shop")
    return said


def is_remainder(row: Row) -> bool:
    return row.get(PART) == "remainder"


def is_charge(line: Row) -> bool:
    return str(line["ItemCode"]).startswith("/")


def customer_key(row: Row) -> str:
    return f"{row['ARDivisionNo']}-{row['CustomerNo']}"
