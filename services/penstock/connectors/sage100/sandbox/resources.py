"""The paths of the facade: which table is behind each, its methods, the form of its key (systems/sage100.md 5.2).

`/IM/PriceCode` is our proposal: the facts name the table (2.4) but no path, and prices by customer are needed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from penstock.connectors.sage100.sandbox.dictionary import codes
from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.connectors.sage100.sandbox.dictionary.customers import CONTACTS, CUSTOMERS, SHIP_TOS
from penstock.connectors.sage100.sandbox.dictionary.invoices import HISTORY, INVOICES, SHIPMENTS
from penstock.connectors.sage100.sandbox.dictionary.items import ALIASES, ITEM_WAREHOUSES, ITEMS, PRICE_CODES
from penstock.connectors.sage100.sandbox.dictionary.receivables import OPEN_INVOICES, RECEIPTS
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDERS

Key = dict[str, str]


@dataclass(frozen=True, slots=True)
class Resource:
    """`split` reads a key as one value for each key column, None for one that has not the form."""

    path: str
    table: Table
    collection: frozenset[str] = frozenset({"GET"})
    keyed: frozenset[str] = frozenset()
    split: Callable[[str], list[str] | None] = lambda text: [text]

    @property
    def module(self) -> str:
        return self.path.partition("/")[0]

    def key(self, text: str) -> Key | None:
        parts = self.split(text)
        return None if parts is None else dict(zip(self.table.keys, parts, strict=True))

    def key_text(self, row: Mapping[str, str]) -> str:
        return "-".join(row[name] for name in self.table.keys)


def _two_parts(text: str) -> list[str] | None:
    """Division and the rest: the division ends at the first hyphen."""
    first, hyphen, rest = text.partition("-")
    return [first, rest] if hyphen else None


def _three_parts(text: str) -> list[str] | None:
    """Division, customer, code: the code begins after the last hyphen; the customer between may hold some."""
    first, _, rest = text.partition("-")
    middle, hyphen, last = rest.rpartition("-")
    return [first, middle, last] if hyphen else None


def _invoice_parts(text: str) -> list[str] | None:
    number, hyphen, sequence = text.rpartition("-")
    return [number, sequence] if hyphen else None


_LIST = frozenset({"GET"})
_CREATE = frozenset({"GET", "POST"})
_CHANGE = frozenset({"GET", "PATCH"})

SALES_ORDER = Resource("SO/SalesOrder", ORDERS, _CREATE, frozenset({"GET", "PATCH", "DELETE"}))
RESOURCES: Mapping[str, Resource] = {
    resource.path: resource
    for resource in (
        SALES_ORDER,
        Resource("SO/Shipment", SHIPMENTS, keyed=_LIST),
        Resource("SO/Invoice", INVOICES, frozenset(), _LIST),
        Resource("AR/Customer", CUSTOMERS, _CREATE, _CHANGE, _two_parts),
        Resource("AR/CustomerContact", CONTACTS, _CREATE, _CHANGE, _three_parts),
        Resource("SO/ShipToAddress", SHIP_TOS, _CREATE, _CHANGE, _three_parts),
        Resource("CI/Item", ITEMS, keyed=_LIST),
        Resource("IM/AliasItem", ALIASES),
        Resource("IM/ItemWarehouse", ITEM_WAREHOUSES),
        Resource("IM/PriceCode", PRICE_CODES),
        Resource("AR/Invoice", HISTORY, keyed=_LIST, split=_invoice_parts),
        Resource("AR/OpenInvoice", OPEN_INVOICES),
        Resource("AR/CashReceipt", RECEIPTS, _CREATE),
        Resource("AR/TermsCode", codes.TERMS),
        Resource("AR/PaymentType", codes.PAYMENT_TYPES),
        Resource("SY/SalesTaxSchedule", codes.TAX_SCHEDULES),
        Resource("IM/Warehouse", codes.WAREHOUSES),
        Resource("AR/Division", codes.DIVISIONS),
    )
}
