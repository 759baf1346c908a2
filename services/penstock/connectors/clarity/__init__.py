"""Clarity eCommerce through its REST API and events; what the vendor has not confirmed is in profile.py."""

from __future__ import annotations

from pathlib import Path

from penstock.connectors.budget import BudgetSettings
from penstock.connectors.clarity.document import SECRET_FIELDS, open_document
from penstock.connectors.clarity.listing import ENTITIES
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.clarity.source import ClaritySource
from penstock.connectors.contract import Capabilities, ConnectorSpec, WriteClass

SPEC = ConnectorSpec(
    system="clarity",
    title="Clarity eCommerce",
    settings=ClaritySettings,
    capabilities=Capabilities(webhooks=True, poll=True, search_by_reference=True, bulk=True, idempotency_key=True),
    reads={name: name for name in ("order", "customer", "product", "refund")},
    writes=(
        WriteClass("order-status", "number", "absolute", "PATCH customKey and erpStatus, with If-Match"),
        WriteClass("order-status", "state", "keyed", "POST status under an Idempotency-Key; status read back"),
        WriteClass("shipment", "state", "keyed", "as order-status: the order must be in Processing to ship"),
        WriteClass("shipment", "shipment", "keyed", "POST shipments; customKey is the ERP's shipment number"),
        WriteClass("shipment", "tracking", "absolute", "PATCH carrier, tracking and date, with If-Match"),
        WriteClass("invoice", "attributes", "absolute", "PATCH attributes of the order, with If-Match"),
        WriteClass("payment", "attributes", "absolute", "PATCH attributes of the order, with If-Match"),
        WriteClass("stock-level", "quantity", "absolute", "PUT inventory/bulk, one result per entry"),
        WriteClass("stock-level", "look", "absolute", "reads only: what the shop shipped meanwhile"),
        WriteClass("product", "fields", "absolute", "PUT by customKey, merging"),
        WriteClass("price", "price", "absolute", "PUT prices/bulk, one result per entry"),
        WriteClass("customer", "fields", "absolute", "PUT account by customKey, merging"),
    ),
    source=ClaritySource,
    sink=ClaritySink,
    open_document=open_document,
    secret_fields=SECRET_FIELDS,
    mappings=Path(__file__).parent / "mappings",
    limits=BudgetSettings(per_minute=120, concurrency=4, burst=40),  # systems/clarity.md 3.7
    lists=ENTITIES,
)
