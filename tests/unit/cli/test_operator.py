import base64
from datetime import UTC, datetime

import orjson
import pytest

from penstock.cli.demo_reasons import order_of_event
from penstock.cli.errors import CommandError, Exit
from penstock.cli.letters import about
from penstock.cli.letters import again as letter_again
from penstock.cli.logview import audit, edited_by
from penstock.cli.status import fates, needs_a_person, outages
from penstock.cli.story import changes_of, numbers_of, order_of
from penstock.cli.waiting import Entry, again, rejected, select
from penstock.log.dlq import dead_letter
from penstock.log.fates import Fate, FateState
from penstock.log.scan import Record

NOW = datetime(2026, 3, 4, 9, 12, tzinfo=UTC)
EVENT = "prestashop:1:order:41:abc"
SHOPS = {("prestashop", "1"): "PS1"}


def record(topic: str, value: bytes | None, key: bytes = b"k", headers: dict[str, bytes] | None = None) -> Record:
    return Record(topic, 2, 17, NOW, key, value, list((headers or {}).items()))


def entry() -> Entry:
    carried = {
        "topic": "t.raw.prestashop.order",
        "key_base64": base64.b64encode(b"1:41").decode(),
        "value_base64": base64.b64encode(b"\x00raw").decode(),
        "headers": {"ce_id": EVENT, "raw": "raw.prestashop.order-0-3", "retry": "1"},
    }
    data = {
        "flow": "prestashop-infor",
        "target": "infor:DALS",
        "entity": "order",
        "canonical_id": "id-1",
        "event_id": EVENT,
        "document": "PS1-41",
        "attempts": 2,
        "republish": carried,
    }
    return Entry("t.hold", 3, "prestashop-infor:order:id-1:" + EVENT, data)


def test_a_retry_publishes_the_same_bytes_key_and_headers_and_counts() -> None:
    made = again(entry())
    assert (made.topic, made.key, made.value, made.exact) == ("t.raw.prestashop.order", b"1:41", b"\x00raw", True)
    assert made.headers == {"ce_id": EVENT, "raw": "raw.prestashop.order-0-3", "retry": "2"}


def test_a_release_says_which_rule_is_waived() -> None:
    assert again(entry(), "order-total").headers["released"] == "order-total"


def test_a_rejected_record_has_the_fate_discarded_before_its_entry_is_closed() -> None:
    fate, tombstone = rejected(entry(), "a test order", NOW)
    told = Fate.decode(fate.key, fate.value or b"")
    assert (told.state, told.event_id, told.target) == (FateState.DISCARDED, EVENT, "infor:DALS")
    assert "a test order" in told.reason
    assert (tombstone.topic, tombstone.value, tombstone.partition) == ("t.hold", None, 3)


@pytest.mark.parametrize("name", ["PS1-41", "id-1", EVENT, "prestashop-infor:order:id-1:" + EVENT])
def test_an_entry_is_found_by_any_of_its_names(name: str) -> None:
    assert select([entry()], name) == [entry()]


def test_a_part_of_a_name_finds_nothing() -> None:
    with pytest.raises(CommandError, match="nothing open is called 'PS1-4'"):
        select([entry()], "PS1-4")


def test_what_is_shown_of_an_entry_does_not_hold_the_record() -> None:
    assert "republish" not in entry().summary()


def test_an_action_without_a_reason_is_refused() -> None:
    with pytest.raises(CommandError) as raised:
        audit("holds retry", "k", "  ")
    assert raised.value.code == Exit.USAGE


def letter() -> Record:
    came = record("raw.prestashop.order", b"{not json", b"1:41", {"ce_id": EVENT.encode(), "dlq-attempts": b"1"})
    key, value, headers = dead_letter(came, "processors", ValueError("no JSON"), at=NOW)  # type: ignore[arg-type]  # a Record has all that is read
    return record("dlq.processors", value, key, dict(headers))


def test_a_dead_letter_is_retried_with_its_bytes_where_it_came_from() -> None:
    made = letter_again(letter())
    assert (made.topic, made.key, made.value) == ("raw.prestashop.order", b"1:41", b"{not json")
    # its first place on the log stays its version: a newer one may have been booked meanwhile
    first = b"raw.prestashop.order-2-17"
    assert made.headers == {"raw": first, "ce_id": EVENT.encode(), "dlq-attempts": b"2"}


def test_a_dead_letter_says_where_it_came_from_and_why() -> None:
    said = about(letter())
    assert (said["place"], said["from"]) == ("processors-2-17", "raw.prestashop.order-2-17")
    assert (said["error_class"], said["error"], said["event_id"]) == ("ValueError", "no JSON", EVENT)


def test_an_event_of_an_order_names_our_reference_and_others_do_not() -> None:
    assert order_of_event(EVENT, SHOPS) == "PS1-41"
    assert order_of_event("infor:DALS:order:EC1:x", SHOPS) is None
    assert order_of_event("prestashop:1:customer:7:x", SHOPS) is None


def fate(state: FateState, target: str = "infor:DALS", event: str = EVENT) -> Record:
    key, value = Fate(event, "id-1", target, state, "", "sinks", "order", NOW).encode()
    return record("fate", value, key)


def test_fates_are_counted_as_they_hold_now() -> None:
    found = [
        fate(FateState.WAITING),
        fate(FateState.APPLIED),
        fate(FateState.HELD),
        fate(FateState.HELD, event="other"),
    ]
    assert fates(found) == {"applied infor:DALS": 1, "held infor:DALS": 1}


def test_an_outage_that_is_over_is_not_shown() -> None:
    def alert(kind: str, target: str) -> Record:
        return record("alert", orjson.dumps({"kind": kind, "target": target, "at": "", "reason": "503"}))

    found = [alert("outage", "infor:DALS"), alert("outage-over", "infor:DALS"), alert("outage", "prestashop:1")]
    assert [each["target"] for each in outages(found)] == ["prestashop:1"]


def test_lag_alone_needs_nobody() -> None:
    quiet = {"lag": {"g": 9}, "held": [], "parked": [], "dead_letters": 0, "outages": [], "open_intents": [{}]}
    assert needs_a_person(quiet) == []
    assert needs_a_person({**quiet, "held": [{}], "dead_letters": 2}) == [
        "1 records are held: `penstock holds list`",
        "2 dead letters: `penstock dlq groups`",
    ]


def test_an_order_is_known_by_all_its_numbers_and_a_shipment_by_its_tracking_number() -> None:
    order = {"id": "id-1", "reference": "PS1-41", "number": "QWL", "customer_po": None, "source": {"native_id": "41"}}
    assert numbers_of(order) == {"id-1", "PS1-41", "QWL", "41"}
    shipment = {"id": "s", "order_id": "id-1", "tracking_numbers": ["1Z9"], "source": {"native_id": "3007"}}
    assert {"1Z9", "3007", "id-1"} <= numbers_of(shipment)
    assert (order_of("order", order), order_of("shipment", shipment)) == ("id-1", "id-1")


def test_changes_of_both_addresses_are_told() -> None:
    order = {"bill_to": {"changes": ["st. became Street"]}, "ship_to": None}
    assert changes_of(order) == ["bill_to: st. became Street"]


def test_a_record_that_a_person_has_edited_says_so() -> None:
    said = orjson.dumps({"by": "ann", "at": "t", "why": "the carrier is gone"})
    assert edited_by(record("canonical.order", b"", headers={"edited": said})) == "; edited by ann: the carrier is gone"
    assert edited_by(record("canonical.order", b"")) == ""
    assert edited_by(record("canonical.order", b"", headers={"edited": b"{"})) == ""
