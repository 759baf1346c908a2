"""Signatures of webhooks (systems/clarity.md 4)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal

Encoding = Literal["hex", "base64"]


def signature(secrets: Sequence[str], timestamp: int, body: bytes, encoding: Encoding, *, timestamped: bool) -> str:
    """`t=<timestamp>,v1=<HMAC-SHA256 of "<timestamp>.<body>">`, one v1 for each secret.

    Not `timestamped`: the bare HMAC of the body by the newest secret, as other shops send it.
    """
    if not timestamped:
        return _mac(secrets[-1], body, encoding)
    signed = str(timestamp).encode() + b"." + body
    return ",".join([f"t={timestamp}", *(f"v1={_mac(secret, signed, encoding)}" for secret in secrets)])


def _mac(secret: str, signed: bytes, encoding: Encoding) -> str:
    made = hmac.new(secret.encode(), signed, hashlib.sha256)
    return made.hexdigest() if encoding == "hex" else base64.b64encode(made.digest()).decode()
