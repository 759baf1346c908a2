"""What can go wrong between us and the site, as named exceptions."""

from __future__ import annotations

from enum import Enum

from penstock.connectors.http import NotSentError


class Refusal(Enum):
    """Why an IDO refused, as far as its message says (systems/infor.md 4.3, 4.9)."""

    EXISTS = "already exists"
    ROW_CHANGED = "row changed by another user"
    NOT_ON_FILE = "not on file"
    PRIVILEGE = "privilege"
    OTHER = "other"


_MARKS = (
    ("already exists", Refusal.EXISTS),
    ("row changed by another user", Refusal.ROW_CHANGED),
    ("not on file", Refusal.NOT_ON_FILE),
    ("requires [", Refusal.PRIVILEGE),
    ("not licensed", Refusal.PRIVILEGE),
)


class IdoRefusedError(Exception):
    """The site answered `Success: false`: nothing was done. `body` is the answer as it came."""

    def __init__(self, ido: str, message: str, body: bytes = b"") -> None:
        super().__init__(f"{ido}: {message}")
        self.ido = ido
        self.message = message
        self.body = body
        lower = message.lower()
        self.refusal = next((refusal for mark, refusal in _MARKS if mark in lower), Refusal.OTHER)


class ConfigurationError(NotSentError):
    """Credentials, rights or addresses are wrong: nothing was done, and it works once someone has put that right."""

    def __init__(self, reason: str, retry_after: float = 30.0) -> None:
        super().__init__(reason, retry_after)
