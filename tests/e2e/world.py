"""The first flow under test: PrestaShop and Infor."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
from tests.e2e.stack_world import StackWorld, number_of, order_number

from penstock.cli.sandbox_api import Row
from penstock.cli.stack import Stack
from penstock.cli.supervise import Supervisor
from penstock.connectors.prestashop.sandbox.hooks import SIGNATURE_HEADER, signature

__all__ = ["SKU", "World", "number_of", "order_number"]

SHOP_KEY = "SANDBOXKEY0SANDBOXKEY0SANDBOXKEY"
WEBHOOK_KEY = "sandbox-webhook-secret"
SKU, OTHER_SKU = "POT-BRS", "DVT-LIN"
"""Items that both systems know."""


class World(StackWorld):
    """One stack. Orders are placed by one test at a time, so that the next order's number is known beforehand."""

    def __init__(self, stack: Stack, supervisor: Supervisor) -> None:
        super().__init__(stack, supervisor, "prestashop", "infor")

    # --- the shop

    def next_number(self) -> int:
        return max((int(row["id"]) for row in self.shop.state("orders")), default=0) + 1

    def place(self, **wish: Any) -> str:
        """Places an order (of two known items, paid by card, unless `wish` says otherwise); our reference of it."""
        plain = {"lines": [{"sku": SKU, "quantity": 2}, {"sku": OTHER_SKU}], "payment": "ps_checkout", "country": "FR"}
        return f"PS1-{self.shop.act('place-order', plain | wish)['id']}"

    def shop_order(self, ref: str) -> Row:
        (row,) = self.shop.state("orders", id=number_of(ref))
        return row

    def states(self, ref: str) -> list[int]:
        """The states in the order's history, the oldest first."""
        rows = self.shop.state("order_histories", id_order=number_of(ref))
        return [int(row["id_order_state"]) for row in sorted(rows, key=lambda row: int(row["id"]))]

    def webservice(self, method: str, path: str, node: str, **fields: object) -> None:
        """Writes to the shop as another module would."""
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        url = f"{self.shop.url}/api/{path}"
        document = f"<prestashop><{node}>{inner}</{node}></prestashop>"
        self.http.request(method, url, content=document, auth=(SHOP_KEY, "")).raise_for_status()

    def add_to_shop(self, resource: str, node: str, fields: str) -> int:
        """Number of a new object; `fields` is XML."""
        url = f"{self.shop.url}/api/{resource}?output_format=JSON"
        document = f"<prestashop><{node}>{fields}</{node}></prestashop>"
        answer = self.http.post(url, content=document, auth=(SHOP_KEY, "")).raise_for_status()
        return next(int(row["id"]) for name, row in answer.json().items() if name != "errors")

    def webhook(self, content: bytes, sign: str | None = None) -> httpx.Response:
        """Posts to ingress as the shop module does; `sign` replaces the right signature, empty leaves it out."""
        said = signature(WEBHOOK_KEY, content) if sign is None else sign
        headers = {SIGNATURE_HEADER: said} if said else {}
        return self.http.post(f"{self.stack.ingress_url}/webhooks/prestashop/1", content=content, headers=headers)

    # --- the ERP

    def erp_order(self, ref: str) -> Row | None:
        rows = self.erp.state("orders", ExternalConfirmationRef=ref)
        assert len(rows) <= 1, f"{ref} is in the ERP {len(rows)} times"
        return rows[0] if rows else None

    def booked(self, ref: str) -> Row:
        """Waits until the ERP has the order once, complete and released, with the shop's total."""
        total = Decimal(self.shop_order(ref)["total_paid_tax_incl"])

        def whole() -> Row | None:
            row = self.erp_order(ref)
            return row if row and row["Stat"] == "O" and Decimal(row["Price"]) == total else None

        found = self.until(whole, f"{ref} booked with {total}; the ERP has {self.shown(ref)}")
        ordered = sum(Decimal(row["QtyOrdered"]) for row in self.erp.state("lines", CoNum=found["CoNum"]))
        wanted = self.shop.state("order_details", id_order=number_of(ref))
        assert ordered == sum(Decimal(row["product_quantity"]) for row in wanted)
        return found

    def shown(self, ref: str) -> object:
        row = self.erp_order(ref)
        return row and {name: row[name] for name in ("CoNum", "Stat", "Price")}
