"""What can go wrong between us and the facade, as named exceptions (systems/sage100.md 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.connectors.http import NotSentError

_PERSONAL = ("BillTo", "ShipTo", "ConfirmTo", "Email", "CustomerName", "Address", "City", "State", "Zip", "Telephone")


class RefusedError(Exception):
    """The facade refused, nothing was done. `code` is its own; `detail` the whole `error` object.

    `message` is the text of Sage. It quotes the value of the column at fault: left out where it is of a person.
    """

    def __init__(self, what: str, status: int, detail: Mapping[str, Any], body: bytes = b"") -> None:
        self.status = status
        self.code = str(detail.get("code") or status)
        self.message = str(detail.get("message") or "refused without a message")
        self.column = str(detail.get("column") or "")
        self.line = detail.get("line")
        value = str(detail.get("value") or "")
        if value and self.column.startswith(_PERSONAL):
            self.message = self.message.replace(value, "…")
        self.detail = detail
        self.body = body
        where = f" ({self.place})" if self.place else ""
        super().__init__(f"{what}: {self.code}{where}: {self.message}")

    @property
    def place(self) -> str:
        """`line 2, ItemCode`."""
        return ", ".join(part for part in (f"line {self.line}" if self.line else "", self.column) if part)


class ConfigurationError(NotSentError):
    """Credentials, rights or addresses are wrong: nothing was done, and it works once someone has put that right."""

    def __init__(self, reason: str, retry_after: float = 30.0) -> None:
        super().__init__(reason, retry_after)
