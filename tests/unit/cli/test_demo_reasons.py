from penstock.cli.demo_reasons import count_policies, order_of_event

SHOPS = {("prestashop", "1"): "PS1", ("clarity", "acme"): "CL1"}


def test_an_event_is_told_by_the_shop_that_it_comes_from() -> None:
    assert order_of_event("prestashop:1:order:41:x", SHOPS) == "PS1-41"
    assert order_of_event("clarity:acme:order:5120:3", SHOPS) == "CL1-5120"
    assert order_of_event("clarity:other:order:5120:3", SHOPS) is None
    assert order_of_event("clarity:acme:product:5120:3", SHOPS) is None
    assert order_of_event("nothing", SHOPS) is None


def test_an_order_counts_once_per_rule_however_often_it_was_held_or_told() -> None:
    held = {"entity": "order", "on": "stock", "document": "CL1-1"}
    alert = {"entity": "order", "kind": "held", "rule": "stock", "document": "CL1-1"}
    booked = {"entity": "order", "kind": "back-order", "rule": "", "document": "CL1-2"}
    others = [{"entity": "price", "on": "target", "document": "CL1-3"}, {"kind": "outage", "target": "sage100:ABC"}]
    letter = {"entity": "order", "kind": "dead-letter", "rule": "ValueError", "document": "CL1-3"}
    said = [held, held, alert, {**held, "on": "credit"}, booked, letter, *others]
    names = {"stock": "stock.unavailable=hold", "back-order": "stock.unavailable=back-order"}
    assert count_policies(said, "CL1", names) == {
        "credit": 1,
        "stock.unavailable=back-order": 1,
        "stock.unavailable=hold": 1,
    }
    assert count_policies(said, "PS1", names) == {}
