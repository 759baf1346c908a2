"""What the crash matrix calls the same end state, and what it calls a difference."""

import pytest

from tests.crash.matrix_report import report, uncovered
from tests.crash.matrix_state import Clean, Names, State, flat, moved


def names(number: int) -> Names:
    return Names(
        {f"PS1-{number}": "order-1", f"ann.{number}@mail.example": "guest-ann"}, {"orders.id": {str(number): "order-1"}}
    )


def end(number: int, *, orders: int = 1, total: str = "12.50", shipped: int = 2, at: str = "") -> State:
    """What a run with the shop's order `number` leaves in the ERP; before it there was another."""
    old = {"CoNum": "C0", "ExternalConfirmationRef": "PS1-0", "CustNum": "7", "Price": "1.00", "at": "then"}
    new = [
        {
            "CoNum": f"C{number}{copy}",
            "ExternalConfirmationRef": f"PS1-{number}",
            "CustNum": f"9{number}",
            "Price": total,
            "at": at or f"day {number}",
        }
        for copy in range(orders)
    ]
    lines = [{"CoNum": row["CoNum"], "Item": "POT", "mail": f"ANN.{number}@mail.example"} for row in new]
    stock = {"Item": "POT", "Whse": "MAIN", "QtyOnHand": str(100 - number)}
    empty = {place: [] for place in ("infor/invoices",)}
    before = {"infor/orders": [old], "infor/lines": [], "infor/stock": [stock], **empty}
    after = {
        "infor/orders": [old, *new],
        "infor/lines": lines,
        "infor/stock": [{**stock, "QtyOnHand": str(100 - number - shipped)}],
        **empty,
    }
    return moved(before, after, names(number))


@pytest.fixture
def clean() -> Clean:
    return Clean.of([end(41), end(42), end(43)])


def test_ids_and_times_are_no_difference(clean: Clean):
    assert clean.differences(end(77)) == []
    assert clean.ignored["infor/orders"] == {"at"}
    assert clean.ignored["infor/lines"] == frozenset()


def test_an_order_booked_twice_is_one(clean: Clean):
    said = clean.differences(end(77, orders=2))
    assert [line.partition(": ")[2].split(":")[0] for line in said] == ["too many", "too many"]


def test_a_lost_order_is_one(clean: Clean):
    said = clean.differences(end(77, orders=0))
    assert said[0].startswith("infor/orders: missing: CoNum=order-1")


def test_another_amount_is_one_and_said_in_words(clean: Clean):
    assert clean.differences(end(77, total="12.51")) == [
        "infor/orders: CoNum=order-1 ExternalConfirmationRef=order-1 CustNum=order-1: Price is '12.51', not '12.50'"
    ]


def test_stock_counts_by_how_much_it_moved(clean: Clean):
    said = clean.differences(end(77, shipped=4))
    assert said == ["infor/stock: Item=POT Whse=MAIN QtyOnHand=-4: QtyOnHand is '-4', not '-2'"]


def test_clean_runs_that_differ_certify_nothing():
    with pytest.raises(ValueError, match="clean runs differ"):
        Clean.of([end(41), end(42, orders=2)])


def test_a_row_that_has_the_number_of_an_order_by_chance_is_not_called_after_it():
    def run(number: int, payment: int) -> State:
        nothing = {"prestashop/orders": [], "prestashop/order_payments": []}
        after = {"prestashop/orders": [{"id": number}], "prestashop/order_payments": [{"id": payment, "amount": "5"}]}
        return moved(nothing, after, names(number))

    clean = Clean.of([run(41, 41), run(42, 60)])
    assert clean.state["prestashop/orders"] == [{"id": "order-1"}]
    assert clean.differences(run(77, 90)) == []


def test_how_often_a_row_was_written_is_no_difference():
    place = {"sku": "A", "locationKey": "W", "sectionKey": ""}

    def run(number: int, version: int) -> State:
        nothing = {"clarity/shipments": [], "clarity/inventory": [{**place, "version": 1, "quantity": 5}]}
        stock = {**place, "version": version, "quantity": 3}
        after = {"clarity/shipments": [{"id": number, "version": version}], "clarity/inventory": [stock]}
        return moved(nothing, after, names(number))

    clean = Clean.of([run(41, 2), run(42, 2)])
    assert clean.differences(run(77, 3)) == []
    assert clean.state["clarity/inventory"] == [{**place, "quantity": "-2"}]


def test_members_of_documents_are_columns():
    row = {"id": 1, "totals": {"total": "3.00"}, "items": [{"sku": "A"}, {"sku": "B"}], "tags": ["x"]}
    assert flat(row) == {"id": 1, "totals.total": "3.00", "items.0.sku": "A", "items.1.sku": "B", "tags": ["x"]}


def test_members_called_by_a_number_are_compared_all_the_same():
    def run(number: int, amounts: list[str]) -> State:
        attributes = {f"invoice.{number}000{place}": amount for place, amount in enumerate(amounts)}
        nothing = {"clarity/orders": []}
        return moved(nothing, {"clarity/orders": [{"id": number, "attributes": attributes}]}, names(number))

    clean = Clean.of([run(41, ["1.00", "2.00"]), run(42, ["1.00", "2.00"])])
    assert clean.differences(run(77, ["1.00", "2.00"])) == []
    assert clean.differences(run(77, ["1.00"])) != []


def test_a_step_counts_as_covered_only_when_its_fault_came_about():
    result = {"service": "sinks", "reached": True, "differences": [], "seconds": 9.0}
    part = {
        "flow": "prestashop-infor",
        "planned": 4,
        "ignored": 3,
        "seconds": 60.0,
        "results": [
            {**result, "fault": "sinks.taken:1:kill"},
            {**result, "fault": "sinks.ended:3:kill", "reached": False, "seconds": 61.0},
            {**result, "fault": "sinks.taken:2:stop", "differences": ["infor/orders: too many: CoNum=order-1"]},
        ],
    }
    steps = {"sinks.ended": ["sinks/runner.py:9"], "sinks.taken": ["sinks/runner.py:5"]}
    assert uncovered([part], steps) == ["sinks.ended"]
    text = report([part], steps, 7, "2 cores")
    assert "| steps covered | 1 |" in text
    assert "| runs planned | 4 |" in text
    assert "| prestashop-infor | sinks | `sinks.taken:2:stop` | infor/orders: too many: CoNum=order-1 |" in text
    assert text.index("| prestashop-infor | sinks | `sinks.ended:3:kill` | 61 |") < text.index(
        "`sinks.taken:1:kill` | 9 |"
    )
    assert "Not covered: `sinks.ended`." in text
