"""Routes: a list of systems, or the first row whose condition holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from penstock.flow.load import Flow, FlowError
from tests.unit.flow.world import ROUTES, Flows, only


def order(country: str = "FR", gross: str = "100", skus: tuple[str, ...] = ("A-1",), shop: str = "main") -> Any:
    return {
        "shop": shop,
        "totals": {"gross": Decimal(gross)},
        "ship_to": {"country_code": country},
        "lines": [{"sku": sku} for sku in skus],
        "source": {"system": "prestashop", "instance": "1"},
    }


def targets(flow: Flow, record: Any, alias: str = "shop-fr") -> tuple[str, ...]:
    return flow.route(alias, "order").targets("order", record, flow.condition_env)


def test_a_plain_list_is_for_every_document(flows: Flows) -> None:
    flow = flows.load(routes={"shop-fr": {"order": ["dallas", "paris"]}})
    assert targets(flow, order()) == ("infor:DALS", "infor:PARI")
    assert not flow.route("shop-fr", "order").conditional


def test_an_empty_list_and_no_list_are_nowhere(flows: Flows) -> None:
    flow = flows.load(routes={"shop-fr": {"order": []}})
    assert targets(flow, order()) == ()
    assert targets(flow, order(), "shop-de") == ()


@pytest.mark.parametrize(
    ("when", "here", "elsewhere"),
    [
        ('order.ship_to.country_code in ["DE", "AT"]', order("AT"), order("FR")),
        ("order.totals.gross >= 1000", order(gross="1000"), order(gross="999.99")),
        ('"BULKY" in [line.sku for line in order.lines]', order(skus=("A-1", "BULKY")), order(skus=("A-1",))),
        ('count(line for line in order.lines if starts_with(line.sku, "EU-")) > 0', order(skus=("EU-9",)), order()),
        ('order.shop == "outlet"', order(shop="outlet"), order()),
        ('order.source.instance == "1" and order.totals.gross < 50', order(gross="10"), order()),
        ('decide("company", country=order.ship_to.country_code) == "paris"', order("BE"), order("US")),
    ],
)
def test_country_amount_item_and_shop_decide(flows: Flows, when: str, here: Any, elsewhere: Any) -> None:
    place = flows.write()
    table = "inputs: [country]\nrules:\n  - {when: {country: [FR, BE]}, then: paris}\ndefault: dallas\n"
    (place / "tables" / "company.yaml").write_text(f"doc: which company sells\n{table}")
    flow = flows.load(routes=only({"when": when, "to": ["paris"]}, {"to": ["dallas"]}))
    assert targets(flow, here) == ("infor:PARI",)
    assert targets(flow, elsewhere) == ("infor:DALS",)


def test_the_first_row_that_fits_counts(flows: Flows) -> None:
    rows = (
        {"when": 'order.ship_to.country_code == "FR"', "to": ["paris"]},
        {"when": "order.totals.gross > 50", "to": ["dallas", "paris"]},
        {"to": []},
    )
    flow = flows.load(routes=only(*rows))
    assert targets(flow, order("FR", "100")) == ("infor:PARI",)
    assert targets(flow, order("US", "100")) == ("infor:DALS", "infor:PARI")
    assert targets(flow, order("US", "10")) == ()
    assert flow.route("shop-fr", "order").possible == ("infor:PARI", "infor:DALS")
    assert "order" in flow.entities_to("paris")


def test_a_download_without_address_goes_by_the_next_row(flows: Flows) -> None:
    flow = flows.load(routes=only({"when": 'order.ship_to.country_code != "FR"', "to": ["paris"]}, {"to": ["dallas"]}))
    assert targets(flow, order() | {"ship_to": None}) == ("infor:DALS",)


def test_refunds_follow_orders_only_where_orders_part(flows: Flows) -> None:
    plain = flows.load()
    assert not plain.route("shop-fr", "refund").follows_order
    parted = flows.load(routes=only({"when": "order.totals.gross > 5", "to": ["paris"]}, {"to": ["dallas"]}))
    assert parted.route("shop-fr", "refund").follows_order


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        (only({"when": "order.totals.gross > 5", "to": ["paris"]}), "routes.shop-fr.order: the last row has no `when`"),
        (only({"to": ["paris"]}, {"to": ["dallas"]}), "only the last row may be without `when`"),
        (
            only({"when": "order.total > 5", "to": ["paris"]}, {"to": []}),
            r"\.order: there is no order.total",
        ),
        (only({"when": "customer.email == 'x'", "to": ["paris"]}, {"to": []}), "there is no 'customer' here"),
        (only({"to": ["lyon"]}), "routes.shop-fr.order: 'lyon' is not one of the flow's systems"),
        ({"shop-it": {"order": ["paris"]}}, "routes: 'shop-it' is not one of the flow's systems"),
        ({"shop-fr": {"orders": ["paris"]}}, "there is no canonical record 'orders'; did you mean 'order'"),
        (only({"to": ["paris"], "wen": "1"}), "routes.shop-fr.order.0.wen"),
        (
            {
                "shop-fr": {
                    "order": [{"when": "order.totals.gross > 5", "to": ["paris"]}, {"to": ["dallas"]}],
                    "refund": [{"when": "refund.gross > 5", "to": ["paris"]}, {"to": ["dallas"]}],
                }
            },
            "routes.shop-fr.refund: it goes where its order goes: give a plain list",
        ),
    ],
)
def test_what_is_not_right_is_refused_with_its_place(flows: Flows, routes: Any, said: str) -> None:
    with pytest.raises(FlowError, match=said):
        flows.load(routes=routes)


def test_two_shops_have_routes_of_their_own(flows: Flows) -> None:
    rows = [{"when": "order.totals.gross > 5", "to": ["paris"]}, {"to": ["dallas"]}]
    flow = flows.load(routes=ROUTES | {"shop-de": {"order": rows}})
    assert targets(flow, order(), "shop-fr") == ("infor:DALS",)
    assert targets(flow, order(), "shop-de") == ("infor:PARI",)
