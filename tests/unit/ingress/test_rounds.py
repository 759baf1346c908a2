"""When poll sets poll again."""

import pytest

from penstock.ingress.polling import until_next_round


def test_sets_that_take_different_times_poll_together_again() -> None:
    ends = [0.2, 3.0, 14.9]
    assert [end + until_next_round(30.0, end) for end in ends] == pytest.approx([30.0] * 3)


def test_sets_do_not_drift_apart_over_many_rounds() -> None:
    quick, slow = 0.0, 0.0
    for _ in range(500):
        quick += 0.05 + until_next_round(30.0, quick + 0.05)
        slow += 1.5 + until_next_round(30.0, slow + 1.5)
    assert quick == pytest.approx(slow)


@pytest.mark.parametrize("took", [0.1, 14.9, 15.1, 29.9, 30.0, 44.0, 61.0])
def test_a_source_that_is_slow_has_a_rest_of_half_the_interval(took: float) -> None:
    assert 15.0 <= until_next_round(30.0, took) <= 45.0
