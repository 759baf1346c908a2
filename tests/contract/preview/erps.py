"""Generated orders for the two ERPs: new, edited, paid, cancelled; known and new customers; short stock."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.contract.preview.desk import HOST, Desk
from tests.integration.infor_site import ALIASED, LISTED, A, B
from tests.unit.infor import world as infor
from tests.unit.sage100 import world as sage
from tests.unit.sage100.test_customers import customer as sage_customer

from penstock.connectors.infor.sandbox import ionapi
from penstock.mapping import MappingEnv

CENT = Decimal("0.01")
STATES = ("paid", "paid", "awaiting-payment")
PLENTY = ("TST-LAMP", "TST BOLT/10", "TST-POT")
Record = dict[str, Any]


@dataclass(frozen=True)
class Web:
    """One web order and who ordered; asked again it is another version of it. skus: what may be bought."""

    rng: random.Random
    number: int
    buyer: int
    skus: Sequence[str]
    street: str = "3 quai du Port"

    @classmethod
    def placed(cls, rng: random.Random, number: int, first: int, skus: Sequence[str]) -> Web:
        """One buyer in three has ordered before, with another delivery address now and then."""
        buyer = rng.randint(first, number) if rng.random() < 1 / 3 else number
        return cls(rng, number, buyer, skus, rng.choice(["3 quai du Port", f"{number} rue Neuve"]))

    def given(self, rate: str, **changes: Any) -> dict[str, Any]:
        lines = self._lines(rate)
        return {"lines": lines, "freight": self._money(2000), "status": self.rng.choice(STATES), **changes}

    def infor(self, **changes: Any) -> Record:
        record = infor.canonical_order(native_id=str(self.number), **self.given("0.2", **changes))
        record["id"] = f"{infor.ORDER_ID[:-4]}{self.number:04d}"
        record["customer_id"] = f"{infor.CUSTOMER_ID[:-4]}{self.buyer:04d}"
        record["customer"]["email"] = f"buyer{self.buyer}@example.com"
        record["ship_to"]["line1"] = self.street
        return record

    def sage(self, **changes: Any) -> Record:
        record = sage.sage_order(native_id=str(self.number), **self.given("0.0825", **changes))
        record["id"] = f"{record['id'][:-6]}{self.number:06d}"
        record["customer_id"] = f"{record['customer_id'][:-6]}{self.buyer:06d}"
        record["customer"]["email"] = f"buyer{self.buyer}@example.com"
        for name in ("customer", "bill_to", "ship_to"):
            record[name] |= {"first_name": f"Q{self.buyer}"[::-1], "last_name": f"Z{self.buyer * 7919:x}"}
        return record

    def _money(self, most: int) -> Decimal:
        return Decimal(self.rng.randint(0, most)) * CENT

    def _lines(self, rate: str) -> list[Record]:
        """One to four lines whose tax is `rate` of their net."""
        made = []
        chosen = self.rng.sample(self.skus, self.rng.randint(1, min(4, len(self.skus))))
        for number, sku in enumerate(chosen, 1):
            quantity = self.rng.randint(1, 9)
            net = quantity * (self._money(9000) + 1)
            tax = (net * Decimal(rate)).quantize(CENT)
            made.append(infor.line(number, sku, str(quantity), str(net), str(tax)))
        return made


def infor_desk(**changes: Any) -> Desk:
    options = {"time_zone": "America/Chicago"}
    given = {"ionapi": ionapi(HOST, options), "configuration": "ACME_TST_DALS", "alias_customer": "1042"}
    return Desk("infor", infor.settings(**given, **changes), options)


async def infor_orders(desk: Desk, rng: random.Random) -> AsyncIterator[None]:
    """Yields after each case, for ever."""
    number = 999
    while True:
        number += 1
        skus = [A, B, ALIASED, LISTED] if rng.random() > 0.05 else [A, "NO-SUCH-ITEM"]
        web = Web.placed(rng, number, 1000, skus)
        first = web.infor()
        yield await desk.give("order", first, infor.payload_of(first))
        for _ in range(rng.randint(0, 3)):
            kind = rng.choice(["pay", "edit", "edit", "cancel", "same"])
            status = {"pay": "paid", "cancel": "cancelled"}.get(kind, first["status"])
            record = web.infor(status=status) if kind == "edit" else {**first, "status": status}
            yield await desk.give("order", record, infor.payload_of(record))


def sage_desk(**changes: Any) -> Desk:
    options = {"rate_limit": 1_000_000, "concurrency": 8, "work_seconds": 0, "time_scale": 1000}
    given = {
        "base_url": HOST,
        "password": "plain:sandbox-password",
        "division": "01",
        "salesperson_division": "01",
        "terms_code": "01",
        "cancel_reason": "WEBCN",
    }
    return Desk("sage100", sage.settings(**given, **changes), options)


async def sage_orders(desk: Desk, rng: random.Random) -> AsyncIterator[None]:
    """Yields after each case, for ever."""
    for code in PLENTY:
        await desk.act("add-item", ItemCode=code, QuantityOnHand="100000", StandardUnitPrice="19.950000")
    number = 5000
    while True:
        number += 1
        short = f"SHORT-{number}"
        await desk.act("add-item", ItemCode=short, QuantityOnHand=str(rng.randint(0, 9)), StandardUnitPrice="10.000000")
        web = Web.placed(rng, number, 5001, [*PLENTY, short] if rng.random() < 1 / 2 else PLENTY)
        env = sage.mapping_env(
            desk.settings,
            stock__unavailable=rng.choice(["hold", "back-order", "partial"]),
            credit=rng.choice(["check", "check", "ignore"]),
            tax=rng.choice(["header", "line"]),
            discount=rng.choice(["header", "line"]),
            cancel=rng.choice(["delete", "hold"]),
        )
        first = web.sage()
        if rng.random() < 1 / 4:
            yield await _customer_to_sage(desk, first, env)
        yield await _to_sage(desk, first, env)
        for _ in range(rng.randint(0, 3)):
            kind = rng.choice(["pay", "edit", "edit", "cancel", "release", "same"])
            status = {"pay": "paid", "cancel": "cancelled"}.get(kind, first["status"])
            record = web.sage(status=status) if kind == "edit" else {**first, "status": status}
            yield await _to_sage(desk, record, env, released="*" if kind == "release" else "")


async def _customer_to_sage(desk: Desk, order: Record, env: MappingEnv) -> None:
    """The buyer of an order, as the shop tells of them by themselves."""
    names = {name: order["customer"][name] for name in ("email", "first_name", "last_name")}
    record = sage_customer(**names, id=order["customer_id"], addresses=[order["bill_to"]])
    payload = sage.mapping("customer.from-canonical")({"customer": record}, env)
    await desk.give("customer", record, payload, **env.policies)


async def _to_sage(desk: Desk, record: Record, env: MappingEnv, released: str = "") -> None:
    payload = sage.mapping("order.from-canonical")({"order": record}, env)
    await desk.give("order", record, payload, released=released, **env.policies)
