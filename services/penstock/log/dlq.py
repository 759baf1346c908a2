"""Dead letters: the original key and bytes, untouched, with headers that say what, where and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

ERROR_TEXT = 2000


class Source(Protocol):
    """The record that failed."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes: ...
    @property
    def value(self) -> bytes: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


def dead_letter(
    record: Source, stage: str, error: Exception, *, at: datetime | None = None
) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of the dead letter of `record`. The attempts count on from an earlier dead letter."""
    counted = dict(record.headers).get("dlq-attempts") or b""
    attempts = int(counted) + 1 if counted.isdigit() else 1
    kept = [(name, value) for name, value in record.headers if not name.startswith("dlq-")]
    text = str(error) or type(error).__name__
    when = (at or datetime.now(UTC)).isoformat(timespec="milliseconds")
    about = {
        "dlq-topic": record.topic,
        "dlq-partition": str(record.partition),
        "dlq-offset": str(record.offset),
        "dlq-stage": stage,
        "dlq-error-class": type(error).__name__,
        "dlq-error": text[:ERROR_TEXT],
        "dlq-attempts": str(attempts),
        "dlq-at": when,
    }
    if rule := getattr(error, "rule", ""):
        about["dlq-rule"] = rule
    return record.key, record.value, kept + [(name, value.encode("utf-8", "replace")) for name, value in about.items()]
