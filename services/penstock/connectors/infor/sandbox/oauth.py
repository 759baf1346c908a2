"""The authorization server of the gateway: tokens by service account, refresh, revoke (systems/infor.md 1.2)."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.responses import Response

from penstock.connectors.infor.sandbox.answers import reply
from penstock.connectors.infor.sandbox.options import Options
from penstock.sandbox.storage import Storage

_FOREVER = 10 * 365 * 86400.0


class Tokens:
    """Tokens live in the sandbox's database as digests. `now`: seconds since the epoch, not shifted by faults."""

    def __init__(self, storage: Storage, options: Options, now: Callable[[], float]) -> None:
        self._storage = storage
        self._options = options
        self._now = now

    def request(self, form: Mapping[str, str], authorization: str) -> Response:
        """Answer `token.oauth2`. Client authentication in the body or as HTTP Basic."""
        if not self._knows_client(form, authorization):
            return _refusal("invalid_client", 401)
        match form.get("grant_type"):
            case "password":
                if not _same(form.get("username", ""), self._options.saak) or not _same(
                    form.get("password", ""), self._options.sask
                ):
                    return _refusal("invalid_grant", 400)
                return self._issue(secrets.token_hex(8), with_refresh=self._options.refresh_tokens)
            case "refresh_token" if self._options.refresh_tokens:
                row = self._live(form.get("refresh_token", ""), "refresh")
                if row is None:
                    return _refusal("invalid_grant", 400)
                return self._issue(row["Grouped"], with_refresh=False)
            case None | "":
                return _refusal("invalid_request", 400)
            case _:
                return _refusal("unsupported_grant_type", 400)

    def revoke(self, form: Mapping[str, str], authorization: str) -> Response:
        """Answer `revoke_token.oauth2`. A refresh token takes its access tokens with it; an unknown one is no error."""
        if not self._knows_client({}, authorization):
            return _refusal("invalid_client", 401)
        digest = _digest(form.get("token", ""))
        row = self._storage.one("SELECT * FROM token WHERE Digest = ?", [digest])
        if row and row["Kind"] == "refresh":
            self._storage.execute("UPDATE token SET Revoked = 1 WHERE Grouped = ?", [row["Grouped"]])
        elif row:
            self._storage.execute("UPDATE token SET Revoked = 1 WHERE Digest = ?", [digest])
        return Response(status_code=200)

    def admits(self, authorization: str, tenant: str) -> bool:
        """Whether a call with this header may pass to an API of the tenant."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        row = self._live(token.strip(), "access")
        return row is not None and row["Tenant"] == tenant

    def expire_all(self) -> None:
        """Every token that lives now is dead from now on."""
        self._storage.execute("UPDATE token SET Expires = ? WHERE Kind = 'access' AND Expires > ?", [self._now()] * 2)

    def listed(self) -> list[dict[str, Any]]:
        """For the admin API: what was issued, without the tokens themselves."""
        now = self._now()
        rows = self._storage.query("SELECT * FROM token ORDER BY Issued")
        return [
            {
                "id": row["Digest"][:12],
                "kind": row["Kind"],
                "tenant": row["Tenant"],
                "client": row["Client"],
                "live": not row["Revoked"] and row["Expires"] > now,
                "revoked": bool(row["Revoked"]),
            }
            for row in rows
        ]

    def _issue(self, group: str, *, with_refresh: bool) -> Response:
        seconds = self._options.token_seconds / self._options.time_scale
        answer: dict[str, Any] = {
            "access_token": self._store("access", group, seconds),
            "token_type": "Bearer",
            "expires_in": max(1, int(seconds)),
        }
        if with_refresh:
            answer["refresh_token"] = self._store("refresh", group, _FOREVER)
        return reply(answer)

    def _store(self, kind: str, group: str, seconds: float) -> str:
        token = f"eyJ.{secrets.token_urlsafe(36)}"
        now = self._now()
        row = {
            "Digest": _digest(token),
            "Kind": kind,
            "Tenant": self._options.tenant,
            "Client": self._options.client_id,
            "Grouped": group,
            "Issued": now,
            "Expires": now + seconds,
            "Revoked": 0,
        }
        self._storage.insert("token", row)
        return token

    def _live(self, token: str, kind: str) -> dict[str, Any] | None:
        return self._storage.one(
            "SELECT * FROM token WHERE Digest = ? AND Kind = ? AND Revoked = 0 AND Expires > ?",
            [_digest(token), kind, self._now()],
        )

    def _knows_client(self, form: Mapping[str, str], authorization: str) -> bool:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return False
        wanted = (self._options.client_id, self._options.client_secret)
        as_sent = _same(client, wanted[0]) and _same(secret, wanted[1])
        return as_sent or (_same(unquote(client), wanted[0]) and _same(unquote(secret), wanted[1]))


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refusal(error: str, status: int) -> Response:
    return reply({"error": error}, status)
