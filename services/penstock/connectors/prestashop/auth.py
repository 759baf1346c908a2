"""The webservice key, and the signature of our shop module's messages (docs/shop-module.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from pydantic import SecretStr

PREFIX = "sha256="


def basic(key: SecretStr) -> str:
    """Authorization header: the key is the user, the password is empty (systems/prestashop.md 1)."""
    return "Basic " + base64.b64encode(f"{key.get_secret_value()}:".encode()).decode("ascii")


def sign(body: bytes, secret: SecretStr) -> str:
    """`sha256=<hex HMAC-SHA256 of the raw body>`."""
    return PREFIX + hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()


def verify(body: bytes, signature: str, secrets: Iterable[SecretStr]) -> bool:
    """Whether any of the keys made the signature. Every key is tried, each in constant time."""
    given = signature.strip().lower().encode("utf-8", "replace")
    good = False
    for secret in secrets:
        good |= hmac.compare_digest(given, sign(body, secret).encode())
    return good
