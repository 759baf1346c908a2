"""A shop and an ERP that were at work before penstock: half of the shop's orders were entered in the ERP by a clerk."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Protocol

import yaml

from penstock.cli.sandbox_api import SandboxApi
from penstock.cli.stack import PENSTOCK, Stack
from penstock.cli.supervise import Supervisor
from penstock.resources import resource

ROOT = Path(__file__).parents[2]
SERVICES = ("topics", "schemas", "ingress", "processors", "sinks")
Json = dict[str, Any]


class Pair(Protocol):
    """A shop and an ERP, as people see them."""

    shop_name: str

    def place(self, *, live: bool) -> str:
        """An order of a new guest; its reference (`PS1-41`). Of one before penstock no webhook tells."""
        ...

    def enter(self, reference: str) -> str:
        """The order once more, as a clerk of the ERP: the document's number."""
        ...

    def documents(self, reference: str) -> dict[str, str]:
        """Documents of the ERP with the order's number -> the reference in them."""
        ...


class PrestashopInfor:
    shop_name = "prestashop"

    def __init__(self, shop: SandboxApi, erp: SandboxApi) -> None:
        self.shop, self.erp = shop, erp
        known = {row["Item"] for row in erp.state("items")}
        plenty = [row["Item"] for row in erp.state("stock", Whse="MAIN") if float(row["QtyOnHand"]) > 20]
        skus = {row["reference"] for row in shop.state("combinations")}
        self.skus = sorted(set(plenty) & known & skus)[:20]

    def place(self, *, live: bool) -> str:
        number = next(_numbers)
        lines = [{"sku": self.skus[number % len(self.skus)], "quantity": 1}]
        wish = {"guest": f"old{number}@mail.example", "country": "FR", "payment": "ps_checkout", "lines": lines}
        return f"PS1-{self.shop.act('place-order', wish if live else {**wish, 'webhook': 'lost'})['id']}"

    def enter(self, reference: str) -> str:
        native_id = reference.partition("-")[2]
        (order,) = self.shop.state("orders", id=native_id)
        lines = [
            {
                "Item": row["product_reference"],
                "QtyOrdered": str(row["product_quantity"]),
                "Price": str(row["unit_price_tax_excl"]),
            }
            for row in self.shop.state("order_details", id_order=native_id)
        ]
        number = self.erp.act("place-phone-order", {"CustPo": order["reference"], "lines": lines})["CoNum"]
        tax = Decimal(order["total_paid_tax_incl"]) - Decimal(order["total_paid_tax_excl"])
        amounts = {"Freight": order["total_shipping_tax_excl"], "SalesTax": f"{tax:.2f}"}
        amounts["DiscAmount"] = order["total_discounts_tax_excl"]
        self.erp.act("change-order", {"CoNum": number, "CurrCode": "EUR", **amounts})
        return str(number).strip()

    def documents(self, reference: str) -> dict[str, str]:
        (order,) = self.shop.state("orders", id=reference.partition("-")[2])
        rows = self.erp.state("orders", CustPo=order["reference"])
        return {str(row["CoNum"]).strip(): row["ExternalConfirmationRef"] or "" for row in rows}


class ClaritySage100:
    shop_name = "clarity"

    def __init__(self, shop: SandboxApi, erp: SandboxApi) -> None:
        self.shop, self.erp = shop, erp
        plenty = [row["ItemCode"] for row in erp.state("item_warehouses") if float(row["QuantityOnHand"]) > 20]
        self.skus = sorted(set(plenty) & {row["sku"] for row in shop.state("inventory")})[:20]
        for sku in self.skus:
            erp.act("change-stock", {"ItemCode": sku, "WarehouseCode": "001", "delta": "5000"})
        self.customer = erp.state("customers")[0]

    def place(self, *, live: bool) -> str:
        number = next(_numbers)
        address = {"street1": "400 Main St", "city": "Austin", "regionCode": "TX", "postalCode": "78701"}
        # Sage 100 finds people by name too: nobody is to be like another
        first, last = ("".join(random.Random(f"{number}{part}").choices(ascii_lowercase, k=9)) for part in "ab")
        contact = {"firstName": first.title(), "lastName": last.title(), "address": address}
        wish: Json = {"email": f"old{number}@mail.example", "contact": contact, "paid": True, "orderDiscount": "0"}
        lines = [{"sku": self.skus[number % len(self.skus)], "quantity": "1"}]
        wish |= {"paymentMethod": "credit_card", "lines": lines}
        return f"CL1-{self.shop.act('place-order', wish if live else {**wish, 'webhook': 'lost'})['id']}"

    def enter(self, reference: str) -> str:
        (order,) = self.shop.state("orders", id=reference.partition("-")[2])
        totals = {name: Decimal(str(value)) for name, value in order["totals"].items()}
        lines = [
            {"ItemCode": row["sku"], "QuantityOrdered": "1", "UnitPrice": f"{Decimal(str(row['lineTotal'])):.6f}"}
            for row in order["items"]
        ]
        charges = totals["shipping"] + totals["handling"] + totals["fees"]
        entered = self.erp.act(
            "enter-order",
            {
                "OrderDate": order["createdDate"][:10],
                **{name: self.customer[name] for name in ("ARDivisionNo", "CustomerNo")},
                "CustomerPONo": order["orderNumber"],
                "WarehouseCode": "001",
                "ConfirmTo": "A clerk",
                "TermsCode": "00",
                "TaxSchedule": "DEFAULT",
                "FreightAmt": f"{charges:.2f}",
                "SalesTaxAmt": f"{totals['tax']:.2f}",
                "Lines": lines,
            },
        )
        return str(entered["SalesOrderNo"])

    def documents(self, reference: str) -> dict[str, str]:
        (order,) = self.shop.state("orders", id=reference.partition("-")[2])
        rows = self.erp.state("sales_orders", CustomerPONo=order["orderNumber"])
        return {row["SalesOrderNo"]: row.get("UDF_PENSTOCK_REF") or "" for row in rows}


_numbers = iter(range(1, 1_000_000))
PAIRS: dict[str, tuple[type[PrestashopInfor | ClaritySage100], str, str]] = {
    "prestashop-infor": (PrestashopInfor, "prestashop", "infor"),
    "clarity-sage100": (ClaritySage100, "clarity", "sage100"),
}


@dataclass(frozen=True)
class World:
    """entered: reference -> the number under which a clerk had entered it; others: references that the ERP lacks."""

    pair: Pair
    stack: Stack
    flow: str
    env: dict[str, str]
    entered: dict[str, str]
    others: Sequence[str]

    def penstock(self, *arguments: str) -> tuple[int, str]:
        """Exit code and standard output of a command."""
        command = [*PENSTOCK, *arguments, "--flow", self.flow]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=1800)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        return done.returncode, done.stdout

    def cut_off(self) -> None:
        """Begins a backfill and kills it once its first order was taken over."""
        command = [*PENSTOCK, *self._loading(), "--rate", "2", "--flow", self.flow]
        process = subprocess.Popen(command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not any(reference in self.pair.documents(reference).values() for reference in self.entered):
            assert time.monotonic() < deadline, "no order was taken over within 60 s"
            time.sleep(0.05)
        process.kill()
        process.wait(10)

    def _loading(self) -> list[str]:
        return ["backfill", self.pair.shop_name, "--yes", "--why", "first load"]

    def backfill(self, *more: str) -> Json:
        """What it answers; it goes on where it was."""
        code, said = self.penstock(*self._loading(), "--json", *more)
        assert code == 0, said
        answer: Json = json.loads(said)
        return answer

    def booked(self, reference: str, seconds: float = 60) -> float:
        """Seconds until the ERP has it."""
        began = time.monotonic()
        while not self.pair.documents(reference):
            assert time.monotonic() - began < seconds, f"{reference} is not in the ERP after {seconds} s"
            time.sleep(0.05)
        return time.monotonic() - began


@contextmanager
def taken_over(flow: str, folder: Path, orders: int) -> Iterator[World]:
    """`orders` orders, every other one in the ERP; then penstock starts, with a flow that takes them over."""
    pair_of, shop, erp = PAIRS[flow]
    code = folder / "code"
    for name in ("services", "flows", "schemas", "dev"):
        shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(resource("topics.yaml"), code)
    stack = Stack.load(flow, "sandbox", folder / "data")
    env = {**os.environ, **stack.variables(), "PYTHONPATH": str(code / "services")}
    specs = [replace(child.spec, env={**child.spec.env, **env}) for child in stack.supervisor().children.values()]
    with ExitStack() as both:
        before = [spec for spec in specs if spec.name not in SERVICES]
        both.enter_context(Supervisor(before, folder / "logs"))
        systems = [SandboxApi(stack.sandboxes[name]) for name in (shop, erp)]
        for system in systems:
            both.callback(system.close)
        pair: Pair = pair_of(*systems)
        old = [pair.place(live=False) for _ in range(orders)]
        entered = {reference: pair.enter(reference) for reference in old[::2]}
        _adopt_from_now_on(code / "flows" / flow, shop)
        names = {spec.name for spec in before}
        after = [
            replace(spec, needs=tuple(n for n in spec.needs if n not in names))
            for spec in specs
            if spec.name in SERVICES
        ]
        both.enter_context(Supervisor(after, folder / "logs"))
        yield World(pair, stack, flow, env, entered, old[1::2])


def _adopt_from_now_on(flow: Path, shop: str) -> None:
    """The systems keep seconds: the next one begins before anything else happens. Polls do not look back behind it."""
    time.sleep(1.1)
    file, env = flow / "flow.yaml", flow / "env" / "sandbox.yaml"
    given = yaml.safe_load(env.read_text(encoding="utf-8"))
    given["systems"][shop]["settings"]["poll_overlap"] = 0
    env.write_text(yaml.safe_dump(given), encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    begun = text.replace("start:\n", f"start:\n  adopt_before: {now}\n", 1)
    assert begun != text
    file.write_text(begun, encoding="utf-8")
