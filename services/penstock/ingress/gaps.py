"""Says what a census has found: on `audit`, and to people by an alert. Ids only, no personal data."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import structlog
from aiokafka import AIOKafkaProducer

from penstock.connectors.http import now_text
from penstock.log import alerts
from penstock.log.kafka import KafkaSettings

KIND = "gap"
IDS_OF_A_RECORD = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Gaps:
    """Records about the orders of one shop, `system:instance`."""

    producer: AIOKafkaProducer
    settings: KafkaSettings
    flow: str
    shop: str

    async def found(self, orders: Mapping[str, str], window: tuple[str, str]) -> None:
        """`orders`: native id -> when it was created, empty where the shop does not tell."""
        why = "in the shop, and neither a webhook nor a poll had brought it: put on the log by the census"
        await self._record(KIND, list(orders), window, why)
        await self._alert(list(orders), "no webhook and no poll had told of it; the census has", priority=1)

    async def closed(self, native_ids: Sequence[str], window: tuple[str, str]) -> None:
        await self._record(f"{KIND}-closed", native_ids, window, "on the log after one notification of the census")

    async def left(self, native_ids: Sequence[str], window: tuple[str, str]) -> None:
        """They were put on the log and did not come: a dead letter, or gone from the shop meanwhile."""
        why = "read again and still not on the log: a dead letter of ingress, or deleted in the shop meanwhile"
        await self._record(f"{KIND}-open", native_ids, window, why)
        await self._alert(native_ids, f"{why}; see penstock dlq list", priority=2)

    async def _record(self, what: str, native_ids: Sequence[str], window: tuple[str, str], why: str) -> None:
        log.warning("census", what=what, shop=self.shop, count=len(native_ids))
        for start in range(0, len(native_ids), IDS_OF_A_RECORD):
            value = {
                "at": now_text(),
                "who": "penstock",
                "what": what,
                "subject": self.shop,
                "flow": self.flow,
                "entity": "order",
                "since": window[0],
                "until": window[1],
                "ids": native_ids[start : start + IDS_OF_A_RECORD],
                "why": why,
            }
            await self._send("audit", orjson.dumps(value), self.shop.encode())

    async def _alert(self, native_ids: Sequence[str], reason: str, *, priority: int) -> None:
        """One for each: the alerts service makes one message of them, with examples."""
        said = [
            alerts.of_document(
                KIND,
                reason,
                flow=self.flow,
                target=self.shop,
                document=native_id,
                entity="order",
                rule=f"census-{priority}",
                at=now_text(),
                priority=priority,
            )
            for native_id in native_ids
        ]
        await asyncio.gather(*(self._send(alerts.TOPIC, value, key) for key, value in said))

    async def _send(self, topic: str, value: bytes, key: bytes) -> None:
        await self.producer.send_and_wait(self.settings.topic(topic), value, key=key)
