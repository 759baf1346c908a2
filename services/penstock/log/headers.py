"""The headers that every record of the log carries: CloudEvents attributes and penstock's own, as UTF-8 texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

RawHeaders = list[tuple[str, bytes]]

EDITED = "edited"
"""Header of a record whose bytes a person has changed: JSON `{by, at, why}`. The original stays in its dead letter."""
BACKFILL = "backfill"
"""Header of what a first load brings, from the notification to the target: it gives way to live records."""
CARRIED_ON = frozenset({"retry", "released", EDITED, BACKFILL})
"""Headers of a raw record that its canonical record has too."""


class HeadersError(ValueError):
    """A record's headers are missing or malformed; the message names the header."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place on the log; written as `topic-partition-offset`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Position:
        topic, _, rest = text.rpartition("-")
        topic, _, partition = topic.rpartition("-")
        try:
            return cls(topic, int(partition), int(rest))
        except ValueError:
            raise HeadersError(f"{text!r} is no position of the form topic-partition-offset") from None


@dataclass(frozen=True, slots=True)
class Headers:
    """What a record says about itself.

    Attributes:
        ce_id: the event id.
        ce_source: system and instance, e.g. `prestashop:shop-1`.
        ce_type: e.g. `penstock.raw.prestashop.order`.
        ce_time: when it was observed; with a zone.
        traceparent: W3C trace context.
        cause: id of the event or request before it.
        raw: position of its raw record, None on the raw record itself.
        flow: name of the flow.
        targets: target instances that it is routed to; None when routing has not been decided.
        config_version: hash of the mappings, tables, rates and policies used.
    """

    ce_id: str
    ce_source: str
    ce_type: str
    ce_time: datetime
    traceparent: str | None = None
    cause: str | None = None
    raw: Position | None = None
    flow: str | None = None
    targets: tuple[str, ...] | None = None
    config_version: str | None = None

    def encode(self) -> RawHeaders:
        """As Kafka headers; what is None is left out."""
        out: RawHeaders = [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.ce_id.encode()),
            ("ce_source", self.ce_source.encode()),
            ("ce_type", self.ce_type.encode()),
            ("ce_time", self.ce_time.isoformat(timespec="milliseconds").encode()),
        ]
        for name, value in (
            ("traceparent", self.traceparent),
            ("cause", self.cause),
            ("raw", self.raw),
            ("flow", self.flow),
            ("targets", None if self.targets is None else ",".join(self.targets)),
            ("config-version", self.config_version),
        ):
            if value is not None:
                out.append((name, str(value).encode()))
        return out

    @classmethod
    def decode(cls, headers: Iterable[tuple[str, bytes | None]] | None) -> Headers:
        """From Kafka headers; the last of a repeated name counts, unknown names are ignored.

        Raises:
            HeadersError: a CloudEvents header is missing, or a value cannot be read.
        """
        given = texts(headers)
        try:
            raw, targets = given.get("raw"), given.get("targets")
            return cls(
                ce_id=given["ce_id"],
                ce_source=given["ce_source"],
                ce_type=given["ce_type"],
                ce_time=datetime.fromisoformat(given["ce_time"]),
                traceparent=given.get("traceparent"),
                cause=given.get("cause"),
                raw=Position.parse(raw) if raw else None,
                flow=given.get("flow"),
                targets=None if targets is None else tuple(filter(None, targets.split(","))),
                config_version=given.get("config-version"),
            )
        except KeyError as missing:
            raise HeadersError(f"header {missing} is missing: the record was not written by penstock") from None
        except ValueError as error:
            raise HeadersError(f"headers cannot be read: {error}") from None


def texts(headers: Iterable[tuple[str, bytes | None]] | None) -> dict[str, str]:
    """Headers as texts; bytes that are not UTF-8 are shown with replacement characters."""
    return {name: value.decode("utf-8", "replace") for name, value in headers or () if value is not None}


def waived(given: Mapping[str, str]) -> frozenset[str]:
    """Rules that people have waived for this event, `*` for all: header `released`, which adds up over releases.

    >>> sorted(waived({"released": "credit,stock"}))
    ['credit', 'stock']
    """
    return frozenset(filter(None, given.get("released", "").split(",")))
