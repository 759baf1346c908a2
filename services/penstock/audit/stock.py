"""What a shop sells of each SKU, against the ERP's last figure less what it has not booked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from penstock.audit import words
from penstock.audit.ledger import OPEN, WRITTEN, Ledger
from penstock.audit.matching import fact
from penstock.audit.model import ZERO, Difference
from penstock.audit.states import Looked
from penstock.connectors.contract import Listed
from penstock.sinks.demand import OpenDemand


def feed(demand: OpenDemand, ledger: Ledger) -> None:
    """What the shops have sold and the ERPs may not show. Of an order of which nothing is open the newest version says
    it all; else its last edit may be more than what was booked."""
    for versions in ledger.orders.values():
        newest = versions[-1].made
        fates = [ledger.fate(newest.event, target) for target in newest.targets]
        settled = all(said is not None and said.state not in OPEN for said in fates)
        for version in versions[-1:] if settled else versions:
            if ledger.reads(version):
                demand.take_order(version.record, version.made.targets)
    for version in ledger.statuses.values():
        demand.take_status(version.record)
    for key, value in ledger.holds.items():
        demand.take_hold(key, value)


Unbooked = Callable[[str, datetime, tuple[str, str]], Decimal]
"""(SKU, when the figure was read, ERP) -> units that the figure may not hold yet."""
Payload = Callable[[Mapping[str, object]], Mapping[str, object]]


def differences(
    looked: Looked, listed: Sequence[Listed], ledger: Ledger, payload: Payload, unbooked: Unbooked
) -> Iterator[Difference]:
    """What the shop sells of each SKU against the ERP's last figure less what it has not booked."""
    rows: dict[str, list[Listed]] = {}
    for each in listed:
        rows.setdefault(each.facts.get("sku", each.native_id), []).append(each)
    for version in ledger.stock.values():
        said = ledger.fate(version.made.event, looked.name)
        if said is None or not (said.state in WRITTEN or (said.state in OPEN and said.reason.startswith("booking"))):
            continue
        record = version.record
        made = payload(record)
        sku = str(made.get("sku") or record["sku"])
        row = _row_of(rows.get(sku, ()), sku, made.get("location"))
        shown = None if row is None else fact(row, "available")
        if row is None or shown is None or looked.young(datetime.fromisoformat(said.at)):
            continue
        source = record["source"]
        taken = unbooked(sku, source["observed_at"], (source["system"], source["instance"]))
        available = ZERO if record["deleted_at"] else record["available"]
        wanted = max(available - taken, ZERO)
        if said.state in OPEN and shown < wanted:
            continue  # it waits for bookings, and the next try raises the figure: nothing is sold twice meanwhile
        if shown not in {wanted, wanted.to_integral_value(ROUND_FLOOR)}:
            yield words.stale_stock(looked.name, row, version, sku, available, taken, wanted, shown)


def _row_of(rows: Sequence[Listed], sku: str, location: object) -> Listed | None:
    """The row of a SKU, at its location where the shop has several; None when it cannot be told."""
    if location is not None and len(rows) > 1:
        rows = [each for each in rows if f"{each.native_id}|".startswith(f"{sku}|{location}|")]
    return rows[0] if len(rows) == 1 else None
