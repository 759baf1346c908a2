"""Secrets are references, resolved at the edge into a type that cannot print itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, SecretStr


def resolve(reference: object) -> object:
    """`env:NAME`, `file:PATH` or `plain:TEXT` (sandboxes only) -> SecretStr. Raises ValueError with the remedy."""
    if isinstance(reference, SecretStr):
        return reference
    if not isinstance(reference, str):  # pydantic turns a ValueError into a located error
        raise ValueError("a secret is written as env:NAME or file:PATH")  # noqa: TRY004
    kind, _, rest = reference.partition(":")
    match kind:
        case "env":
            value = os.environ.get(rest)
            if not value:
                raise ValueError(f"environment variable {rest} is not set")
            return SecretStr(value)
        case "file":
            path = Path(rest)
            if not path.is_file():
                raise ValueError(f"secret file {rest} does not exist")
            return SecretStr(path.read_text(encoding="utf-8").strip())
        case "plain":
            return SecretStr(rest)
    raise ValueError("a secret is written as env:NAME or file:PATH (plain:TEXT for a sandbox), never as the bare value")


Secret = Annotated[SecretStr, BeforeValidator(resolve)]
