"""Offsets may be committed only up to the first one that is not done."""

from __future__ import annotations

from penstock.log.watermark import Watermark


def test_the_watermark_stands_at_the_lowest_offset_under_way():
    mark: Watermark[str] = Watermark()
    for offset in (3, 4, 5):
        mark.begin("p", offset)
    mark.done("p", 4)
    mark.done("p", 5)
    assert mark.to_commit() == {"p": 3}
    mark.done("p", 3)
    assert mark.to_commit() == {"p": 6}


def test_what_was_committed_is_not_committed_again():
    mark: Watermark[str] = Watermark()
    mark.begin("p", 0)
    mark.done("p", 0)
    mark.committed(mark.to_commit())
    assert mark.to_commit() == {}


def test_partitions_do_not_hold_each_other_back():
    mark: Watermark[str] = Watermark()
    mark.begin("a", 0)
    mark.begin("b", 0)
    mark.done("b", 0)
    assert mark.to_commit() == {"a": 0, "b": 1}
    assert mark.under_way == 1
