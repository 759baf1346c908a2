"""From records of the log to items of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from penstock.log.headers import Headers, Position, texts
from penstock.log.lanes import Record
from penstock.sinks.model import CUSTOMER_REQUEST, Entry, Item


class Decoder(Protocol):
    """Avro to record, by schema id."""

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]: ...


class Items:
    """Reads what is routed to one target.

    canonical: topic on the cluster -> canonical entity; requests: the topic of customers that are wanted.
    """

    def __init__(self, target: str, flow: str, canonical: Mapping[str, str], requests: str, decoder: Decoder) -> None:
        self._target = target
        self._flow = flow
        self._canonical = canonical
        self._requests = requests
        self._decoder = decoder

    def of_record(self, record: Record) -> Item | None:
        """None when it is not for this target. Raises what decoding raises when it cannot be read."""
        headers = texts(record.headers)
        if record.topic != self._requests and self._target not in headers.get("targets", "").split(","):
            return None
        return self._item(record.topic, record.partition, record.offset, record.key, record.value, headers)

    def of_entry(self, entry: Entry) -> Item | None:
        """The record that an entry carries."""
        topic, key, value, headers = entry.item_parts()
        return self._item(topic, entry.partition, None, key, value, headers)

    def _item(
        self, topic: str, partition: int, offset: int | None, key: bytes, value: bytes, headers: Mapping[str, str]
    ) -> Item | None:
        if topic == self._requests:
            return self._request(topic, partition, offset, key, value, headers)
        said = Headers.decode((name, text.encode()) for name, text in headers.items())
        _, record = self._decoder.decode(value)
        entity = self._canonical[topic]
        order_id = record["id"] if entity == "order" else record.get("order_id")
        return Item(
            topic=topic,
            partition=partition,
            offset=offset,
            key=key,
            value=value,
            headers=headers,
            entity=entity,
            record=record,
            canonical_id=record["id"],
            event_id=said.ce_id,
            position=said.raw or Position(topic, partition, offset or 0),
            flow=said.flow or self._flow,
            order_id=order_id,
            document=record.get("reference") or record.get("order_reference") or record["source"]["native_id"],
        )

    def _request(
        self, topic: str, partition: int, offset: int | None, key: bytes, value: bytes, headers: Mapping[str, str]
    ) -> Item | None:
        request = orjson.loads(value)
        if request["target"] != self._target:
            return None
        said = {name: request.get(name) for name in ("customer_id", "cause", "source")}
        body = {**request["body"], **said}
        return Item(
            topic=topic,
            partition=partition,
            offset=offset,
            key=key,
            value=value,
            headers=headers,
            entity=CUSTOMER_REQUEST,
            record=body,
            canonical_id=request["match_key"],
            event_id=f"{request['cause']}>{request['customer_id']}",
            position=Position(topic, partition, offset or 0),
            flow=request["flow"],
            order_id=request["order_id"],
            document=request["document"],
        )
