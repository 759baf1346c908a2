"""PrestaShop 1.7, 8 and 9 through the webservice, and the messages of our shop module."""

from __future__ import annotations

from pathlib import Path

from penstock.connectors.contract import Capabilities, ConnectorSpec, WriteClass
from penstock.connectors.prestashop.document import open_document
from penstock.connectors.prestashop.fields import SECRET_FIELDS
from penstock.connectors.prestashop.listing import ENTITIES
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.sink import PrestashopSink
from penstock.connectors.prestashop.source import PrestashopSource

SPEC = ConnectorSpec(
    system="prestashop",
    title="PrestaShop",
    settings=PrestashopSettings,
    capabilities=Capabilities(webhooks=True, poll=True, search_by_reference=True),
    reads={name: name for name in ("order", "customer", "product", "refund")},
    writes=(
        WriteClass("order-status", "state", "probe", "POST order_histories; current_state read before and after"),
        WriteClass("shipment", "tracking", "absolute", "tracking number of the order carrier"),
        WriteClass("shipment", "state", "probe", "as order-status, once the order is shipped completely"),
        WriteClass("payment", "paid", "probe", "change to the paid state, which books the payment"),
        WriteClass("payment", "label", "absolute", "our transaction id on the payment the shop booked"),
        WriteClass("payment", "part", "probe", "POST order_payments; found by order reference and transaction id"),
        WriteClass("stock-level", "quantity", "absolute", "quantity of one stock row"),
        WriteClass("customer", "fields", "absolute", "fields of a customer that is linked; never creates one"),
    ),
    source=PrestashopSource,
    sink=PrestashopSink,
    open_document=open_document,
    secret_fields=SECRET_FIELDS,
    mappings=Path(__file__).parent / "mappings",
    lists=ENTITIES,
)
