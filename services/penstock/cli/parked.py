"""`penstock parked`: records that wait at a target for a condition."""

from datetime import datetime

from penstock.cli.waiting import Entry, Table, waiting_app

COLUMNS = ("waits for", "document", "target", "entity", "reason", "age", "attempts", "event id")


def row(entry: Entry, at: datetime) -> tuple[object, ...]:
    data = entry.data
    names = ("target", "entity", "reason")
    about = (data.get(name) for name in names)
    return data["on"], entry.document, *about, entry.age(at), data.get("attempts"), data["event_id"]


app = waiting_app("parked", "parked.", Table(COLUMNS, row))
