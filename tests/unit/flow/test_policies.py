"""Policies: typed, with defaults, and by conditions over the canonical record."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from penstock.flow.load import FlowError
from penstock.flow.policies import policies_for
from penstock.flow.policy_list import POLICIES
from penstock.mapping import MappingError
from tests.unit.flow.world import Flows


def order(country: str = "FR", gross: str = "100", **more: Any) -> dict[str, Any]:
    return {"totals": {"gross": Decimal(gross)}, "ship_to": {"country_code": country}, "currency": "EUR"} | more


def test_without_policies_every_one_has_its_default(flows: Flows) -> None:
    flow = flows.load()
    assert policies_for(flow, "order", order()) == {name: spec.default for name, spec in POLICIES.items()}


def test_every_default_is_one_of_its_values() -> None:
    assert all(spec.default in spec.values and spec.doc for spec in POLICIES.values())


def test_a_literal_is_for_every_record(flows: Flows) -> None:
    flow = flows.load(policies={"tax": "line", "customers.match_name": False})
    for entity in ("order", "stock-level"):
        found = policies_for(flow, entity, {})
        assert (found["tax"], found["customers.match_name"]) == ("line", False)


def test_the_first_row_that_fits_counts(flows: Flows) -> None:
    rows = [
        {"when": 'order.ship_to.country_code in ["DE", "AT"]', "use": "partial"},
        {"when": "order.totals.gross > 1000", "use": "back-order"},
        {"use": "hold"},
    ]
    flow = flows.load(policies={"stock.unavailable": rows})
    by = {
        (country, gross): policies_for(flow, "order", order(country, gross))["stock.unavailable"]
        for country, gross in (("DE", "5000"), ("FR", "5000"), ("FR", "1000"))
    }
    assert by == {("DE", "5000"): "partial", ("FR", "5000"): "back-order", ("FR", "1000"): "hold"}


def test_amounts_may_be_compared_in_one_currency(flows: Flows) -> None:
    when = 'convert(order.totals.gross, order.currency, "USD", order.placed_at) > 110'
    place = flows.write()
    rates = 'base: EUR\nmax_age_days: 7\nrounding: {mode: half_up}\nrates:\n  2026-03-02: {USD: "1.2"}\n'
    (place / "rates.yaml").write_text(rates)
    flow = flows.load(policies={"credit": [{"when": when, "use": "check"}, {"use": "ignore"}]})
    on = {"placed_at": datetime(2026, 3, 4, tzinfo=UTC)}
    assert policies_for(flow, "order", order(gross="100", **on))["credit"] == "check"
    assert policies_for(flow, "order", order(gross="90", **on))["credit"] == "ignore"


def test_a_row_about_orders_is_not_for_customers(flows: Flows) -> None:
    rows = [
        {"when": 'order.currency == "EUR"', "use": "auto"},
        {"when": 'customer.currency == "USD"', "use": "auto"},
        {"use": "review"},
    ]
    flow = flows.load(policies={"customers.create": rows})
    assert policies_for(flow, "order", order())["customers.create"] == "auto"
    assert policies_for(flow, "customer", {"currency": "EUR"})["customers.create"] == "review"
    assert policies_for(flow, "customer", {"currency": "USD"})["customers.create"] == "auto"


def test_a_condition_that_looks_into_null_does_not_hold(flows: Flows) -> None:
    rows = [{"when": 'order.ship_to.country_code != "FR"', "use": "back-order"}, {"use": "hold"}]
    flow = flows.load(policies={"stock.unavailable": rows})
    assert policies_for(flow, "order", order() | {"ship_to": None})["stock.unavailable"] == "hold"


def test_a_condition_that_cannot_work_with_a_value_names_its_line(flows: Flows) -> None:
    rows = [{"when": "decimal(order.extras.weight) > 30", "use": "partial"}, {"use": "hold"}]
    flow = flows.load(policies={"stock.unavailable": rows})
    with pytest.raises(MappingError, match=r"flow\.yaml:\d+: policies\.stock\.unavailable: .*heavy"):
        policies_for(flow, "order", order(extras={"weight": "heavy"}))


def test_a_customer_request_has_the_policies_of_who_asked(flows: Flows) -> None:
    flow = flows.load(policies={"customers.create": "review"})
    assert policies_for(flow, "customer-request", {})["customers.create"] == "review"
    body = {"policies": {"customers.create": "auto"}}
    assert policies_for(flow, "customer-request", body)["customers.create"] == "auto"


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ({"taxes": "line"}, "flow.yaml: policies: there is no policy 'taxes'; did you mean 'tax'"),
        ({"customers": {"create": "auto"}}, "there is no policy 'customers'"),
        ({"tax": "lines"}, "tax: lines is none of header, line, schedule"),
        ({"customers.match_name": "yes"}, "customers.match_name: yes is none of true, false"),
        ({"credit": True}, "credit: true is none of check, ignore"),
        ({"tax": [{"when": "order.totals.tax > 0", "use": "line"}]}, "policies.tax: the last row has no `when`"),
        ({"tax": [{"use": "line"}, {"use": "header"}]}, "only the last row may be without `when`"),
        ({"tax": []}, "the last row has no `when`"),
        (
            {"tax": [{"when": "order.total > 0", "use": "line"}, {"use": "header"}]},
            r"flow\.yaml:\d+: policies\.tax: there is no order\.total; did you mean 'totals'",
        ),
        ({"tax": [{"when": "odrer.currency == 'EUR'", "use": "line"}, {"use": "header"}]}, "did you mean 'order'"),
        (
            {"tax": [{"when": "order.currency == customer.currency", "use": "line"}, {"use": "header"}]},
            "it asks of customer and order",
        ),
        ({"tax": [{"when": "order.totals.gross > '5'", "use": "line"}, {"use": "header"}]}, "decimal is compared with"),
        ({"tax": [{"when": 'xref("order", order.id) == "1"', "use": "line"}, {"use": "header"}]}, "no function 'xref'"),
        ({"tax": [{"when": "order.currency ==", "use": "line"}, {"use": "header"}]}, "policies.tax: `order.currency"),
        ({"tax": [{"when": 'setting("nix") == 1', "use": "line"}, {"use": "header"}]}, "there is no setting 'nix'"),
        ({"tax": [{"when": 'code("nix", "1") == 1', "use": "line"}, {"use": "header"}]}, "no code table 'nix'"),
    ],
)
def test_what_is_not_right_is_refused_with_its_place(flows: Flows, policies: dict[str, Any], said: str) -> None:
    with pytest.raises(FlowError, match=said):
        flows.load(policies=policies)


# --- in mappings


def payload_of(flows: Flows, expression: str, **blocks: Any) -> Any:
    place = flows.write(**blocks)
    folder = place / "mappings" / "infor"
    folder.mkdir(parents=True, exist_ok=True)
    text = f"override: customer.from-canonical\nfields:\n  Name: '{expression}'\n"
    (folder / "customer.from-canonical.yaml").write_text(text)
    flow = flows.load(**blocks)
    return flow.mappings["dallas", "from", "customer"]


def test_a_mapping_asks_for_a_policy_by_its_name(flows: Flows) -> None:
    mapping = payload_of(flows, 'policy("customers.create")')
    assert mapping.policies == {"customers.create"}


def test_a_mapping_that_asks_for_a_policy_that_there_is_not_is_refused(flows: Flows) -> None:
    with pytest.raises(FlowError, match=r"there is no policy 'customers\.creat'; did you mean 'customers\.create'"):
        payload_of(flows, 'policy("customers.creat")')


def test_a_canonical_record_does_not_depend_on_policies(flows: Flows) -> None:
    place = flows.write()
    folder = place / "mappings" / "prestashop"
    folder.mkdir(parents=True)
    text = "override: customer.to-canonical\nfields:\n  company: 'policy(\"tax\")'\n"
    (folder / "customer.to-canonical.yaml").write_text(text)
    with pytest.raises(FlowError, match=r"policy\(\) is not for to-canonical mappings"):
        flows.load()
