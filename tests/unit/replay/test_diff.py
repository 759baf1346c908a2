"""What a dry run says of two records."""

from __future__ import annotations

from decimal import Decimal

from penstock.replay.diff import EXAMPLES, Difference, Report, differences


def test_records_with_the_same_content_do_not_differ():
    assert (
        differences(
            {"total": Decimal("1.0"), "lines": [{"sku": "A"}]}, {"total": Decimal("1.00"), "lines": [{"sku": "A"}]}
        )
        == []
    )


def test_a_field_of_a_line_is_named_without_the_lines_number():
    was = {"lines": [{"sku": "A", "tax": Decimal(1)}, {"sku": "B", "tax": Decimal(2)}]}
    now = {"lines": [{"sku": "A", "tax": Decimal(1)}, {"sku": "B", "tax": Decimal(3)}]}
    assert differences(was, now) == [Difference("lines.tax", "2", "3")]


def test_a_line_or_a_field_that_is_not_there_shows_as_nothing():
    assert differences({"lines": []}, {"lines": ["x"]}) == [Difference("lines", None, "x")]
    assert differences({}, {"extras": {"gift": "yes"}}) == [Difference("extras", None, "{'gift': 'yes'}")]


def test_a_document_counts_once_for_a_field_however_many_lines_differ():
    report = Report()
    for number in range(EXAMPLES + 2):
        found = differences({"lines": [{"tax": 1}, {"tax": 1}]}, {"lines": [{"tax": 2}, {"tax": 3}]})
        report.add("order", f"1:{number}", found)
    changed = report.changed["order", "lines.tax"]
    assert changed.documents == EXAMPLES + 2
    assert [(each.document, each.was, each.now) for each in changed.examples] == [
        (f"1:{number}", "1", "2") for number in range(EXAMPLES)
    ]


def test_amounts_are_shown_as_people_write_them():
    (found,) = differences({"tax": Decimal("10.54000000")}, {"tax": Decimal("0E-8")})
    assert (found.was, found.now) == ("10.54", "0")


def test_a_long_text_is_cut():
    (found,) = differences({"note": ""}, {"note": "x" * 500})
    assert found.now is not None
    assert len(found.now) == 60
