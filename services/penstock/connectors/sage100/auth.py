"""How a call proves who it is: HTTP Basic, an API key, or a bearer token (systems/sage100.md 5.1), by the profile."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Protocol

import orjson

from penstock.connectors.http import Api, NotSentError
from penstock.connectors.sage100.errors import ConfigurationError
from penstock.connectors.sage100.settings import Sage100Settings

RENEW_AT = 0.8


class Auth(Protocol):
    """Headers of a call. `renew` forgets what was refused with 401 and says whether another try makes sense."""

    async def headers(self) -> dict[str, str]: ...

    def renew(self, refused: dict[str, str]) -> bool: ...


def auth_of(settings: Sage100Settings, api: Api, clock: Callable[[], float] = time.monotonic) -> Auth:
    match settings.profile.auth:
        case "basic":
            pair = f"{settings.username}:{settings.password.get_secret_value()}".encode()
            return FixedAuth({"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"})
        case "key":
            return FixedAuth({settings.profile.key_header.lower(): settings.api_key.get_secret_value()})
        case "token":
            return TokenAuth(settings, api, clock)


class FixedAuth:
    """The same headers each time."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    async def headers(self) -> dict[str, str]:
        return self._headers

    def renew(self, refused: dict[str, str]) -> bool:  # noqa: ARG002 - one password, refused once and for all
        return False


class TokenAuth:
    """One token, renewed at 80 % of its life, one request at a time."""

    def __init__(self, settings: Sage100Settings, api: Api, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._api = api
        self._clock = clock
        self._lock = asyncio.Lock()
        self._headers: dict[str, str] | None = None
        self._renew_at = 0.0

    async def headers(self) -> dict[str, str]:
        """Raises ConfigurationError when the credentials are refused, NotSentError when nobody answers."""
        async with self._lock:
            if self._headers is None or self._clock() >= self._renew_at:
                await self._ask()
            assert self._headers is not None  # noqa: S101 - _ask sets them or raises
            return self._headers

    def renew(self, refused: dict[str, str]) -> bool:
        if self._headers is refused:
            self._headers = None
        return True

    async def _ask(self) -> None:
        settings = self._settings
        wanted = {
            "Username": settings.username,
            "Password": settings.password.get_secret_value(),
            "CompanyCode": settings.company_code,
        }
        asked_at = self._clock()
        path = settings.profile.prefix + settings.profile.token_path
        content = {"content-type": "application/json"}
        reply = await self._api.request("POST", path, content=orjson.dumps(wanted), headers=content, write=False)
        if reply.status >= 500:
            raise NotSentError(f"no token: {path} answered {reply.status}")
        if reply.status != 200:
            raise ConfigurationError(f"no token: {path} answered {reply.status}: check username, password and company")
        try:
            data = orjson.loads(reply.body)
            self._headers = {"authorization": f"Bearer {data['access_token']}"}
            self._renew_at = asked_at + float(data["expires_in"]) * RENEW_AT
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            self._headers = None
            raise NotSentError(f"{path} answered {reply.status} without access_token and expires_in") from None
