"""Canonical identifiers: the same document of the same source always gets the same id.

>>> canonical_id("prestashop", "shop-fr", "order", "41")
'72d8999c-9b7e-5cff-9323-4ce94558fad2'
"""

from __future__ import annotations

from hashlib import sha1

_NAMESPACE = bytes.fromhex("0b6e3c1f7f0d5d8a9b0e4c5a2f6d1e37")
"""Namespace of every canonical id. Changing it changes every id ever given: never."""

_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def canonical_id(system: str, instance: str, entity: str, native_id: str) -> str:
    """UUIDv5 over `system:instance:entity:native_id`, as `uuid.uuid5` gives it at a fraction of the cost."""
    name = f"{system}:{instance}:{entity}:{native_id}"
    digest = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
