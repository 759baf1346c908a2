"""Many orders of every kind on a real log, audited: no alarm without a fault, and every fault by its name.

    python -m tests.integration.audit_books --orders 10000 [--flow clarity-sage100] [--faults 50]

The log is real, and so are the transform and all that it makes of raw documents; what sinks say and what shop and ERP
list is made here, from the shop's own amounts.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter

from tests.unit.audit.faults import seed
from tests.unit.audit.world import Books, books_of

from penstock.audit.kafkalog import KafkaLog
from penstock.log.broker import LocalBroker
from penstock.log.kafka import KafkaSettings, admin, producer
from penstock.log.topics import apply, load_topics, plan

FLOWS = ("prestashop-infor", "clarity-sage100")
WAREHOUSE = {"prestashop-infor": "MAIN", "clarity-sage100": "000"}
SKUS = 50


def fill(books: Books, orders: int) -> None:
    """Booked, edited, cancelled, held, rejected, shipped and invoiced ones, in turn."""
    for number in range(1, orders + 1):
        kind = number % 20 if number > 500 else 0
        if kind == 11:
            books.read(number)
            books.fate(books.event(number), books.order_id(number), "held", reason="stock: not there")
        elif kind == 12:
            books.read(number)
            books.fate(books.event(number), books.order_id(number), "rejected", reason="the item is unknown")
        elif kind == 13:
            books.read(number)
            books.fate(books.event(number), books.order_id(number), "superseded")
            record = books.read(number, version=2)
            books.apply(number, f"E{number}", version=2)
            books.erp[f"E{number}"] = books.document(number, f"E{number}", record)
        elif kind == 14:
            books.cancelled(number)
        elif kind == 15:
            books.in_parts(number)
        else:
            books.booked(number)
            if kind in {16, 17}:
                books.status(number, "processing")
            if kind == 18:
                facts = books.erp[f"E{number}"].facts
                books.invoice(number, facts["total"], currency=facts["currency"])
    for number in range(SKUS):
        books.stock_figure(f"SKU-{number}", "12", WAREHOUSE[books.flow.name])


def copy(books: Books, settings: KafkaSettings) -> None:
    """Everything that is in the memory's log, on Kafka."""
    client = producer(settings, **{"queue.buffering.max.messages": 2_000_000, "linger.ms": 50})
    for topic, records in books.log.topics.items():
        for each in records:
            at = each.timestamp()[1]
            client.produce(settings.topic(topic), each.value(), each.key(), headers=dict(each.headers()), timestamp=at)
            client.poll(0)
    if client.flush(300):
        raise SystemExit("the broker did not take all records")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--flow", choices=FLOWS, default=FLOWS[0])
    parser.add_argument("--faults", type=int, default=50, help="of five kinds")
    given = parser.parse_args()
    books = books_of(given.flow)
    began = time.monotonic()
    fill(books, max(given.orders, given.faults * 5))
    tell(f"{given.orders} orders made in {time.monotonic() - began:.0f} s")
    with LocalBroker() as broker:
        settings = KafkaSettings(bootstrap=broker.bootstrap, topic_prefix=f"books-{secrets.token_hex(3)}.")
        client = admin(settings)
        apply(client, plan(client, load_topics(prefix=settings.topic_prefix)))
        copy(books, settings)
        log = KafkaLog(settings, given.flow)
        began = time.monotonic()
        clean = books.audit(log=log)
        tell(f"clean: {clean.said}; {clean.counts['records']:,} records in {time.monotonic() - began:.1f} s")
        for each in clean.differences[:5]:
            tell(f"  {each}")
        wanted = seed(books, given.faults // 5)
        began = time.monotonic()
        found = books.audit(log=log)
        seconds = time.monotonic() - began
    named = {(each.kind, name) for each in found.differences for name in (each.document, each.reference)}
    lost, more = wanted - named, len(found.differences) - len(wanted)
    tell(f"seeded {len(wanted)}: {len(wanted) - len(lost)} found and named in {seconds:.1f} s, {more} others")
    tell(f"  {dict(Counter(each.kind for each in found.differences))}")
    return 0 if clean.balanced and not lost and more == 0 and seconds < 60 else 1


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
