"""Which configuration made a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256


def config_version(texts: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Short hash (12 hexadecimal digits) over named texts, in any order: mappings, tables, rates, policies."""
    pairs = texts.items() if isinstance(texts, Mapping) else texts
    digest = sha256()
    for name, text in sorted(pairs):
        for part in (name, text):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
    return digest.hexdigest()[:12]
