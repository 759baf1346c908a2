"""Who calls: OAuth 2.0 client credentials or an API key, and scopes (systems/clarity.md 3.2)."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, unquote

from penstock.connectors.clarity.sandbox.answers import Answer, ApiError, answer
from penstock.connectors.clarity.sandbox.options import Options
from penstock.sandbox.faults import FaultBox
from penstock.sandbox.storage import Storage

TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a fault
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_NO_STORE = {"Cache-Control": "no-store"}


class Access:
    """Tokens live in the sandbox's database as digests. `now`: seconds since the epoch, not skewed."""

    def __init__(self, storage: Storage, options: Options, faults: FaultBox, now: Callable[[], float]) -> None:
        self._storage = storage
        self._options = options
        self._faults = faults
        self._now = now

    def token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer `POST /oauth/token`; errors by RFC 6749 5.2."""
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
            return _oauth_error("invalid_request", "the request must be form-encoded")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        client = _basic(headers.get("authorization", ""))
        given = client or (form.get("client_id", ""), form.get("client_secret", ""))
        if not self._is_client(given):
            unknown = _oauth_error("invalid_client", "client_id and client_secret are not those of a client")
            if client is not None:
                unknown.status = 401
                unknown.headers["WWW-Authenticate"] = 'Basic realm="clarity"'
            return unknown
        grant = form.get("grant_type")
        if not grant:
            return _oauth_error("invalid_request", "grant_type is missing")
        if grant != "client_credentials":
            return _oauth_error("unsupported_grant_type", "only client_credentials is known here")
        wanted = form.get("scope", "").split() or list(self._options.scopes)
        if not set(wanted) <= set(self._options.scopes):
            return _oauth_error("invalid_scope", "the client may not have all of these scopes")
        return self._issue(" ".join(wanted))

    def client(self, headers: Mapping[str, str]) -> tuple[str, frozenset[str]]:
        """(client id, scopes) of a call. ApiError 401."""
        if self._options.auth == "key":
            key = headers.get("x-api-key")
            if key is None:
                raise ApiError(401, "missing_credentials", "the header X-Api-Key is missing")
            if not _same(key, self._options.api_key):
                raise ApiError(401, "invalid_token", "the API key is not known", headers=dict(_CHALLENGE))
            return self._options.client_id, frozenset(self._options.scopes)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError(401, "missing_credentials", "an access token is missing (Authorization: Bearer …)")
        sql = "SELECT scopes FROM tokens WHERE digest = ? AND expires > ?"
        row = self._storage.one(sql, (_digest(token.strip()), self._now()))
        if row is None:
            raise ApiError(401, "invalid_token", "the token is not known or has expired", headers=dict(_CHALLENGE))
        if self._faults.take((TOKEN_EXPIRED,)) is not None:
            self._storage.execute("DELETE FROM tokens WHERE digest = ?", (_digest(token.strip()),))
            raise ApiError(401, "invalid_token", "the token has expired", headers=dict(_CHALLENGE))
        return self._options.client_id, frozenset(row["scopes"].split())

    def _issue(self, scope: str) -> Answer:
        seconds = self._options.token_seconds / self._options.time_scale
        token = secrets.token_urlsafe(32)
        now = self._now()
        self._storage.execute("DELETE FROM tokens WHERE expires <= ?", (now,))
        self._storage.insert("tokens", {"digest": _digest(token), "scopes": scope, "expires": now + seconds})
        issued = {"access_token": token, "token_type": "Bearer", "expires_in": max(1, int(seconds)), "scope": scope}
        return answer(issued, headers=dict(_NO_STORE))

    def _is_client(self, given: tuple[str, str]) -> bool:
        wanted = (self._options.client_id, self._options.client_secret)
        return _same(given[0], wanted[0]) and _same(given[1], wanted[1])


def _basic(header: str) -> tuple[str, str] | None:
    """Client id and secret of a Basic header, form-decoded as RFC 6749 2.3.1 says; None without one."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote(client), unquote(secret)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _oauth_error(error: str, description: str) -> Answer:
    return answer({"error": error, "error_description": description}, 400, dict(_NO_STORE))
