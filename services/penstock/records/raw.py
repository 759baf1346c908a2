"""The raw record: a complete source document as an envelope of parts.

On the log it is JSON, so that `kcat | jq` reads it. The body of a part is the source's own bytes: valid UTF-8 is
written as a JSON text, anything else as base64; both give the same bytes back.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson


@dataclass(frozen=True, slots=True)
class EntityRef:
    """Names one document of one source system."""

    system: str
    instance: str
    entity: str
    native_id: str

    @property
    def key(self) -> str:
        """Kafka key of the document's raw and notification records: `instance:native id`."""
        return f"{self.instance}:{self.native_id}"

    def __str__(self) -> str:
        return f"{self.system}:{self.instance}:{self.entity}:{self.native_id}"


class Part(NamedTuple):
    """One answer of the source system. `fetched_at` is ISO 8601 UTC."""

    role: str
    url: str
    status: int
    content_type: str
    fetched_at: str
    body: bytes

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "role": self.role,
            "url": self.url,
            "status": self.status,
            "content_type": self.content_type,
            "fetched_at": self.fetched_at,
        }
        try:
            out["body"] = self.body.decode("utf-8")
        except UnicodeDecodeError:
            out["body_base64"] = base64.b64encode(self.body).decode("ascii")
        return out

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Part:
        body = data["body"].encode() if "body" in data else base64.b64decode(data["body_base64"])
        return cls(data["role"], data["url"], data["status"], data["content_type"], data["fetched_at"], body)


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A source document: its parts, or the news that it is gone (`deleted`, then parts may be empty)."""

    ref: EntityRef
    parts: Sequence[Part] = field(default_factory=tuple)
    version: str | None = None
    deleted: bool = False

    def part(self, role: str) -> Part | None:
        return next((part for part in self.parts if part.role == role), None)

    def all_of(self, role: str) -> Iterator[Part]:
        return (part for part in self.parts if part.role == role)

    def to_bytes(self) -> bytes:
        return orjson.dumps(
            {
                "system": self.ref.system,
                "instance": self.ref.instance,
                "entity": self.ref.entity,
                "native_id": self.ref.native_id,
                "version": self.version,
                "deleted": self.deleted,
                "parts": [part.to_dict() for part in self.parts],
            }
        )

    @classmethod
    def from_bytes(cls, value: bytes) -> RawDocument:
        """Raises ValueError naming what is wrong when `value` is no raw document."""
        try:
            data = orjson.loads(value)
            ref = EntityRef(data["system"], data["instance"], data["entity"], data["native_id"])
            parts = tuple(map(Part.from_dict, data["parts"]))
            return cls(ref, parts, data["version"], data["deleted"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a raw document: {type(error).__name__}: {error}") from error
