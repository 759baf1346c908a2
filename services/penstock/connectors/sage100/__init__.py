"""Sage 100 (North America, formerly MAS 90 and MAS 200) through a REST facade before its Business Object Interface."""

from __future__ import annotations

from pathlib import Path

from penstock.connectors.budget import BudgetSettings
from penstock.connectors.contract import Capabilities, ConnectorSpec, WriteClass
from penstock.connectors.sage100.document import open_document
from penstock.connectors.sage100.listing import ENTITIES
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.sink import Sage100Sink
from penstock.connectors.sage100.source import Sage100Source

SPEC = ConnectorSpec(
    system="sage100",
    title="Sage 100 (North America)",
    settings=Sage100Settings,
    capabilities=Capabilities(webhooks=False, poll=True, search_by_reference=True, bulk=False, idempotency_key=True),
    reads={
        "order": "order-status",
        "shipment": "shipment",
        "invoice": "invoice",
        "payment": "payment",
        "stock": "stock-level",
        "customer": "customer",
        "item": "product",
        "price": "price",
    },
    writes=(
        WriteClass(
            "order",
            "order",
            "keyed",
            "by SalesOrderNo that we choose; a probe by customer and PO where the facade numbers",
        ),
        WriteClass("order", "remainder", "keyed", "the held part of a partial order, by a SalesOrderNo of its own"),
        WriteClass("order", "release, release remainder", "absolute", "takes the order off a hold that ended"),
        WriteClass("order", "change", "absolute", "PATCH of the fields and lines that differ"),
        WriteClass("order", "delete, hold", "absolute", "cancels"),
        WriteClass("customer-request", "customer", "probe", "by e-mail, else name and postal code; CustomerNo is ours"),
        WriteClass("customer", "customer", "absolute", "PATCH of owned fields that differ"),
    ),
    source=Sage100Source,
    sink=Sage100Sink,
    open_document=open_document,
    secret_fields=frozenset(),
    mappings=Path(__file__).parent / "mappings",
    limits=BudgetSettings(per_minute=60, concurrency=2, burst=2),  # systems/sage100.md 5.6
    lists=ENTITIES,
)
