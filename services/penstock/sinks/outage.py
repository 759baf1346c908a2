"""An outage that an earlier life of a sink has told of, and whose end nobody has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from penstock.log import alerts
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.offsets import partitions_of
from penstock.log.partition import partition_for
from penstock.log.scan import scan


@dataclass(frozen=True, slots=True)
class OpenOutage:
    """`alerts` have been sent of it so far."""

    began: datetime
    alerts: int


def open_outage(settings: KafkaSettings, target: str) -> OpenOutage | None:
    """What the newest alert of `target` about outages says; None when it has been called off. Blocks.

    Raises ScanError, NoTopicError, KafkaException.
    """
    topic, key = settings.topic(alerts.TOPIC), target.encode()
    number = partition_for(key, len(partitions_of(admin(settings), topic)))
    newest: dict[str, Any] = {}
    for record in scan(settings, topic, partitions=[number]):
        if record.key == key and b'"outage' in (record.value or b""):
            said = orjson.loads(record.value or b"")
            newest = said if said["kind"] in {"outage", "outage-over"} else newest
    if newest.get("kind") != "outage":
        return None
    return OpenOutage(datetime.fromisoformat(newest["at"]) - timedelta(seconds=newest["seconds"]), newest["priority"])
