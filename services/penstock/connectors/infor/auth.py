"""The gateway's bearer token: one token, renewed at 80 % of its life, one request at a time (systems/infor.md 1.2)."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import orjson

from penstock.connectors.budget import Budget
from penstock.connectors.http import Api, NotSentError, Reply
from penstock.connectors.infor.errors import ConfigurationError
from penstock.connectors.infor.settings import InforSettings

RENEW_AT = 0.8
_REMEDY = {
    "invalid_grant": "the service account (saak, sask) is not accepted: create it anew and download the .ionapi file",
    "invalid_client": "the client (ci, cs) is not accepted: check the authorized app, or set client_auth to basic",
    "unauthorized_client": "the app may not use this grant: set grant to password",
    "unsupported_grant_type": "the tenant does not know this grant: set grant to password",
}


class TokenSource:
    """Hands out a valid bearer token. `clock` is monotonic seconds."""

    def __init__(
        self,
        settings: InforSettings,
        budget: Budget,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._api = Api(settings.ionapi.pu, budget, timeout=settings.timeout_seconds, transport=transport)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    async def token(self) -> str:
        """Raises ConfigurationError when the credentials are refused, NotSentError when nobody answers."""
        if self._token is not None and self._clock() < self._renew_at:
            return self._token
        async with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                await self._renew()
            assert self._token is not None  # noqa: S101 - _renew sets it or raises
            return self._token

    def drop(self, token: str) -> None:
        """Forgets `token` after a 401; a newer one that another call has fetched meanwhile stays."""
        if self._token == token:
            self._token = None

    async def close(self) -> None:
        await self._api.close()

    async def _renew(self) -> None:
        ion = self._settings.ionapi
        form: dict[str, str] = {"grant_type": self._settings.grant}
        if self._settings.grant == "password":
            form |= {"username": ion.saak.get_secret_value(), "password": ion.sask.get_secret_value()}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if self._settings.client_auth == "basic":
            pair = f"{ion.ci}:{ion.cs.get_secret_value()}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        else:
            form |= {"client_id": ion.ci, "client_secret": ion.cs.get_secret_value()}
        asked_at = self._clock()
        reply = await self._api.request(
            "POST", ion.token_url, content=urlencode(form).encode("ascii"), headers=headers, write=False
        )
        self._token, lifetime = _read(reply)
        self._renew_at = asked_at + lifetime * RENEW_AT


def _read(reply: Reply) -> tuple[str, float]:
    if reply.status >= 500:
        raise NotSentError(f"the authorization server answered {reply.status}")
    try:
        data = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict):
        data = {}
    if reply.status != 200:
        code = str(data.get("error", ""))
        remedy = _REMEDY.get(code, "check pu and ot of the .ionapi file")
        raise ConfigurationError(f"no token: the authorization server answered {reply.status} {code}: {remedy}")
    token, lifetime = data.get("access_token"), data.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(lifetime, int | float | str):
        raise NotSentError("the authorization server answered 200 without access_token and expires_in")
    try:
        return token, float(lifetime)
    except ValueError:
        raise NotSentError("the authorization server's expires_in is no number") from None
