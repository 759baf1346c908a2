"""What the sinks take from the flow: payloads by policy, fields of other masters, demand of all shops."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.connectors.contract import Handler, Lookup
from penstock.log.xref import XrefStore
from penstock.records.ids import canonical_id
from penstock.sinks.main import OwnedElsewhere, Payloads, open_demand
from penstock.sinks.model import Item
from tests.unit.flow.world import ROUTES, Flows, resource_of

CUSTOMERS = ROUTES | {"shop-fr": {"customer": ["dallas", "paris"]}, "dallas": {"customer": ["shop-fr"]}}


@pytest.fixture
def flows(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Flows:
    monkeypatch.setattr("penstock.flow.load.resource", resource_of(tmp_path))
    return Flows(tmp_path)


def item(entity: str = "customer", **record: Any) -> Item:
    given: Any = SimpleNamespace(entity=entity, record=record)
    return given


class Handles:
    mapping = "customer.from-canonical"


def payload(flows: Flows, alias: str, currency: str) -> Any:
    folder = flows.write() / "mappings" / "infor"
    folder.mkdir(parents=True, exist_ok=True)
    text = "override: customer.from-canonical\nfields:\n  Name: 'policy(\"customers.create\")'\n"
    (folder / "customer.from-canonical.yaml").write_text(text)
    rows = [{"when": 'customer.currency == "USD"', "use": "review"}, {"use": "auto"}]
    flow = flows.load(routes=CUSTOMERS, policies={"customers.create": rows})
    handler: Handler = Handles()  # type: ignore[assignment]  # only the name of its mapping is asked for
    lookup: Lookup = SimpleNamespace()  # type: ignore[assignment]  # this mapping crosses no reference
    record = {"currency": currency, "first_name": "A", "last_name": "B", "email": "a@b.example", "addresses": []}
    record |= {"phone": "1", "vat_number": "2"}
    return Payloads(flow, flow.systems[alias])(item(**record), handler, lookup)


def test_a_payload_has_the_policies_of_its_own_record(flows: Flows) -> None:
    assert payload(flows, "dallas", "USD")["Name"] == "review"
    assert payload(flows, "paris", "EUR")["Name"] == "auto"


def test_a_target_is_told_which_fields_it_is_the_master_of(flows: Flows) -> None:
    owned = {"customer": {"master": "shop-fr", "fields": {"email": "dallas"}}}
    flow = flows.load(routes=CUSTOMERS, ownership=owned)
    assert OwnedElsewhere(flow, flow.systems["dallas"])(item()) == {"CustomerEmailAddr"}
    assert OwnedElsewhere(flow, flow.systems["paris"])(item()) == frozenset()
    assert OwnedElsewhere(flow, flow.systems["dallas"])(item("customer-request")) == frozenset()


def test_the_demand_of_all_shops_is_followed_for_all_erps(flows: Flows) -> None:
    demand = open_demand(flows.load(), XrefStore(), None)  # type: ignore[arg-type]  # nothing is read from the log here
    at = datetime(2026, 3, 4, tzinfo=UTC)
    for instance in ("1", "2", "9"):
        source = {"system": "prestashop", "instance": instance, "observed_at": at}
        line = {"sku": "A", "quantity": Decimal(2)}
        record = {
            "id": canonical_id("prestashop", instance, "order", "41"),
            "source": source,
            "status": "paid",
            "deleted_at": None,
            "placed_at": at,
            "lines": [line],
        }
        demand.take_order(record, ["infor:PARI"])
    shop = demand.of(("prestashop", "1"))
    assert shop.unbooked("A", at, ("infor", "PARI")) == 4, "the third shop is not of this flow"
    assert shop.unbooked("A", at, ("infor", "DALS")) == 0
