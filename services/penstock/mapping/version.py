"""Which configuration made a record."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256


def config_version(texts: Iterable[str]) -> str:
    """Short hash (12 hexadecimal digits) over texts in any order: mappings, tables, rates, policies."""
    digest = sha256()
    for text in sorted(texts):
        data = text.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:12]
