"""`penstock holds`: records that must not be written as things are, until a person or a condition lets them."""

from datetime import datetime

from penstock.cli.logview import LogView
from penstock.cli.waiting import Entry, Table, entries, waiting_app

COLUMNS = ("rule", "document", "target", "reason", "age", "what ends it")


def open_entries(view: LogView) -> list[Entry]:
    return entries(view, "hold")


def row(entry: Entry, at: datetime) -> tuple[object, ...]:
    data = entry.data
    rule = data.get("rule") or data["on"]
    return rule, entry.document, data.get("target"), data.get("reason"), entry.age(at), entry.clears_by


app = waiting_app("holds", open_entries, Table(COLUMNS, row), give_up="reject")
