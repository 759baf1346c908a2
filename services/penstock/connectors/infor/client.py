"""IDO REST v2 through the ION API gateway: load, update, invoke, info (systems/infor.md 4).

The site answers 200 for business failures too: `Success` decides. What a call that went wrong means:
- IdoRefusedError: refused, nothing done. ConfigurationError: refused before anything was done, a person must act.
- NotSentError: nothing done, safe to send again. LostReplyError: a write of which nobody knows whether it happened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import orjson

from penstock.connectors.budget import Budget
from penstock.connectors.contract import SendWindow
from penstock.connectors.http import Api, LostReplyError, NotSentError, Reply
from penstock.connectors.infor.auth import TokenSource
from penstock.connectors.infor.errors import ConfigurationError, IdoRefusedError
from penstock.connectors.infor.settings import InforSettings

Row = dict[str, str | None]
Action = Literal["insert", "update", "delete"]

_ACTIONS: Mapping[Action, int] = {"insert": 1, "update": 2, "delete": 4}
_REMEDIES: Mapping[int, str] = {
    400: "the gateway found no tenant in the URL or the site could not read the body: check ti and iu of the .ionapi",
    401: "the gateway refuses a fresh token: the .ionapi file belongs to another tenant",
    403: "the service account may not use this endpoint: give its user the IDO REST permission",
    404: "the site does not know this address: check suite, and the name of the IDO (case matters)",
    405: "the site does not take this method here: check suite",
    413: "the request is too large for the gateway: raise its limit",
    415: "the site does not take JSON here: check suite",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of `load`: rows of texts and nulls, as the site pads them, and the answer itself."""

    rows: Sequence[Row]
    bookmark: str | None
    more: bool
    reply: Reply


@dataclass(frozen=True, slots=True)
class Written:
    """What the site shows of the row after a write (`RefreshItems`)."""

    item_id: str
    values: Row


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an IDO at this site. `length` is None for other types than text; `default`: the site has one."""

    name: str
    data_type: str
    length: int | None
    required: bool
    read_only: bool
    default: bool = False


class InforClient:
    """Calls to one site. Every call takes its turn in `budget` and carries the token and the configuration."""

    def __init__(
        self,
        settings: InforSettings,
        budget: Budget,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        tokens: TokenSource | None = None,
    ) -> None:
        self._settings = settings
        self._tokens = tokens or TokenSource(settings, budget, transport=transport)
        self._api = Api(
            settings.ionapi.iu,
            budget,
            headers={"x-infor-mongooseconfig": settings.configuration, "accept": "application/json"},
            timeout=settings.timeout_seconds,
            transport=transport,
        )
        self._info: dict[str, dict[str, Property]] = {}

    async def load(
        self,
        ido: str,
        properties: Sequence[str],
        filter_: str = "",
        orderby: str = "",
        cap: int = 0,
        *,
        bookmark: str | None = None,
    ) -> Page:
        """One page. `cap` 0 is no limit. With a bookmark: the page after it, same filter and orderby."""
        params = {"properties": ",".join(properties), "recordcap": str(cap)}
        if filter_:
            params["filter"] = filter_
        if orderby:
            params["orderby"] = orderby
        if bookmark is not None:
            params |= {"loadtype": "NEXT", "bookmark": bookmark}
        data, reply = await self._read(ido, f"load/{ido}", params)
        rows = data.get("Items") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NotSentError(f"load {ido}: Items is no list of objects")
        return Page(rows, data.get("Bookmark"), bool(data.get("MoreRowsExist")), reply)

    async def pages(
        self, ido: str, properties: Sequence[str], filter_: str, orderby: str, cap: int
    ) -> AsyncIterator[Page]:
        """All pages. `orderby` must end with something unique: bookmarks skip rows that tie with a page's edge."""
        bookmark = None
        while True:
            page = await self.load(ido, properties, filter_, orderby, cap, bookmark=bookmark)
            yield page
            if not page.more or page.bookmark is None:
                return
            bookmark = page.bookmark

    async def insert(self, ido: str, values: Mapping[str, str | None], window: SendWindow) -> Written:
        return await self.update(ido, "insert", values, "", window)

    async def delete(self, ido: str, item_id: str, window: SendWindow) -> None:
        await self.update(ido, "delete", {}, item_id, window)

    async def update(
        self, ido: str, action: Action, values: Mapping[str, str | None], item_id: str, window: SendWindow
    ) -> Written:
        """One Change in one request: sources disagree on what becomes of the others. `item_id` locks optimistically."""
        change = {
            "Action": _ACTIONS[action],
            "ItemId": item_id,
            "ItemNo": 0,
            "UpdateLocking": 0,
            "Properties": [
                {"Name": name, "Value": value, "OriginalValue": "", "Modified": True, "IsNull": value is None}
                for name, value in values.items()
            ],
        }
        data, _ = await self._write(ido, f"update/{ido}", {"refresh": "true"}, {"Changes": [change]}, window)
        items = data.get("RefreshItems") or []
        if not items:
            return Written(item_id, {})
        shown = {prop["Name"]: prop.get("Value") for prop in items[0].get("Properties") or []}
        return Written(items[0].get("ItemId") or "", shown)

    async def invoke(self, ido: str, method: str, parameters: Sequence[str]) -> list[str]:
        """Calls a method that only reads. The last parameter is the Infobar, which explains a `ReturnValue` 16."""
        body = orjson.dumps([*parameters])
        reply = await self._send("POST", f"invoke/{ido}", {"method": method}, body, None, write=False)
        data = _decode(reply, f"invoke {ido}.{method}", write=False)
        _check_success(ido, data, reply)
        out = ["" if value is None else str(value) for value in data.get("Parameters") or []]
        if str(data.get("ReturnValue")) != "0":
            raise IdoRefusedError(ido, out[-1] if out else f"{method} returned {data.get('ReturnValue')}", reply.body)
        return out

    async def info(self, ido: str, *, fresh: bool = False) -> Mapping[str, Property]:
        """The properties of an IDO at this site, read once and remembered."""
        if fresh or ido not in self._info:
            data, _ = await self._read(ido, f"info/{ido}", {}, success=False)
            self._info[ido] = {prop.name: prop for prop in map(_property, data.get("Properties") or [])}
        return self._info[ido]

    async def known(self, ido: str, wanted: Sequence[str]) -> list[str]:
        """Those of `wanted` that this site has."""
        have = await self.info(ido)
        return [name for name in wanted if name in have]

    async def configurations(self) -> list[str]:
        """The configurations that the service account may use."""
        data, _ = await self._read("configurations", "configurations", {"configgroup": ""})
        return [str(name) for name in data.get("Configurations") or []]

    async def close(self) -> None:
        await self._api.close()
        await self._tokens.close()

    async def token(self) -> str:
        return await self._tokens.token()

    async def _read(
        self, ido: str, path: str, params: Mapping[str, str], *, success: bool = True
    ) -> tuple[dict[str, Any], Reply]:
        reply = await self._send("GET", path, params, None, None, write=False)
        data = _decode(reply, path, write=False)
        if success or data.get("Success") is False:
            _check_success(ido, data, reply)
        return data, reply

    async def _write(
        self, ido: str, path: str, params: Mapping[str, str], body: object, window: SendWindow
    ) -> tuple[dict[str, Any], Reply]:
        reply = await self._send("POST", path, params, orjson.dumps(body), window, write=True)
        data = _decode(reply, path, write=True)
        _check_success(ido, data, reply, write=True)
        return data, reply

    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        content: bytes | None,
        window: SendWindow | None,
        *,
        write: bool,
    ) -> Reply:
        """The answer 200, after one new token where the first was refused; a 401 means: not executed."""
        reply = None
        for _ in range(2):
            token = await self._tokens.token()
            headers = {"authorization": f"Bearer {token}"}
            if content is not None:
                headers["content-type"] = "application/json"
            reply = await self._api.request(
                method,
                f"{self._settings.ido_path}/{path}",
                params=params,
                content=content,
                headers=headers,
                window=window,
                write=write,
            )
            if reply.status != 401:
                break
            self._tokens.drop(token)
        assert reply is not None  # noqa: S101 - the loop runs
        _check_status(reply, path, write=write)
        return reply


def _check_status(reply: Reply, path: str, *, write: bool) -> None:
    if reply.status == 200:
        return
    what = f"{path}: answered {reply.status}"
    if remedy := _REMEDIES.get(reply.status):
        raise ConfigurationError(f"{what}: {remedy}")
    if write:
        raise LostReplyError(what)
    raise NotSentError(what, reply.retry_after)


def _decode(reply: Reply, what: str, *, write: bool) -> dict[str, Any]:
    """The JSON object of an answer; anything else (an HTML page, half a body) tells nothing about a write."""
    try:
        data = orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        data = None
        reason = f"{what}: answered {reply.content_type or 'something'} that is no JSON ({error.msg})"
    else:
        reason = f"{what}: answered JSON that is no object"
    if isinstance(data, dict):
        return data
    if write:
        raise LostReplyError(reason)
    raise NotSentError(reason)


def _check_success(ido: str, data: Mapping[str, Any], reply: Reply, *, write: bool = False) -> None:
    match data.get("Success"):
        case True:
            return
        case False:
            raise IdoRefusedError(ido, str(data.get("Message") or "refused without a message"), reply.body)
        case _ if write:
            raise LostReplyError(f"{ido}: an answer that does not say Success")
        case _:
            raise NotSentError(f"{ido}: an answer that does not say Success")


def _property(data: Mapping[str, Any]) -> Property:
    length = data.get("Length")
    return Property(
        name=str(data["Name"]),
        data_type=str(data.get("DataType") or ""),
        length=int(length) if length not in (None, "") else None,
        required=_flag(data.get("Required")),
        read_only=_flag(data.get("ReadOnly")),
        default=bool(data.get("DefaultValue")),
    )


def _flag(value: object) -> bool:
    return value is True or str(value).lower() in {"1", "true"}
