"""Who may call: HTTP Basic, an API key, or a token of `POST /SY/Token` (systems/sage100.md 5.1)."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping

from penstock.connectors.sage100.sandbox.errors import RefusedError, bad_request
from penstock.connectors.sage100.sandbox.options import Options
from penstock.sandbox.storage import Storage

_CHALLENGE = {"basic": 'Basic realm="Sage 100"', "token": "Bearer", "key": "ApiKey"}
_LOGON = ("Username", "Password", "CompanyCode")


class Access:
    """Tokens live in the database as digests. `now`: seconds since the epoch, not shifted by faults."""

    def __init__(self, storage: Storage, options: Options, now: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._options = options
        self._now = now

    def check(self, headers: Mapping[str, str]) -> None:
        """Refuse a call without the credentials of this profile."""
        authorization = headers.get("authorization", "")
        match self._options.auth:
            case "basic":
                good = self._is_user(authorization)
            case "key":
                good = _same(headers.get("x-api-key", ""), self._options.api_key)
            case "token":
                good = self._is_token(authorization)
        if not good:
            raise self._invalid()

    def issue(self, given: Mapping[str, object]) -> dict[str, object]:
        """The answer of `POST /SY/Token`."""
        for name in given:
            if name not in _LOGON:
                raise bad_request(f"{name} is not a field of a logon.", name)
        logon: dict[str, str] = {}
        for name in _LOGON:
            value = given.get(name)
            if not isinstance(value, str) or not value:
                raise bad_request(f"{name} is required.", name)
            logon[name] = value
        if not self._knows(logon["Username"], logon["Password"]):
            raise self._invalid()
        check_company(self._options, logon["CompanyCode"])
        token = secrets.token_urlsafe(32)
        seconds = self._options.token_seconds / self._options.time_scale
        now = self._now()
        self._storage.insert("token", {"Digest": _digest(token), "Issued": now, "Expires": now + seconds})
        return {"access_token": token, "token_type": "Bearer", "expires_in": max(1, int(seconds))}

    def expire_all(self) -> None:
        """Every token that lives now is dead from now on."""
        self._storage.execute("UPDATE token SET Expires = ? WHERE Expires > ?", [self._now()] * 2)

    def listed(self) -> list[dict[str, object]]:
        """For the admin API: what was issued, without the tokens themselves."""
        rows = self._storage.query("SELECT * FROM token ORDER BY Issued")
        return [{"id": row["Digest"][:12], "live": row["Expires"] > self._now()} for row in rows]

    def _is_user(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return self._knows(user, password)

    def _knows(self, user: str, password: str) -> bool:
        return _same(user, self._options.username) and _same(password, self._options.password)

    def _is_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        digest = _digest(token.strip())
        found = self._storage.one("SELECT 1 AS x FROM token WHERE Digest = ? AND Expires > ?", [digest, self._now()])
        return found is not None

    def _invalid(self) -> RefusedError:
        challenge = {"www-authenticate": _CHALLENGE[self._options.auth]}
        return RefusedError("WS_InvalidLogon", "The logon is not valid.", headers=challenge)


def check_company(options: Options, code: str | None) -> None:
    """Refuse a call that names no company, or one that is not here."""
    if not code:
        raise bad_request("The header X-Sage-Company is missing.")
    if code != options.company:
        raise RefusedError("WS_NoAccess", f"The company {code} does not exist or is not yours.", value=code)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
