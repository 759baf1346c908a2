"""Raw documents of real orders: placed in the PrestaShop sandbox and read by the connector, as extraction does."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from cluster import ENV, FLOW, served
from penstock.cli.pairs.prestashop_infor import PAIR
from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.source import PrestashopSource
from penstock.flow.load import Flow, load_flow
from penstock.ingress.extract import Change
from penstock.log.partition import partition_for
from penstock.log.topics import partitions_of
from penstock.log.wire import Codec
from penstock.processors.incoming import Incoming
from penstock.processors.transform import Names, Transform
from penstock.records.raw import EntityRef, RawDocument
from penstock.rules.validate import Policy

KEY = "BENCHMARKKEY0BENCHMARKKEY0BENCHM"
RAW_TOPIC = "raw.prestashop.order"
AT = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RawOrder:
    """Key and value of a record of raw.prestashop.order."""

    ref: EntityRef
    value: bytes

    @property
    def key(self) -> bytes:
        return self.ref.key.encode()

    def headers(self, number: int, cause: str = "bench") -> list[tuple[str, bytes]]:
        """As extraction writes them; `number` makes the event id one of its own."""
        change = Change(self.ref, self.value, deleted=False, event_id=f"{self.ref}:{number:024d}", fingerprint="")
        return change.headers(FLOW, AT, cause)


def raw_orders(count: int = 60) -> list[RawOrder]:
    """`count` orders of many countries, with and without account, discount and gift, none of them in trouble."""
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        options = json.dumps({"time_zone": "Europe/Paris", "keys": {KEY: "*"}})
        argv = ["-m", "penstock.sandbox.serve", "prestashop", "--seed", "7", "--options", options]
        with served(argv, Path(folder), "prestashop") as url:
            return asyncio.run(_read(url, _place(url, count)))


def _place(url: str, count: int) -> list[int]:
    good = [wish for wish in PAIR.wishes(2 * count, seed=7) if not wish.held][:count]
    with httpx.Client(base_url=f"{url}/_sandbox/actions/", trust_env=False, timeout=30) as shop:
        return [int(shop.post("place-order", json=dict(wish.place)).raise_for_status().json()["id"]) for wish in good]


async def _read(url: str, numbers: list[int]) -> list[RawOrder]:
    given = {"base_url": f"{url}/api", "key": f"plain:{KEY}", "time_zone": "Europe/Paris"}
    source = PrestashopSource(PrestashopSettings.model_validate(given), Budget(BudgetSettings(concurrency=16)))
    try:
        found = [await source.extract(EntityRef("prestashop", "1", "order", str(number))) for number in numbers]
    finally:
        await source.close()
    return [RawOrder(each.ref, each.to_bytes()) for each in found if isinstance(each, RawDocument)]


def flow() -> Flow:
    return load_flow(FLOW, ENV)


def transform_of(codec: Codec, loaded: Flow | None = None, prefix: str = "") -> Transform:
    """The flow's transform, as `penstock run processors` makes it."""
    made = loaded or flow()
    return Transform(
        made, codec, Names(prefix, partitions_of("canonical.order")), Policy.model_validate(made.file.validation)
    )


def incoming(order: RawOrder, number: int, prefix: str = "") -> Incoming:
    """The order as it would have been consumed."""
    partition = partition_for(order.key, partitions_of(RAW_TOPIC))
    return Incoming(prefix + RAW_TOPIC, partition, number, order.key, order.value, tuple(order.headers(number)))
