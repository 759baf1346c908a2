"""Orders that other hands entered before penstock took over, in both ERPs: taken over once, never booked again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import httpx
import pytest
from tests.integration import infor_site, sage100_site
from tests.unit.infor.world import Run, line

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Done, Hold, Settled
from penstock.connectors.infor.sink import InforSink

LAMP = "TST-LAMP"


class Erp(Protocol):
    """A company, and a buyer of the shop whose order may be there."""

    def record(self, **changes: Any) -> dict[str, Any]: ...
    async def enter(self, record: dict[str, Any], quantity: str = "2") -> str:
        """As a clerk: the number of the document. Another quantity, another total."""
        ...

    async def apply(self, record: dict[str, Any], **options: Any) -> Run: ...
    def documents(self, record: dict[str, Any]) -> dict[str, str]:
        """With the shop's number: their numbers -> our references in them."""
        ...

    def complete(self, native_id: str) -> None: ...
    def refer(self, native_id: str, reference: str) -> None: ...


class Infor:
    def __init__(self, site: infor_site.Site) -> None:
        self.site = site
        self.sink = InforSink(site.settings(), Budget(BudgetSettings(concurrency=8)))
        self.shop = infor_site.Shop(self.sink)

    def record(self, **changes: Any) -> dict[str, Any]:
        return self.shop.order(**{"number": f"WEB-{self.shop.native_id}", **changes})

    async def enter(self, record: dict[str, Any], quantity: str = "2") -> str:
        clerk = infor_site.Shop(self.sink)
        net = f"{Decimal(quantity) * Decimal('19.95'):f}"
        entered = clerk.order([line(1, infor_site.A, quantity, net, "3.29")], number=record["number"])
        assert isinstance((await clerk.book(entered)).end, Done)
        self.refer(clerk.co_num, "")
        return clerk.co_num

    async def apply(self, record: dict[str, Any], **options: Any) -> Run:
        return await self.shop.book(record, **options)

    def documents(self, record: dict[str, Any]) -> dict[str, str]:
        rows = self.site.state("orders", CustPo=record["number"])
        return {row["CoNum"].strip(): row["ExternalConfirmationRef"] or "" for row in rows}

    def complete(self, native_id: str) -> None:
        self.site.act("ship", CoNum=native_id)
        self.site.act("invoice", CoNum=native_id)
        assert self.site.state("orders", CoNum=native_id)[0]["Stat"] == "C"

    def refer(self, native_id: str, reference: str) -> None:
        self.site.act("change-order", CoNum=native_id, ExternalConfirmationRef=reference)


class Sage(sage100_site.Buyer):
    def record(self, **changes: Any) -> dict[str, Any]:
        lines = [line(1, LAMP, "2", "39.90", "3.39")]
        return self.order(lines, **{"number": f"WEB-{self.native_id}", **changes})

    async def enter(self, record: dict[str, Any], quantity: str = "2") -> str:
        customer = self.site.state("customers")[0]
        lamp = {"ItemCode": LAMP, "WarehouseCode": "001", "QuantityOrdered": quantity, "UnitPrice": "19.950000"}
        entered = self.site.act(
            "enter-order",
            OrderDate="2026-02-03",
            ARDivisionNo=customer["ARDivisionNo"],
            CustomerNo=customer["CustomerNo"],
            CustomerPONo=record["number"],
            WarehouseCode="001",
            ConfirmTo="A clerk",
            TermsCode="00",
            TaxSchedule="DEFAULT",
            FreightAmt=f"{record['shipping']['net']:.2f}",
            SalesTaxAmt="3.39",
            Lines=[lamp],
        )
        return str(entered["SalesOrderNo"])

    def documents(self, record: dict[str, Any]) -> dict[str, str]:
        rows = self.site.state("sales_orders", CustomerPONo=record["number"])
        return {row["SalesOrderNo"]: row.get("UDF_PENSTOCK_REF", "") for row in rows}

    def complete(self, native_id: str) -> None:
        self.site.act("close-order", SalesOrderNo=native_id)

    def refer(self, native_id: str, reference: str) -> None:
        url = f"{self.given.base_url}/sage100/v1/SO/SalesOrder/{native_id}"
        company, clerk = {"x-sage-company": "ABC"}, ("webshop", "sandbox-password")
        answer = httpx.patch(url, json={"UDF_PENSTOCK_REF": reference}, headers=company, auth=clerk)
        assert answer.status_code == 200, answer.text


@dataclass(frozen=True)
class Sites:
    infor: infor_site.Site
    sage100: sage100_site.Site


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Any:
    infor, sage = tmp_path_factory.mktemp("infor"), tmp_path_factory.mktemp("sage100")
    with infor_site.serve(infor) as one, sage100_site.serve(sage) as other:
        other.act("add-item", ItemCode=LAMP, QuantityOnHand="1000", StandardUnitPrice="19.950000")
        yield Sites(one, other)


@pytest.fixture(params=["infor", "sage100"])
async def erp(sites: Sites, request: pytest.FixtureRequest) -> AsyncIterator[Erp]:
    made: Any = Infor(sites.infor) if request.param == "infor" else Sage(sites.sage100)
    yield made
    await made.sink.close()


async def test_it_is_taken_over_with_our_reference_and_found_again_by_its_own_number(erp: Erp):
    record = erp.record()
    there = await erp.enter(record)

    run = await erp.apply(record, may_be_there=True)

    assert isinstance(run.end, Done), run.end
    assert run.native_id == there
    assert erp.documents(record) == {there: record["reference"]}
    again = await erp.apply(record, may_be_there=True, resuming=True)
    assert isinstance(again.end, Settled), again.end
    assert again.end.native_id == there
    assert erp.documents(record) == {there: record["reference"]}


async def test_the_others_are_booked(erp: Erp):
    record = erp.record()
    run = await erp.apply(record, may_be_there=True)
    assert isinstance(run.end, Done), run.end
    assert list(erp.documents(record).values()) == [record["reference"]]


async def test_a_complete_one_is_known_by_its_number_and_left_as_it_is(erp: Erp):
    record = erp.record(status="delivered")
    there = await erp.enter(record)
    erp.complete(there)
    run = await erp.apply(record, may_be_there=True)
    assert isinstance(run.end, Settled), run.end
    assert [link.native_id for link in run.end.links] == [there]
    assert erp.documents(record) == {there: ""}


async def test_one_of_another_total_is_held_until_a_person_has_decided(erp: Erp):
    record = erp.record()
    there = await erp.enter(record, quantity="3")

    held = (await erp.apply(record, may_be_there=True)).end
    assert isinstance(held, Hold)
    assert held.rule == "adoption"
    assert there in held.reason
    assert len(held.arithmetic) == 2
    assert erp.documents(record) == {there: ""}

    erp.refer(there, record["reference"])
    assert isinstance((await erp.apply(record, may_be_there=True)).end, Settled)


async def test_released_it_is_booked_anew(erp: Erp):
    record = erp.record()
    there = await erp.enter(record, quantity="3")
    run = await erp.apply(record, may_be_there=True, released=("adoption",))
    assert isinstance(run.end, Done), run.end
    assert len(erp.documents(record)) == 2
    assert erp.documents(record)[there] == ""


async def test_one_entered_twice_is_held(erp: Erp):
    record = erp.record()
    there = {await erp.enter(record), await erp.enter(record)}
    held = (await erp.apply(record, may_be_there=True)).end
    assert isinstance(held, Hold)
    assert all(each in held.reason for each in there)


@pytest.mark.parametrize("status", ["shipped", "delivered"])
async def test_goods_that_have_left_are_never_sent_again_by_themselves(erp: Erp, status: str):
    record = erp.record(status=status)
    held = (await erp.apply(record, may_be_there=True)).end
    assert isinstance(held, Hold)
    assert "sent once more" in held.reason
    assert erp.documents(record) == {}


async def test_one_that_was_cancelled_in_the_shop_alone_is_for_a_person(erp: Erp):
    record = erp.record(status="cancelled")
    there = await erp.enter(record)
    held = (await erp.apply(record, may_be_there=True)).end
    assert isinstance(held, Hold)
    assert there in held.reason
    gone = erp.record(status="cancelled", number="WEB-NEVER-ENTERED")
    assert isinstance((await erp.apply(gone, may_be_there=True)).end, Settled)


async def test_a_later_change_of_it_does_not_book_another(erp: Erp):
    record = erp.record()
    there = await erp.enter(record)
    await erp.apply(record, may_be_there=True)
    changed = {**record, "status": "cancelled"}
    await erp.apply(changed, previous=there)
    assert set(erp.documents(record)) <= {there}
