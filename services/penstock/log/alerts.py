"""Alerts as they go to the log: topic `alert`, JSON, one record per thing that somebody may want to know.

The fields are those of docs/reading-the-log.md. Alerts leave the house: ids and words, no personal data.
"""

from __future__ import annotations

import orjson

TOPIC = "alert"


def of_document(
    kind: str,
    reason: str,
    *,
    flow: str,
    target: str,
    document: str,
    entity: str,
    rule: str,
    at: str,
    priority: int = 1,
) -> tuple[bytes, bytes]:
    """Key and value of an alert about one document.

    target: `system:instance`, empty when nobody knows. document: our reference or the source's id. rule: what it may
    be grouped by. at: ISO 8601 with a zone. priority: 1 is the lowest.
    """
    about: dict[str, str | float] = {"flow": flow, "document": document, "entity": entity, "rule": rule, "count": 1}
    return _record(kind, reason, target, priority, at, about)


def of_target(
    kind: str, reason: str, *, flow: str, target: str, seconds: float, at: str, priority: int
) -> tuple[bytes, bytes]:
    """Key and value of an alert about a target; `seconds` is how long it has lasted."""
    return _record(kind, reason, target, priority, at, {"flow": flow, "seconds": round(seconds, 1)})


def _record(
    kind: str, reason: str, target: str, priority: int, at: str, about: dict[str, str | float]
) -> tuple[bytes, bytes]:
    said = {"at": at, "kind": kind, "target": target, "priority": priority, "reason": reason}
    return (target or str(about["flow"])).encode(), orjson.dumps(said | about)
