"""A worker stalls when there is work and nothing moves; waiting for work is no stall."""

from __future__ import annotations

from penstock.processors.stall import STALLED_AFTER, StallWatch


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_records_left_and_no_movement_is_a_stall():
    clock = Clock()
    watch = StallWatch(clock)
    assert watch.stalled({"p": 3}, {"p": 5}) == []
    clock.now = STALLED_AFTER + 1
    assert watch.stalled({"p": 3}, {"p": 9}) == ["p"]


def test_movement_and_idleness_are_none():
    clock = Clock()
    watch = StallWatch(clock)
    for step in range(1, 10):
        clock.now = step * STALLED_AFTER
        assert watch.stalled({"slow": step, "idle": 5}, {"slow": 100, "idle": 5}) == []


def test_a_partition_that_went_elsewhere_is_forgotten():
    clock = Clock()
    watch = StallWatch(clock)
    watch.stalled({"p": 3}, {"p": 5})
    watch.stalled({}, {})
    clock.now = STALLED_AFTER + 1
    assert watch.stalled({"p": 3}, {"p": 5}) == []
