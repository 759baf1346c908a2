from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import SourceRefusedError, SourceUnavailableError, WebhookRefusedError
from penstock.connectors.infor.idos import READS
from penstock.connectors.infor.source import InforSource
from penstock.records.raw import EntityRef
from tests.unit.infor.gateway import Gateway, refused, rows
from tests.unit.infor.world import settings


def source(gateway: Gateway) -> InforSource:
    return InforSource(settings(), Budget(BudgetSettings()), transport=gateway.transport())


def info(request: httpx.Request) -> httpx.Response:
    names = READS[request.url.path.rpartition("/")[2]]
    return httpx.Response(200, json={"Properties": [{"Name": name} for name in names]})


def order(at: str) -> httpx.Response:
    return rows({"CoNum": "EC00000042", "Stat": "O", "RecordDate": f"20260203 {at}"})


REF = EntityRef("infor", "DALS", "order", "EC00000042")
LINES = rows({"CoNum": "EC00000042", "CoLine": "1"})


async def test_a_document_keeps_the_answers_byte_for_byte() -> None:
    gateway = Gateway(info, order("09:00:00.000"), info, LINES, order("09:00:00.000"))

    document = await source(gateway).extract(REF, ())

    assert document is not None
    assert [part.role for part in document.parts] == ["order", "lines"]
    assert document.parts[1].body == LINES.content
    assert gateway.asked[1].url.params["filter"] == "CoNum = 'EC00000042'"


async def test_a_document_that_moved_while_it_was_read_is_read_again() -> None:
    moving = [order("09:00:00.000"), LINES, order("09:00:01.000")]
    gateway = Gateway(info, moving[0], info, *moving[1:], order("09:00:01.000"), LINES, order("09:00:01.000"))

    document = await source(gateway).extract(REF, ())

    assert document is not None
    assert b"09:00:01.000" in document.parts[0].body


async def test_a_document_that_never_stands_still_is_tried_later() -> None:
    answers: list[Any] = [info, order("09:00:00.000"), info, LINES, order("09:00:01.000")]
    answers += [order("09:00:02.000"), LINES, order("09:00:03.000")] * 2
    with pytest.raises(SourceUnavailableError, match="moved each of the 3 times"):
        await source(Gateway(*answers)).extract(REF, ())


async def test_a_document_that_is_gone_is_none() -> None:
    assert await source(Gateway(info, rows(), info, rows())).extract(REF, ()) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("User requires [Read] privilege for SLCos"), SourceUnavailableError),
        (httpx.Response(503), SourceUnavailableError),
        (httpx.Response(404), SourceUnavailableError),
        (refused("Illegal filter"), SourceRefusedError),
    ],
)
async def test_what_cannot_be_read_is_unavailable_or_refused(answer: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        await source(Gateway(info, answer)).extract(REF, ())


async def test_there_are_no_webhooks() -> None:
    with pytest.raises(WebhookRefusedError, match="sends no webhooks"):
        source(Gateway()).receive(b"{}", {}, datetime(2026, 2, 3, tzinfo=UTC))


async def test_a_shipment_of_two_orders_is_named_once_for_each() -> None:
    shipments = rows({"ShipmentId": "3007", "RecordDate": "20260204 15:02:10.003", "RowPointer": "r1"})
    links = rows(*({"ShipmentId": "3007", "RefNum": number} for number in ("EC00000043", "EC00000042", "EC00000042")))
    gateway = Gateway(info, shipments, info, links, info, rows())
    poll = next(each for each in source(gateway).polls if each.name == "shipments")

    notes = [note async for page in poll.poll(None) for note in page.notifications]

    assert [note.ref.native_id for note in notes] == ["3007", "3007/EC00000043"]
