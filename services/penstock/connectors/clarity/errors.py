"""What an answer can mean besides success, as named exceptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.connectors.http import NotSentError, Reply

CONFIGURATION_PAUSE = 30.0
"""Seconds before a call is tried again that only a change of configuration can cure."""


class ConfigurationError(NotSentError):
    """Credentials, scopes or addresses are wrong: nothing was done, and it works once someone has put that right."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, CONFIGURATION_PAUSE)


class RefusedError(Exception):
    """The shop refused with an error of its own: nothing was done, and the same call will fail again.

    `code` and `details` are the shop's (systems/clarity.md 3.6). The text names codes and fields, never values.
    """

    def __init__(self, what: str, status: int, error: Mapping[str, Any], reply: Reply | None = None) -> None:
        self.status = status
        self.code = str(error.get("code") or "")
        details = error.get("details")
        self.details: Sequence[Mapping[str, Any]] = [
            entry for entry in (details if isinstance(details, list) else ()) if isinstance(entry, Mapping)
        ]
        self.reply = reply
        fields = ", ".join(f"{entry.get('field')} ({entry.get('code')})" for entry in self.details)
        super().__init__(f"{what}: {status} {self.code}" + (f": {fields}" if fields else ""))
