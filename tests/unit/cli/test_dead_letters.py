"""Dead letters on the command line: which are open, which expire, and what a retry closes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from tests.unit.cli.test_holds import View, run

from penstock.cli import dlq
from penstock.cli.check import check_all
from penstock.cli.letters import KEPT_FROM, closing, forward, name_of, open_letters, retention
from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import CheckResult, Notification
from penstock.ingress.notes import note_bytes
from penstock.log.fates import Fate, FateState
from penstock.log.scan import Record
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def letter(
    stage: str = "processors", offset: int = 0, age: timedelta = DAY, value: bytes = b"x", **headers: str
) -> Record:
    said = {"dlq-stage": stage, "dlq-topic": "raw.shop.order", "dlq-partition": "0", "dlq-offset": "3"}
    said |= {"ce_id": f"event-{offset}", "dlq-at": (NOW - age).isoformat()} | headers
    return Record(f"dlq.{stage}", 0, offset, NOW - age, b"k", value, [(k, v.encode()) for k, v in said.items()])


def fate(state: FateState, event: str = "event-0", target: str = "erp:1", age: timedelta = DAY / 2) -> Record:
    key, value = Fate(event, "id", target, state, "", "sinks", "order", NOW - age).encode()
    return Record("fate", 0, 0, NOW - age, key, value, [])


def view(letters: list[Record], fates: list[Record] = [], audit: list[Record] = []) -> Any:  # noqa: B006 - never changed
    return View(**{"dlq.processors": letters, "fate": fates, "audit": audit})


def test_a_letter_is_open_until_its_event_has_come_to_its_end_at_every_target() -> None:
    one, parked = letter(), fate(FateState.PARKED)
    assert open_letters(view([one])) == [one]
    assert open_letters(view([one], [parked])) == [one]
    assert open_letters(view([one], [parked, fate(FateState.PARKED, target="erp:2"), fate(FateState.APPLIED)])) == [one]
    assert open_letters(view([one], [parked, fate(FateState.SUPERSEDED)])) == []


def test_a_fate_that_is_older_than_the_letter_did_not_know_of_it() -> None:
    one = letter()
    assert open_letters(view([one], [fate(FateState.APPLIED, age=2 * DAY)])) == [one]


def test_a_copy_takes_the_place_of_its_letter_and_is_as_old() -> None:
    old = letter(age=80 * DAY)
    made = forward(old)
    copy = Record("dlq.processors", 0, 9, NOW, made.key, made.value, [(k, _bytes(v)) for k, v in made.headers.items()])
    assert open_letters(view([old, copy])) == [copy]
    assert (made.value, made.headers["dlq-at"]) == (b"x", dict(old.headers)["dlq-at"])
    again = dict(forward(copy).headers)
    assert again[KEPT_FROM] == name_of(copy).encode()


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def test_letters_are_kept_as_long_as_their_topic_says() -> None:
    assert retention("processors") == 90 * DAY
    assert retention("nowhere") is None


def test_only_open_letters_that_expire_soon_are_copied_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    found = view([letter(offset=1, age=80 * DAY), letter(offset=2, age=DAY)])
    monkeypatch.setattr(dlq.LogView, "connect", lambda *_: found)
    result = run("dlq", "keep", "--why", "weekly")
    assert "kept processors-0-1" in result.output
    copy, written = found.sent
    assert (copy.topic, copy.headers[KEPT_FROM]) == ("dlq.processors", b"processors-0-1")
    assert orjson.loads(written.value)["what"] == "dlq keep"


def test_a_retry_of_a_notification_ends_the_fate_of_the_one_that_failed() -> None:
    ref = EntityRef("clarity", "acme", "order", "5120")
    failed = letter("ingress", value=note_bytes(Notification(ref, "webhook")), ce_id="notification:raw.n-0-3")
    (made,) = closing(failed, NOW)
    told = Fate.decode(made.key, made.value or b"")
    own_id = canonical_id("clarity", "acme", "order", "5120")
    assert (told.key, told.state) == (f"notification:raw.n-0-3|{own_id}|", FateState.SUPERSEDED)


def test_a_notification_that_nobody_can_read_had_its_fate_without_a_document() -> None:
    (made,) = closing(letter("ingress", value=b"{", ce_id="notification:raw.n-0-3"), NOW)
    assert made.key == b"notification:raw.n-0-3||"


@pytest.mark.parametrize("stage", ["processors", "sinks"])
def test_an_event_of_a_document_keeps_its_fate_open_until_it_has_another(stage: str) -> None:
    assert closing(letter(stage), NOW) == []


class Side:
    """A source or sink whose check makes a call and is or is not answered."""

    def __init__(self, budget: Budget, *, calls: bool, answered: bool, ok: bool) -> None:
        self._budget, self._calls, self._answered, self._ok = budget, calls, answered, ok

    async def check(self) -> list[CheckResult]:
        if self._calls:
            async with self._budget.slot():
                self._budget.answered += self._answered
        return [CheckResult("token", ok=self._ok, detail="cannot connect")]

    async def close(self) -> None:
        return None


@pytest.mark.parametrize(
    ("calls", "answered", "ok", "unreachable"),
    [(True, False, False, True), (True, True, False, False), (False, False, False, False), (True, False, True, False)],
)
async def test_a_system_that_answers_no_call_is_unreachable_and_one_that_refuses_is_not(
    calls: bool, answered: bool, ok: bool, unreachable: bool
) -> None:
    class Spec:
        def source(self, _settings: object, budget: Budget) -> Side:
            return Side(budget, calls=calls, answered=answered, ok=ok)

        sink = source

    class System:
        target, spec, settings = "erp:1", Spec(), None

        def budget(self, service: str) -> Budget:
            assert service == "tools", "beside the services, which keep their shares"
            return Budget(BudgetSettings())

    found = await check_all([System()])  # type: ignore[list-item]  # all of a System that is asked for
    assert [gone for _, _, gone in found] == [unreachable] * 2
