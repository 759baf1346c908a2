"""How long a shop waits for the answer to a webhook, which comes after the broker's acknowledgement.

    python benchmarks/webhook.py [--runs 3]

The endpoint of ingress with a PrestaShop source runs in a process of its own; signed messages come at 500 a second,
whether or not earlier ones have been answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import orjson
from pydantic import SecretStr

import report
from cluster import cluster, served
from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.prestashop.auth import sign
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.source import PrestashopSource
from penstock.ingress.webhooks import Webhooks
from penstock.log.kafka import KafkaSettings, async_producer
from penstock.service import http_server

RATE, SECONDS, WARM_SECONDS = 500, 4, 1
SECRET = "benchmark-webhook-secret"  # noqa: S105 - signs nothing but this script's own messages
SETTINGS = {"base_url": "http://127.0.0.1:9/api", "key": "plain:" + 32 * "B", "webhook_secret": f"plain:{SECRET}"}


def measure(runs: int) -> list[report.Figure]:
    with cluster() as log:
        argv = [str(Path(__file__)), "--serve", log.settings.bootstrap]
        with served(argv, log.folder, "ingress") as url:
            found = [asyncio.run(send_all(url)) for _ in range(runs)]
    note = f"{len(message(1))} bytes a message, HMAC-SHA256; the sender shares the cores"
    return [
        report.Figure(f"webhook acknowledged, {RATE}/s, p50", "ms", [report.quantile(each, 0.5) for each in found]),
        report.Figure(
            f"webhook acknowledged, {RATE}/s, p99", "ms", [report.quantile(each, 0.99) for each in found], 20, note=note
        ),
    ]


def message(number: int) -> bytes:
    """As docs/shop-module.md has it."""
    body = {"event": "actionOrderStatusPostUpdate", "resource": "orders", "resource_id": str(number), "shop_id": "1"}
    return orjson.dumps({**body, "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds")})


async def send_all(url: str) -> list[float]:
    """Milliseconds of each answer, the first second left out."""
    out: list[float] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number: int) -> None:
            body = message(number + 1)
            headers = {"X-PrestaShop-Signature": sign(body, SecretStr(SECRET))}
            began = time.perf_counter()
            async with session.post(f"{url}/webhooks/prestashop/1", data=body, headers=headers) as answer:
                said = await answer.json()
            if (answer.status, said) != (202, {"accepted": 1}):
                raise RuntimeError(f"{answer.status}: {said}")
            if number >= RATE * WARM_SECONDS:
                out.append((time.perf_counter() - began) * 1000)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(RATE * (WARM_SECONDS + SECONDS)):
                delay = began + number / RATE - time.perf_counter()
                if delay > 0:
                    await asyncio.sleep(delay)
                tasks.create_task(one(number))
    return out


async def serve(bootstrap: str, ready_file: Path) -> None:
    """Webhooks and nothing else of ingress."""
    settings = KafkaSettings(bootstrap=bootstrap)
    producer = async_producer(settings, linger_ms=0)
    await producer.start()
    source = PrestashopSource(PrestashopSettings.model_validate(SETTINGS), Budget(BudgetSettings()))
    webhooks = Webhooks([source], producer, settings)
    async with http_server(webhooks.routes(), "127.0.0.1", 0) as port:
        part = ready_file.with_suffix(".part")
        part.write_text(json.dumps({"url": f"http://127.0.0.1:{port}"}))
        part.replace(ready_file)
        await asyncio.Event().wait()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        parser = argparse.ArgumentParser()
        parser.add_argument("--serve", required=True)
        parser.add_argument("--ready-file", type=Path, required=True)
        given = parser.parse_args()
        asyncio.run(serve(given.serve, given.ready_file))
    else:
        report.script(__doc__, measure)
