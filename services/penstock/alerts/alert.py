"""One alert as it is on the log. Whoever writes alerts may know more fields than we do, or fewer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

OUTAGE, OUTAGE_OVER = "outage", "outage-over"
LARGEST_RECORD = 64 * 1024
LONGEST_TEXT = 300
HIGHEST_PRIORITY = 9
MOST = 1_000_000_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*")


class AlertError(Exception):
    """The record is no alert; the message says why."""


@dataclass(frozen=True, slots=True)
class Alert:
    """`priority` 1 is the lowest. `seconds`: how long an outage has lasted. `count`: how many events it stands for."""

    at: datetime
    kind: str
    target: str = ""
    priority: int = 1
    reason: str = ""
    rule: str = ""
    seconds: float | None = None
    document: str = ""
    entity: str = ""
    count: int = 1
    flow: str = ""

    @property
    def is_outage(self) -> bool:
        """Of the thread of an outage: its beginning, its growth or its end."""
        return self.kind in {OUTAGE, OUTAGE_OVER}

    @property
    def likeness(self) -> str:
        """What alerts of one group have in common beside kind and target: the rule, else the reason's wording."""
        if self.is_outage:
            return ""
        return self.rule or " ".join(_PARTICULAR.sub("#", self.reason).split())[:80].lower()


def read_alert(value: bytes | None, at: datetime) -> Alert:
    """The alert of a record of topic `alert`; `at` is the record's own time, for an alert without one.

    Only `kind` is required. Texts lose control characters and e-mail addresses. Raises AlertError.
    """
    if not value:
        raise AlertError("the record is empty")
    if len(value) > LARGEST_RECORD:
        raise AlertError(f"{len(value)} bytes, at most {LARGEST_RECORD}")
    try:
        said = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise AlertError(f"no JSON: {error.msg}") from error
    if not isinstance(said, dict):
        raise AlertError("no JSON object")
    kind = _text(said, "kind")
    if not kind:
        raise AlertError("it names no kind")
    seconds = _number(said, "seconds")
    return Alert(
        at=_time(said.get("at")) or at,
        kind=kind,
        target=_text(said, "target"),
        priority=int(min(max(_number(said, "priority") or 1, 1), HIGHEST_PRIORITY)),
        reason=_text(said, "reason"),
        rule=_text(said, "rule"),
        seconds=None if seconds is None else min(max(seconds, 0.0), MOST),
        document=_text(said, "document"),
        entity=_text(said, "entity"),
        count=int(min(max(_number(said, "count") or 1, 1), MOST)),
        flow=_text(said, "flow"),
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    clean = " ".join(_ADDRESS.sub("(address)", _CONTROL.sub(" ", value[: 4 * LONGEST_TEXT])).split())
    return clean if len(clean) <= LONGEST_TEXT else clean[: LONGEST_TEXT - 1] + "…"


def _number(said: Mapping[str, Any], name: str) -> float | None:
    value = said.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
