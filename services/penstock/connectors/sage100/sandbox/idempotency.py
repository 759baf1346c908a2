"""The header `Idempotency-Key` on POSTs that create (systems/sage100.md 5.4): only 2xx answers are kept, for a week."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from penstock.connectors.sage100.sandbox.errors import RefusedError
from penstock.sandbox.storage import Storage

_WEEK = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was, and will be again."""

    status: int
    body: bytes
    location: str = ""


class Idempotency:
    """Answers by key. They are written in the transaction of their document, so that none is without the other."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._now = now

    def find(self, key: str, path: str, body: bytes) -> Answer | None:
        """The first answer to these bytes under this key. Refuses other bytes."""
        row = self._storage.one("SELECT * FROM idempotency WHERE Key = ? AND Kept > ?", [key, self._now() - _WEEK])
        if row is None:
            return None
        if row["Digest"] != _digest(path, body):
            raise RefusedError("IDEMPOTENCY_MISMATCH", f"The Idempotency-Key {key} was used for another request.")
        return Answer(row["Status"], row["Body"], row["Location"])

    def keep(self, key: str, path: str, body: bytes, answer: Answer) -> None:
        self._storage.execute("DELETE FROM idempotency WHERE Key = ? OR Kept <= ?", [key, self._now() - _WEEK])
        row = {"Key": key, "Digest": _digest(path, body), "Status": answer.status, "Location": answer.location}
        self._storage.insert("idempotency", {**row, "Body": answer.body, "Kept": self._now()})


def _digest(path: str, body: bytes) -> str:
    return hashlib.sha256(path.encode() + b"\n" + body).hexdigest()
