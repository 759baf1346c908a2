"""The second flow under test: Clarity eCommerce and Sage 100."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.e2e.stack_world import StackWorld, number_of

from penstock.cli.sandbox_api import Row
from penstock.cli.stack import Stack
from penstock.cli.supervise import Supervisor
from penstock.log.fates import Fate

SKU, OTHER_SKU = "POT-BRS", "BRD-GLS-L"
"""Items that both systems know, and that there is enough of."""
WAREHOUSE, LOCATION = "001", "AUS-1"
ON_TERMS: Mapping[str, Any] = {"paid": False, "paymentTerms": "NET30"}
OPEN = {"N", "O"}
"""OrderStatus of what the warehouse may ship: new, open."""
SETTLED = {"applied", "unchanged", "superseded"}


class SecondWorld(StackWorld):
    """One stack."""

    def __init__(self, stack: Stack, supervisor: Supervisor) -> None:
        super().__init__(stack, supervisor, "clarity", "sage100")

    # --- the shop

    def place(self, **wish: Any) -> str:
        """Places an order (a new guest in Austin, two known items, paid by card, unless `wish` says otherwise)."""
        plain: dict[str, Any] = {
            "lines": [{"sku": SKU, "quantity": "2"}, {"sku": OTHER_SKU}],
            "paymentMethod": "credit_card",
            "paid": True,
        }
        if "userId" not in wish:
            plain |= {"email": self.guest(), "contact": self.contact()}
        return f"CL1-{self.shop.act('place-order', plain | wish)['id']}"

    def contact(self, **address: str | None) -> dict[str, Any]:
        """Somebody with a name that nobody had before; `address` in place of an address in Austin."""
        dice = random.Random(f"buyer {next(self._numbers)}")
        first, last = ("".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(4)) for _ in "12")
        return {"firstName": first.title(), "lastName": last.title(), "address": address}

    def shop_order(self, ref: str) -> Row:
        (row,) = self.shop.state("orders", id=number_of(ref))
        return row

    def status(self, ref: str) -> str:
        return str(self.shop_order(ref)["status"])

    def total(self, ref: str) -> Decimal:
        """What the shop charges, in the order's currency."""
        return Decimal(self.shop_order(ref)["totals"]["total"])

    def shipments(self, ref: str) -> list[Row]:
        return self.shop.state("shipments", salesOrderId=number_of(ref))

    def deliveries(self, ref: str, kind: str) -> list[Row]:
        """Webhooks of one kind that the shop has sent, or tried to send, of an order."""
        return self.shop.state("deliveries", resource="sales-orders", resourceId=number_of(ref), type=kind)

    def user(self, email: str) -> Row:
        (row,) = self.shop.state("users", email=email)
        return row

    def offered(self, sku: str) -> Decimal:
        """What the shop offers of a SKU where it sells from the ERP's main warehouse."""
        rows = self.shop.state("inventory", sku=sku, locationKey=LOCATION)
        return Decimal(rows[0]["quantityAvailable"]) if rows else Decimal(0)

    def price(self, sku: str, account: str | None = None) -> Decimal | None:
        """List price in USD, or that of an account by its key."""
        rows = [row for row in self.shop.state("prices", sku=sku, currency="USD") if row["accountKey"] == account]
        return Decimal(rows[0]["list"]) if rows else None

    # --- the ERP

    def sales_orders(self, ref: str) -> list[Row]:
        """All documents of an order, a remainder last."""
        rows = self.erp.state("sales_orders", UDF_PENSTOCK_REF=ref)
        return sorted(rows, key=lambda row: row.get("UDF_PENSTOCK_PART") == "remainder")

    def lines(self, ref: str) -> dict[str, Decimal]:
        """Quantity ordered of each item, over all documents of an order; charges are no items."""
        out: dict[str, Decimal] = {}
        for order in self.sales_orders(ref):
            for row in self.erp.state("sales_order_lines", SalesOrderNo=order["SalesOrderNo"]):
                out[row["ItemCode"]] = out.get(row["ItemCode"], Decimal(0)) + Decimal(row["QuantityOrdered"])
        return {code: quantity for code, quantity in out.items() if not code.startswith("/")}

    def booked(self, ref: str, total: Decimal | None = None) -> Row:
        """Waits until the ERP has the order once, open, with the shop's total (or this one, of another currency)."""
        wanted = self.total(ref) if total is None else total

        def whole() -> Row | None:
            rows = self.sales_orders(ref)
            assert len(rows) <= 1, f"{ref} is in the ERP {len(rows)} times"
            return rows[0] if rows and rows[0]["OrderStatus"] in OPEN and erp_total(rows) == wanted else None

        return self.until(whole, lambda: f"{ref} booked with {wanted}; {self.shown(ref)}")

    def shown(self, ref: str) -> object:
        rows = self.sales_orders(ref)
        said = [(row["SalesOrderNo"], row["OrderStatus"], str(erp_total([row]))) for row in rows]
        return said or [entry.data["reason"] for entry in self.holds(ref)]

    def customer_of(self, ref: str) -> str:
        """CustomerNo of the order's customer."""
        return str(self.sales_orders(ref)[0]["CustomerNo"])

    def set_customer(self, email: str, **columns: str) -> Row:
        (row,) = self.erp.state("customers", EmailAddress=email)
        return self.erp.act("set-customer", {name: row[name] for name in ("ARDivisionNo", "CustomerNo")} | columns)

    def stock(self, sku: str, on_hand: int) -> None:
        """Counts an item in the warehouse: so many are free, whatever other orders hold."""
        (row,) = self.erp.state("item_warehouses", ItemCode=sku, WarehouseCode=WAREHOUSE)
        taken = sum(Decimal(row[name]) for name in ("QuantityOnSalesOrder", "QuantityOnBackOrder"))
        count = {"ItemCode": sku, "WarehouseCode": WAREHOUSE, "QuantityOnHand": f"{on_hand + taken}"}
        self.erp.act("change-stock", count)

    def ship(self, row: Row, **wish: Any) -> Row:
        """Ships and invoices a sales order, all that is open unless `wish` says otherwise."""
        return self.erp.act("ship", {"SalesOrderNo": row["SalesOrderNo"]} | wish)

    def answered(self, status: int, path: str) -> int:
        """How often the ERP answered so to calls of a path."""
        answer = self.http.get(f"{self.erp.url}/_sandbox/requests", params={"path": path}).raise_for_status()
        return sum(row["status"] == status for row in answer.json()["items"])

    # --- the log

    def is_loaded(self) -> bool:
        """Has the shop seen every item of the ERP, its price and its stock?"""
        seen = Counter(":".join(fate.event_id.split(":")[:3]) for fate in self.all_fates() if fate.state.final)
        items = len(self.erp.state("items", ItemType="1"))
        stock = len(self.erp.state("item_warehouses"))
        return (
            seen["sage100:ABC:item"] >= items
            and seen["sage100:ABC:price"] >= items
            and (seen["sage100:ABC:stock"] >= stock)
        )

    def settled(self, ref: str) -> list[Fate]:
        """Waits until nothing of the order is open; all its fates, which are final."""

        def final() -> list[Fate]:
            fates = self.fates(ref)
            return fates if not self.holds(ref) and all(fate.state.final for fate in fates) else []

        return self.until(final, lambda: f"final fates of {ref}: {[str(fate.reason) for fate in self.fates(ref)]}")


def erp_total(rows: Sequence[Row]) -> Decimal:
    """What some sales orders come to; no field holds it (systems/sage100.md 5.4)."""
    added = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    return sum((Decimal(row[name]) for row in rows for name in added), Decimal(0)) - sum(
        (Decimal(row["DiscountAmt"]) for row in rows), Decimal(0)
    )
