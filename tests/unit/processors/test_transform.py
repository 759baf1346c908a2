"""One raw document through the flow's own mapping, rules and routes: what comes out, and that nothing is lost."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from penstock.cli.letters import edited
from penstock.cli.waiting import Entry, again
from penstock.flow.load import load_flow
from penstock.log.dlq import dead_letter
from penstock.log.fates import Fate
from penstock.log.headers import texts
from penstock.log.partition import partition_for
from penstock.log.scan import Record
from penstock.log.wire import Codec
from penstock.processors.deliver import Output
from penstock.processors.incoming import Incoming
from penstock.processors.stage import outputs_of
from penstock.processors.transform import Names, Transform
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, RawDocument
from penstock.rules.validate import Policy
from tests.unit.log.test_wire import FakeRegistry
from tests.unit.processors.shop_documents import EVENT, Tables, incoming, order, with_body

ORDER_ID = canonical_id("prestashop", "1", "order", "41")
TARGET = "infor:DALS"


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(FakeRegistry(), register=True)


@pytest.fixture(scope="module")
def transform(codec: Codec) -> Transform:
    flow = load_flow("prestashop-infor")
    return Transform(flow, codec, Names("", 4), Policy.model_validate(flow.file.validation))


def by_topic(outputs: Sequence[Output]) -> dict[str, Output]:
    assert len({output.topic for output in outputs}) == len(outputs)
    return {output.topic: output for output in outputs}


def hold_of(outputs: Sequence[Output]) -> dict[str, Any]:
    found = by_topic(outputs)
    assert set(found) - {"alert"} == {"hold", "fate"}
    entry: dict[str, Any] = orjson.loads(found["hold"].value or b"")
    return entry


def fate_of(output: Output) -> Fate:
    return Fate.decode(output.key, output.value or b"")


def the_dead_letter(transform: Transform, value: RawDocument | bytes) -> tuple[Output, dict[str, str]]:
    """What the stage makes of a record that the transform cannot work with."""
    record = incoming(value)
    (letter,) = outputs_of(record, transform, "dlq.processors", "processors", lambda _: None)
    assert letter.topic == "dlq.processors"
    assert (letter.key, letter.value) == (record.key, record.value), "the bytes are untouched"
    return letter, texts(letter.headers)


# --- what may be wrong with an order


def wrong_total(tables: Tables) -> None:
    tables["orders"][0] |= {"total_paid": "65.770000", "total_paid_tax_incl": "65.770000"}


def unknown_state(tables: Tables) -> None:
    tables["orders"][0]["current_state"] = 57
    tables["order_states"].append({"id": 57, "paid": "0", "shipped": "0", "delivery": "0"})


def negative_quantity(tables: Tables) -> None:
    tables["order_details"][0]["product_quantity"] = -2


def pounds(tables: Tables) -> None:
    tables["currencies"][0]["iso_code"] = "GBP"


def nowhere(tables: Tables) -> None:
    tables["countries"][0]["iso_code"] = "ZZ"


def without_sku(tables: Tables) -> None:
    tables["order_details"][0]["product_reference"] = ""


# --- what goes on


def test_an_order_becomes_its_canonical_record(transform: Transform, codec: Codec):
    (output,) = transform(incoming(order()))
    assert output.topic == "canonical.order"
    assert output.key == ORDER_ID.encode()
    name, record = codec.decode(output.value or b"")
    assert (name, record["id"], record["reference"]) == ("Order", ORDER_ID, "PS1-41")
    assert record["totals"]["gross"] == Decimal("65.76")
    assert record["source"]["native_id"] == "41"
    assert record["source"]["observed_at"].isoformat() == "2026-03-04T09:06:00+00:00"
    assert record["deleted_at"] is None


def test_it_carries_every_header_of_the_log(transform: Transform):
    (output,) = transform(incoming(order(), traceparent="00-aa-bb-01"))
    headers = texts(output.headers)
    assert headers.pop("config-version")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": EVENT,
        "ce_source": "prestashop:1",
        "ce_type": "penstock.canonical.order",
        "ce_time": "2026-03-04T09:06:00.000+00:00",
        "traceparent": "00-aa-bb-01",
        "cause": "raw.prestashop.notification-0-3 webhook",
        "raw": "raw.prestashop.order-2-7",
        "flow": "prestashop-infor",
        "targets": TARGET,
    }


@pytest.mark.parametrize("change", [lambda _: None, unknown_state])
def test_the_same_record_twice_gives_the_same_bytes(transform: Transform, change: Callable[[Tables], object]):
    record = incoming(order(change))
    assert list(transform(record)) == list(transform(record))


def test_a_record_published_again_keeps_its_first_place_and_its_count(transform: Transform):
    (output,) = transform(incoming(order(), offset=900, raw="raw.prestashop.order-2-7", retry="2"))
    headers = texts(output.headers)
    assert headers["raw"] == "raw.prestashop.order-2-7"
    assert headers["retry"] == "2"


def test_an_edited_letter_keeps_event_and_first_place_and_says_that_it_was_edited(transform: Transform):
    key, value, headers = dead_letter(incoming(order()), "processors", ValueError("no"))
    letter = Record("dlq.processors", 2, 0, datetime.now(UTC), key, value, headers)
    made = edited(letter, value, "typed in wrongly")
    given = [(name, text if isinstance(text, bytes) else text.encode()) for name, text in made.headers.items()]
    (output,) = transform(Incoming(made.topic, 2, 99, made.key, made.value or b"", given))
    said = texts(output.headers)
    assert (said["ce_id"], said["raw"]) == (EVENT, "raw.prestashop.order-2-7")
    assert orjson.loads(said["edited"])["why"] == "typed in wrongly"


def test_numbers_and_texts_may_be_written_either_way(transform: Transform, codec: Codec):
    """PrestaShop 1.7 writes every number as text; 8 and 9 write most as numbers, and a text of digits is one too."""

    def other_way_round(tables: Tables) -> None:
        for rows in tables.values():
            for row in rows:
                row |= {name: turned(value) for name, value in row.items()}

    (plain,) = transform(incoming(order()))
    (turned_round,) = transform(incoming(order(other_way_round)))
    wanted, found = codec.decode(plain.value or b"")[1], codec.decode(turned_round.value or b"")[1]
    del wanted["extras"], found["extras"]  # kept as the shop wrote them
    assert found == wanted


def turned(value: Any) -> Any:
    """Numbers as texts, and texts of digits as numbers."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return value
    if isinstance(value, int):
        return str(value)
    digits = value.replace(".", "", 1)
    return (float(value) if "." in value else int(value)) if digits.isascii() and digits.isdigit() else value


def test_an_emoji_and_other_scripts_go_on_as_they_are(transform: Transform, codec: Codec):
    def gift(tables: Tables) -> None:
        tables["orders"][0]["gift_message"] = "Alles Gute 🎁, 生日快乐"

    (output,) = transform(incoming(order(gift)))
    assert codec.decode(output.value or b"")[1]["gift_message"] == "Alles Gute 🎁, 生日快乐"


# --- what is not routed


def test_an_order_from_before_the_flow_began_is_not_routed(transform: Transform):
    def old(tables: Tables) -> None:
        tables["orders"][0]["date_add"] = "2025-12-31 23:59:59"

    found = by_topic(transform(incoming(order(old))))
    assert texts(found["canonical.order"].headers)["targets"] == ""
    fate = fate_of(found["fate"])
    assert (fate.state.value, fate.target, fate.reason) == ("not-routed", "", "older than start.orders_from")


def test_an_old_order_that_does_not_add_up_is_nobodys_concern(transform: Transform):
    def old_and_wrong(tables: Tables) -> None:
        tables["orders"][0] |= {"date_add": "2025-12-31 23:59:59", "total_paid_tax_incl": "65.770000"}

    assert set(by_topic(transform(incoming(order(old_and_wrong))))) == {"canonical.order", "fate"}


def test_a_deleted_document_goes_on_with_its_last_content(transform: Transform, codec: Codec):
    def wrong(tables: Tables) -> None:
        tables["orders"][0]["total_paid_tax_incl"] = "65.770000"

    (output,) = transform(incoming(order(wrong, deleted=True)))
    assert output.topic == "canonical.order"
    record = codec.decode(output.value or b"")[1]
    assert record["deleted_at"] == record["source"]["observed_at"]
    assert record["reference"] == "PS1-41"


# --- what a person must look at


@pytest.mark.parametrize(
    ("change", "rule", "said"),
    [
        (wrong_total, "order-total", "65.76 EUR, but the order states 65.77 EUR, 0.01 more"),
        (unknown_state, "unknown-code", "'57'"),
        (negative_quantity, "quantity", "quantity -2"),
        (pounds, "currency", "This flow takes EUR, USD, not GBP"),
        (nowhere, "country", "'ZZ' is not a country"),
        (without_sku, "sku", "has no SKU"),
    ],
)
def test_what_a_clerk_can_mend_is_held_with_field_value_rule_and_remedy(
    transform: Transform, change: Callable[[Tables], object], rule: str, said: str
):
    outputs = transform(incoming(order(change)))
    entry = hold_of(outputs)
    assert rule in {verdict["rule"] for verdict in entry["verdicts"]}
    assert said in entry["reason"]
    assert all(verdict["field"] and verdict["message"] and verdict["remedy"] for verdict in entry["verdicts"])
    assert (entry["stage"], entry["target"], entry["entity"]) == ("processors", TARGET, "order")
    assert entry["order_id"] == entry["canonical_id"] == ORDER_ID
    fate = fate_of(by_topic(outputs)["fate"])
    assert (fate.state.value, fate.target, fate.canonical_id) == ("held", TARGET, ORDER_ID)
    assert f"{rule} (" in fate.reason


def test_a_fate_never_says_what_may_be_about_a_person(transform: Transform):
    def no_email(tables: Tables) -> None:
        tables["customers"][0]["email"] = "zoe.durand"

    outputs = transform(incoming(order(no_email)))
    assert "'zoe.durand' is not an e-mail address" in hold_of(outputs)["reason"]
    assert fate_of(by_topic(outputs)["fate"]).reason == "email (customer.email)"


def test_a_hold_lies_where_its_document_does_and_can_be_published_again(transform: Transform):
    record = incoming(order(wrong_total), retry="1")
    outputs = transform(record)
    hold = by_topic(outputs)["hold"]
    assert hold.partition == partition_for(ORDER_ID.encode(), 4)
    entry = hold_of(outputs)
    assert hold.key.decode() == f"prestashop-infor:order:{ORDER_ID}:{EVENT}:{TARGET}"
    assert entry["document"] == "PS1-41"
    assert entry["attempts"] == 1
    again = entry["republish"]
    assert (again["topic"], base64.b64decode(again["key_base64"])) == ("raw.prestashop.order", b"1:41")
    assert base64.b64decode(again["value_base64"]) == record.value
    assert again["headers"]["raw"] == "raw.prestashop.order-2-7"
    assert again["headers"]["ce_id"] == EVENT


def test_a_held_order_says_what_it_takes_from_stock(transform: Transform):
    assert hold_of(transform(incoming(order(wrong_total))))["demand"] == {"APR-SND": "2"}


def test_a_hold_says_no_more_of_a_value_than_fits_a_screen(transform: Transform):
    def long_city(tables: Tables) -> None:
        for row in tables["addresses"]:
            row["postcode"] = "7" * 3000

    (verdict, *_) = hold_of(transform(incoming(order(long_city))))["verdicts"]
    assert len(verdict["value"]) <= 200


@pytest.mark.parametrize("released", ["order-total", "*"])
def test_a_released_rule_lets_the_order_pass(transform: Transform, released: str):
    def rules_broken(tables: Tables) -> None:
        tables["orders"][0] |= {"total_paid": "65.770000", "total_paid_tax_incl": "65.770000"}

    (output,) = transform(incoming(order(rules_broken), released=released))
    assert output.topic == "canonical.order"
    assert texts(output.headers)["released"] == released, "the target must hear of it: the same content is not the same"


def test_another_rule_still_holds_a_released_order(transform: Transform):
    def two_faults(tables: Tables) -> None:
        wrong_total(tables)
        negative_quantity(tables)

    outputs = transform(incoming(order(two_faults), released="order-total"))
    entry = hold_of(outputs)
    rules = {verdict["rule"] for verdict in entry["verdicts"]}
    assert "quantity" in rules
    assert "order-total" not in rules
    assert entry["republish"]["headers"]["released"] == "order-total", "else two rules would hold it in turn for ever"


def test_releases_of_one_rule_after_the_other_add_up_until_the_order_passes(transform: Transform):
    def two_faults(tables: Tables) -> None:
        wrong_total(tables)
        tables["order_details"][0]["product_reference"] = ""

    released = ""
    for _ in range(2):
        entry = hold_of(transform(incoming(order(two_faults), released=released)))
        released = str(again(Entry("hold", 0, "key", entry), entry["on"]).headers["released"])
    (output,) = transform(incoming(order(two_faults), released=released))
    assert released == "order-total,sku"
    assert (output.topic, texts(output.headers)["released"]) == ("canonical.order", released)


# --- what is no document


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><prestashop><order>&lol9;</order></prestashop>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><prestashop><order><id>&e;</id></order></prestashop>'


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "no JSON in 1 bytes"),
        (b"", "no order"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"<html><body>Maintenance</body></html>", "no JSON"),
        (b'{"orders":[{"id":41', "no JSON"),
        (b'{"orders":[41]}', "something else than objects"),
        (b'{"orders":[{"id":41}]}', "currency is null"),
        (b'{"orders":[{"id":NaN}]}', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (BOMB, "no JSON"),
        (OUTSIDE, "no JSON"),
    ],
    ids=["cut", "empty", "bytes", "html", "cut-late", "numbers", "bare", "nan", "deep", "bomb", "entity"],
)
def test_a_part_that_cannot_be_read_is_a_dead_letter(transform: Transform, body: bytes, error: str):
    _, about = the_dead_letter(transform, with_body(order(), "order", body))
    assert error in about["dlq-error"]
    assert (about["dlq-topic"], about["dlq-partition"], about["dlq-offset"]) == ("raw.prestashop.order", "2", "7")
    assert about["ce_id"] == EVENT


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"null", b"[]", b'{"system": "prestashop"}', BOMB, b"\x00" * 50])
def test_a_record_that_is_no_raw_document_is_a_dead_letter(transform: Transform, value: bytes):
    _, about = the_dead_letter(transform, value)
    assert about["dlq-error-class"] == "ValueError"
    assert about["dlq-error"].startswith("not a raw document")


def test_a_nul_is_a_dead_letter_that_names_the_field(transform: Transform):
    def nul(tables: Tables) -> None:
        tables["addresses"][0]["city"] = "Par\0is"

    _, about = the_dead_letter(transform, order(nul))
    assert "U+0000" in about["dlq-error"]
    assert "city" in about["dlq-error"]


@pytest.mark.parametrize("field", ["gift_message", "note", "payment"])
def test_a_text_of_ten_megabytes_is_a_dead_letter_that_names_the_field(transform: Transform, field: str):
    def huge(tables: Tables) -> None:
        tables["orders"][0][field] = "x" * 10_000_000

    _, about = the_dead_letter(transform, order(huge))
    assert "10,000," in about["dlq-error"]
    assert field in about["dlq-error"]
    assert len(about["dlq-error"]) <= 2000


def test_a_hold_that_would_not_fit_the_log_is_a_dead_letter(transform: Transform):
    """A hold carries its record as base64: ten megabytes become thirteen, more than a record may have."""

    def huge_and_unknown(tables: Tables) -> None:
        unknown_state(tables)
        tables["orders"][0]["note"] = "x" * 10_000_000

    _, about = the_dead_letter(transform, order(huge_and_unknown))
    assert "'57'" in about["dlq-error"]


def test_a_deletion_without_its_last_content_is_a_dead_letter(transform: Transform):
    gone = RawDocument(EntityRef("prestashop", "1", "order", "41"), (), None, deleted=True)
    _, about = the_dead_letter(transform, gone)
    assert "its last content is not in the document" in about["dlq-error"]


def test_a_record_of_somebody_else_is_a_dead_letter(transform: Transform):
    record = incoming(order())
    nobody = type(record)(record.topic, record.partition, record.offset, record.key, record.value, ())
    (letter,) = outputs_of(nobody, transform, "dlq.processors", "processors", lambda _: None)
    assert "ce_id is missing" in texts(letter.headers)["dlq-error"]


def test_a_dead_letter_that_fails_again_counts_on(transform: Transform):
    record = incoming(b"{", **{"dlq-attempts": "3"})
    (letter,) = outputs_of(record, transform, "dlq.processors", "processors", lambda _: None)
    assert texts(letter.headers)["dlq-attempts"] == "4"


def test_headers_that_are_no_headers_of_ours_still_make_a_dead_letter(transform: Transform):
    record = incoming(b"{", **{"dlq-attempts": "many"})
    (letter,) = outputs_of(record, transform, "dlq.processors", "processors", lambda _: None)
    assert texts(letter.headers)["dlq-attempts"] == "1"


def test_a_dead_letter_leaves_an_open_fate_for_every_target(transform: Transform) -> None:
    error = ValueError("broken")
    ref = EntityRef("prestashop", "1", "order", "41")
    known = incoming(RawDocument(ref, ()))
    fates = [fate_of(output) for output in transform.epitaph(known, error) if output.topic == "fate"]
    assert [(fate.target, fate.state.value, fate.entity) for fate in fates] == [("infor:DALS", "parked", "order")]
    junk = incoming(b"\xff\xfe")
    (fate,) = [fate_of(output) for output in transform.epitaph(junk, error) if output.topic == "fate"]
    assert (fate.target, fate.canonical_id, fate.state.value) == ("", "", "parked")


def test_a_document_that_misnames_itself_has_a_fate_all_the_same(transform: Transform) -> None:
    odd = incoming(
        b'{"system": 1, "instance": [], "native_id": null, "entity": {}, "parts": [], "version": 0, "deleted": 0}'
    )
    (fate,) = [fate_of(output) for output in transform.epitaph(odd, ValueError()) if output.topic == "fate"]
    assert (fate.event_id, fate.state.value) == (EVENT, "parked")


# --- who is told


def alert_of(outputs: Sequence[Output]) -> dict[str, Any]:
    alert: dict[str, Any] = orjson.loads(by_topic(outputs)["alert"].value or b"")
    return alert


def test_a_hold_is_an_alert_that_names_rule_and_document_and_no_value(transform: Transform):
    def no_email(tables: Tables) -> None:
        tables["customers"][0]["email"] = "zoe.durand"

    outputs = transform(incoming(order(no_email)))
    assert by_topic(outputs)["alert"].key == TARGET.encode()
    assert alert_of(outputs) == {
        "at": "2026-03-04T09:06:00.000+00:00",
        "kind": "held",
        "target": TARGET,
        "priority": 1,
        "reason": "email (customer.email)",
        "flow": "prestashop-infor",
        "document": "PS1-41",
        "entity": "order",
        "rule": "email",
        "count": 1,
    }


def test_an_order_that_cannot_be_mapped_is_told_by_our_reference(transform: Transform):
    alert = alert_of(transform(incoming(order(unknown_state))))
    assert (alert["kind"], alert["rule"], alert["document"]) == ("held", "unknown-code", "PS1-41")


def test_a_hold_is_told_once_however_often_it_is_tried_again_and_another_rule_is_told_anew(transform: Transform):
    def two_faults(tables: Tables) -> None:
        wrong_total(tables)
        tables["order_details"][0]["product_reference"] = ""

    entry = hold_of(transform(incoming(order(two_faults))))
    carried = Entry("hold", 0, "key", entry)
    tried = incoming(order(two_faults), told=str(again(carried).headers["told"]))
    assert set(by_topic(transform(tried))) == {"hold", "fate"}
    released = again(carried, entry["on"]).headers
    outputs = transform(incoming(order(two_faults), told=str(released["told"]), released=str(released["released"])))
    assert alert_of(outputs)["rule"] == hold_of(outputs)["on"] != entry["on"]


def test_a_dead_letter_is_told_by_the_class_of_its_error(transform: Transform):
    error = ValueError("jane@mail.example is no number")
    alert = alert_of(transform.epitaph(incoming(RawDocument(EntityRef("prestashop", "1", "order", "41"), ())), error))
    assert (alert["kind"], alert["target"], alert["flow"]) == ("dead-letter", TARGET, "prestashop-infor")
    assert (alert["document"], alert["entity"], alert["rule"]) == ("PS1-41", "order", "ValueError")
    assert "jane" not in alert["reason"]
    junk = alert_of(transform.epitaph(incoming(b"\xff\xfe"), error))
    assert (junk["target"], junk["document"], junk["flow"]) == ("", "", "prestashop-infor")
