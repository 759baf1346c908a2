"""What a run sends: to whom, under which name, and what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from penstock.flow.load import load_flow
from penstock.log.fates import Fate
from penstock.log.headers import texts
from penstock.log.kafka import KafkaSettings
from penstock.processors.deliver import Output
from penstock.replay.canonlog import Kept
from penstock.replay.compare import Compared
from penstock.replay.fatebook import FateBook
from penstock.replay.plan import Canonical, Resync
from penstock.replay.safety import Safety
from penstock.replay.send import Sending
from penstock.replay.spool import Place

FLOW, RUN = load_flow("prestashop-infor"), "20260304T090600Z0000"
TARGET, OWN, EVENT = "infor:DALS", "id-41", "prestashop:1:order:41:b"
PLACED = datetime(2026, 3, 4, tzinfo=UTC)
SETTINGS = KafkaSettings()
HEADERS = {"ce_id": EVENT, "raw": "raw.prestashop.order-0-7", "targets": TARGET, "flow": FLOW.name}


class Log:
    """What is on the log: headers of the record, its bytes, and the fates of its event."""

    def __init__(self, *, fate: str | None = "applied", placed_at: datetime = PLACED, **headers: str) -> None:
        self.said = {**HEADERS, **headers}
        self.placed_at = placed_at
        book = FateBook([TARGET])
        if fate is not None:
            book.take(f"{self.said['ce_id']}|{OWN}|{TARGET}".encode(), orjson.dumps({"state": fate}))
        self.safety = Safety(FLOW, book, set())

    def headers(self, _kept: Kept) -> Mapping[str, str]:
        return self.said

    def value(self, _kept: Kept) -> bytes:
        return b"as it was"

    def record(self, _kept: Kept) -> Mapping[str, Any]:
        return {"id": OWN, "placed_at": self.placed_at}

    def decode(self, _value: bytes) -> tuple[str, Mapping[str, Any]]:
        return "Order", {"id": OWN, "placed_at": self.placed_at}


KEPT = Kept("order", OWN.encode(), 0, 3, Place(0, 0), Place(0, 0))


def canonical(log: Any, end: Any = "differs", **given: bool) -> tuple[Sending | None, Canonical]:
    plan = Canonical(
        FLOW, SETTINGS, log, log, log.safety, RUN, every=given.get("every", False),
        every_version=given.get("every_version", False),
    )  # fmt: skip
    headers = [(name, text.encode()) for name, text in {**HEADERS, "config-version": "new", "retry": "2"}.items()]
    made = Output("canonical.order", OWN.encode(), b"as it is now", headers)
    version: Any = SimpleNamespace(topic=SimpleNamespace(entity="order"))
    (sending,) = plan.sendings([Compared(version, end, made, KEPT)])
    return sending, plan


def resync(log: Any) -> tuple[Sending | None, Resync]:
    plan = Resync(SETTINGS, log, log.safety, RUN, TARGET)
    (sending,) = plan.sendings([(OWN, KEPT)])
    return sending, plan


def said(sending: Sending | None, at: int = 0) -> Mapping[str, str]:
    assert sending is not None
    return texts(sending.outputs[at].headers)


def test_a_record_that_differs_goes_where_it_went_under_a_name_of_its_own():
    sending, _ = canonical(Log())
    assert sending is not None
    (output,) = sending.outputs
    assert (output.value, output.key, sending.targets) == (b"as it is now", OWN.encode(), (TARGET,))
    headers = said(sending)
    assert sending.event_id == headers["ce_id"] == f"{EVENT}~{RUN}"
    assert (headers["cause"], headers["replay"], headers["config-version"]) == (EVENT, RUN, "new")
    assert headers["raw"] == HEADERS["raw"], "it stays the same version"
    assert "retry" not in headers
    assert "resync" not in headers


def test_a_record_that_is_just_so_is_sent_only_when_all_are_wanted():
    assert canonical(Log(), "same")[0] is None
    assert canonical(Log(), "same", every=True)[0] is not None


@pytest.mark.parametrize("end", ["held", "dead-letter", "missing"])
def test_what_would_not_pass_now_is_not_sent(end: str):
    assert canonical(Log(), end, every=True)[0] is None


def test_what_a_person_has_waived_stays_waived():
    assert said(canonical(Log(released="credit"))[0])["released"] == "credit"
    assert said(resync(Log(released="credit"))[0])["released"] == "credit"


def test_a_replay_of_a_replay_keeps_the_sources_name():
    sending, _ = canonical(Log(ce_id=f"{EVENT}~20260101T000000Z0000"))
    assert sending is not None
    assert sending.event_id == f"{EVENT}~{RUN}"


def test_a_target_where_a_person_gave_it_up_is_left():
    sending, plan = canonical(Log(fate="discarded"))
    assert sending is None
    assert plan.left == {f"{TARGET}: its fate is discarded": 1}


def test_a_target_that_the_flow_has_given_up_is_left():
    sending, plan = canonical(Log(targets="infor:GONE"))
    assert sending is None
    assert plan.left == {"infor:GONE: the flow sends it there no more": 1}


@pytest.mark.parametrize("log", [Log(targets=""), Log(fate="superseded")])
def test_what_goes_nowhere_has_its_fate_written_with_it(log: Log):
    sending, _ = canonical(log, every_version=True)
    assert sending is not None
    assert said(sending)["targets"] == ""
    fate = Fate.decode(sending.outputs[1].key, sending.outputs[1].value or b"")
    assert (fate.event_id, fate.target, fate.state, sending.targets) == (f"{EVENT}~{RUN}", "", "not-routed", ("",))


@pytest.mark.parametrize("send", [canonical, resync])
def test_an_order_older_than_the_flows_start_is_left(send: Any):
    sending, plan = send(Log(placed_at=datetime(2001, 1, 1, tzinfo=UTC)))
    assert sending is None
    assert plan.left == {"older than start.orders_from": 1}


def test_a_resync_sends_the_record_as_it_is_to_one_target_alone():
    sending, _ = resync(Log(targets=f"infor:PARI,{TARGET}"))
    assert sending is not None
    (output,) = sending.outputs
    assert (output.value, sending.targets) == (b"as it was", (TARGET,))
    headers = said(sending)
    assert (headers["targets"], headers["resync"], headers["replay"]) == (TARGET, RUN, RUN)
    assert headers["ce_id"] == f"{EVENT}~{RUN}"


@pytest.mark.parametrize("state", ["held", "discarded", "unknown", None])
def test_a_resync_leaves_what_is_not_known_to_be_there(state: str | None):
    sending, plan = resync(Log(fate=state))
    assert sending is None
    assert plan.left.total() == 1
