"""A statement for people, and its record on the topic `audit`."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from penstock.audit.model import Statement
from penstock.cli.logview import Outgoing, who
from penstock.cli.output import console, print_table
from penstock.cli.waiting import span

KEPT = {"differences": 500, "open": 500, "open_items": 200, "revenue": 1000, "sums": 1000}
"""Rows of a statement that its record keeps: a record of Kafka has a limit of a megabyte."""
SHOWN = 20
"""Open matters and items that are shown; `--json` has them all."""


def record_of(statement: Statement) -> Outgoing:
    """The record on the topic `audit`. It holds ids and amounts, no personal data."""
    said = statement.as_json()
    cut = {name: {"rows": len(said[name])} for name, most in KEPT.items() if len(said[name]) > most}
    kept = said | {name: said[name][:most] for name, most in KEPT.items()} | ({"cut": cut} if cut else {})
    subject = f"statement {statement.flow} {statement.window}"
    value = {
        "at": said["at"],
        "who": who(),
        "what": "statement",
        "subject": subject,
        "why": statement.said,
        "statement": kept,
    }
    return Outgoing("audit", subject.encode(), orjson.dumps(value))


def show(said: Mapping[str, Any]) -> None:
    out = console()
    window = f"{said['since'] or 'the beginning'} to {said['until'] or 'now'}"
    out.print(f"{said['flow']}, {window}, as of {said['at']} ({said['seconds']} s)", markup=False)
    out.print()
    print_table(("counted", ""), said["counts"].items())
    if said["sums"]:
        out.print()
        names = ("shop", "erp", "day", "currency", "orders", "placed", "open", "ended", "elsewhere", "due", "booked")
        rows = ([*(each[name] for name in names), "" if each["agrees"] else "DIFFERS"] for each in said["sums"])
        print_table((*names, ""), rows)
    if said["open"]:
        out.print()
        show_open(said["open"])
    for note in said["notes"]:
        out.print(f"note: {note}", markup=False)
    out.print()
    for each in said["differences"]:
        show_difference(each)
    out.print(said["said"], markup=False)


def show_open(matters: Sequence[Mapping[str, Any]]) -> None:
    rows = (
        (each["state"], each["target"], each["document"], span(each["age_seconds"]), each["reason"])
        for each in matters[:SHOWN]
    )
    print_table(("open", "target", "document", "for", "reason"), rows)
    if len(matters) > SHOWN:
        console().print(f"and {len(matters) - SHOWN} more: --json")


def show_difference(each: Mapping[str, Any]) -> None:
    """Some lines: what it is, why it may be, what to do."""
    out = console()
    name = " ".join(filter(None, (each["reference"], each["document"])))
    amount = f" {each['currency']}" if each["currency"] and each["kind"] == "amount" else ""
    what = f" {each['what']}" if each["what"] else ""
    out.print(f"{each['kind'].upper()} {each['system']} {name}:{what}", markup=False, style="bold")
    out.print(f"    expected {each['expected']}{amount}, found {each['found']}{amount}", markup=False)
    out.print(f"    why      {each['cause']}", markup=False)
    out.print(f"    repair   {each['repair']}", markup=False)
    if each["places"]:
        out.print(f"    log      {', '.join(each['places'])}", markup=False)


def show_revenue(said: Mapping[str, Any]) -> None:
    names = ("shop", "erp", "day", "currency", "ordered", "invoiced", "paid")
    print_table(names, ([each[name] for name in names] for each in said["revenue"]), title=said["flow"])
    if said["open_items"]:
        console().print()
        items = ("reference", "day", "currency", "ordered", "invoiced", "paid", "why")
        print_table(items, ([each[name] for name in items] for each in said["open_items"]))
