"""Calls to one installation, and what an answer means (systems/clarity.md 3).

A complete answer in JSON decides. What went wrong otherwise:
- RefusedError: refused by the shop, nothing done. ConfigurationError: refused before anything was done, a person acts.
- NotSentError: nothing done, safe to send again. LostReplyError: a write of which nobody knows whether it happened.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import orjson

from penstock.connectors.budget import Budget
from penstock.connectors.clarity.auth import Credentials
from penstock.connectors.clarity.errors import ConfigurationError, RefusedError
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.contract import SendWindow
from penstock.connectors.http import Api, LostReplyError, NotSentError, Reply, retry_after_seconds

Row = dict[str, Any]

_KEYS = uuid.UUID("5b0f6a3e-6a54-5b0c-9f0a-8b6d1c0f3e21")
"""Namespace of our idempotency keys."""
WAITS = frozenset({423, 503})
"""With Retry-After these refuse for now, before doing anything; 429 never reaches us (http.Api)."""
_SCOPES = {
    "sales-orders": "orders",
    "refunds": "orders",
    "prices": "products",
    "accounts": "customers",
    "users": "customers",
    "contacts": "customers",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. `cursor` leads to the next one where the shop gives one."""

    rows: Sequence[Row]
    cursor: str | None
    reply: Reply


def idempotency_key(event_id: str, path: str, body: bytes) -> str:
    """UUIDv5: the same event sends the same bytes under the same key, other bytes under another (3.5)."""
    return str(uuid.uuid5(_KEYS, f"{event_id}\n{path}\n{body.hex()}"))


def filled(path: str, **names: object) -> str:
    """A path of the profile with ids and keys in it; `/` and spaces in a key are escaped."""
    return path.format(**{name: quote(str(value), safe="") for name, value in names.items()})


class Shop:
    """One installation."""

    def __init__(
        self, settings: ClaritySettings, budget: Budget, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.settings = settings
        self.paths = settings.profile.paths
        self.credentials = Credentials(settings, budget, transport)
        self._budget = budget
        prefix = settings.profile.api_prefix
        self._api = Api(
            settings.base_url.removesuffix(prefix) + prefix,
            budget,
            headers={"Accept": "application/json"},
            timeout=settings.timeout,
            transport=transport,
        )

    async def close(self) -> None:
        await self._api.close()
        await self.credentials.close()

    # --- reads -------------------------------------------------------------------------------------------------

    async def one(self, path: str, native_id: object) -> tuple[Row, Reply] | None:
        """A single resource; None when the shop has none."""
        try:
            return await self._call("GET", f"{path}/{quote(str(native_id), safe='')}")
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    async def page(self, path: str, filters: Mapping[str, str]) -> Listing:
        form = self.settings.profile.lists
        said, reply = await self._call("GET", path, params=filters)
        rows = said.get(form.data)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NotSentError(f"GET {path}: {form.data} is no list of objects; is profile.lists right?")
        pagination = said.get(form.pagination)
        cursor = pagination.get(form.next_cursor) if isinstance(pagination, dict) else None
        return Listing(rows, str(cursor) if cursor else None, reply)

    async def all(self, path: str, filters: Mapping[str, str]) -> list[Listing]:
        """Every page of a short list, such as the shipments of one order."""
        form, size = self.settings.profile.lists, self.settings.page_size
        pages: list[Listing] = []
        while not pages or len(pages[-1].rows) == size:
            number = {form.page: str(len(pages) + 1), form.page_size: str(size)}
            pages.append(await self.page(path, {**filters, **number}))
        return pages

    async def rows(self, path: str, **filters: object) -> list[Row]:
        pages = await self.all(path, {name: str(value) for name, value in filters.items()})
        return [row for page in pages for row in page.rows]

    # --- writes ------------------------------------------------------------------------------------------------

    async def post(self, path: str, body: Row, event_id: str, window: SendWindow) -> Row:
        """A POST that the shop does once, however often this event sends it (within a day)."""
        content = orjson.dumps(body)
        key = {self.settings.profile.idempotency_header: idempotency_key(event_id, path, content)}
        return (await self._call("POST", path, content=content, headers=key, window=window))[0]

    async def patch(self, path: str, body: Row, version: int, window: SendWindow) -> Row:
        """Raises RefusedError with status 412 when the resource is no longer at `version`."""
        headers = {"If-Match": f'"{version}"', "Content-Type": self.settings.profile.patch_type}
        return (await self._call("PATCH", path, content=orjson.dumps(body), headers=headers, window=window))[0]

    async def put(self, path: str, body: Row, window: SendWindow, version: int | None = None) -> Row:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return (await self._call("PUT", path, content=orjson.dumps(body), headers=headers, window=window))[0]

    # --- one call ----------------------------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        window: SendWindow | None = None,
    ) -> tuple[Row, Reply]:
        given = {"Content-Type": "application/json"} if content is not None else {}
        renewed = False
        while True:
            entry = await self.credentials.headers()
            reply = await self._api.request(
                method, path, params=params, content=content, headers={**given, **(headers or {}), **entry},
                window=window,
            )  # fmt: skip
            if reply.status != 401 or renewed or not self.credentials.drop(entry):
                return self._understood(method, path, reply), reply
            renewed = True

    def _understood(self, method: str, path: str, reply: Reply) -> Row:
        what, status = f"{method} {path}", reply.status
        wait = retry_after_seconds(reply.headers.get("retry-after"), datetime.now(UTC))
        if status in WAITS and wait is not None:
            self._budget.pause_for(wait)
            raise NotSentError(f"{what}: status {status}, to be tried again after {wait:.0f} s", wait)
        if 300 <= status < 400:
            place = urlsplit(reply.headers.get("location", "")).path or "nowhere"
            raise ConfigurationError(
                f"{what}: redirected to {place}: a login page or proxy stands before the API; correct base_url"
            )
        said = _object(reply)
        if said is None:
            kind = reply.content_type.partition(";")[0] or "no content type"
            reason = f"{what}: status {status} with {kind} in place of JSON: a proxy or login page answers for the API"
            if method != "GET" and (status < 400 or status >= 500):
                raise LostReplyError(reason)
            raise NotSentError(reason)
        if 200 <= status < 300:
            return said
        error = said.get("error")
        told = error if isinstance(error, dict) else {}
        if status == 401:
            raise ConfigurationError(f"{what}: 401 {told.get('code', '')}: the shop does not accept the credentials")
        if status == 403:
            scope = scope_of(method, path)
            raise ConfigurationError(f"{what}: 403 {told.get('code', '')}: grant the client the scope {scope}")
        if status >= 500:
            reason = f"{what}: status {status} {told.get('code', '')}"
            if method == "GET" or status == 503:
                raise NotSentError(reason)
            raise LostReplyError(reason)
        raise RefusedError(what, status, told, reply)


def scope_of(method: str, path: str) -> str:
    """The scope that a call needs (3.2).

    >>> scope_of("POST", "sales-orders/5120/status"), scope_of("GET", "users")
    ('orders:write', 'customers:read')
    """
    name = path.partition("/")[0]
    return f"{_SCOPES.get(name, name)}:{'read' if method == 'GET' else 'write'}"


def _object(reply: Reply) -> Row | None:
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None
