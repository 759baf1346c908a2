"""Every create loses its reply, and its process may die or freeze: the document is there once.

`python -m tests.property.unknown.run --creates 2000` is the long version (docs/delivery.md).
"""

from __future__ import annotations

import random

import pytest

from tests.property.unknown.blind import Blind
from tests.property.unknown.campaign import Campaign
from tests.property.unknown.kinds import KINDS, Kind

CREATES = 8


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_create_without_a_reply_is_there_once(kind: type[Kind]) -> None:
    seed = random.randrange(10**6)
    tally = Campaign(kind, seed).run(CREATES)
    assert (tally.doubled, tally.lost) == ([], []), f"seed {seed}"
    assert tally.replies_lost >= CREATES // 2


def test_a_target_that_cannot_be_searched_has_nothing_twice_and_each_case_is_listed_for_a_person() -> None:
    seed = random.randrange(10**6)
    tally = Campaign(Blind, seed).run(5 * CREATES)
    assert (tally.doubled, tally.lost) == ([], []), f"seed {seed}"
    assert tally.listed >= CREATES


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.enforced], ids=lambda kind: kind.name)
def test_a_process_that_thaws_inside_the_socket_write_doubles_nothing_that_the_target_has_a_key_for(
    kind: type[Kind],
) -> None:
    tally = Campaign(kind, 1, everywhere=False).run(3)
    assert (tally.doubled, tally.lost, tally.inside) == ([], [], 3)
