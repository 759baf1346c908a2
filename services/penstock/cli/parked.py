"""`penstock parked`: records that wait at a target for a condition, and those of which nobody knows what became."""

from datetime import datetime

from penstock.cli.logview import LogView
from penstock.cli.waiting import Entry, Table, entries, waiting_app

COLUMNS = ("waits for", "document", "target", "entity", "reason", "age", "attempts", "event id")
A_PERSON = "a person who looks in the target"


def open_entries(view: LogView) -> list[Entry]:
    """Parked ones, then writes without a known outcome, which wait for a person."""
    return [*entries(view, "parked."), *(entry for entry in entries(view, "hold") if entry.is_unknown)]


def row(entry: Entry, at: datetime) -> tuple[object, ...]:
    data = entry.data
    names = ("target", "entity", "reason")
    about = (data.get(name) for name in names)
    waits_for = A_PERSON if entry.is_unknown else data["on"]
    return waits_for, entry.document, *about, entry.age(at), data.get("attempts"), data["event_id"]


app = waiting_app("parked", open_entries, Table(COLUMNS, row), give_up="skip")
