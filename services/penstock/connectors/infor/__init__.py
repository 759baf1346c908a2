"""Infor CloudSuite Industrial (SyteLine) by IDO REST v2 through the ION API gateway."""

from __future__ import annotations

from pathlib import Path

from penstock.connectors.contract import Capabilities, ConnectorSpec, WriteClass
from penstock.connectors.infor.document import open_document
from penstock.connectors.infor.listing import ENTITIES
from penstock.connectors.infor.settings import InforSettings
from penstock.connectors.infor.sink import InforSink
from penstock.connectors.infor.source import InforSource

SPEC = ConnectorSpec(
    system="infor",
    title="Infor CloudSuite Industrial (SyteLine)",
    settings=InforSettings,
    capabilities=Capabilities(webhooks=False, poll=True, search_by_reference=True, bulk=False, idempotency_key=False),
    reads={
        "order": "order-status",
        "shipment": "shipment",
        "invoice": "invoice",
        "payment": "payment",
        "stock": "stock-level",
        "customer": "customer",
        "item": "product",
    },
    writes=(
        WriteClass(
            "order", "header", "keyed", "by CoNum that we choose; a probe by our reference where the site numbers"
        ),
        WriteClass("order", "line", "keyed", "by CoNum and CoLine"),
        WriteClass("order", "verify", "absolute", "reads only"),
        WriteClass("order", "release", "absolute", "Stat O, or P while unpaid; optimistic lock on the row"),
        WriteClass("order", "change, delete", "absolute", "edits and cancels; optimistic lock on the row"),
        WriteClass("customer-request", "bill-to", "probe", "by e-mail, else name and postal code; the site numbers"),
        WriteClass("customer-request", "ship-to", "probe", "by address; CustSeq is ours, a taken one is refused"),
        WriteClass("customer", "bill-to", "absolute", "optimistic lock on the row"),
    ),
    source=InforSource,
    sink=InforSink,
    open_document=open_document,
    secret_fields=frozenset(),
    mappings=Path(__file__).parent / "mappings",
    lists=ENTITIES,
)
