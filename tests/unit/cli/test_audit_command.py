"""What `penstock audit` understands, shows and records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from penstock.audit.model import Difference, Statement, Window
from penstock.cli.audit import moment_of, select, window_of
from penstock.cli.audit_view import KEPT, record_of, show
from penstock.cli.errors import CommandError, Exit
from penstock.log.scan import Record

AT = datetime(2026, 3, 4, 9, 6, tzinfo=UTC)
ALTERED = Difference(
    "amount",
    "infor:DALS",
    "PS00000041",
    reference="PS1-41",
    places=("raw.prestashop.order-2-17",),
    what="total",
    expected="65.76",
    found="60.00",
    currency="EUR",
    cause="somebody changed the total",
    repair="penstock replay resync infor:DALS --key PS1-41 --yes --why '…'",
)


def statement(differences: int = 0) -> Statement:
    return Statement(
        flow="prestashop-infor",
        window=Window(AT),
        at=AT,
        seconds=1.0,
        counts={"orders": 3},
        differences=[replace(ALTERED, document=f"PS{number}") for number in range(differences)],
        open=(),
        sums={},
        revenue=(),
        open_items=(),
    )


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T06:00:00+01:00", datetime(2026, 3, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_or_a_time(text: str, at: datetime) -> None:
    assert moment_of("--since", text) == at


def test_a_moment_may_be_a_length_of_time_ago() -> None:
    at = moment_of("--since", "7d")
    assert at is not None
    assert abs(datetime.now(UTC) - timedelta(days=7) - at) < timedelta(minutes=1)


def test_what_is_no_moment_is_wrong_usage() -> None:
    with pytest.raises(CommandError, match="--until 'soon' is no moment") as refused:
        window_of(None, "soon")
    assert refused.value.code == Exit.USAGE


def test_a_statement_says_in_a_line_whether_the_books_balance() -> None:
    assert statement().said == "the books balance: 3 orders, 0 matters open"
    assert statement(2).said == "2 differences: 2 amount"


def test_a_statement_is_kept_on_the_log_with_as_many_differences_as_fit() -> None:
    made = record_of(statement(KEPT["differences"] + 1))
    said = orjson.loads(made.value or b"")
    assert (made.topic, said["what"], said["subject"]) == (
        "audit",
        "statement",
        "statement prestashop-infor 2026-03-04T09:06:00+00:00..",
    )
    assert len(said["statement"]["differences"]) == KEPT["differences"]
    assert said["statement"]["cut"] == {"differences": {"rows": KEPT["differences"] + 1}}
    assert len(made.value or b"") < 1_000_000


def test_a_recorded_statement_is_found_among_other_records() -> None:
    made = record_of(statement(1))
    records = [Record("audit", 0, 0, AT, b"k", orjson.dumps({"what": "pause"}), []),
               Record("audit", 0, 1, AT, made.key, made.value, [])]  # fmt: skip
    (found,) = select(records, "statement")
    assert found["why"] == "1 differences: 1 amount"


def test_a_difference_is_shown_with_cause_remedy_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    show(statement(1).as_json())
    shown = capsys.readouterr().out
    for text in (
        "AMOUNT infor:DALS PS1-41 PS0: total",
        "expected 65.76 EUR, found 60.00 EUR",
        "why      somebody changed the total",
        "repair   penstock replay resync infor:DALS --key PS1-41",
        "log      raw.prestashop.order-2-17",
        "1 differences: 1 amount",
    ):
        assert text in shown
