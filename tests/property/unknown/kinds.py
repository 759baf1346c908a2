"""Kinds of writes that must not happen twice, one class each: how one is made, and how often it is in the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Link, Sink, Task, Wait
from tests.contract.conformance.desk import SEED, subject
from tests.property.unknown.wire import LossyWire
from tests.property.unknown.worker import Write
from tests.unit.clarity import tasks as clarity
from tests.unit.infor import world as infor
from tests.unit.prestashop import tasks as prestashop
from tests.unit.sage100 import world as sage

Rows = list[dict[str, Any]]


class Kind:
    """`pattern`: the request that creates. `enforced`: does the target refuse a second one by a key of ours?"""

    name: str
    system: str
    pattern: str
    enforced: bool
    options: Mapping[str, Any] = {}
    changed: Mapping[str, Any] = {}

    def __init__(self, clock: Any) -> None:
        import importlib  # noqa: PLC0415 - the module is named by the kind

        self._clock = clock
        self.subject = subject(self.system)
        module = importlib.import_module(f"penstock.connectors.{self.system}.sandbox")
        options = {**self.subject.facts.options, **self.options}
        self.app = module.create(None, SEED, options)
        self.settings = self.subject.settings(**self.changed)

    def wire(self) -> LossyWire:
        return LossyWire(self.app, self.pattern)

    def sink(self, wire: LossyWire) -> Sink:
        return self.subject.spec.sink(self.settings, Budget(BudgetSettings(concurrency=4), self._clock), transport=wire)

    async def act(self, action: str, **given: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.app.sandbox.actions[action](given)
        return made

    def rows(self, collection: str) -> Rows:
        found: Rows = self.app.sandbox.collections[collection]()
        return found

    async def open(self) -> None:
        """Whatever all writes need."""

    async def write(self, number: int) -> Write:
        raise NotImplementedError

    def counts(self) -> Counter[str]:
        """Key of a write -> how often its document is there."""
        raise NotImplementedError

    async def close(self) -> None:
        await self.app.sandbox.settle()
        self.app.sandbox.storage.close()


async def requested(sink: Sink, record: Mapping[str, Any], payload: Mapping[str, Any], policies: Any = None) -> Wait:
    """The customer that an order asks for."""
    task = Task("order", record, payload, "event", None, infor.LookupTable(), policies=policies or {})
    decision = await sink.handlers["order"].plan(task)
    assert isinstance(decision, Wait), decision
    return decision


class InforOrder(Kind):
    name, system, enforced = "Infor order (CoNum, CoLine)", "infor", True
    pattern = r'POST .*/update/SLCo(s|items) .*"Action":1'
    sku = "APR-STR"

    async def open(self) -> None:
        sink = self.sink(self.wire())
        record = self._record(1)
        request = (await requested(sink, record, infor.payload_of(record, given=self.settings))).request
        assert request is not None
        run = await infor.apply(sink.handlers["customer-request"], infor.LookupTable(), request.body, request.body)
        assert len(run.links) == 2, run
        self._links = tuple(run.links)
        await sink.close()

    def _record(self, number: int) -> dict[str, Any]:
        record = infor.canonical_order([infor.line(1, self.sku, "2", "39.90", "3.29")], str(number))
        record["id"] = f"order-{number}"
        return record

    async def write(self, number: int) -> Write:
        record = self._record(number)
        payload = infor.payload_of(record, given=self.settings)
        return Write("order", record["reference"], record, payload, self._links)

    def counts(self) -> Counter[str]:
        """An order with one line is one; a second line would be one too many."""
        lines = Counter(row["CoNum"] for row in self.rows("lines"))
        found: Counter[str] = Counter()
        for row in self.rows("orders"):
            found[row["ExternalConfirmationRef"] or ""] += max(lines[row["CoNum"]], 1)
        return found


class InforCustomer(InforOrder):
    name, enforced = "Infor customer (probe by e-mail)", False
    pattern = r'POST .*/update/SLCustomers .*"CustSeq","Value":"0"'

    async def open(self) -> None:
        return None

    async def write(self, number: int) -> Write:
        email = f"buyer{number}@example.com"
        given = subject("infor").facts.write
        assert given is not None
        body = given.record | {"customer_id": f"customer-{number}", "reference": f"PS1-{number}"}
        body["customer"] = body["customer"] | {"CustomerEmailAddr": email}
        return Write("customer-request", email, body, body)

    def counts(self) -> Counter[str]:
        return Counter(row["CustomerEmailAddr"] or "" for row in self.rows("customers") if str(row["CustSeq"]) == "0")


class SageOrder(Kind):
    name, system, enforced = "Sage 100 order (SalesOrderNo)", "sage100", True
    pattern = r"POST /sage100/v1/SO/SalesOrder "
    changed: Mapping[str, Any] = {"division": "01", "salesperson_division": "01", "terms_code": "01"}
    sku = "TST-LAMP"

    async def open(self) -> None:
        await self.act("add-item", ItemCode=self.sku, QuantityOnHand="1000000", StandardUnitPrice="19.950000")
        self._env = sage.mapping_env(self.settings, credit="ignore")
        sink = self.sink(self.wire())
        write = await self.write(1)
        request = (await requested(sink, write.record, write.payload, self._env.policies)).request
        assert request is not None
        body = {**request.body, "customer_id": request.customer_id}
        run = await infor.apply(sink.handlers["customer-request"], infor.LookupTable(), body, body)
        assert run.links, run
        self._links = tuple(run.links)
        await sink.close()

    _links: tuple[Link, ...] = ()

    async def write(self, number: int) -> Write:
        record = sage.sage_order([sage.line(1, self.sku, "2", "39.90", "3.39")], str(number))
        record["id"] = f"order-{number}"
        payload = sage.mapping("order.from-canonical")({"order": record}, self._env)
        return Write("order", record["reference"], record, payload, self._links, self._env.policies)

    def counts(self) -> Counter[str]:
        return Counter(row["UDF_PENSTOCK_REF"] or "" for row in self.rows("sales_orders"))


class SageCustomer(Kind):
    name, system, enforced = "Sage 100 customer (CustomerNo)", "sage100", True
    pattern = r"POST /sage100/v1/AR/Customer "

    async def write(self, number: int) -> Write:
        email = f"buyer{number}@example.com"
        given = subject("sage100").facts.write
        assert given is not None
        body = given.record | {"customer_id": f"customer-{number}", "reference": f"CL1-{number}"}
        names = {"CustomerName": f"Q{number:x} Z{number * 7919:x}", "EmailAddress": email}
        body["customer"] = body["customer"] | names | {"AddressLine1": f"{number} Mill Lane"}
        return Write("customer-request", email, body, body)

    def counts(self) -> Counter[str]:
        return Counter(row["EmailAddress"] or "" for row in self.rows("customers"))


class ClarityStatus(Kind):
    name, system, enforced = "Clarity status (Idempotency-Key)", "clarity", True
    pattern = r"POST /api/v1/sales-orders/\d+/status"

    async def write(self, number: int) -> Write:
        placed = await self.act("place-order", paid=True, currency="USD", lines=[{"sku": "POT-BRS", "quantity": 2}])
        task = clarity.status(number=None, order_reference=f"CL1-{placed['id']}", id=f"status-{placed['id']}")
        return Write("order-status", str(placed["id"]), task.record, task.payload)

    def counts(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for row in self.rows("orders"):
            found[str(row["id"])] = sum(change["to"] == "Processing" for change in row["statusHistory"])
        return found


class ClarityShipment(Kind):
    name, system, enforced = "Clarity shipment (customKey)", "clarity", True
    pattern = r"POST /api/v1/shipments "

    async def write(self, number: int) -> Write:
        placed = await self.act("place-order", paid=True, currency="USD", lines=[{"sku": "POT-BRS", "quantity": 2}])
        key = f"DLV-{number}"
        given = {"key": key}
        native = f"CL1-{placed['id']}"
        task = clarity.shipment((None, "POT-BRS", "1"), payload=given, order_reference=native, id=f"shipment-{number}")
        return Write("shipment", key, task.record, task.payload)

    def counts(self) -> Counter[str]:
        return Counter(str(row["customKey"]) for row in self.rows("shipments"))


class ShopState(Kind):
    name, system, enforced = "PrestaShop order state (probe)", "prestashop", False
    pattern = r"POST /api/order_histories"

    async def _placed(self, *, paid: bool) -> str:
        placed = await self.act("place-order", country="FR", currency="EUR", payment="ps_wirepayment")
        if paid:
            await self.act("pay-order", id=placed["id"])
        return str(placed["id"])

    async def write(self, number: int) -> Write:
        native = await self._placed(paid=True)
        task = prestashop.status(order_reference=f"PS1-{native}", id=f"status-{native}")
        return Write("order-status", native, task.record, task.payload)

    def counts(self) -> Counter[str]:
        return Counter(str(row["id_order"]) for row in self.rows("order_histories") if int(row["id_order_state"]) == 3)


class ShopPayment(ShopState):
    name = "PrestaShop part payment (probe)"
    pattern = r"POST /api/order_payments"

    async def write(self, number: int) -> Write:
        native = await self._placed(paid=False)
        key = f"DALS:INV{number}/2"
        payload = {"transaction_id": key, "amount": Decimal("1.00")}
        task = prestashop.payment("1.00", payload=payload, order_reference=f"PS1-{native}", id=f"payment-{number}")
        return Write("payment", key, task.record, task.payload)

    def counts(self) -> Counter[str]:
        return Counter(str(row["transaction_id"]) for row in self.rows("order_payments"))


class ShopPaid(ShopState):
    name = "PrestaShop paid state (probe)"

    async def write(self, number: int) -> Write:
        native = await self._placed(paid=False)
        key = f"DALS:INV{number}/2"
        payload = {"transaction_id": key, "amount": Decimal("100000.00")}
        task = prestashop.payment("1.00", payload=payload, order_reference=f"PS1-{native}", id=f"payment-{number}")
        return Write("payment", native, task.record, task.payload)

    def counts(self) -> Counter[str]:
        return Counter(str(row["id_order"]) for row in self.rows("order_histories") if int(row["id_order_state"]) == 2)


KINDS: Sequence[type[Kind]] = (
    InforOrder,
    InforCustomer,
    SageOrder,
    SageCustomer,
    ClarityStatus,
    ClarityShipment,
    ShopState,
    ShopPayment,
    ShopPaid,
)
