"""State collections of the admin API: rows as a load would show them."""

from collections.abc import Callable
from typing import Any

from penstock.connectors.infor.sandbox.idos import IDOS
from penstock.connectors.infor.sandbox.load import show_all
from penstock.connectors.infor.sandbox.oauth import Tokens
from penstock.connectors.infor.sandbox.site import Site

_COLLECTIONS = {
    "orders": "SLCos",
    "lines": "SLCoitems",
    "customers": "SLCustomers",
    "items": "SLItems",
    "aliases": "SLItemCusts",
    "prices": "SLItemprices",
    "stock": "SLItemwhses",
    "shipped": "SLCoShips",
    "shipments": "SLShipments",
    "shipment-lines": "SLShipmentSeqs",
    "packages": "SLShipmentPackages",
    "invoices": "SLInvHdrs",
    "invoice-lines": "SLInvItemAlls",
    "unposted-invoices": "SLArinvs",
    "receivables": "SLArtrans",
    "payments": "SLArpmts",
    "payment-details": "SLArpmtds",
    "terms": "SLTerms",
    "warehouses": "SLWhses",
}


def collections(site: Site, tokens: Tokens) -> dict[str, Callable[[], list[dict[str, Any]]]]:
    """By name; `codes` holds what the site accepts as ship-via, tax and currency codes."""

    def reader(ido: str) -> Callable[[], list[dict[str, Any]]]:
        return lambda: show_all(site, IDOS[ido])

    made = {name: reader(ido) for name, ido in _COLLECTIONS.items()}
    return {**made, "tokens": tokens.listed, "codes": lambda: _codes(site)}


def _codes(site: Site) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "code": row["code"], "description": row["description"]}
        for kind, column in (("shipcode", "ShipCode"), ("taxcode", "TaxCode"), ("currency", "CurrCode"))
        for row in site.storage.query(f"SELECT {column} AS code, Description AS description FROM {kind}")  # noqa: S608
    ]
