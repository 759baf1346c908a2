"""Conformance of every connector: a listing names what the system holds, each document once, or says that it cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain

import pytest
from tests.contract.conformance.desk import Desk, Subject, polled
from tests.contract.conformance.wire import answer

from penstock.connectors.contract import Listed, Source, SourceRefusedError, SourceUnavailableError

DAY = timedelta(days=1)
OF_ORDERS = {"currency", "total", "tax", "quantity", "state"}


@pytest.fixture
def listing(subject: Subject) -> Subject:
    if not subject.spec.lists:
        pytest.skip("not implemented: SPEC.lists is empty")
    return subject


@pytest.fixture
async def source(listing: Subject, desk: Desk) -> AsyncIterator[Source]:
    """With pages of two, after some more orders than the sandbox had."""
    for _ in range(5):
        await desk.act(listing.facts.change)
    made = desk.source(page_size=2)
    yield made
    await made.close()


@pytest.fixture
async def roomy(listing: Subject, desk: Desk) -> AsyncIterator[Source]:
    """With pages of a size that hundreds of stock rows take."""
    made = desk.source(page_size=100)
    yield made
    await made.close()


async def listed(
    source: Source, entity: str, since: datetime | None = None, until: datetime | None = None
) -> list[Listed]:
    return [row async for page in source.listing(entity, since, until) for row in page]


def ids(rows: Sequence[Listed]) -> list[str]:
    return [row.native_id for row in rows]


async def test_what_it_lists_it_reads_or_is_the_stock_of_a_shop(listing: Subject) -> None:
    assert listing.spec.lists <= {*listing.spec.reads, "stock"}
    assert "order" in listing.spec.lists


async def test_it_lists_what_polling_names_each_once(listing: Subject, roomy: Source) -> None:
    named: dict[str, set[str]] = {}
    for poll in roomy.polls:
        for note in (await polled(poll))[0]:
            named.setdefault(note.ref.entity, set()).add(note.ref.native_id)
    for entity in listing.spec.lists:
        rows = await listed(roomy, entity)
        assert rows, entity
        assert len(set(ids(rows))) == len(rows), entity
        assert {row.entity for row in rows} == {entity}
        if entity in named:
            assert set(ids(rows)) == named[entity], entity


async def test_facts_are_plain_texts_and_hold_no_personal_data(listing: Subject, roomy: Source) -> None:
    for entity in listing.spec.lists:
        for row in await listed(roomy, entity):
            assert all(type(value) is str for value in row.facts.values())
            match entity:
                case "order":
                    assert set(row.facts) == OF_ORDERS
                    for name in ("total", "tax", "quantity"):
                        assert "E" not in row.facts[name]
                        assert Decimal(row.facts[name]) >= 0
                    assert Decimal(row.facts["quantity"]) > 0
                    assert len(row.facts["currency"]) == 3
                case "stock":
                    assert set(row.facts) == {"sku", "available"}
                    assert Decimal(row.facts["available"]).is_finite()
                case _:
                    assert not row.facts


async def test_an_order_that_is_added_or_edited_between_pages_hides_no_other(
    listing: Subject, source: Source, desk: Desk
) -> None:
    before = ids(await listed(source, "order"))
    assert len(before) > 4
    seen: list[str] = []
    # of those that have been listed and of those that have not; the first of all may be complete by now
    edited = chain.from_iterable(zip(before[1:], reversed(before[1:]), strict=True))
    async for page in source.listing("order", None, None):
        seen += ids(page)
        if len(seen) > 3 * len(before):
            pytest.fail("a listing must come to its end, also while orders come in")
        if len(seen) <= len(before):
            await desk.act(listing.facts.change)
            desk.names["document"], desk.names["turn"] = next(edited), f"turn {len(seen)}"
            await desk.act(listing.facts.edit)
    assert set(before) <= set(seen)
    assert len(set(seen)) == len(seen)


async def test_an_order_lies_in_the_window_of_its_creation_alone(source: Source) -> None:
    now = datetime.now(UTC)
    everything = await listed(source, "order")
    assert all(row.at is None or row.at.tzinfo is not None for row in everything)
    recent, older = (
        await listed(source, "order", now - 2 * DAY, None),
        await listed(source, "order", None, now - 3 * DAY),
    )
    between = await listed(source, "order", now - 3 * DAY, now - 2 * DAY)
    assert set(ids([*recent, *older, *between])) == set(ids(everything))
    made_now = [row for row in everything if row.at is None or row.at > now - DAY]
    assert made_now
    assert set(ids(made_now)) <= set(ids(recent))
    assert not set(ids(made_now)) & set(ids([*older, *between]))


async def test_an_outage_in_the_middle_is_an_error_and_no_shorter_list(source: Source, desk: Desk) -> None:
    pages = source.listing("order", None, None)
    await anext(pages)
    desk.wire.fault(answer(503))
    with pytest.raises(SourceUnavailableError):
        async for _ in pages:
            pass


async def test_rows_that_nobody_can_read_are_an_error(source: Source, desk: Desk) -> None:
    desk.wire.fault(answer(200, b'{"data": 7}', content_type="application/json"))
    with pytest.raises((SourceUnavailableError, SourceRefusedError)):
        await listed(source, "order")


async def test_an_entity_that_it_does_not_list_is_refused(subject: Subject, desk: Desk) -> None:
    made = desk.source()
    with pytest.raises(SourceRefusedError, match="no-such-entity"):
        await listed(made, "no-such-entity")
    assert not desk.wire.asked
    await made.close()
