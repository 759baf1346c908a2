from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from penstock.connectors.contract import Notification, SourceUnavailableError
from penstock.connectors.infor.client import Page, Row
from penstock.connectors.infor.polling import IdoPoll, PollSpec
from penstock.records.raw import EntityRef
from tests.unit.infor.gateway import Gateway, refused, rows

KNOWN = httpx.Response(
    200, json={"Properties": [{"Name": name} for name in ("CoNum", "RecordDate", "RowPointer")]}
)  # fmt: skip


def row(number: int, at: str) -> dict[str, Any]:
    return {"CoNum": f"EC{number:08d}", "RecordDate": f"20260203 {at}", "RowPointer": f"row-{number}"}


async def notify(found: Sequence[Row], _page: Page) -> list[Notification]:
    return [Notification(EntityRef("infor", "DALS", "order", each["CoNum"] or ""), "poll:orders") for each in found]


def polling(gateway: Gateway, now: datetime = datetime(2026, 2, 3, 12, tzinfo=UTC), **changes: Any) -> IdoPoll:
    spec = PollSpec("orders", "SLCos", notify, ("CoNum", "RecordDate", "RowPointer"), dated=True)
    given: dict[str, Any] = {
        "interval": 30.0, "overlap": 120.0, "page_size": 200, "zone": ZoneInfo("Europe/Paris"), "start": None,
    }  # fmt: skip
    return IdoPoll(spec, gateway.client(), now=lambda: now, **{**given, **changes})


async def run(poll: IdoPoll, mark: Any = None) -> tuple[list[str], Any]:
    ids = []
    async for page in poll.poll(mark):
        ids += [note.ref.native_id for note in page.notifications]
        mark = page.mark
    return ids, mark


async def test_rows_within_the_overlap_are_named_once_and_again_when_they_change() -> None:
    first = rows(row(1, "09:00:00.000"), row(2, "09:01:00.000"))
    second = rows(row(1, "09:00:00.000"), row(2, "09:02:30.000"), row(3, "09:00:30.000"))
    gateway = Gateway(KNOWN, first, second)
    poll = polling(gateway)

    ids, mark = await run(poll)
    assert ids == ["EC00000001", "EC00000002"]
    assert mark["at"] == "20260203 09:01:00.000"

    ids, mark = await run(poll, mark)
    assert ids == ["EC00000002", "EC00000003"], "a late commit is found, a repeat is not"
    assert gateway.asked[2].url.params["filter"] == "RecordDate >= '20260203 08:59:00.000'"
    assert gateway.asked[2].url.params["orderby"] == "RecordDate,RowPointer"
    assert mark["at"] == "20260203 09:02:30.000"


async def test_a_mark_forgets_rows_that_left_the_overlap() -> None:
    gateway = Gateway(KNOWN, rows(row(1, "09:00:00.000")), rows(row(2, "10:00:00.000")))
    poll = polling(gateway)
    _, mark = await run(poll)
    _, mark = await run(poll, mark)
    assert len(mark["seen"]) == 1


async def test_each_page_brings_a_mark() -> None:
    gateway = Gateway(KNOWN, rows(row(1, "09:00:00.000"), bookmark="b", more=True), rows(row(2, "09:05:00.000")))
    marks = [page.mark async for page in polling(gateway, page_size=1).poll(None)]
    assert [mark["at"] for mark in marks if mark] == ["20260203 09:00:00.000", "20260203 09:05:00.000"]


async def test_the_first_poll_of_documents_starts_where_the_flow_starts() -> None:
    gateway = Gateway(KNOWN, rows())
    await run(polling(gateway, start=datetime(2026, 1, 1, tzinfo=UTC)))
    assert gateway.asked[1].url.params["filter"] == "RecordDate >= '20260101 01:00:00.000'"


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (datetime(2026, 10, 25, 0, 55, tzinfo=UTC), "20261025 02:48:00.000"),  # 02:55 summer time
        (datetime(2026, 10, 25, 1, 5, tzinfo=UTC), "20261025 01:48:00.000"),  # 02:05 for the second time
    ],
)
async def test_the_hour_that_comes_twice_in_autumn_is_read_twice(now: datetime, since: str) -> None:
    gateway = Gateway(KNOWN, rows())
    await run(polling(gateway, now), {"at": "20261025 02:50:00.000", "seen": []})
    assert gateway.asked[1].url.params["filter"] == f"RecordDate >= '{since}'"


@pytest.mark.parametrize("answer", [refused("User requires [Read] privilege for SLCos"), httpx.Response(503)])
async def test_a_poll_that_cannot_read_is_unavailable(answer: httpx.Response) -> None:
    with pytest.raises(SourceUnavailableError, match="polling SLCos"):
        await run(polling(Gateway(KNOWN, answer)))


async def test_an_unreadable_record_date_is_named() -> None:
    gateway = Gateway(KNOWN, rows({"CoNum": "EC1", "RecordDate": "yesterday", "RowPointer": "row-1"}))
    with pytest.raises(SourceUnavailableError, match="unreadable RecordDate"):
        await run(polling(gateway))
