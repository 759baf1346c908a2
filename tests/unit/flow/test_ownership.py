"""Who is the master of what: payload fields that a target keeps as they are there."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.flow.load import FlowError
from penstock.flow.ownership import not_ours, ownership_table
from penstock.mapping import compile_mapping
from tests.unit.flow.world import ROUTES, Flows

BOTH_WAYS = ROUTES | {"shop-fr": {"customer": ["dallas"]}, "dallas": {"customer": ["shop-fr"]}}


def test_without_ownership_every_field_is_ours(flows: Flows) -> None:
    assert not_ours(flows.load(), "customer", "dallas") == frozenset()


def test_what_the_target_is_the_master_of_is_not_ours(flows: Flows) -> None:
    owned = {"customer": {"master": "shop-fr", "fields": {"phone": "dallas", "credit_limit": "dallas"}}}
    flow = flows.load(routes=BOTH_WAYS, ownership=owned)
    # Phone_1 is the customer's phone or that of its only address: part of it is the ERP's
    assert not_ours(flow, "customer", "dallas") == {"Phone_1"}
    assert not_ours(flow, "customer", "shop-fr") == {"company"}
    assert not_ours(flow, "customer", "paris") == frozenset()


def test_all_of_an_entity_may_be_the_targets(flows: Flows) -> None:
    flow = flows.load(routes=BOTH_WAYS, ownership={"customer": {"master": "dallas"}})
    mapping = flow.mappings["dallas", "from", "customer"]
    assert not_ours(flow, "customer", "dallas") == set(mapping.origins)
    assert not_ours(flow, "customer", "shop-fr") == frozenset()


def test_fields_alone_may_have_a_master(flows: Flows) -> None:
    flow = flows.load(routes=BOTH_WAYS, ownership={"customer": {"fields": {"email": "dallas"}}})
    assert not_ours(flow, "customer", "dallas") == {"CustomerEmailAddr"}
    assert [(row.field, row.master) for row in ownership_table(flow)] == [("email", "dallas")]


def test_the_table_says_what_each_field_becomes_in_each_target(flows: Flows) -> None:
    owned = {"customer": {"master": "shop-fr", "fields": {"credit_limit": "dallas"}}}
    rows = {row.field: row for row in ownership_table(flows.load(routes=BOTH_WAYS, ownership=owned))}
    assert "id" not in rows
    assert rows["credit_limit"].master == "dallas"
    assert rows["credit_limit"].payload == {"shop-fr": ("outstanding_allow_amount",), "dallas": ()}
    assert rows["addresses"].payload["dallas"][:3] == ("Name", "Addr_1", "Addr_2")


@pytest.mark.parametrize(
    ("ownership", "said"),
    [
        ({"customers": {"master": "dallas"}}, "ownership.customers: there is no canonical record 'customers'"),
        ({"customer": {"master": "lyon"}}, "ownership.customer: 'lyon' is not one of the flow's systems"),
        ({"customer": {"fields": {"mail": "dallas"}}}, "customer has no field 'mail'; did you mean 'email'"),
        ({"customer": {"fields": {"id": "dallas"}}}, "customer has no field 'id'"),
        ({"customer": {"owner": "dallas"}}, "ownership.customer.owner"),
    ],
)
def test_what_is_not_right_is_refused(flows: Flows, ownership: Any, said: str) -> None:
    with pytest.raises(FlowError, match=said):
        flows.load(ownership=ownership)


# --- where a value comes from

MAPPING = """
from: Order
to: x.order
let:
  place: order.ship_to
  person: join(" ", place.first_name, place.last_name)
  everything: order
fields:
  number: order.number
  fixed: '"R"'
  reference: order.source.native_id
  header:
    fields:
      name: person
      either: order.customer_po or everything.number
      inner:
        fields:
          currency: order.currency if order.totals.gross > 0 else "EUR"
  lines:
    for: line in order.lines
    where: order.status == "paid"
    let:
      price: line.net / line.quantity
    fields:
      price: price
      currency: order.currency
  skus: '[line.sku for line in order.lines if order.shop == "x"]'
  first: first(line.sku for line in order.lines)
  when:
    when: order.language == "fr"
    value: order.terms
"""


def test_origins_go_through_lets_loops_and_nested_objects_and_leave_conditions_out() -> None:
    found = {path: sorted(fields) for path, fields in compile_mapping("order.from-canonical", MAPPING).origins.items()}
    assert found == {
        "number": ["number"],
        "fixed": [],
        "reference": ["source"],
        "header.name": ["ship_to"],
        "header.either": ["customer_po", "number"],
        "header.inner.currency": ["currency"],
        "lines": ["currency", "lines"],
        "skus": ["lines"],
        "first": ["lines"],
        "when": ["terms"],
    }


def test_a_mapping_that_takes_the_whole_record_takes_every_field() -> None:
    text = "from: Order\nto: x.order\nfields:\n  all: order\n"
    assert compile_mapping("order.from-canonical", text).origins == {"all": {"*"}}


def test_an_object_that_is_the_targets_in_all_its_fields_is_named_too(flows: Flows) -> None:
    # every field of the order's header and lines comes from something that Infor would be the master of
    flow = flows.load(ownership={"order": {"master": "dallas"}})
    found = not_ours(flow, "order", "dallas")
    assert {"header", "header.CustPo", "lines", "customer"} <= found
    # the fields that name the document are nobody's
    assert "order_number" not in found
