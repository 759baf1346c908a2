"""The door of the facade: credentials, limits, path, method, company, module, seat, in this order."""

import asyncio
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response

from penstock.connectors.sage100.sandbox.access import Access, check_company
from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.documents import MAX_BODY, parse
from penstock.connectors.sage100.sandbox.errors import RefusedError, bad_request, reply
from penstock.connectors.sage100.sandbox.facade import Call, Facade
from penstock.connectors.sage100.sandbox.limits import Limits
from penstock.connectors.sage100.sandbox.resources import RESOURCES, SALES_ORDER, Resource
from penstock.connectors.sage100.sandbox.store import shown_time
from penstock.sandbox.faults import FaultBox

TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a fault
CONTRACT_VERSION = "1.0"
PRODUCT_VERSION = "7.30.0.0"
_TOKEN = ["SY", "Token"]
_STATUS = ["SY", "Status"]
_PREVIEW = ["SO", "SalesOrder", "Preview"]
_ORDER_ACTIONS = frozenset({"Hold", "Release"})


class Gateway:
    """Handles every request outside of `/_sandbox/`."""

    def __init__(self, company: Company, facade: Facade, access: Access, limits: Limits, faults: FaultBox) -> None:
        self._company = company
        self._facade = facade
        self._access = access
        self._limits = limits
        self._faults = faults

    async def handle(self, request: Request) -> Response:
        try:
            return await self._handle(request)
        except RefusedError as refused:
            return refused.response()

    async def _handle(self, request: Request) -> Response:
        path = self._path(request)
        parts = [unquote(part) for part in path.split("/")]
        options = self._company.options
        if parts == _TOKEN and options.auth == "token":
            return await self._token(request)
        if self._faults.all() and self._faults.take({TOKEN_EXPIRED}, request.method, str(request.url.path)):
            self._access.expire_all()
        self._access.check(request.headers)
        self._limits.count()
        allowed = _methods(parts)
        if not allowed:
            raise RefusedError("CI_NoKey", f"There is no path /{path}.", value=f"/{path}")
        if request.method not in allowed:
            raise _wrong_method(request.method, allowed)
        check_company(options, request.headers.get("x-sage-company"))
        if parts[0] in options.no_access:
            message = f"No access to module {parts[0][0]}/{parts[0][1]} (error 90)."
            raise RefusedError("WS_NoAccess", message, value=parts[0])
        if parts == _STATUS:
            return reply(self._status())
        self._limits.check_exclusive()
        with self._limits.seat():
            if options.work_seconds:
                await asyncio.sleep(options.work_seconds / options.time_scale)
            call = Call(
                request.method,
                path,
                parts[2] if len(parts) > 2 else "",
                parse_qsl(request.url.query, keep_blank_values=True),
                await request.body(),
                request.headers.get("content-type", ""),
                request.headers.get("idempotency-key", ""),
            )
            return self._answer(parts, call)

    def _answer(self, parts: list[str], call: Call) -> Response:
        if len(call.body) > MAX_BODY:
            raise bad_request(f"The body has {len(call.body)} bytes, the limit is {MAX_BODY}.")
        if parts == _PREVIEW:
            return self._facade.preview(call)
        resource = RESOURCES["/".join(parts[:2])]
        if len(parts) == 2:
            return self._facade.collection(resource, call)
        if len(parts) == 4:
            return self._facade.order_status(parts[2], parts[3], call)
        return self._facade.record(resource, call)

    async def _token(self, request: Request) -> Response:
        if request.method != "POST":
            raise _wrong_method(request.method, frozenset({"POST"}))
        given = parse(await request.body(), request.headers.get("content-type", ""))
        return reply(self._access.issue(given))

    def _path(self, request: Request) -> str:
        """The path below the prefix as it was sent: an ItemCode may hold an encoded slash."""
        raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        path = raw.partition(b"?")[0].decode("ascii", "replace")
        prefix = self._company.options.prefix + "/"
        return path.removeprefix(prefix) if path.startswith(prefix) else f"..{path}"

    def _status(self) -> dict[str, str]:
        return {
            "ContractVersion": CONTRACT_VERSION,
            "ProductVersion": PRODUCT_VERSION,
            "CompanyCode": self._company.options.company,
            "ServerTime": shown_time(self._company.store.now()),
            "TimeZone": self._company.options.time_zone,
            "ExclusiveMode": "Y" if self._limits.exclusive_left() else "N",
        }


def _methods(parts: list[str]) -> frozenset[str]:
    """Methods of a path; none where there is no such path."""
    if parts == _STATUS:
        return frozenset({"GET"})
    if parts == _PREVIEW:
        return frozenset({"POST"})
    resource: Resource | None = RESOURCES.get("/".join(parts[:2]))
    if resource is None or not all(parts):
        return frozenset()
    match len(parts):
        case 2:
            return resource.collection
        case 3:
            return resource.keyed
        case 4 if resource is SALES_ORDER and parts[3] in _ORDER_ACTIONS:
            return frozenset({"POST"})
    return frozenset()


def _wrong_method(method: str, allowed: frozenset[str]) -> RefusedError:
    headers = {"allow": ", ".join(sorted(allowed))}
    message = f"The method {method} is not supported here."
    return RefusedError("BAD_REQUEST", message, value=method, status=405, headers=headers)
