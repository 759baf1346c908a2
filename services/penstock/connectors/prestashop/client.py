"""Calls to the webservice of one shop.

Reads use the list form only (`filter[id]=[N]&display=full`): for a single object 8 and 9 drop every falsy field
(systems/prestashop.md 4). Whether a write was done is decided by what the answer holds, not by its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from penstock.connectors.budget import Budget
from penstock.connectors.contract import SendWindow
from penstock.connectors.http import Api, LostReplyError, NotSentError, Reply
from penstock.connectors.prestashop import auth, wire, xmlbody
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.wire import Answer, Row, UnreadableError

CONFIGURATION_PAUSE = 30.0
"""Seconds before a call is tried again that only a change of the shop's or our configuration can cure."""

END_OF_TIME = "2999-12-31 23:59:59"


class ShopUnavailableError(NotSentError):
    """The shop gave no useful answer, and nothing was done: the same call may be made again."""


class ShopRefusedError(Exception):
    """The shop answered with error codes: the same call will fail again. `codes` are the webservice's own."""

    def __init__(self, reason: str, codes: tuple[int, ...], reply: Reply) -> None:
        super().__init__(reason)
        self.codes = codes
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of one list call, in the order asked for, and the answer they came in."""

    rows: tuple[Row, ...]
    reply: Reply


def any_of(values: Iterable[object]) -> str:
    """Filter value `[a|b|c]`, sorted, so that the same question has the same address."""
    return "[" + "|".join(sorted({str(value) for value in values}, key=lambda text: (len(text), text))) + "]"


def since(start: str, end: str = END_OF_TIME) -> str:
    """Filter value of an interval of shop times; both ends are inclusive (systems/prestashop.md 3)."""
    return f"[{start},{end}]"


class Shop:
    """The webservice of one shop."""

    def __init__(
        self, settings: PrestashopSettings, budget: Budget, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.settings = settings
        self._api = Api(
            settings.base_url,
            budget,
            headers={"Authorization": auth.basic(settings.key), "Accept": "application/json"},
            timeout=settings.timeout,
            transport=transport,
        )
        self._context = {} if settings.shop_id is None else {"id_shop": str(settings.shop_id)}

    async def close(self) -> None:
        await self._api.close()

    # --- reads -------------------------------------------------------------------------------------------------

    async def rows(
        self,
        resource: str,
        filters: Mapping[str, str],
        *,
        display: str = "full",
        sort: str = "[id_ASC]",
        limit: int | None = None,
    ) -> Listing:
        """One list call, always sorted: without a sort the shop has no order and pages lose rows.

        Raises ShopUnavailableError, or ShopRefusedError when the call itself is wrong.
        """
        params = {f"filter[{name}]": value for name, value in filters.items()}
        params |= {"display": display, "sort": sort, "output_format": "JSON"} | self._context
        if {"date_add", "date_upd"} & (filters.keys() | set(sort.strip("[]").replace("_ASC", "").split(","))):
            params["date"] = "1"
        if limit is not None:
            params["limit"] = str(limit)
        reply = await self._api.request("GET", resource, params=params)
        answer = self._read(resource, reply)
        return Listing(answer.rows, reply)

    async def row(self, resource: str, native_id: str | int, *, display: str = "full") -> Row | None:
        """One object by id, None when the shop has none."""
        listing = await self.rows(resource, {"id": f"[{native_id}]"}, display=display)
        return next((row for row in listing.rows if wire.text(row.get("id")) == str(native_id)), None)

    async def xml(self, path: str) -> bytes:
        """One object as XML, for a PUT (the XML form drops nothing)."""
        reply = await self._api.request("GET", path, params=self._context)
        if reply.status != 200:
            self._refuse(path, reply, _xml_codes(reply))
        return reply.body

    async def probe(self, method: str, path: str, params: Mapping[str, str] | None = None) -> tuple[Reply, Answer]:
        """A call without a body whose answer is only looked at, never judged: for `check`. Writes nothing."""
        asked = {"output_format": "JSON", **(params or {})} | self._context
        reply = await self._api.request(method, path, params=asked, write=False)
        try:
            return reply, wire.read_answer(reply.body)
        except UnreadableError:
            return reply, Answer((), (), noise=False, has_entity=False)

    def _read(self, resource: str, reply: Reply) -> Answer:
        try:
            answer = wire.read_answer(reply.body)
        except UnreadableError as error:
            if reply.status == 404 and not reply.body.strip():
                return Answer((), (), noise=False, has_entity=False)
            if 300 <= reply.status < 400:
                raise ShopUnavailableError(self.redirected(reply), CONFIGURATION_PAUSE) from error
            if reply.status == 401:
                raise ShopUnavailableError(_NO_CREDENTIALS, CONFIGURATION_PAUSE) from error
            raise ShopUnavailableError(f"GET {resource}: status {reply.status}, {error}", reply.retry_after) from error
        if answer.fault:
            self._refuse(f"GET {resource}", reply, answer.codes)
        if reply.status >= 500 and not answer.has_entity:
            raise ShopUnavailableError(
                f"GET {resource}: status {reply.status} without rows or codes", reply.retry_after
            )
        return answer

    # --- writes ------------------------------------------------------------------------------------------------

    async def write(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        window: SendWindow | None,
        params: Mapping[str, str] | None = None,
    ) -> Row:
        """One write; the echoed object (8 and 9 leave out its falsy fields).

        Raises NotSentError (nothing done), ShopRefusedError (refused with codes, nothing done) or LostReplyError:
        any other 5xx, since a shop answers 500 to writes that it has stored (systems/prestashop.md 4).
        """
        asked = {"output_format": "JSON", **(params or {})} | self._context
        reply = await self._api.request(
            method, path, params=asked, content=body, headers={"Content-Type": "text/xml; charset=utf-8"}, window=window
        )
        what = f"{method} {path.partition('?')[0]}"
        try:
            answer = wire.read_answer(reply.body)
        except UnreadableError as error:
            if 300 <= reply.status < 400:
                raise ShopUnavailableError(self.redirected(reply), CONFIGURATION_PAUSE) from error
            if reply.status == 401:
                raise ShopUnavailableError(_NO_CREDENTIALS, CONFIGURATION_PAUSE) from error
            if 400 <= reply.status < 500:
                raise ShopRefusedError(f"{what}: status {reply.status}, {error}", (), reply) from error
            raise LostReplyError(f"{what}: status {reply.status}, {error}") from error
        if answer.fault:
            if reply.status < 500 or reply.status == 503 or set(answer.codes) & wire.NEVER_AGAIN:
                self._refuse(what, reply, answer.codes)
            raise LostReplyError(f"{what}: status {reply.status}, codes {_list(answer.codes)}")
        if answer.rows:
            return answer.rows[0]
        raise LostReplyError(f"{what}: status {reply.status} without the object written")

    async def change(
        self,
        resource: str,
        node: str,
        native_id: str,
        fields: Mapping[str, str | int],
        *,
        window: SendWindow,
        params: Mapping[str, str] | None = None,
    ) -> Row:
        """Changes some fields of one object: PATCH, or on 1.7 GET, edit, PUT with every field that was there."""
        path = f"{resource}/{native_id}"
        if self.settings.can_patch:
            body = xmlbody.entity(node, {"id": native_id, **fields})
            return await self.write("PATCH", path, body, window=window, params=params)
        try:
            body = xmlbody.edited(await self.xml(path), node, fields)
        except UnreadableError as error:
            raise ShopUnavailableError(f"GET {path}: {error}") from error
        return await self.write("PUT", path, body, window=window, params=params)

    # --- errors ------------------------------------------------------------------------------------------------

    def redirected(self, reply: Reply) -> str:
        """What a redirect means: an unknown id_shop leads to the shop's front page (systems/prestashop.md 3)."""
        if self.settings.shop_id is not None:
            return f"status {reply.status}: the shop does not know id_shop {self.settings.shop_id}; correct shop_id"
        return f"status {reply.status}: redirected; base_url must be the final address of the webservice"

    def _refuse(self, what: str, reply: Reply, codes: tuple[int, ...]) -> None:
        remedy = configuration_fault(reply.status, codes)
        if remedy is not None:
            raise ShopUnavailableError(f"{what}: {remedy}", CONFIGURATION_PAUSE)
        if not codes and reply.status >= 500:
            raise ShopUnavailableError(f"{what}: status {reply.status}", reply.retry_after)
        raise ShopRefusedError(f"{what}: status {reply.status}, codes {_list(codes)}", codes, reply)


_NO_CREDENTIALS = (
    "401 without a code: the shop did not see the key; its web server drops the Authorization header "
    "(CGIPassAuth On, or SetEnvIf Authorization)"
)


def configuration_fault(status: int, codes: tuple[int, ...]) -> str | None:
    """The remedy when it is the key, its rights or the webservice that is set up wrongly, else None."""
    found = set(codes)
    if found & {16, 17, 18}:
        return "the webservice key is not 32 characters long; correct `key`"
    if 20 in found:
        return "the webservice key is unknown or not active (code 20); create or enable it in the shop"
    if 26 in found:
        return "the key has no right on this resource (code 26); grant it in the shop"
    if 21 in found or status == 401:
        return "the key has no rights at all (code 21); grant them in the shop"
    if 22 in found:
        return "the webservice is switched off (code 22); enable it in the shop"
    if 25 in found:
        return "the key has no right for this method (code 25); grant it in the shop"
    if 23 in found:
        return "the shop does not know this method (code 23); is `version` right? PATCH came with 8.0"
    if 132 in found:
        return "the key is not bound to this shop (code 132); correct shop_id or the key"
    return None


def _xml_codes(reply: Reply) -> tuple[int, ...]:
    try:
        found = xmlbody.error_codes(xmlbody.parsed(reply.body))
    except UnreadableError:
        return ()
    return tuple(code for code in found if code not in wire.PHP_NOISE)


def _list(codes: tuple[int, ...]) -> str:
    return ", ".join(str(code) for code in codes)
