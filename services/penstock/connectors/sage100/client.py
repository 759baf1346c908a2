"""Calls to the REST facade of one company (systems/sage100.md 5). What a call that went wrong means:

- RefusedError: refused, nothing done. ConfigurationError: refused, a person must act first.
- BusyError: nothing done, no fault of the document: record locked, no seat free, or closed to all in exclusive mode.
- NotSentError: nothing done, safe to send again.
- LostReplyError: a write of which nobody knows whether it happened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from penstock.connectors.budget import Budget
from penstock.connectors.contract import SendWindow
from penstock.connectors.http import Api, BusyError, LostReplyError, NotSentError, Reply, retry_after_seconds
from penstock.connectors.sage100.auth import Auth, auth_of
from penstock.connectors.sage100.errors import ConfigurationError, RefusedError
from penstock.connectors.sage100.settings import Sage100Settings

Row = dict[str, Any]

SALES_ORDER = "/SO/SalesOrder"
SHIPMENT = "/SO/Shipment"
CUSTOMER = "/AR/Customer"
INVOICE = "/AR/Invoice"
CASH_RECEIPT = "/AR/CashReceipt"
ITEM = "/CI/Item"
ALIAS = "/IM/AliasItem"
STOCK = "/IM/ItemWarehouse"
BUSY_SECONDS = 2.0
"""Until a record or a seat is asked for again, where the facade names no time."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list. `server_time` is the server's local time, without zone."""

    rows: list[Row]
    cursor: str | None
    server_time: str
    reply: Reply


def keyed(path: str, key: str) -> str:
    """The path of one record: `keyed("/CI/Item", "/FREIGHT")` -> `/CI/Item/%2FFREIGHT`."""
    return f"{path}/{quote(key, safe='')}"


class SageClient:
    """Every call takes its turn in `budget` and carries company and credentials."""

    def __init__(
        self,
        settings: Sage100Settings,
        budget: Budget,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._profile = settings.profile
        self._budget = budget
        self._company = {settings.profile.company_header.lower(): settings.company_code}
        self._api = Api(
            settings.base_url,
            budget,
            headers={"accept": "application/json"},
            timeout=settings.timeout_seconds,
            transport=transport,
        )
        self._auth: Auth = auth_of(settings, self._api)

    # --- reads

    async def get(self, path: str) -> tuple[Row, Reply] | None:
        """One record; None when it is not there."""
        try:
            reply = await self._send("GET", path)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise
        return _object(reply, f"GET {path}", write=False), reply

    async def page(
        self, path: str, filters: Mapping[str, str] | None = None, *, limit: int = 200, cursor: str | None = None
    ) -> Page:
        """One page of a list. `filters` compare exactly; `updatedSince` and `includeLines` may be among them."""
        params = {**(filters or {}), "limit": str(limit)}
        if cursor is not None:
            params["cursor"] = cursor
        reply = await self._send("GET", path, params=params)
        data = _object(reply, f"GET {path}", write=False)
        names = self._profile.envelope
        rows = data.get(names.rows)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NotSentError(f"GET {path}: {names.rows} is no list of objects")
        return Page(rows, data.get(names.cursor), str(data.get(names.server_time) or ""), reply)

    async def pages(self, path: str, filters: Mapping[str, str], limit: int) -> AsyncIterator[Page]:
        cursor = None
        while True:
            page = await self.page(path, filters, limit=limit, cursor=cursor)
            yield page
            if page.cursor is None:
                return
            cursor = page.cursor

    async def rows(self, path: str, filters: Mapping[str, str], limit: int = 200) -> list[Row]:
        """All rows of a list."""
        return [row async for page in self.pages(path, filters, limit) for row in page.rows]

    # --- writes

    async def create(
        self, path: str, body: Row, window: SendWindow, key: str | None = None, *, blind: bool = False
    ) -> Row:
        """POST of a new record. `key` names this very body where the profile knows repeated requests.

        `blind`: the caller does not look at the answer.
        """
        headers = {}
        if key is not None and self._profile.idempotency_header:
            headers[self._profile.idempotency_header] = key
        reply = await self._send("POST", path, body=body, headers=headers, window=window, blind=blind)
        return _object(reply, f"POST {path}", write=True)

    async def act(self, path: str, body: Row | None, window: SendWindow) -> None:
        """POST that changes a record: Hold, Release."""
        await self._send("POST", path, body=body or {}, window=window, blind=True)

    async def change(self, path: str, body: Row, window: SendWindow) -> Row:
        reply = await self._send("PATCH", path, body=body, window=window)
        return _object(reply, f"PATCH {path}", write=True)

    async def delete(self, path: str, window: SendWindow) -> None:
        await self._send("DELETE", path, window=window, blind=True)

    async def preview(self, body: Row) -> Row:
        """Totals of an order that is not saved."""
        path = f"{SALES_ORDER}/Preview"
        reply = await self._send("POST", path, body=body, write=False)
        return _object(reply, f"POST {path}", write=False)

    async def close(self) -> None:
        await self._api.close()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Row | None = None,
        headers: Mapping[str, str] | None = None,
        window: SendWindow | None = None,
        write: bool | None = None,
        blind: bool = False,
    ) -> Reply:
        """A 2xx answer, after one new token where the first was refused; a 401 means: not executed."""
        content = None if body is None else orjson.dumps(body)
        kind = {"content-type": "application/json"} if content is not None else {}
        is_write = method != "GET" if write is None else write
        for _ in range(2):
            proof = await self._auth.headers()
            reply = await self._api.request(
                method,
                self._profile.prefix + path,
                params=params,
                content=content,
                headers={**self._company, **proof, **kind, **(headers or {})},
                window=window,
                write=is_write,
                blind=blind,
            )
            if reply.status != 401 or not self._auth.renew(proof):
                break
        if 200 <= reply.status < 300:
            return reply
        raise self._failure(reply, f"{method} {path}", write=is_write)

    def _failure(self, reply: Reply, what: str, *, write: bool) -> Exception:
        detail = _error(reply)
        code = str(detail.get("code") or "")
        text = f"{what}: {reply.status} {code}".rstrip()
        wait = retry_after_seconds(reply.headers.get("retry-after"), datetime.now(UTC))
        if reply.status == 423 or code == "NO_LICENSE_SEAT":
            why = "the record is in use" if reply.status == 423 else "all seats are taken"
            return BusyError(f"{text}: {why}", wait or BUSY_SECONDS)
        if code == "EXCLUSIVE_MODE":
            pause = 30.0 if wait is None else wait
            self._budget.pause_for(pause)
            return BusyError(f"{text}: Sage 100 runs an exclusive task (period end, backup)", pause, closed=True)
        if reply.status == 401:
            return ConfigurationError(f"{text}: check the credentials of auth {self._profile.auth}")
        if reply.status == 403:
            return ConfigurationError(
                f"{text}: {detail.get('message') or 'no access'}: give the user the role and module"
            )
        if 400 <= reply.status < 500:
            return RefusedError(what, reply.status, detail, reply.body)
        return LostReplyError(text) if write else NotSentError(text, wait)


def _object(reply: Reply, what: str, *, write: bool) -> Row:
    """The JSON object of an answer; anything else (an HTML page, half a body) tells nothing about a write."""
    try:
        data = orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        reason = f"{what}: answered {reply.content_type or 'something'} that is no JSON ({error.msg})"
    else:
        if isinstance(data, dict):
            return data
        reason = f"{what}: answered JSON that is no object"
    if write:
        raise LostReplyError(reason)
    raise NotSentError(reason)


def _error(reply: Reply) -> Mapping[str, Any]:
    try:
        detail = orjson.loads(reply.body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return detail if isinstance(detail, dict) else {}
