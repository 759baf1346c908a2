"""Holds on the command line: what is shown of them, and what a person's word does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from penstock.cli.errors import Exit
from penstock.cli.logview import Outgoing
from penstock.cli.main import app
from penstock.cli.status import needs_a_person
from penstock.cli.waiting import Entry, again, rejected, span
from penstock.log.scan import Record

NOW = datetime(2026, 3, 4, 9, 12, tzinfo=UTC)
CREDIT: dict[str, Any] = {
    "flow": "clarity-sage100",
    "stage": "sinks",
    "target": "sage100:ABC",
    "entity": "order",
    "canonical_id": "id-1",
    "event_id": "clarity:acme:order:5120:7",
    "document": "CL1-5120",
    "on": "credit",
    "rule": "credit",
    "reason": "over the credit limit by 20.00 USD",
    "arithmetic": [["credit limit", "100.00"], ["open orders", "-40.00"], ["this order", "-80.00"]],
    "clears_on": "credit",
    "clears_by": "a balance that drops, by itself; or a person who releases it",
    "since": "2026-03-01T08:00:00+00:00",
    "attempts": 3,
    "verdicts": [],
    "next_try": "2026-03-04T09:20:00+00:00",
    "republish": {
        "topic": "canonical.order",
        "key_base64": base64.b64encode(b"id-1").decode(),
        "value_base64": base64.b64encode(b"\x00secret").decode(),
        "headers": {"ce_id": "clarity:acme:order:5120:7"},
    },
}
OF_PROCESSORS = {
    name: value
    for name, value in CREDIT.items()
    if name not in {"rule", "arithmetic", "clears_on", "clears_by", "next_try"}
} | {"on": "order-total", "document": "CL1-5121", "event_id": "e2", "stage": "processors"}


class View:
    """The log in memory, as `LogView` shows it."""

    def __init__(self, **topics: list[Record]) -> None:
        self._topics = topics
        self.sent: list[Outgoing] = []

    def topics(self, start: str = "") -> list[str]:
        return [name for name in self._topics if name.startswith(start)]

    def records(self, topic: str, partition: int | None = None) -> Iterator[Record]:
        yield from self._topics.get(topic, [])

    def latest(self, topic: str) -> dict[str, Record]:
        return {(record.key or b"").decode(): record for record in self._topics[topic]}

    def send(self, records: list[Outgoing]) -> None:
        self.sent += records


def record(topic: str, value: dict[str, Any], key: str = "k") -> Record:
    return Record(topic, 0, 0, NOW, key.encode(), orjson.dumps(value), [])


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> View:
    said = View(hold=[record("hold", CREDIT, "one"), record("hold", OF_PROCESSORS, "two")])
    monkeypatch.setattr("penstock.cli.logview.LogView.connect", lambda *_: said)
    return said


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_the_list_names_rule_document_target_reason_age_and_what_ends_it(view: View) -> None:
    result = run("holds", "list")
    assert result.exit_code == Exit.NO
    for word in ("credit", "CL1-5120", "sage100:ABC", "over the credit limit", " d ", "a balance that drops"):
        assert word in result.output
    assert "a correction in the source" in result.output  # the processors' hold does not say it itself


def test_a_hold_shows_its_sum_and_not_the_record_that_it_carries(view: View) -> None:
    result = run("holds", "show", "CL1-5120")
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    for line in ("credit limit 100.00", "open orders -40.00", "this order -80.00"):
        assert line in lines
    assert "republish" not in result.output


def test_all_holds_have_the_same_fields_for_a_machine(view: View) -> None:
    shown = orjson.loads(run("holds", "list", "--json").output)
    assert [each["rule"] for each in shown] == ["credit", "order-total"]
    assert {"rule", "arithmetic", "clears_on", "clears_by"} <= set(shown[0]) & set(shown[1])


def test_a_release_is_written_down_first_with_rule_and_reason_and_then_published(view: View) -> None:
    result = run("holds", "release", "CL1-5120", "--why", "paid by wire", "--rule", "credit", "--json")
    assert orjson.loads(result.output)[0]["done"] == "release"
    written, released = view.sent
    said = orjson.loads(written.value or b"")
    assert (said["what"], said["why"], said["rule"]) == ("holds release", "paid by wire", "credit")
    assert (said["document"], said["target"]) == ("CL1-5120", "sage100:ABC")
    assert (released.topic, released.headers["released"]) == ("canonical.order", "credit")


@pytest.mark.parametrize("verb", ["release", "retry", "reject"])
def test_nothing_is_done_without_a_reason(view: View, verb: str) -> None:
    assert run("holds", verb, "CL1-5120").exit_code == Exit.USAGE
    assert run("holds", verb, "CL1-5120", "--why", " ").exit_code == Exit.USAGE
    assert view.sent == []


@pytest.mark.parametrize(
    ("before", "rule", "after"),
    [("", "stock", "stock"), ("credit", "stock", "credit,stock"), ("credit", "*", "*"), ("*", "stock", "*")],
)
def test_a_second_release_does_not_take_back_the_first(before: str, rule: str, after: str) -> None:
    carried = CREDIT["republish"] | {"headers": {"released": before} if before else {}}
    entry = Entry("hold", 0, "one", CREDIT | {"republish": carried})
    assert again(entry, rule).headers["released"] == after
    assert again(entry).headers.get("released", "") == before


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 min"), (59, "0 min"), (720, "12 min"), (3700, "1 h 1 min"), (266_400, "3 d 2 h")]
)
def test_an_age_is_told_in_its_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_status_tells_holds_that_clear_by_themselves_from_those_that_need_somebody() -> None:
    quiet = {"held": [CREDIT, OF_PROCESSORS], "parked": [], "dead_letters": 0, "outages": []}
    assert needs_a_person(quiet) == [
        "2 records are held (1 until stock, credit or the like lets them pass): `penstock holds list`"
    ]


def test_status_tells_of_writes_of_which_nobody_knows_what_became() -> None:
    found = {"held": [CREDIT | {"rule": "unknown", "clears_on": None}], "parked": [], "dead_letters": 0, "outages": []}
    assert needs_a_person(found)[1].startswith("1 of them were sent, and nobody knows")


def test_parked_lists_skips_and_ends_what_waits_and_what_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = CREDIT | {"rule": "unknown", "on": "unknown", "clears_on": None, "document": "CL1-1"}
    waits = {**CREDIT, "on": "item", "document": "CL1-2", "event_id": "e3"}
    attempts = [{"at": "t", "step": "order", "outcome": "unknown", "reply": "reset"}]
    effect = record("effect.sage100", {"event_id": lost["event_id"], "attempts": attempts}, "ABC:order:id-1")
    topics = {"hold": [record("hold", lost, "one"), record("hold", CREDIT, "two")], "effect.sage100": [effect]}
    said = View(**topics, **{"parked.sage100": [record("parked.sage100", waits, "three")]})
    monkeypatch.setattr("penstock.cli.logview.LogView.connect", lambda *_: said)
    shown = orjson.loads(run("parked", "list", "--json").output)
    assert [each["document"] for each in shown] == ["CL1-2", "CL1-1"]
    assert "a person who looks in the target" in run("parked", "list").output
    assert orjson.loads(run("parked", "show", "CL1-1", "--json").output)[0]["evidence"] == attempts
    assert run("parked", "skip", "CL1-1").exit_code == Exit.USAGE
    assert run("parked", "skip", "CL1-1", "--why", "booked by hand").exit_code == Exit.OK
    written, fate, tombstone = said.sent
    assert orjson.loads(written.value or b"")["what"] == "parked skip"
    assert orjson.loads(fate.value or b"")["state"] == "discarded"
    assert (tombstone.key, tombstone.value) == (b"one", None)


def test_what_is_being_written_in_this_moment_cannot_be_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    effect = record("effect.sage100", {"event_id": CREDIT["event_id"], "state": "intent"}, "ABC:order:id-1")
    said = View(hold=[record("hold", CREDIT, "one")], **{"effect.sage100": [effect]})
    monkeypatch.setattr("penstock.cli.logview.LogView.connect", lambda *_: said)
    result = run("holds", "reject", "CL1-5120", "--why", "a test order")
    assert "is under way" in str(result.exception) + result.output
    assert said.sent == []


def test_a_customer_that_is_given_up_is_told_to_the_order_that_asked() -> None:
    request = {"target": "sage100:ABC", "customer_id": "c-1", "cause": "event-1#2"}
    carried = CREDIT["republish"] | {"value_base64": base64.b64encode(orjson.dumps(request)).decode()}
    entry = Entry("parked.sage100", 0, "one", CREDIT | {"entity": "customer-request", "republish": carried})
    refusal, tombstone = rejected(entry, "a test buyer", NOW)
    assert (refusal.topic, refusal.key) == ("xref.customer", b"refused:c-1:sage100:ABC")
    assert orjson.loads(refusal.value or b"")["cause"] == "event-1#2"
    assert tombstone.value is None


def test_the_audit_log_is_listed_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"at": "t", "who": "penstock", "what": "not-written", "subject": "product X-1", "fields": ["price", "name"]}
    done = {"at": "t", "who": "ann", "what": "pause", "subject": "target:sage100:ABC", "why": "month end"}
    said = View(audit=[record("audit", left), record("audit", done)])
    monkeypatch.setattr("penstock.cli.logview.LogView.connect", lambda *_: said)
    shown = run("audit", "list", "--what", "not-written")
    assert "price, name" in shown.output
    assert "month end" not in shown.output
    assert orjson.loads(run("audit", "list", "--json").output) == [left, done]
    assert "nothing is in the audit log as 'nix'" in run("audit", "list", "--what", "nix").output
