"""Routes with conditions: decided once for a document's life, followed by its refunds, and nothing left open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import orjson
import pytest

from penstock.flow.load import Flow
from penstock.log.fates import Fate
from penstock.log.headers import texts
from penstock.log.loader import LoaderError
from penstock.log.partition import partition_for
from penstock.log.wire import Codec
from penstock.processors.deliver import Output
from penstock.processors.incoming import Incoming
from penstock.processors.order_waiters import OrderWaiters
from penstock.processors.routing import Routed, Router, RouteStore
from penstock.processors.stage import outputs_of
from penstock.processors.transform import Names, Transform
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, RawDocument
from penstock.rules.validate import Policy
from tests.unit.flow.world import ROUTES, Flows, resource_of
from tests.unit.log.test_wire import FakeRegistry
from tests.unit.processors.shop_documents import Tables, cheap, event, incoming, order, refund, with_body

ORDER_ID = canonical_id("prestashop", "1", "order", "41")
REFUND_ID = canonical_id("prestashop", "1", "refund", "9")
DALLAS, PARIS = "infor:DALS", "infor:PARI"
BIG = "order.totals.gross > 50"


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Flow:
    """Orders over 50 go to Paris, the others to Dallas; order 41 is of 65.76."""
    folder = tmp_path_factory.mktemp("flows")
    routes = ROUTES | {
        "shop-fr": {
            "order": [{"when": BIG, "to": ["paris"]}, {"to": ["dallas"]}],
            "refund": ["dallas", "paris"],
            "customer": ["dallas"],
        }
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("penstock.flow.load.resource", resource_of(folder))
        return Flows(folder).load(routes=routes)


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(FakeRegistry(), register=True)


class Worker:
    """A transform with its store, and the `route` topic that it writes."""

    def __init__(self, flow: Flow, codec: Codec, log: dict[bytes, bytes | None] | None = None) -> None:
        self.flow = flow
        self.store = RouteStore(flow.name)
        self.log = {} if log is None else log
        for key, value in self.log.items():
            self.store.take(key, value)
        self.transform = Transform(flow, codec, Names("", 4), Policy(), self.store)

    def __call__(self, record: Incoming) -> list[Output]:
        out = outputs_of(record, self.transform, "dlq.processors", "processors", lambda _: None, self.transform.epitaph)
        self.log |= {output.key: output.value for output in out if output.topic == "route"}
        return [output for output in out if output.topic != "route"]


@pytest.fixture
def worker(flow: Flow, codec: Codec) -> Worker:
    return Worker(flow, codec)


def unknown_state(tables: Tables) -> None:
    tables["orders"][0]["current_state"] = 57
    tables["order_states"].append({"id": 57, "paid": "0", "shipped": "0", "delivery": "0"})


def old(tables: Tables) -> None:
    tables["orders"][0]["date_add"] = "2025-12-31 23:59:59"


def targets_of(outputs: Sequence[Output]) -> str:
    (found,) = [texts(output.headers)["targets"] for output in outputs if output.topic.startswith("canonical.")]
    return found


def fates_of(outputs: Sequence[Output]) -> dict[tuple[str, str], str]:
    fates = [Fate.decode(output.key, output.value or b"") for output in outputs if output.topic == "fate"]
    return {(fate.event_id, fate.target): fate.state.value for fate in fates}


# --- once and for life


def test_the_first_row_that_fits_says_where_an_order_goes(flow: Flow, codec: Codec) -> None:
    assert targets_of(Worker(flow, codec)(incoming(order()))) == PARIS
    assert targets_of(Worker(flow, codec)(incoming(order(cheap)))) == DALLAS


def test_an_order_stays_where_it_went_though_it_would_go_elsewhere_now(worker: Worker) -> None:
    worker(incoming(order()))
    assert targets_of(worker(event(incoming(order(cheap)), 2))) == PARIS


def test_another_worker_knows_it_from_the_log(worker: Worker, flow: Flow, codec: Codec) -> None:
    worker(incoming(order()))
    successor = Worker(flow, codec, worker.log)
    assert targets_of(successor(event(incoming(order(cheap)), 2))) == PARIS


def test_a_route_is_written_once(worker: Worker) -> None:
    worker(incoming(order()))
    assert worker.log == {f"two:{ORDER_ID}".encode(): b'{"targets":["infor:PARI"],"open":[]}'}
    worker.log.clear()
    worker(event(incoming(order()), 2))
    assert worker.log == {}


def test_a_held_order_has_its_route_for_life_too(worker: Worker) -> None:
    def wrong_total(tables: Tables) -> None:
        tables["orders"][0] |= {"total_paid": "65.770000", "total_paid_tax_incl": "65.770000"}

    held = worker(incoming(order(wrong_total)))
    assert [orjson.loads(o.value or b"")["target"] for o in held if o.topic == "hold"] == [PARIS]
    assert targets_of(worker(event(incoming(order(cheap)), 2))) == PARIS


def test_a_flow_without_conditions_remembers_nothing(flow: Flow) -> None:
    router = Router(flow, RouteStore("two"))
    assert [alias for alias in flow.systems if router.remembers(flow.route(alias, "order"))] == ["shop-fr"]
    assert not router.remembers(flow.route("shop-fr", "customer"))
    assert router.remembers(flow.route("shop-fr", "refund"))


def test_a_target_that_the_flow_has_given_up_takes_nothing(worker: Worker) -> None:
    worker.store.put(ORDER_ID, Routed(("infor:GONE", DALLAS)))
    assert targets_of(worker(incoming(order()))) == DALLAS


def test_a_flow_knows_its_own_routes_only(flow: Flow, codec: Codec) -> None:
    other = {f"other:{ORDER_ID}".encode(): b'{"targets":["infor:DALS"],"open":[]}'}
    assert targets_of(Worker(flow, codec, dict(other))(incoming(order()))) == PARIS


# --- before it can be routed


def test_an_order_that_cannot_be_mapped_waits_for_every_target_that_it_might_go_to(worker: Worker) -> None:
    outputs = worker(event(incoming(order(unknown_state)), 1))
    assert fates_of(outputs) == {("e1", PARIS): "held", ("e1", DALLAS): "held"}
    assert len({output.key for output in outputs if output.topic == "hold"}) == 2


def test_once_it_is_routed_nothing_stays_open_at_the_others(worker: Worker) -> None:
    holds = [o for o in worker(event(incoming(order(unknown_state)), 1)) if o.topic == "hold"]
    outputs = worker(event(incoming(order()), 2))
    assert targets_of(outputs) == PARIS
    assert fates_of(outputs) == {("e1", DALLAS): "not-routed"}
    (closed,) = [output for output in outputs if output.topic == "hold"]
    assert closed.value is None
    assert [(o.key, o.partition) for o in holds if orjson.loads(o.value or b"")["target"] == DALLAS] == [
        (closed.key, closed.partition)
    ]


def test_a_dead_letter_waits_in_the_same_way(worker: Worker) -> None:
    broken = event(incoming(with_body(order(), "order", b"{")), 1)
    assert fates_of(worker(broken)) == {("e1", PARIS): "parked", ("e1", DALLAS): "parked"}
    assert fates_of(worker(event(incoming(order()), 1))) == {("e1", DALLAS): "not-routed"}


def test_what_waits_survives_the_worker(worker: Worker, flow: Flow, codec: Codec) -> None:
    worker(event(incoming(order(unknown_state)), 1))
    worker(event(incoming(order(unknown_state)), 2))
    successor = Worker(flow, codec, worker.log)
    found = fates_of(successor(event(incoming(order()), 3)))
    assert found == {("e1", DALLAS): "not-routed", ("e2", DALLAS): "not-routed"}


def test_the_echo_of_an_older_note_forgets_nothing(flow: Flow) -> None:
    store = RouteStore("two")
    first = store.put("d", Routed(None, ("e1",)))
    store.put("d", Routed(None, ("e1", "e2")))
    store.take(*first)
    assert store.get("d") == Routed(None, ("e1", "e2"))
    store.put("d", Routed(("infor:DALS",)))
    store.take(*first)
    assert store.get("d") == Routed(("infor:DALS",))


# --- what follows an order


def test_a_refund_goes_where_its_order_went(worker: Worker) -> None:
    worker(incoming(order()))
    assert targets_of(worker(refund())) == PARIS


def test_a_refund_of_an_order_from_before_the_flow_goes_nowhere(worker: Worker) -> None:
    worker(incoming(order(old)))
    outputs = worker(refund())
    assert targets_of(outputs) == ""
    assert list(fates_of(outputs).values()) == ["not-routed"]


def test_a_refund_before_its_order_waits_and_goes_on_by_itself(worker: Worker) -> None:
    waiting = OrderWaiters("two", worker.store)
    held = worker(refund())
    holds = [output for output in held if output.topic == "hold"]
    for output in holds:
        waiting.take(output.key.decode(), output.value)
        entry = orjson.loads(output.value or b"")
        assert (entry["on"], entry["order_id"]) == ("order-route", ORDER_ID)
        assert output.partition == partition_for(ORDER_ID.encode(), 4)
    assert waiting.due() == []
    worker(incoming(order()))
    (again,) = waiting.due()
    assert (again.topic, again.key) == ("raw.prestashop.refund", b"1:9")
    assert texts(again.headers)["retry"] == "1"
    outputs = worker(Incoming(again.topic, 0, 99, again.key, again.value or b"", again.headers))
    assert targets_of(outputs) == PARIS
    assert list(fates_of(outputs).values()) == ["not-routed"], "the hold for Dallas is over"
    assert waiting.due() == [], "once"


def test_a_hold_that_a_person_has_ended_is_not_tried_again(worker: Worker) -> None:
    waiting = OrderWaiters("two", worker.store)
    for output in worker(refund()):
        if output.topic == "hold":
            waiting.take(output.key.decode(), output.value)
            waiting.take(output.key.decode(), None)
    worker(incoming(order()))
    assert waiting.due() == []


async def test_nothing_goes_on_when_the_routes_cannot_be_followed_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(RouteStore):
        def check(self) -> None:
            raise LoaderError("route has stopped")

    async def send(_output: Output) -> NoReturn:
        raise AssertionError("nothing is due")

    monkeypatch.setattr("penstock.processors.order_waiters.LOOK", 0.0)
    with pytest.raises(LoaderError, match="route has stopped"):
        await OrderWaiters("two", Lost("two")).run(send)


def test_other_holds_and_other_flows_do_not_concern_it(worker: Worker) -> None:
    waiting = OrderWaiters("two", worker.store)
    worker(incoming(order()))
    entry = {"on": "currency", "order_id": ORDER_ID, "event_id": "e", "republish": {}}
    waiting.take("two:order:x:e", orjson.dumps(entry))
    waiting.take("other:order:x:e", orjson.dumps(entry | {"on": "order-route"}))
    assert waiting.due() == []


# --- what an ERP says of an order


@pytest.mark.parametrize(
    ("reference", "targets"),
    [
        ("PS2-41", ("prestashop:2",)),
        ("PS1-41", ("prestashop:1",)),
        (None, ("prestashop:1", "prestashop:2")),
        ("by phone", ("prestashop:1", "prestashop:2")),
        ("XX-9", ("prestashop:1", "prestashop:2")),
    ],
)
def test_a_shipment_is_for_the_shop_of_its_order(flow: Flow, reference: str | None, targets: tuple[str, ...]) -> None:
    record = {"id": "s", "order_id": "o", "order_reference": reference}
    router = Router(flow, RouteStore("two"))
    found = router.decide(flow.systems["dallas"], "shipment", flow.route("dallas", "shipment"), record)
    assert found == targets


def test_a_stock_figure_is_for_every_shop(flow: Flow) -> None:
    router = Router(flow, RouteStore("two"))
    route = flow.route("dallas", "stock-level")
    assert router.decide(flow.systems["dallas"], "stock-level", route, {"id": "s"}) == ("prestashop:1", "prestashop:2")


# --- several instances


def test_each_instance_is_mapped_with_its_own_settings(worker: Worker, codec: Codec) -> None:
    document = order()
    second = RawDocument(EntityRef("prestashop", "2", "order", "41"), document.parts)
    (output,) = worker(incoming(second.to_bytes()))
    record = codec.decode(output.value or b"")[1]
    assert (record["reference"], record["source"]["instance"]) == ("PS2-41", "2")
    assert record["id"] == canonical_id("prestashop", "2", "order", "41")
    assert texts(output.headers)["targets"] == DALLAS


def test_an_instance_that_the_flow_does_not_have_is_a_dead_letter_that_says_so(worker: Worker) -> None:
    document = order()
    stranger = RawDocument(EntityRef("prestashop", "7", "order", "41"), document.parts)
    letter, fate, _alert = worker(incoming(stranger.to_bytes()))
    about = texts(letter.headers)
    assert letter.topic == "dlq.processors"
    assert "the flow two has no instance '7' of prestashop, only 1, 2" in about["dlq-error"]
    assert Fate.decode(fate.key, fate.value or b"").target == ""
