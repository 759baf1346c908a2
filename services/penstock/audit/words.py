"""What a difference most likely comes from, and what repairs it, in words that a clerk understands."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from penstock.audit.ledger import Version
from penstock.audit.model import Difference, Kind, money, plain
from penstock.audit.wanted import Standing
from penstock.connectors.contract import Listed


def span(seconds: float) -> str:
    """A length of time with its largest unit: `12 min`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def moment(text: str) -> str:
    """To the second, UTC."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if text else "an unknown time"


def resync(target: str, key: str) -> str:
    """Write what differs; `key` is a reference or a canonical id."""
    return f"penstock replay resync {target} --key {key} --yes --why '…'"


def no_fate(
    flow: str, event: str, document: str, target: str, place: str, age: float, passed: bool | None
) -> Difference:
    """An event, or a canonical record at one target, that nothing became of."""
    reader = f"the sink of {target}" if target else "the processors"
    if passed:
        cause = f"{reader} went past it without saying what became of it: it is lost to the flow"
        repair = f"penstock replay canonical --flow {flow} --key {key_of(document)} --all --yes --why '…'"
    elif passed is None:
        cause = f"{reader} said nothing of it"
        repair = "penstock status"
    else:
        cause = f"{reader} has not come so far: it is stopped, paused, in an outage or too slow"
        repair = "penstock status, and start what is stopped"
    return Difference(
        "no-fate",
        target,
        document,
        places=(place,),
        what=f"event {event}",
        expected="a fate",
        found=f"none for {span(age)}",
        cause=cause,
        repair=repair,
    )


def key_of(document: str) -> str:
    """`1:41` of `prestashop:1:order:41`."""
    parts = document.split(":", 3)
    return f"{parts[1]}:{parts[3]}" if len(parts) > 3 else document


def unreadable(place: str) -> Difference:
    return Difference(
        "unreadable",
        "",
        place,
        places=(place,),
        expected="a record of its schema",
        found="bytes that cannot be decoded",
        cause="something other than penstock wrote to the topic, or its schema is not in the registry",
        repair=f"penstock decode --topic {place.rsplit('-', 2)[0]}",
    )


def config_note(then: str, now: str) -> str:
    """When mappings, tables or rates have changed since the document was written."""
    return f"; mappings, tables or rates have changed since it was written ({then[:8]}, now {now[:8]})" * (then != now)


def not_on_log(system: str, order: Listed) -> Difference:
    """An order that a shop shows and nobody told us of."""
    return Difference(
        "not-on-log",
        system,
        order.native_id,
        expected="a record of it on the log",
        found=f"an order of {order.at.isoformat(timespec='seconds') if order.at else 'an unknown day'}, never read",
        currency=order.facts.get("currency", ""),
        cause="its webhook was lost, and the polls passed over it or have not come to it",
        repair="wait for two rounds of the census (`penstock audit list --what gap`); if it stays, save the order in "
        f"{system} once more",
    )


def stale_order(system: str, order: Listed, version: Version, what: str, expected: str, found: str) -> Difference:
    """Somebody changed it in the system, and the change has not come to the log."""
    return Difference(
        "stale",
        system,
        order.native_id,
        reference=reference_of(version) or order.reference or "",
        canonical_id=str(version.record["id"]),
        places=(str(version.made.place),),
        what=what,
        expected=expected,
        found=found,
        cause=f"the {what} was changed in {system} past its own log of changes, or the news of it were lost",
        repair=f"compare it with what was meant, and save the order in {system} once more: then it is read",
    )


def status_behind(system: str, order: Listed, newest: Version, status: Version, shown: str) -> Difference:
    """The ERP has shipped it, we told the shop, and the shop shows something else."""
    return Difference(
        "stale",
        system,
        order.native_id,
        reference=reference_of(newest),
        canonical_id=str(newest.record["id"]),
        places=(str(newest.made.place), str(status.made.place)),
        what="status",
        expected="shipped",
        found=shown,
        cause=f"the ERP says {status.record['status']}, and the shop was told; somebody set it back in {system}",
        repair=resync(system, reference_of(newest)),
    )


def stale_stock(
    system: str,
    row: Listed,
    version: Version,
    sku: str,
    available: Decimal,
    taken: Decimal,
    wanted: Decimal,
    shown: Decimal,
) -> Difference:
    """The shop sells more or less than there is."""
    return Difference(
        "stale",
        system,
        row.native_id,
        reference=sku,
        canonical_id=str(version.record["id"]),
        places=(str(version.made.place),),
        what="stock",
        expected=plain(wanted),
        found=plain(shown),
        cause=f"the ERP has {plain(available)} of {sku}, {plain(taken)} of them sold and not booked yet; somebody "
        f"changed the quantity in {system}, or the last figure was written over",
        repair=resync(system, str(version.record["id"])),
    )


def reference_of(version: Version) -> str:
    """Our reference of the order that a record is of, or belongs to."""
    return str(version.record.get("reference") or version.record.get("order_reference") or "")


def more_than_ordered(
    kind: Kind, system: str, order: Standing, what: str, ordered: Decimal, found: Decimal
) -> Difference:
    """Invoices, or payments, that come to more than the order."""
    over_invoiced = kind == "over-invoiced"
    return Difference(
        kind,
        system,
        order.reference,
        reference=order.reference,
        canonical_id=order.canonical_id,
        places=(str(order.newest.made.place),),
        what=what,
        expected=f"at most {money(ordered)}",
        found=money(found),
        cause="it was invoiced twice, or changed after it was invoiced"
        if over_invoiced
        else "it was paid twice, or a payment of another order was booked on it",
        repair=f"{'credit the surplus' if over_invoiced else 'move or refund the surplus'} in {system}",
    )
