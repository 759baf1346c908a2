"""Flows in folders of their own, on the connectors that there are: two shops, two companies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from penstock.flow.load import Flow, load_flow
from penstock.resources import resource

SYSTEMS: dict[str, dict[str, str]] = {
    "shop-fr": {"system": "prestashop", "role": "shop", "instance": "1", "tag": "PS1"},
    "shop-de": {"system": "prestashop", "role": "shop", "instance": "2", "tag": "PS2"},
    "dallas": {"system": "infor", "role": "erp", "instance": "DALS"},
    "paris": {"system": "infor", "role": "erp", "instance": "PARI"},
}
ROUTES: dict[str, dict[str, Any]] = {
    "shop-fr": {"order": ["dallas"], "customer": ["dallas"], "refund": ["dallas"]},
    "shop-de": {"order": ["dallas"], "customer": ["dallas"], "refund": ["dallas"]},
    "dallas": {"shipment": ["shop-fr", "shop-de"], "stock-level": ["shop-fr", "shop-de"], "customer": ["shop-fr"]},
}
SHOP = {
    "base_url": "https://shop.example/api",
    "key": "plain:SANDBOXKEY0SANDBOXKEY0SANDBOXKEY",
    "webhook_secret": "plain:secret",
    "time_zone": "Europe/Paris",
}
IONAPI = {
    "ti": "T", "ci": "c", "cs": "s", "iu": "https://ion.test", "pu": "https://ion.test/T/as/", "ot": "token.oauth2",
    "saak": "k", "sask": "s",
}  # fmt: skip
ERP = {
    "ionapi": IONAPI,
    "configuration": "T_DALS",
    "time_zone": "America/Chicago",
    "base_currency": "USD",
    "alias_customer": "   1042",
}
ENV: dict[str, Any] = {
    "match_key": "plain:key",
    "systems": {name: {"settings": SHOP if each["role"] == "shop" else ERP} for name, each in SYSTEMS.items()},
}


def resource_of(folder: Path) -> Callable[[str], Path]:
    return lambda name: folder if name == "flows" else resource(name)


class Flows:
    """Writes flows and loads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, env: Mapping[str, Any] = ENV, **changes: Any) -> Path:
        """The flow `two`, with these blocks of flow.yaml instead of its own."""
        place = self.folder / "two"
        (place / "env").mkdir(parents=True, exist_ok=True)
        (place / "tables").mkdir(exist_ok=True)
        for table in (resource("flows") / "prestashop-infor" / "tables").glob("*.yaml"):
            (place / "tables" / table.name).write_bytes(table.read_bytes())
        start = {"orders_from": "2026-01-01"}
        file = {"flow": "two", "mode": "live", "start": start, "systems": SYSTEMS, "routes": ROUTES} | changes
        (place / "flow.yaml").write_text(yaml.safe_dump(file, sort_keys=False, allow_unicode=True))
        (place / "env" / "sandbox.yaml").write_text(yaml.safe_dump(dict(env)))
        return place

    def load(self, env: Mapping[str, Any] = ENV, **changes: Any) -> Flow:
        self.write(env, **changes)
        return load_flow("two")

    def write_text(self, flow_yaml: str) -> None:
        """The flow `two` with this text as its flow.yaml."""
        self.write()
        (self.folder / "two" / "flow.yaml").write_text(flow_yaml)


def only(*rows: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Routes of the first shop's orders by `rows`; refunds may go to both companies."""
    return {"shop-fr": {"order": list(rows), "refund": ["dallas", "paris"]}}
