"""Why an order is not in the ERP, from the log: holds, parked records, dead letters and refusals."""

from collections.abc import Iterator

from penstock.cli.demo_read import reference
from penstock.cli.demo_report import Reason
from penstock.cli.dlq import open_letters
from penstock.cli.logview import LogView, header
from penstock.cli.waiting import entries
from penstock.log.fates import Fate, FateState, collapse

GIVEN_UP = frozenset({FateState.REJECTED, FateState.DISCARDED})


def reasons(view: LogView) -> Iterator[Reason]:
    """One per open entry, dead letter and final refusal of an order."""
    for start in ("hold", "parked."):
        for entry in entries(view, start):
            if ref := order_of_event(str(entry.data["event_id"])):
                yield Reason(ref, "held", f"{entry.data['on']}: {entry.data['reason']}")
    for letter in open_letters(view):
        if ref := order_of_event(header(letter, "ce_id")):
            yield Reason(ref, "dead_lettered", header(letter, "dlq-error"))
    found = (Fate.decode(record.key, record.value) for record in view.records("fate") if record.key and record.value)
    for fate in collapse(found).values():
        if fate.state in GIVEN_UP and (ref := order_of_event(fate.event_id)):
            yield Reason(ref, "dead_lettered", f"{fate.state}: {fate.reason}")


def order_of_event(event_id: str) -> str | None:
    """Our reference in `prestashop:1:order:41:<hash>`; None for events of other documents."""
    parts = event_id.split(":")
    return reference(parts[3]) if parts[:1] == ["prestashop"] and parts[2:3] == ["order"] else None
