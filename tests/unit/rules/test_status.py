"""The ladder of order statuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.status import ORDER_LADDER, Ladder, UnknownStatusError

statuses = st.sampled_from(ORDER_LADDER.statuses)


@pytest.mark.parametrize(
    ("current", "new", "step"),
    [
        ("awaiting-payment", "paid", "forward"),
        ("paid", "shipped", "forward"),
        ("processing", "part-shipped", "forward"),
        ("shipped", "processing", "backward"),
        ("shipped", "shipped", "same"),
        ("delivered", "complete", "same"),
        ("processing", "cancelled", "forward"),
        ("shipped", "cancelled", "closed"),
        ("cancelled", "processing", "closed"),
        ("cancelled", "refunded", "forward"),
        ("refunded", "cancelled", "closed"),
        ("delivered", "refunded", "forward"),
        ("processing", "stopped", "aside"),
        ("stopped", "processing", "forward"),
    ],
)
def test_a_move_is_judged(current: str, new: str, step: str) -> None:
    assert ORDER_LADDER.move(current, new).step == step


@given(statuses, statuses)
def test_no_two_statuses_are_each_ahead_of_the_other(one: str, other: str) -> None:
    if one not in ORDER_LADDER.aside and other not in ORDER_LADDER.aside:
        assert not (ORDER_LADDER.move(one, other).allowed and ORDER_LADDER.move(other, one).allowed)


@given(statuses, statuses, statuses)
def test_an_order_never_comes_back_to_where_it_was(one: str, two: str, three: str) -> None:
    on_way = [status not in ORDER_LADDER.aside for status in (one, two, three)]
    if all(on_way) and ORDER_LADDER.move(one, two).allowed and ORDER_LADDER.move(two, three).allowed:
        assert not ORDER_LADDER.move(three, one).allowed


def test_an_unknown_status_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownStatusError, match="'shiped' is not on the ladder; did you mean 'shipped'"):
        ORDER_LADDER.move("paid", "shiped")


def test_a_status_may_be_on_a_ladder_only_once() -> None:
    with pytest.raises(ValueError, match="twice: paid"):
        Ladder.from_dict({"rungs": [["paid"], ["paid"]]})


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="steps"):
        Ladder.from_dict({"steps": [["paid"]]})


def test_the_barrier_of_an_end_must_be_on_the_ladder() -> None:
    with pytest.raises(UnknownStatusError, match="'sent'"):
        Ladder.from_dict({"rungs": [["paid"]], "ends": {"cancelled": "sent"}})
