"""Every order is remembered for ever, with the place of its newest version, in two numbers."""

from __future__ import annotations

import random

import pytest

from penstock.log.headers import Position
from penstock.records.ids import canonical_id
from penstock.sinks.known_orders import KnownOrders, number_of
from penstock.sinks.model import newer

TOPIC = "raw.prestashop.order"
ORDER, OTHER = (canonical_id("prestashop", "1", "order", number) for number in ("41", "42"))


@pytest.fixture
def known() -> KnownOrders:
    return KnownOrders()


def test_an_older_version_is_not_the_newest_and_the_same_one_is(known: KnownOrders) -> None:
    assert known.advance(ORDER, Position(TOPIC, 3, 9))
    assert not known.advance(ORDER, Position(TOPIC, 3, 7))
    assert known.advance(ORDER, Position(TOPIC, 3, 9))
    assert known.advance(OTHER, Position(TOPIC, 3, 7)), "another order"


@pytest.mark.parametrize("place", [(TOPIC, 2), ("other." + TOPIC, 3)], ids=str)
def test_after_a_repartition_the_new_place_wins(known: KnownOrders, place: tuple[str, int]) -> None:
    known.advance(ORDER, Position(TOPIC, 3, 9))
    assert known.advance(ORDER, Position(*place, 0))
    assert known.advance(ORDER, Position(*place, 1))
    assert not known.advance(ORDER, Position(*place, 0))


def test_an_order_whose_place_is_not_known_is_known_and_any_version_of_it_is_the_newest(known: KnownOrders) -> None:
    assert ORDER not in known
    known.add(ORDER)
    assert ORDER in known
    assert OTHER not in known
    assert known.advance(ORDER, Position(TOPIC, 0, 0))


def test_to_know_an_order_again_does_not_forget_its_newest_version(known: KnownOrders) -> None:
    known.advance(ORDER, Position(TOPIC, 3, 9))
    known.add(ORDER)
    assert not known.advance(ORDER, Position(TOPIC, 3, 7))


@pytest.mark.parametrize("seed", range(20))
def test_what_counts_as_newer_is_what_the_sinks_say(known: KnownOrders, seed: int) -> None:
    chance = random.Random(seed)
    plain: dict[str, Position] = {}
    for _ in range(200):
        order = canonical_id("prestashop", "1", "order", str(chance.randrange(5)))
        offset = chance.choice([0, 1, 2, 2**31, 2**32, 2**32 + 1, 2**62])
        position = Position(chance.choice([TOPIC, "x." + TOPIC]), chance.randrange(3), offset)
        before = plain.get(order)
        wins = before is None or newer(position, before) or not newer(before, position)
        assert known.advance(order, position) == wins
        if wins:
            plain[order] = position


@pytest.mark.parametrize("text", ["", "41", "72d8999c", "72d8999c-9b7e-5cff-9323-4ce94558faxx"])
def test_what_is_no_canonical_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no canonical id|invalid literal"):
        number_of(text)
