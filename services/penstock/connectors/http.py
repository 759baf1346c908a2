"""Calls to the systems: the one place that makes an HTTP client, and says what is known after a call went wrong.

httpx's own pool costs 3.9 ms CPU a call at 50 in parallel; with aiohttp's transport it is 0.3 ms (docs/adr). Of
httpx's client nothing else is needed (no cookies, redirects, sign-in), and it costs as much again as the transport.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from penstock.connectors.budget import Budget
from penstock.connectors.contract import SendWindow

MAX_BODY = 32 * 1024 * 1024
LONG_WAIT = 60.0
"""A target that asks for more seconds than this, of everybody, is as good as closed."""


class NotSentError(Exception):
    """The request never reached the target, or the target refused it before doing anything: safe to send again."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class BusyError(NotSentError):
    """The target said that it cannot now, and did nothing: too many calls, a record in use, a nightly window.

    It is a wait: it is no failed attempt of the document, however long it takes. `closed` says that the target takes
    nobody's calls (maintenance, exclusive mode): that is an outage at once, and nobody asks again before `retry_after`.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, closed: bool = False) -> None:
        super().__init__(reason, retry_after)
        self.closed = closed


class TooLargeError(NotSentError):
    """A read whose answer is longer than we take: asking again brings the same."""


class LostReplyError(Exception):
    """The request may have reached the target; what became of it is unknown."""


class _TooLongError(Exception):
    """An answer was given up at MAX_BODY bytes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    received_at: str

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def retry_after(self) -> float | None:
        """Seconds that the target asks us to wait, None when it names none; for a BusyError of 423 or 503."""
        return retry_after_seconds(self.headers.get("retry-after"), datetime.now(UTC))


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header in either form; None when absent or unreadable. At most an hour."""
    if not value:
        return None
    text = value.strip()
    if text.isdecimal():
        return float(min(int(text[:10]), 3600))
    parsed = email.utils.parsedate_tz(text)
    if parsed is None:
        return None
    try:
        return min(max(email.utils.mktime_tz(parsed) - now.timestamp(), 0.0), 3600.0)
    except (ValueError, OverflowError):
        return None  # a date outside the calendar


class Api:
    """Calls to one host. Redirects are not followed; only the configured host is called.

    `request` returns the Reply for every complete answer except 429, which pauses the budget and raises BusyError.
    A write that ends without a complete answer raises LostReplyError; 5xx answers are returned: what they mean after
    a write is the connector's knowledge.
    """

    def __init__(
        self,
        base_url: str,
        budget: Budget,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.budget = budget
        self._origin = urlsplit(self.base_url)[:2]
        self._headers = httpx.Headers({"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "penstock"})
        self._headers.update(headers)
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, 10.0)).as_dict()
        self._transport = transport or AiohttpTransport()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        window: SendWindow | None = None,
        write: bool | None = None,
        blind: bool = False,
    ) -> Reply:
        """One call. `write` (default: any method but GET and HEAD) decides what a broken connection means.

        `blind`: nobody looks at what the answer says. Both are told to the transport: a preview keeps writes back.
        """
        url = path if path.startswith("http") else f"{self.base_url}/{path.lstrip('/')}"
        if urlsplit(url)[:2] != self._origin:
            raise NotSentError(f"{urlsplit(url).netloc} is not the configured host {self._origin[1]}")
        is_write = method not in {"GET", "HEAD"} if write is None else write
        async with self.budget.slot():
            if window is not None:
                window.check()
            try:
                reply = await self._call(method, url, params, content, headers, {"write": is_write, "blind": blind})
            except _TooLongError as error:
                if is_write:
                    raise LostReplyError(f"{method} {urlsplit(url).path}: {error}") from error
                raise TooLargeError(f"{method} {urlsplit(url).path}: {error}") from error
            except httpx.HTTPError as error:
                if never_left(error):
                    raise NotSentError(f"cannot connect to {self._origin[1]}: {describe(error)}") from error
                reason = f"{method} {urlsplit(url).path}: {describe(error)}"
                if is_write:
                    raise LostReplyError(reason) from error
                raise NotSentError(reason) from error
        if reply.status == 429:
            wait = reply.retry_after
            self.budget.pause_for(1.0 if wait is None else wait)
            raise BusyError("429 too many requests", wait, closed=wait is not None and wait > LONG_WAIT)
        if reply.status < 500:
            self.budget.answered += 1
        return reply

    async def _call(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        about: Mapping[str, bool],
    ) -> Reply:
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        sent = self._headers.copy()
        sent.update(headers)
        extensions = {"timeout": self._timeout, **about}
        request = httpx.Request(method, url, content=content, headers=sent, extensions=extensions)
        response = await self._transport.handle_async_request(request)
        try:
            body = await _body(response)
        finally:
            await response.aclose()
        declared = response.headers.get("content-length")
        if declared and "content-encoding" not in response.headers and method != "HEAD" and len(body) < int(declared):
            raise httpx.ReadError(f"answer ended after {len(body)} of {declared} bytes")
        lower = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, lower, body, str(request.url), now_text())

    async def close(self) -> None:
        await self._transport.aclose()


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            raise _TooLongError(f"answer longer than {MAX_BODY} bytes")
    return bytes(body)


def never_left(error: httpx.HTTPError) -> bool:
    """Whether no connection was made, so that the request cannot have reached the target.

    httpx_aiohttp turns a connection that broke *after* the request was sent into ConnectTimeout as well; only aiohttp's
    own exception tells the two apart.
    """
    if isinstance(error.__cause__, aiohttp.ClientError):
        return isinstance(error.__cause__, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    return isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol))


def describe(error: BaseException) -> str:
    """Class and text of an error; the class alone where the text is empty."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def now_text() -> str:
    """Now as ISO 8601 UTC with milliseconds, for `fetched_at`."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
