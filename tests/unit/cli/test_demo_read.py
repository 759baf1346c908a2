from dataclasses import replace
from decimal import Decimal

from penstock.cli.demo_report import ErpOrder, ShopOrder
from penstock.cli.pairs import Snapshot
from penstock.cli.pairs.prestashop_infor.read import erp_orders, shop_orders


def test_an_order_of_the_shop_is_read_with_its_history_tracking_payments_and_buyer() -> None:
    found = shop_orders(
        [
            {
                "id": 41,
                "reference": "QWLRTKZPA",
                "id_currency": 2,
                "id_customer": 12,
                "total_paid_tax_incl": "65.760000",
                "current_state": 4,
            }
        ],
        "PS1",
        histories=[
            {"id": 9, "id_order": 41, "id_order_state": 4},
            {"id": 3, "id_order": 41, "id_order_state": 10},
            {"id": 4, "id_order": 42, "id_order_state": 6},
        ],
        carriers=[{"id_order": 41, "tracking_number": "1Z1, 1Z2"}, {"id_order": 42, "tracking_number": None}],
        payments=[
            {"order_reference": "QWLRTKZPA", "amount": "60.000000"},
            {"order_reference": "QWLRTKZPA", "amount": "5.760000"},
        ],
        customers=[{"id": 12, "email": "zoe@mail.example"}],
    )
    assert found == [
        ShopOrder(
            "PS1-41",
            "USD",
            Decimal("65.76"),
            "shipped",
            ("awaiting-payment", "shipped"),
            ("1Z1", "1Z2"),
            Decimal("65.76"),
            "zoe@mail.example",
        )
    ]


def header(ref: str | None, stat: str = "O") -> dict[str, str | None]:
    return {
        "ExternalConfirmationRef": ref,
        "CoNum": "PS00000041",
        "CurrCode": "EUR",
        "Price": "65.76000000",
        "Stat": stat,
    }


def test_an_order_of_the_erp_is_read_with_its_lines_shipments_and_payments() -> None:
    found = erp_orders(
        [header("PS1-41"), header("CL1-41"), header(None)],
        "PS1",
        lines=[
            {"CoNum": "PS00000041", "QtyOrdered": "2.00000000", "QtyShipped": "2.00000000"},
            {"CoNum": "PS00000041", "QtyOrdered": "1.00000000", "QtyShipped": None},
        ],
        shipments=[{"ShipmentId": "3007", "TrackingNumber": "1Z1"}, {"ShipmentId": "3008", "TrackingNumber": "1Z2"}],
        shipment_lines=[{"ShipmentId": "3007", "RefNum": "PS00000041"}, {"ShipmentId": "3007", "RefNum": "PS00000041"}],
        receivables=[{"CoNum": "PS00000041", "Amount": "65.76000000"}],
    )
    (order,) = found
    assert (order.ref, order.ordered, order.shipped, order.tracking) == ("PS1-41", Decimal(3), Decimal(2), ("1Z1",))
    assert (order.total, order.paid, order.complete) == (Decimal("65.76"), Decimal("65.76"), False)


def test_a_planned_and_a_stopped_order_are_told_apart() -> None:
    nothing: list[dict[str, str]] = []
    made = erp_orders(
        [header("PS1-41", "P"), header("PS1-42", "S")],
        "PS1",
        lines=nothing,
        shipments=nothing,
        shipment_lines=nothing,
        receivables=nothing,
    )
    assert [(order.planned, order.stopped) for order in made] == [(True, False), (False, True)]


STOCK = Snapshot(
    shop=[ShopOrder("PS1-1", "EUR", Decimal(10), "paid")],
    shop_lines={"PS1-1": [("APR-SND", Decimal(2))]},
    shop_stock={"APR-SND": Decimal(8), "OTHER": Decimal(5)},
    erp_stock={"APR-SND": Decimal(10), "OTHER": Decimal(5)},
)


def test_units_of_an_order_that_the_erp_has_not_are_not_sold_again() -> None:
    assert STOCK.stock_wrong() == {}
    stale = replace(STOCK, shop_stock={"APR-SND": Decimal(10), "OTHER": Decimal(5)})
    assert stale.stock_wrong() == {"APR-SND": (Decimal(10), Decimal(8))}


def test_units_of_a_planned_order_are_not_sold_again() -> None:
    planned = ErpOrder("PS1-1", "A", "EUR", Decimal(10), planned=True)
    assert replace(STOCK, erp=[planned]).stock_wrong() == {}
    released = replace(STOCK, erp=[replace(planned, planned=False)])
    assert released.stock_wrong() == {"APR-SND": (Decimal(8), Decimal(10))}


def test_stock_of_an_order_that_nobody_could_read_is_not_judged() -> None:
    stale = replace(STOCK, shop_stock={"APR-SND": Decimal(10), "OTHER": Decimal(5)})
    assert stale.stock_wrong(["PS1-1"]) == {}


def test_units_of_a_remainder_that_is_not_booked_yet_are_not_sold_again() -> None:
    first = ErpOrder("PS1-1", "A", "EUR", Decimal(5))
    partial = replace(STOCK, erp=[first], erp_lines={"PS1-1": {"APR-SND": Decimal(1)}})
    assert partial.stock_wrong() == {"APR-SND": (Decimal(8), Decimal(9))}
    whole = replace(partial, erp_lines={"PS1-1": {"APR-SND": Decimal(2)}})
    assert whole.stock_wrong() == {"APR-SND": (Decimal(8), Decimal(10))}
