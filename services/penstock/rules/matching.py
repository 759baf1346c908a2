"""Which customers are the same person: one key per e-mail address, else per name and postal code."""

from __future__ import annotations

import hmac
import unicodedata
from hashlib import sha256

from penstock.records.countries import folded


class NoMatchKeyError(ValueError):
    """Neither an e-mail nor a name with a postal code: nobody can say whether this customer is known."""

    def __init__(self) -> None:
        super().__init__(
            "to be found again, a customer needs an e-mail, or a name and a postal code; add one in the source"
        )


def normalise_email(email: str) -> str:
    """Trimmed, NFKC, lower case. Dots and `+tags` stay: only the mail host knows what they mean."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def normalise_name(name: str) -> str:
    """Letters and digits, lower case, no accents, one space between words: `D'Aubigné,  Zoé` -> `d aubigne zoe`."""
    return folded(name)


def match_key(email: str | None, name: str | None, postal_code: str | None, secret: bytes) -> str:
    """HMAC-SHA256 of who the customer is, in hex with the basis in front: `email-…` or `name-…`.

    Keyed, so that nobody can try addresses against the log. Raises NoMatchKeyError.
    """
    if not secret:
        raise ValueError("the match key needs a secret; set the flow's match_key")
    mail = normalise_email(email or "")
    if mail:
        return _keyed("email", mail, secret)
    person, place = normalise_name(name or ""), normalise_name(postal_code or "").replace(" ", "")
    if not person or not place:
        raise NoMatchKeyError
    return _keyed("name", f"{person}\n{place}", secret)


def _keyed(basis: str, text: str, secret: bytes) -> str:
    digest = hmac.new(secret, f"{basis}\n{text}".encode(), sha256).hexdigest()
    return f"{basis}-{digest}"
