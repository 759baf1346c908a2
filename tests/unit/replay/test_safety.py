"""What is not sent once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from penstock.connectors.contract import Capabilities
from penstock.flow.load import load_flow
from penstock.log.fates import FateState
from penstock.replay.errors import RefusedError
from penstock.replay.fatebook import FateBook
from penstock.replay.safety import Safety, refuse_unsearchable

TARGET, OWN, EVENT = "infor:DALS", "id-41", "prestashop:1:order:41:b"
FLOW = load_flow("prestashop-infor")


def fate(book: FateBook, state: str, event: str = EVENT, target: str = TARGET) -> None:
    book.take(f"{event}|{OWN}|{target}".encode(), orjson.dumps({"state": state}))


def safety(*fates: str, writes: Any = ()) -> Safety:
    book = FateBook([TARGET])
    for state in fates:
        fate(book, state)
    return Safety(FLOW, book, set(writes))


def why_no_resync(*fates: str, writes: Any = ()) -> str | None:
    return safety(*fates, writes=writes).against_resync("order", OWN, EVENT, TARGET)


def why_not_sent(*fates: str, writes: Any = ()) -> str | None:
    return safety(*fates, writes=writes).against_sending("order", OWN, EVENT, TARGET)


@pytest.mark.parametrize("state", ["applied", "unchanged"])
def test_what_is_in_the_target_may_be_compared_and_corrected(state: str):
    assert why_no_resync(state) is None
    assert why_not_sent(state) is None


@pytest.mark.parametrize("state", ["held", "waiting", "parked"])
def test_what_is_held_or_waits_stays_so_unless_a_corrected_record_cures_it(state: str):
    assert why_no_resync(state) == f"an event of it is {state}"
    assert why_not_sent(state) is None


@pytest.mark.parametrize("state", ["discarded", "not-routed", "not-ours", "gone", "superseded"])
def test_what_a_person_or_the_flow_has_kept_out_stays_out(state: str):
    assert why_no_resync(state) == why_not_sent(state) == f"its fate is {state}"


def test_a_refused_record_may_be_corrected_and_is_not_sent_again_as_it_is():
    assert why_no_resync("rejected") == "its fate is rejected"
    assert why_not_sent("rejected") is None


def test_an_unknown_outcome_is_left_alone():
    assert why_no_resync("unknown") is why_not_sent("unknown") == "nobody knows yet what became of a write"


def test_a_write_without_an_end_is_left_alone():
    begun = [(TARGET, "order", OWN)]
    assert why_no_resync("applied", writes=begun) is not None
    assert why_not_sent("applied", writes=begun) is not None


def test_an_outcome_that_became_known_is_no_reason_any_more():
    assert why_no_resync("unknown", "applied") is None


def test_what_live_traffic_has_not_come_to_is_left_to_it():
    assert why_no_resync() == why_not_sent() == "live traffic has not come to it"


def test_a_final_fate_stays_whatever_is_written_after_it():
    book = FateBook([TARGET])
    fate(book, "applied")
    fate(book, "held")
    assert book.state(EVENT, OWN, TARGET) is FateState.APPLIED
    assert book.open_of(OWN, TARGET) == {}


def test_another_version_that_is_held_keeps_a_document_from_being_compared():
    book = FateBook([TARGET])
    fate(book, "applied")
    fate(book, "held", "prestashop:1:order:41:c")
    assert Safety(FLOW, book, set()).against_resync("order", OWN, EVENT, TARGET) == "an event of it is held"


def test_fates_of_other_targets_are_none_of_its_business():
    book = FateBook([TARGET])
    fate(book, "held", target="infor:PARI")
    assert book.open_of(OWN, "infor:PARI") == {}


def test_an_order_older_than_the_flows_start_is_none_of_its_business():
    judge = safety("applied")
    start = FLOW.file.start.orders_from
    assert judge.too_old("order", {"placed_at": start}) is None
    assert judge.too_old("order", {"placed_at": datetime(2001, 1, 1, tzinfo=UTC)}) is not None
    assert judge.too_old("shipment", {}) is None


def test_a_target_that_cannot_be_searched_is_refused():
    system = FLOW.systems["infor"]
    refuse_unsearchable(system)
    deaf = replace(system, spec=replace(system.spec, capabilities=Capabilities(search_by_reference=False)))
    with pytest.raises(RefusedError, match="written twice"):
        refuse_unsearchable(deaf)


def test_an_order_that_was_shipped_or_has_ended_does_not_come_back():
    book = FateBook([TARGET])
    fate(book, "applied")
    judge = Safety(FLOW, book, set(), ended={OWN})
    assert judge.against_resync("order", OWN, EVENT, TARGET) == "it was shipped, invoiced, completed or cancelled there"
    assert judge.against_resync("shipment", OWN, EVENT, TARGET) is None
