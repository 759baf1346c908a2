"""What a person does about dead letters: by cause, by query, edited, discarded; and never twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.unit.cli.test_dead_letters import DAY, NOW, fate, letter
from tests.unit.cli.test_holds import View, run
from tests.unit.processors.shop_documents import order

from penstock.cli.causes import cause_of
from penstock.cli.dlq_query import query_of
from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import Outgoing
from penstock.log.dlq import dead_letter
from penstock.log.fates import Fate, FateState
from penstock.log.scan import Record
from penstock.mapping.errors import BadValue
from penstock.processors.transform import InvalidDocumentError


class Log(View):
    """What is sent is there to be read, as on a log."""

    def send(self, records: list[Outgoing]) -> None:
        super().send(records)
        for each in records:
            topic = self._topics.setdefault(each.topic, [])
            headers = [(name, v if isinstance(v, bytes) else v.encode()) for name, v in each.headers.items()]
            topic.append(Record(each.topic, 0, len(topic), NOW, each.key, each.value, headers))

    def name(self, topic: str) -> str:
        return topic

    def published(self, topic: str = "raw.shop.order") -> list[Outgoing]:
        return [each for each in self.sent if each.topic == topic]

    def said(self, what: str) -> list[dict[str, Any]]:
        found = [orjson.loads(each.value or b"") for each in self.sent if each.topic == "audit"]
        return [each for each in found if each["what"] == what]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    failing = {"dlq-error-class": "BadValue"}
    letters = [
        letter(offset=0, **failing, **{"dlq-offset": "9", "dlq-error": "order.yaml:7: total: '12,5' is no number"}),
        letter(offset=1, **failing, **{"dlq-offset": "3", "dlq-error": "order.yaml:8: total: 'abc' is no number"}),
        letter(offset=2, age=DAY / 24, **{"dlq-offset": "5", "dlq-error-class": "KeyError", "dlq-error": "'x'"}),
    ]
    made = Log(**{"dlq.processors": letters, "fate": [], "audit": []})
    monkeypatch.setattr("penstock.cli.logview.LogView.connect", lambda *_: made)
    return made


def test_letters_are_grouped_by_cause_with_count_example_and_remedy(log: Log) -> None:
    found = orjson.loads(run("dlq", "groups", "--json").output)
    assert [(group["count"], group["error_class"]) for group in found] == [(2, "BadValue"), (1, "KeyError")]
    assert [group["message"] for group in found] == ["order.yaml:#: total: # is no number", "'x'"]
    assert found[0]["example"] in {"processors-0-0", "processors-0-1"}
    assert "Correct the mapping" in found[0]["remedy"]
    assert "fault in penstock" in found[1]["remedy"]
    shown = run("dlq", "groups").output
    assert f"--where cause={found[0]['cause']}" in shown
    assert "12,5" not in shown  # a value of the document


def test_a_rule_is_a_cause_of_its_own_and_the_dead_letter_names_it() -> None:
    error = InvalidDocumentError("gift_message has 10,000,000 characters", "too-long")
    _, _, headers = dead_letter(Incoming(), "processors", error)
    assert dict(headers)["dlq-rule"] == b"too-long"
    one, other = (cause_of("processors", "InvalidDocumentError", text, "too-long") for text in ("a 1", "b 2"))
    assert one == other


class Incoming:
    topic, partition, offset, key, value = "raw.shop.order", 0, 3, b"k", b"v"
    headers = ()


def test_the_causes_of_ours_have_words_of_their_own() -> None:
    assert cause_of("processors", BadValue.__name__, "").remedy != cause_of("processors", "KeyError", "").remedy


def test_a_query_is_retried_in_the_order_of_the_log_and_nothing_else_is(log: Log) -> None:
    result = run("dlq", "retry", "--where", "class=BadValue", "--why", "mapping fixed")
    assert result.exit_code == Exit.OK, result.output
    assert [dict(each.headers)["raw"] for each in log.published()] == [b"raw.shop.order-0-3", b"raw.shop.order-0-9"]
    assert "2 retried, 0 passed over" in result.output


def test_the_audit_record_goes_first_and_the_letter_is_closed_last(log: Log) -> None:
    run("dlq", "retry", "processors-0-2", "--why", "fixed")
    assert [each.topic for each in log.sent] == ["audit", "raw.shop.order", "audit"]
    meant, done = log.said("dlq retry"), log.said("dlq retried")
    assert (meant[0]["subject"], meant[0]["why"], meant[0]["event"]) == ("processors-0-2", "fixed", "event-2")
    assert done[0]["subject"] == "processors-0-2"


def test_a_letter_whose_retry_did_not_reach_the_log_stays_open(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = log.send

    def broken(records: list[Outgoing]) -> None:
        if any(each.topic != "audit" for each in records):
            raise CommandError("the broker is gone", Exit.UNREACHABLE)
        keep(records)

    monkeypatch.setattr(log, "send", broken)
    assert run("dlq", "retry", "processors-0-2", "--why", "fixed").exit_code != Exit.OK
    assert "processors-0-2" in run("dlq", "list").output


def test_a_second_redrive_of_the_same_set_publishes_nothing(log: Log) -> None:
    names = ["processors-0-0", "processors-0-1", "processors-0-2"]
    run("dlq", "retry", *names, "--why", "fixed")
    before = len(log.sent)
    second = run("dlq", "retry", *names, "--why", "fixed")
    assert second.exit_code == Exit.NO
    assert "was retried before" in second.output
    assert "no dead letters" in run("dlq", "retry", "--where", "stage=processors", "--why", "x").output
    assert len(log.sent) == before
    assert run("dlq", "retry", names[0], "--again", "--why", "really").exit_code == Exit.OK
    assert len(log.published()) == 4


def test_what_keeps_coming_back_is_refused_until_somebody_insists(log: Log) -> None:
    log._topics["dlq.processors"].append(letter(offset=3, **{"dlq-attempts": "4"}))
    refused = run("dlq", "retry", "--all", "--why", "once more")
    assert refused.exit_code == Exit.NO
    assert "processors-0-3 has failed 4 times" in refused.output
    assert len(log.published()) == 3
    assert run("dlq", "retry", "processors-0-3", "--again", "--why", "now it is fixed").exit_code == Exit.OK
    assert log.published()[-1].headers["dlq-attempts"] == b"4"


def test_a_discarded_letter_ends_every_open_fate_of_its_event_and_is_gone_from_the_list(log: Log) -> None:
    log._topics["fate"] += [
        fate(FateState.PARKED, "event-0", "erp:1"),
        fate(FateState.PARKED, "event-0", "erp:2"),
        fate(FateState.APPLIED, "event-0", "erp:3"),
    ]
    assert run("dlq", "discard", "processors-0-0", "--why", "a test order").exit_code == Exit.OK
    ended = [Fate.decode(each.key, each.value or b"") for each in log.sent if each.topic == "fate"]
    assert [(each.target, each.state) for each in ended] == [
        ("erp:1", FateState.DISCARDED),
        ("erp:2", FateState.DISCARDED),
    ]
    assert "a test order" in ended[0].reason
    assert "processors-0-0" not in run("dlq", "list").output
    assert run("dlq", "discard", "processors-0-0", "--why", "again").exit_code == Exit.NO


def test_what_was_given_up_at_any_target_is_never_published_again(log: Log) -> None:
    log._topics["fate"] += [fate(FateState.DISCARDED, "event-0", "erp:1"), fate(FateState.PARKED, "event-0", "erp:2")]
    for choice in ("processors-0-0", "--where=key=event-0"):
        refused = run("dlq", "retry", choice, "--again", "--why", "x")
        assert "was discarded at erp:1" in refused.output
    assert run("dlq", "discard", "processors-0-0", "--why", "at erp:2 too").exit_code == Exit.OK
    run("dlq", "discard", "processors-0-1", "--why", "a test order")
    assert "that is final" in run("dlq", "retry", "processors-0-1", "--again", "--why", "x").output
    assert log.published() == []


def test_a_letter_whose_event_has_come_to_its_end_is_passed_over(log: Log) -> None:
    log._topics["fate"].append(fate(FateState.APPLIED, "event-0"))
    assert "come to its end since: applied" in run("dlq", "retry", "processors-0-0", "--why", "x").output
    assert run("dlq", "edit", "processors-0-0", "--set", "/a=1", "--why", "x").exit_code != Exit.OK
    assert run("dlq", "discard", "processors-0-0", "--why", "x").exit_code == Exit.NO
    assert log.sent == []


def test_a_customer_request_that_is_given_up_is_told_to_its_order_and_has_no_fate(log: Log) -> None:
    request = orjson.dumps({"target": "infor:1", "customer_id": "c-1", "cause": "event-1"})
    log._topics["dlq.processors"].append(letter(offset=5, value=request, **{"dlq-topic": "customer-request.infor"}))
    run("dlq", "discard", "processors-0-5", "--why", "a test buyer")
    topics = [each.topic for each in log.sent]
    assert topics == ["audit", "xref.customer", "audit"]


def test_a_letter_without_any_fate_gets_one_at_the_place_where_it_was(log: Log) -> None:
    record = letter(offset=4)
    nameless = [pair for pair in record.headers if pair[0] != "ce_id"]
    log._topics["dlq.processors"].append(Record(record.topic, 0, 4, record.at, b"k", b"x", nameless))
    run("dlq", "discard", "processors-0-4", "--why", "no record of ours")
    (ended,) = [Fate.decode(each.key, each.value or b"") for each in log.sent if each.topic == "fate"]
    assert (ended.event_id, ended.state) == ("raw.shop.order-0-3", FateState.DISCARDED)


@pytest.mark.parametrize("verb", ["retry", "discard", "edit"])
def test_nothing_is_done_without_a_reason_or_a_choice(log: Log, verb: str) -> None:
    assert run("dlq", verb, "processors-0-0").exit_code == Exit.USAGE
    assert (
        run("dlq", verb, "processors-0-0", "--why", " ", *(["--set", "/a=1"] if verb == "edit" else [])).exit_code != 0
    )
    if verb != "edit":
        assert run("dlq", verb, "--why", "x").exit_code == Exit.USAGE
    assert log.sent == []


@pytest.mark.parametrize(
    ("text", "wrong"), [("colour=red", "colour"), ("stage", "stage"), ("since=soon", "soon"), ("class=", "class")]
)
def test_a_query_that_cannot_be_meant_is_named(text: str, wrong: str) -> None:
    with pytest.raises(CommandError, match=wrong):
        query_of(text, NOW)


def test_a_query_takes_lengths_and_times_and_keys() -> None:
    old, new = letter(offset=1, age=3 * DAY), letter(offset=2, age=DAY / 24)
    takes = [query_of(text, NOW).takes for text in ("since=2h", f"until={(NOW - DAY).isoformat()}", "key=event-2")]
    assert [[take(each) for take in takes] for each in (old, new)] == [[False, True, False], [True, False, True]]


# --- edits


@pytest.fixture
def document(log: Log) -> Record:
    value = order().to_bytes()
    said = {"dlq-topic": "raw.prestashop.order", "ce_id": "event-7", "dlq-error-class": "BadValue"}
    made = letter(offset=7, value=value, **said)
    log._topics["dlq.processors"].append(made)
    return made


def test_an_edit_is_published_as_the_same_version_of_the_document_and_says_by_whom_and_why(
    log: Log, document: Record
) -> None:
    change = '/parts/0/body/orders/0/id_carrier="3"'
    result = run("dlq", "edit", "processors-0-7", "--set", change, "--why", "the carrier is gone")
    assert result.exit_code == Exit.OK, result.output
    (made,) = log.published("raw.prestashop.order")
    headers = dict(made.headers)
    assert (headers["ce_id"], headers["raw"]) == (b"event-7", b"raw.prestashop.order-0-3")
    said = orjson.loads(headers["edited"])
    assert said["why"] == "the carrier is gone"
    assert said["by"]
    (meant,) = log.said("dlq edit")
    assert meant["original_sha256"] == hashlib.sha256(document.value or b"").hexdigest()
    assert meant["edited_sha256"] == hashlib.sha256(made.value or b"").hexdigest()
    before, after = orjson.loads(document.value or b""), orjson.loads(made.value or b"")
    assert orjson.loads(after["parts"][0]["body"])["orders"][0]["id_carrier"] == "3"
    assert after["parts"][1:] == before["parts"][1:]
    assert "processors-0-7" not in run("dlq", "list").output


def test_an_edit_that_makes_it_another_document_is_refused(log: Log, document: Record) -> None:
    result = run("dlq", "edit", "processors-0-7", "--set", "/native_id=42", "--why", "x")
    assert "another document" in str(result.exception) + result.output
    assert log.sent == []


def test_an_edit_in_the_editor_that_changes_nothing_publishes_nothing(
    log: Log, document: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "true")
    assert run("dlq", "edit", "processors-0-7", "--why", "x").exit_code != Exit.OK
    assert log.sent == []
    monkeypatch.setenv("EDITOR", "sed -i s/41/41/")
    assert run("dlq", "edit", "processors-0-7", "--why", "x").exit_code != Exit.OK
    monkeypatch.setenv("EDITOR", "sed -i s/Europe/EUROPE/ /dev/null; false")
    assert run("dlq", "edit", "processors-0-7", "--why", "x").exit_code != Exit.OK
    assert log.sent == []


def test_bytes_that_nobody_can_read_are_replaced_by_a_file(log: Log, tmp_path: Path) -> None:
    said = {"dlq-topic": "raw.prestashop.order", "ce_id": "event-8"}
    log._topics["dlq.processors"].append(letter(offset=8, value=b"\xff{", **said))
    file = tmp_path / "good"
    file.write_bytes(order().to_bytes())
    result = run("dlq", "edit", "processors-0-8", "--file", str(file), "--why", "cut off")
    assert "no document that can be read" in str(result.exception) + result.output
    assert run("dlq", "edit", "processors-0-8", "--file", str(file), "--as-bytes", "--why", "cut").exit_code == Exit.OK
    assert log.published("raw.prestashop.order")[0].value == file.read_bytes()


# --- show


def test_show_says_what_to_do_and_how_each_field_came_about_without_values(log: Log, document: Record) -> None:
    shown = run("dlq", "show", "processors-0-7", "--flow", "prestashop-infor").output
    assert "Correct the mapping" in shown
    assert "order.date_add" in shown
    assert "the mapping has no fault to find with it now" in shown
    for personal in ("lefevre", "Lefèvre", "example.com"):
        assert personal not in shown


def test_an_error_is_shown_without_what_it_quotes_of_the_document(log: Log) -> None:
    body = json.dumps({"lastname": "Brook", "city": "Orléans", "code": "99"})
    value = json.dumps({"parts": [{"body": body}]}).encode()
    error = "table 'order-status': 'lastname' is 'Brook', code '99', 'Orléans'"
    log._topics["dlq.processors"].append(letter(offset=9, value=value, **{"dlq-error": error}))
    shown = run("dlq", "show", "processors-0-9").output
    assert "table 'order-status': 'lastname' is '•••', code '99', '•••'" in shown
    assert "Brook" not in run("dlq", "list", "--json").output
    assert "Brook" in run("dlq", "show", "processors-0-9", "--document").output


def test_show_with_document_has_the_values(log: Log, document: Record) -> None:
    told = orjson.loads(
        run("dlq", "show", "processors-0-7", "--flow", "prestashop-infor", "--document", "--json").output
    )
    assert told["document"]["parts"][0]["body"]["orders"]
    assert any(step["result"] == "PS1-41" for step in told["trace"]["steps"])
