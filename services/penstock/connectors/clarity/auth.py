"""The way in (an OAuth token or an API key), and the signature of events (systems/clarity.md 3.2, 4)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlencode

import httpx
import orjson
from pydantic import SecretStr

from penstock.connectors.budget import Budget
from penstock.connectors.clarity.errors import ConfigurationError
from penstock.connectors.clarity.profile import Signature
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.http import Api, NotSentError, Reply

RENEW_BEFORE = 60.0
"""Seconds before its end at which a token is renewed; at most half of its life."""


class Credentials:
    """Headers that let a call in. `clock` is monotonic seconds; `scopes` are those of the token, None: not told."""

    def __init__(
        self,
        settings: ClaritySettings,
        budget: Budget,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._api = Api(settings.base_url, budget, timeout=settings.timeout, transport=transport)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._renew_at = 0.0
        self.scopes: frozenset[str] | None = None

    async def headers(self) -> dict[str, str]:
        """Raises ConfigurationError when the credentials are refused, NotSentError when nobody answers."""
        if self._settings.api_key is not None:
            return {self._settings.profile.api_key_header: self._settings.api_key.get_secret_value()}
        async with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                await self._renew()
            return {"Authorization": f"Bearer {self._token}"}

    def drop(self, headers: Mapping[str, str]) -> bool:
        """Forgets the refused token, unless another call has fetched a newer one. False: there is none to renew."""
        if self._settings.api_key is not None:
            return False
        if headers["Authorization"] == f"Bearer {self._token}":
            self._token = None
        return True

    async def close(self) -> None:
        await self._api.close()

    async def _renew(self) -> None:
        settings = self._settings
        form = {"grant_type": "client_credentials", "client_id": settings.client_id or ""}
        if settings.client_secret is not None:
            form["client_secret"] = settings.client_secret.get_secret_value()
        if settings.scope is not None:
            form["scope"] = settings.scope
        asked_at = self._clock()
        reply = await self._api.request(
            "POST",
            settings.profile.token_path,
            content=urlencode(form).encode("ascii"),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            write=False,
        )
        self._token, lifetime, self.scopes = _token(reply)
        self._renew_at = asked_at + max(lifetime - RENEW_BEFORE, lifetime / 2)


def _token(reply: Reply) -> tuple[str, float, frozenset[str] | None]:
    if reply.status >= 500:
        raise NotSentError(f"no token: status {reply.status}")
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise ConfigurationError(f"no token: status {reply.status} without JSON; check base_url and profile.token_path")
    if reply.status != 200:
        raise ConfigurationError(
            f"no token: status {reply.status} {said.get('error', '')}; check client_id, client_secret and scope"
        )
    try:
        scope = said.get("scope")
        return str(said["access_token"]), float(said["expires_in"]), frozenset(scope.split()) if scope else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotSentError("the token answer lacks access_token or expires_in") from error


def sign(body: bytes, secret: SecretStr, form: Signature, at: str) -> str:
    """HMAC-SHA256 of `<at>.<body>`, or of the body alone, in the profile's encoding."""
    signed = at.encode() + b"." + body if form.timestamped else body
    digest = hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256)
    return digest.hexdigest() if form.encoding == "hex" else base64.b64encode(digest.digest()).decode("ascii")


def verify(body: bytes, given: Iterable[str], secrets: Iterable[SecretStr], form: Signature, at: str) -> bool:
    """Whether any key made any of the signatures. All are compared, each in constant time."""
    wanted = [sign(body, secret, form, at).encode() for secret in secrets]
    good = False
    for signature in given:
        text = signature.strip()
        sent = (text.lower() if form.encoding == "hex" else text).encode("utf-8", "replace")
        for one in wanted:
            good |= hmac.compare_digest(sent, one)
    return good
