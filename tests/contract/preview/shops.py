"""What ERPs say of generated orders of the two shops: status, shipments, payments, invoices, stock, prices."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

from tests.contract.preview.desk import HOST, Desk
from tests.unit.clarity import tasks as clarity
from tests.unit.prestashop import tasks as prestashop

from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.contract import Task
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.sandbox.admin import ActionError

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"
SKUS = ["BLK-WOL-BRK", "STL-BEE"]
CLARITY_SKUS = ["POT-BRS", "BLK-WOL-BRK"]


async def give(desk: Desk, task: Task, **record: Any) -> None:
    """`task` as the unit tests make it; each is a document of its own."""
    await desk.give(task.entity, {**task.record, **record}, task.payload)


def prestashop_desk(version: str) -> Desk:
    options = {"version": version, "keys": {KEY: "*"}, "time_zone": "Europe/Paris"}
    given = {"base_url": f"{HOST}/api", "key": f"plain:{KEY}", "version": version}
    return Desk("prestashop", PrestashopSettings.model_validate(given), options)


async def prestashop_documents(desk: Desk, rng: random.Random) -> AsyncIterator[None]:
    """Yields after each case, for ever."""
    number = 0
    while True:
        bought = [{"sku": rng.choice(SKUS), "quantity": rng.randint(1, 3)}]
        placed = await desk.act("place-order", payment="ps_wirepayment", currency="EUR", lines=bought)
        order = {"order_reference": f"PS1-{placed['id']}"}
        total = str(Decimal(str(placed.get("total_paid") or "65.76")))
        for _ in range(rng.randint(1, 5)):
            number += 1
            own = {**order, "id": f"document-{number}"}
            match rng.choice(["status", "shipment", "payment", "part", "stock", "back-office"]):
                case "status":
                    state, name = rng.choice([("3", "processing"), ("5", "complete"), ("6", "cancelled"), ("99", "x")])
                    yield await give(desk, prestashop.status(state, name), **own)
                case "shipment":
                    numbers = [f"1Z{rng.randint(1, 10**9)}" for _ in range(rng.randint(0, 2))]
                    yield await give(desk, prestashop.shipment(*numbers, complete=rng.random() < 1 / 2), **own)
                case "payment":
                    said = {"transaction_id": f"DALS:{number}"}
                    yield await give(desk, prestashop.payment(total, payload=said), **own)
                case "part":
                    said = {"transaction_id": f"DALS:{number}"}
                    yield await give(desk, prestashop.payment("1.50", payload=said), **own)
                case "stock":
                    sku = rng.choice([*SKUS, "NO-SUCH-SKU"])
                    yield await give(desk, prestashop.stock(sku, str(rng.randint(0, 40))), id=f"stock-{number}")
                case "back-office":
                    with suppress(ActionError):  # paid already
                        await desk.act("pay-order", id=placed["id"])


def clarity_desk() -> Desk:
    options = {"rate_limit": None, "time_scale": 100, "account_keys": True}
    given = {"instance": "acme", "base_url": HOST, "client_id": "penstock", "bulk_wait": 0.0,
             "client_secret": "plain:sandbox-client-secret", "shipment_patience": 0}  # fmt: skip
    return Desk("clarity", ClaritySettings.model_validate(given), options)


async def clarity_documents(desk: Desk, rng: random.Random) -> AsyncIterator[None]:
    """Yields after each case, for ever."""
    number = 0
    while True:
        sku, quantity = rng.choice(CLARITY_SKUS), rng.randint(1, 6)
        bought = [{"sku": sku, "quantity": quantity}]
        placed = await desk.act("place-order", lines=bought, currency="USD", paid=rng.random() < 1 / 2)
        order = {"order_reference": f"CL1-{placed['id']}"}
        for _ in range(rng.randint(1, 6)):
            number += 1
            own = {**order, "id": f"document-{number}"}
            match rng.choice(["status", "status", "shipment", "invoice", "payment", "stock", "product", "price"]):
                case "status":
                    status = rng.choice(["Processing", "Processing", "On Hold", "Cancelled", "Completed", "Nowhere"])
                    key = rng.choice([None, f"W{placed['id']}"])
                    yield await give(desk, clarity.status(status, key), **own)
                case "shipment":
                    said = {"key": f"DLV-{rng.randint(number - 2, number)}", "complete": rng.random() < 1 / 2}
                    part = str(rng.randint(1, quantity + 1))
                    yield await give(desk, clarity.shipment((None, sku, part), payload=said), **own)
                case "invoice" | "payment" as entity:
                    day = f"2025-03-{rng.randint(1, 28):02d}"
                    newest = {"invoiceNumber": f"01{number:05d}", "invoiceDueDate": None}
                    said = {"key": f"01{number:05d}", "date": day, "summary": f"119.82 USD, {day}", "newest": newest}
                    yield await give(desk, clarity.task(entity, said), **own)
                case "stock":
                    available = str(rng.randint(0, 40))
                    yield await give(desk, clarity.stock(sku, available, "AUS-1"), id=f"stock-{number}")
                case "product":
                    said = {"customKey": rng.choice([sku, f"NEW/{number}"]), "name": f"Name {rng.randint(1, 3)}",
                            "description": "From the ERP.", "uom": "EA", "active": True}  # fmt: skip
                    yield await give(desk, clarity.task("product", said), id=f"product-{number}")
                case "price":
                    sale = rng.choice([None, "19.90"])
                    yield await give(desk, clarity.price(sku, sale), id=f"price-{number}")
