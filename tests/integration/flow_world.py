"""A flow on a real log: documents of shops, processors and sinks as processes, and companies in sandboxes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
from tests.integration.infor_site import Site, serve
from tests.unit.processors.shop_documents import Change, Tables, incoming, order

from penstock.log.fates import Fate, collapse
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.scan import scan
from penstock.processors.incoming import Incoming
from penstock.resources import resource

FLOWS = Path(__file__).parent / "flows"
ROOT = Path(__file__).parents[2]


class Running:
    """Processors and sinks of one flow, and the companies that they write to."""

    def __init__(self, settings: KafkaSettings, companies: dict[str, Site], env: Mapping[str, str]) -> None:
        self.settings, self.companies, self.env = settings, companies, env

    def send(self, *records: Incoming) -> None:
        client = producer(self.settings)
        for record in records:
            topic = self.settings.topic(record.topic)
            client.produce(topic, key=record.key, value=record.value, headers=list(record.headers))
        client.flush()

    def fates(self) -> dict[tuple[str, str], str]:
        """(event, target) -> the state that holds."""
        records = scan(self.settings, self.settings.topic("fate"))
        found = collapse(Fate.decode(record.key or b"", record.value or b"") for record in records)
        return {(fate.event_id, fate.target): fate.state.value for fate in found.values()}

    def settled(self, wanted: dict[tuple[str, str], str], seconds: float = 60) -> None:
        """Waits for these fates, and for no others."""
        deadline = time.monotonic() + seconds
        while self.fates() != wanted:
            assert time.monotonic() < deadline, f"fates are {self.fates()}, held: {self.held()}"
            time.sleep(0.2)

    def held(self) -> list[str]:
        """Why documents were held."""
        return [
            json.loads(each.value)["reason"] for each in scan(self.settings, self.settings.topic("hold")) if each.value
        ]

    def booked(self, company: str) -> dict[str, str]:
        """Our reference -> CoNum of the orders of web shops in a company; fails when one is there twice."""
        rows = [row for row in self.companies[company].state("orders") if str(row["CustPo"] or "").startswith("QW")]
        assert max(Counter(row["CoNum"] for row in rows).values(), default=1) == 1
        return {row["CoNum"].strip(): row["CustPo"] for row in rows}


@contextlib.contextmanager
def flow(
    name: str, folder: Path, settings: KafkaSettings, registry: str, companies: Sequence[str]
) -> Iterator[Running]:
    """The flow of tests/integration/flows/NAME, with the tables and rates of the delivered one."""
    shutil.copytree(resource("flows") / "prestashop-infor" / "tables", folder / name / "tables")
    shutil.copy(resource("flows") / "prestashop-infor" / "rates.yaml", folder / name)
    shutil.copytree(FLOWS / name, folder / name, dirs_exist_ok=True)
    env = {
        **os.environ,
        "PENSTOCK_BOOTSTRAP": settings.bootstrap,
        "PENSTOCK_TOPIC_PREFIX": settings.topic_prefix,
        "PENSTOCK_REGISTRY_URL": registry,
    }
    with contextlib.ExitStack() as stack:
        sites = {}
        for company in companies:
            (folder / company).mkdir()
            sites[company] = stack.enter_context(serve(folder / company))
            sites[company].act("add-item", Item="APR-SND", QtyOnHand="50", UnitPrice="24.90")
            ionapi = folder / f"{company}.ionapi"
            ionapi.write_text(json.dumps(httpx.get(f"{sites[company].url}/_sandbox/ionapi").json()))
            env[f"PENSTOCK_IONAPI_{company.upper()}"] = str(ionapi)
        for service in ("processors", "sinks"):
            argv = [sys.executable, "-m", "tests.integration.flow_worker", service, str(folder), name]
            worker = subprocess.Popen(argv, env=env, cwd=ROOT, stderr=subprocess.DEVNULL)
            stack.callback(worker.wait, 30)
            stack.callback(worker.kill)
        yield Running(settings, sites, env)


def placed(shop: str, number: int, change: Change = lambda _: None) -> Incoming:
    """Order `number` of a shop as extraction puts it on the log; another event of it with `event`."""

    def renumbered(tables: Tables) -> None:
        change(tables)
        tables["orders"][0]["id"] = number
        for name in ("order_details", "order_carriers"):
            for row in tables[name]:
                row["id_order"] = number

    document = order(renumbered)
    document = replace(document, ref=replace(document.ref, instance=shop, native_id=str(number)))
    made = incoming(document)
    own = {"ce_id": event_of(shop, number), "ce_source": f"prestashop:{shop}"}
    headers = [(name, own[name].encode() if name in own else value) for name, value in made.headers]
    return replace(made, key=f"{shop}:{number}".encode(), headers=headers)


def event_of(shop: str, number: int) -> str:
    return f"prestashop:{shop}:order:{number}:1"
