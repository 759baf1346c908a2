from types import SimpleNamespace

import pytest
from rich.console import Console

from penstock.cli.demo import books_of
from penstock.cli.demo_play import Play
from penstock.cli.demo_report import ErpOrder, Reason, ShopOrder
from penstock.cli.demo_run import Look, Looks
from penstock.cli.demo_view import View, cycle, picture, summary
from penstock.cli.pairs import Placed, Snapshot, Wish

POLICIES = {"a": {"order-total": 1}, "b": {"order-total": 1, "credit=check": 2}}


def look(tag: str, currency: str) -> Look:
    """One order booked, one held."""
    shop = [ShopOrder(f"{tag}-{number}", currency, 10, "processing") for number in (1, 2)]  # type: ignore[arg-type]
    erp = [ErpOrder(f"{tag}-1", "A1", currency, 10)]  # type: ignore[arg-type]
    play = Play(SimpleNamespace(), tag)  # type: ignore[arg-type]  # nobody acts
    play.snapshot = Snapshot(shop=shop, erp=erp)
    play.placed = [Placed(number, f"{tag}-{number}", Wish({}, trouble="webhook lost"), ["ship"]) for number in (1, 2)]
    books = play.books([Reason(f"{tag}-2", "held", "why")])
    return Look(SimpleNamespace(play=play), books, play.unsettled(books))  # type: ignore[arg-type]


@pytest.fixture
def looks() -> Looks:
    return {"a": look("PS1", "EUR"), "b": look("CL1", "USD")}


def test_the_json_has_totals_and_the_same_fields_of_each_flow(looks: Looks) -> None:
    report = books_of(looks, POLICIES, seed=7)
    assert (report["orders_placed"], report["booked_once"], report["held"]) == (4, 2, 2)
    assert report["money_booked"] == {"EUR": "10.00", "USD": "10.00"}
    assert report["policies"] == {"credit=check": 2, "order-total": 2}
    assert set(report["flows"]) == {"a", "b"}
    assert report["flows"]["b"]["money_held"] == {"USD": "10.00"}
    assert report["flows"]["a"]["reasons"] == {"PS1-2": "why"}
    assert set(report["flows"]["a"]) == set(report) - {"flows"}
    assert report["unsettled"] == [line for flow in report["flows"].values() for line in flow["unsettled"]]


def test_the_summary_has_a_column_per_flow_and_a_row_per_policy(looks: Looks) -> None:
    books = {name: each.books for name, each in looks.items()}
    out = Console(width=120, record=True, file=None)
    with out.capture() as shown:
        out.print(summary(books, {"a": 0, "b": 3}, POLICIES, 12.0))
    rows = {line.rsplit("  ", 2)[0].strip(): line for line in shown.get().splitlines()}
    assert any("credit=check" in line and line.rstrip().endswith("2") for line in rows.values())
    assert any("stock levels wrong" in line and line.rstrip().endswith("3") for line in rows.values())


def test_what_is_under_way_is_told_once_per_change_and_flow(looks: Looks) -> None:
    out = Console(width=200, force_terminal=False)
    with out.capture() as shown:
        view = View(out)
        view.show(looks, 1.0)
        view.show(looks, 2.0)
    lines = shown.get().splitlines()
    assert len(lines) == 2
    assert "a: 2 placed, 1 in the ERP, 1 held" in lines[0]


def test_the_live_picture_shows_the_newest_orders_of_every_flow(looks: Looks) -> None:
    out = Console(width=160)
    with out.capture() as shown:
        out.print(picture(looks, {name: cycle(each) for name, each in looks.items()}, 3.0))
    assert all(ref in shown.get() for ref in ("PS1-1", "CL1-2", "webhook lost"))
