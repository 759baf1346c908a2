"""What a person reads."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import orjson
import pytest

from penstock.alerts.message import Message, duration
from penstock.alerts.smtp import compose
from penstock.flow.model import SmtpEnv

AT = datetime(2026, 11, 21, 11, 33, 5, tzinfo=UTC)
SERVER = SmtpEnv.model_validate({"host": "mail.example", "from": "penstock@shop.example", "to": ["a@b.example"]})


def message(kind: str = "outage", **more: object) -> Message:
    given = {"target": "sage100:ABC", "priority": 3, "reason": "answered 503", "count": 1, "first": AT, "last": AT}
    return Message("id-1", "group-1", "clarity-sage100", kind, **(given | more))  # type: ignore[arg-type]  # test data


@pytest.mark.parametrize(
    ("given", "title"),
    [
        (message(seconds=301.7), "[penstock] P3 outage sage100:ABC for 5 min"),
        (message(), "[penstock] P3 outage sage100:ABC"),
        (message("outage-over", seconds=7500), "[penstock] P3 outage over sage100:ABC after 2 h 5 min"),
        (message("held", priority=1), "[penstock] P1 held sage100:ABC"),
        (message("dead-letter", count=12, target=""), "[penstock] P3 dead-letter, 12 times"),
    ],
)
def test_the_title_says_what_where_and_how_long(given: Message, title: str):
    assert given.title == title


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (7500, "2 h 5 min"), (90_061, "1 d 1 h")],
)
def test_a_length_is_told_in_its_two_largest_units(seconds: float, text: str):
    assert duration(seconds) == text


def test_the_text_names_examples_and_where_to_look():
    text = message("held", documents=("CL1-1", "CL1-2"), more=3, last=AT + timedelta(minutes=1)).text
    assert text.startswith("answered 503\n")
    assert "documents  CL1-1, CL1-2 and 3 more\n" in text
    assert "2026-11-21 11:33:05 UTC to 2026-11-21 11:34:05 UTC" in text
    assert "penstock holds list" in text


def test_a_kind_that_has_no_list_of_its_own_points_to_the_trace():
    assert "penstock trace CL1-7" in message("back-order", documents=("CL1-7",)).text


def test_the_webhook_gets_the_same_as_json():
    body = orjson.loads(orjson.dumps(message(seconds=301.7).to_json(AT)))
    assert (body["group"], body["priority"], body["seconds"], body["closed"]) == ("group-1", 3, 301.7, False)
    assert body["text"] == "[penstock] P3 outage sage100:ABC for 5 min: answered 503"
    assert message("outage-over").to_json(AT)["closed"] is True


def test_a_mail_belongs_to_the_thread_of_its_group():
    mail = compose(message(seconds=301.7), SERVER, AT)
    assert mail["Subject"] == "[penstock] P3 outage sage100:ABC for 5 min"
    assert (mail["From"], mail["To"]) == ("penstock@shop.example", "a@b.example")
    assert (mail["Message-ID"], mail["References"]) == ("<id-1@shop.example>", "<group-1@shop.example>")
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_mail_holds_what_is_not_ascii():
    mail = compose(message("held", target="sage100:Zürich"), SERVER, AT)
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert read["Subject"] == "[penstock] P3 held sage100:Zürich"
    assert "sage100:Zürich" in read.get_content()
