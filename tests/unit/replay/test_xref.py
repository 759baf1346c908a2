"""The cross-reference built anew: what is missing is written, what contradicts is named, nothing is overwritten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from penstock.connectors.contract import Listed
from penstock.flow.load import load_flow
from penstock.log.xref import Link, XrefStore, link_records
from penstock.records.ids import canonical_id
from penstock.replay.xref import listed_orders, of_nobody, rebuilt

AT = datetime(2026, 3, 4, tzinfo=UTC)
OWN = canonical_id("prestashop", "1", "order", "41")
FLOW = load_flow("prestashop-infor")


def link(native_id: str = "PS00000041", own_id: str = OWN, entity: str = "order", days: int = 0) -> Link:
    return Link(entity, own_id, "infor", "DALS", native_id, AT + timedelta(days=days))


def store(*links: Link) -> XrefStore:
    made = XrefStore()
    for each in links:
        made.take(link_records(each))
    return made


def test_a_link_that_is_missing_is_written_in_both_directions_with_its_time():
    found = rebuilt([link()], store())
    assert found.missing == {"order": 1}
    after = XrefStore()
    after.take(found.records)
    assert after.lookup("order", OWN, "infor", "DALS") == "PS00000041"
    assert after.canonical_of("order", "infor", "DALS", "PS00000041") == OWN
    assert after.linked_at("order", OWN, "infor", "DALS") == AT
    assert rebuilt([link()], after).records == []


def test_a_link_that_lacks_one_direction_is_written():
    half = XrefStore()
    half.take(link_records(link())[:1])
    assert rebuilt([link()], half).missing == {"order": 1}


def test_a_link_that_says_otherwise_is_named_and_stays():
    found = rebuilt([link()], store(link("PS99")))
    assert found.records == []
    assert "is linked to PS99" in found.conflicts[0]


def test_the_latest_word_on_a_document_counts():
    found = rebuilt([link("OLD"), link("NEW", days=1)], store())
    assert [record.key for record in found.records if b"NEW" in record.key] != []
    assert [record.key for record in found.records if b"OLD" in record.key] == []


def test_an_order_of_the_target_that_two_claim_is_named():
    found = rebuilt([link(), link(own_id="another")], store())
    assert "is claimed by" in found.conflicts[0]
    assert found.missing == {"order": 1}


def test_customers_and_documents_of_one_order_share_a_number_of_the_target():
    shared = [link("41", "one", "shipment"), link("41", "two", "shipment")]
    assert rebuilt(shared, store()).conflicts == []


class Erp:
    """Lists what it is given."""

    def __init__(self, *rows: Listed) -> None:
        self._rows = rows

    async def listing(
        self, entity: str, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[Sequence[Listed]]:
        assert (entity, since, until) == ("order", None, None)
        yield self._rows[:1]
        yield self._rows[1:]


async def listed(*rows: Listed) -> list[Link]:
    return await listed_orders(FLOW, FLOW.systems["infor"], Erp(*rows))


async def test_an_order_is_found_in_the_target_by_our_reference_and_a_phone_order_is_not_ours():
    rows = Listed("order", "PS00000041", "PS1-41", AT), Listed("order", "EC1", None, AT), Listed("order", "EC2", "X-1")
    assert await listed(*rows) == [link()]


async def test_what_stands_twice_in_the_target_is_named_and_not_linked():
    links = await listed(Listed("order", "A", "PS1-41", AT), Listed("order", "B", "PS1-41", AT))
    single, several = of_nobody(links, [], store())
    assert single == []
    assert "A, B" in several[0]


async def test_the_remainder_of_an_order_that_is_linked_is_no_double():
    links = await listed(Listed("order", "A", "PS1-41", AT), Listed("order", "B", "PS1-41", AT))
    assert of_nobody(links, [link("A")], store()) == ([], [])
    assert of_nobody(links, [], store(link("A"))) == ([], [])
