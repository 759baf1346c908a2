"""Notifications on the log: `raw.<system>.notification`, JSON, key `entity:instance:native id`."""

from __future__ import annotations

import orjson

from penstock.connectors.contract import Notification
from penstock.connectors.http import now_text
from penstock.log.headers import BACKFILL, RawHeaders
from penstock.records.raw import EntityRef, Part


def note_key(ref: EntityRef) -> bytes:
    return f"{ref.entity}:{ref.instance}:{ref.native_id}".encode()


def note_headers(note: Notification) -> RawHeaders:
    """Of the notification, and of the document that answers it."""
    return [(BACKFILL, b"1")] if note.via == BACKFILL else []


def note_bytes(note: Notification) -> bytes:
    return orjson.dumps(
        {
            "system": note.ref.system,
            "instance": note.ref.instance,
            "entity": note.ref.entity,
            "native_id": note.ref.native_id,
            "via": note.via,
            "event": note.event,
            "carried": [part.to_dict() for part in note.carried],
            "received_at": now_text(),
        }
    )


def read_note(value: bytes) -> Notification:
    """Raises ValueError when `value` is no notification."""
    try:
        data = orjson.loads(value)
        ref = EntityRef(data["system"], data["instance"], data["entity"], data["native_id"])
        carried = tuple(Part.from_dict(part) for part in data["carried"])
        return Notification(ref, data["via"], data["event"], carried)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"not a notification: {type(error).__name__}: {error}") from error
