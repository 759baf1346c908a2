"""PrestaShop ↔ Infor: reads what the two systems show. Only their state counts here, never our own topics."""

from collections.abc import Iterable
from decimal import Decimal

from penstock.cli.demo_report import NOTHING, ErpOrder, ShopOrder
from penstock.cli.pairs.pair import Row, Snapshot, amount, by
from penstock.cli.sandbox_api import SandboxApi

CURRENCIES = {1: "EUR", 2: "USD"}
STATUSES = {
    1: "awaiting-payment",
    2: "paid",
    3: "processing",
    4: "shipped",
    5: "delivered",
    6: "cancelled",
    7: "refunded",
    8: "payment-error",
    9: "backorder",
    10: "awaiting-payment",
    11: "paid",
    12: "backorder",
    13: "awaiting-payment",
}
"""Order states of a fresh PrestaShop (systems/prestashop.md 5)."""
WAREHOUSE = "MAIN"
BETWEEN_TRACKING_NUMBERS = ", "


class Reader:
    """Orders of the shop above `after` (its highest id before the demo) and what the ERP has of them."""

    def __init__(self, shop: SandboxApi, erp: SandboxApi, tag: str) -> None:
        self._shop, self._erp, self._tag = shop, erp, tag
        self._after = max((int(row["id"]) for row in shop.state("orders")), default=0)
        self._skus: dict[tuple[int, int], str] = {}

    def read(self) -> Snapshot:
        orders = [row for row in self._shop.state("orders") if int(row["id"]) > self._after]
        lines = by(self._shop.state("order_details"), "id_order")
        return Snapshot(
            shop=shop_orders(
                orders,
                self._tag,
                histories=self._shop.state("order_histories"),
                carriers=self._shop.state("order_carriers"),
                payments=self._shop.state("order_payments"),
                customers=self._shop.state("customers"),
            ),
            erp=erp_orders(
                self._erp.state("orders"),
                self._tag,
                lines=self._erp.state("lines"),
                shipments=self._erp.state("shipments"),
                shipment_lines=self._erp.state("shipment-lines"),
                receivables=self._erp.state("receivables", Type="P"),
            ),
            erp_emails=[row["CustomerEmailAddr"] or "" for row in self._erp.state("customers", CustSeq="0")],
            shop_lines={
                f"{self._tag}-{order['id']}": [
                    (row["product_reference"], Decimal(row["product_quantity"])) for row in lines[str(order["id"])]
                ]
                for order in orders
            },
            invoiced=frozenset(str(row["CoNum"]).strip() for row in self._erp.state("invoices")),
            shop_stock=self._shop_stock(),
            erp_stock={row["Item"]: available(row) for row in self._erp.state("stock", Whse=WAREHOUSE)},
        )

    def _shop_stock(self) -> dict[str, Decimal]:
        if not self._skus:
            variants = self._shop.state("combinations")
            with_variants = {int(row["id_product"]) for row in variants}
            self._skus = {(int(row["id_product"]), int(row["id"])): row["reference"] for row in variants}
            plain = (row for row in self._shop.state("products") if int(row["id"]) not in with_variants)
            self._skus |= {(int(row["id"]), 0): row["reference"] for row in plain}
        rows = self._shop.state("stock_availables")
        keyed = ((self._skus.get((int(row["id_product"]), int(row["id_product_attribute"]))), row) for row in rows)
        return {sku: Decimal(row["quantity"]) for sku, row in keyed if sku}


def shop_orders(
    orders: Iterable[Row],
    tag: str,
    *,
    histories: Iterable[Row],
    carriers: Iterable[Row],
    payments: Iterable[Row],
    customers: Iterable[Row],
) -> list[ShopOrder]:
    """From the rows of the shop's tables; `tag` begins our references."""
    history, tracked, paid = by(histories, "id_order"), by(carriers, "id_order"), by(payments, "order_reference")
    emails = {str(row["id"]): str(row["email"]) for row in customers}
    return [
        ShopOrder(
            ref=f"{tag}-{row['id']}",
            currency=CURRENCIES[int(row["id_currency"])],
            total=Decimal(row["total_paid_tax_incl"]),
            status=STATUSES[int(row["current_state"])],
            statuses=tuple(
                STATUSES[int(step["id_order_state"])]
                for step in sorted(history[str(row["id"])], key=lambda step: int(step["id"]))
            ),
            tracking=tuple(
                number
                for carrier in tracked[str(row["id"])]
                for number in str(carrier["tracking_number"] or "").split(BETWEEN_TRACKING_NUMBERS)
                if number
            ),
            paid=sum((Decimal(payment["amount"]) for payment in paid[str(row["reference"])]), NOTHING),
            email=emails.get(str(row["id_customer"]), ""),
        )
        for row in orders
    ]


def erp_orders(
    headers: Iterable[Row],
    tag: str,
    *,
    lines: Iterable[Row],
    shipments: Iterable[Row],
    shipment_lines: Iterable[Row],
    receivables: Iterable[Row],
) -> list[ErpOrder]:
    """From the rows of the ERP; only orders that carry a reference of the shop. `receivables`: payments only."""
    of_order, paid, packed = by(lines, "CoNum"), by(receivables, "CoNum"), by(shipment_lines, "RefNum")
    tracking = {str(row["ShipmentId"]).strip(): str(row["TrackingNumber"] or "") for row in shipments}
    made = []
    for row in headers:
        ref, number = str(row["ExternalConfirmationRef"] or ""), str(row["CoNum"])
        if not ref.startswith(f"{tag}-"):
            continue
        numbers = (tracking.get(str(line["ShipmentId"]).strip(), "") for line in packed[number])
        made.append(
            ErpOrder(
                ref=ref,
                number=number.strip(),
                currency=str(row["CurrCode"]),
                total=amount(row, "Price"),
                planned=row["Stat"] == "P",
                stopped=row["Stat"] == "S",
                ordered=sum((amount(line, "QtyOrdered") for line in of_order[number]), NOTHING),
                shipped=sum((amount(line, "QtyShipped") for line in of_order[number]), NOTHING),
                tracking=tuple(dict.fromkeys(number for number in numbers if number)),
                paid=sum((amount(payment, "Amount") for payment in paid[number]), NOTHING),
            )
        )
    return made


def available(row: Row) -> Decimal:
    """On hand less all demand, never negative (systems/infor.md 4.6, the default)."""
    return max(amount(row, "QtyOnHand") - amount(row, "QtyAllocCo") - amount(row, "QtyAllocjob"), NOTHING)
