"""The ION API gateway and the IDO request service behind it: who may pass, and which answer has which status.

Source: systems/infor.md 1.3, 1.4, 4.1. One route takes every path, so that the order of the checks is plain to see.
"""

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from penstock.connectors.infor.sandbox.answers import bare, refused, reply
from penstock.connectors.infor.sandbox.idos import IDOS
from penstock.connectors.infor.sandbox.invoke import invoke
from penstock.connectors.infor.sandbox.limits import Limits
from penstock.connectors.infor.sandbox.load import load
from penstock.connectors.infor.sandbox.metadata import info
from penstock.connectors.infor.sandbox.model import Ido
from penstock.connectors.infor.sandbox.oauth import Tokens
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.update import update
from penstock.connectors.infor.sandbox.values import IdoError, in_range
from penstock.sandbox.faults import FaultBox

TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a fault
_TENANT = re.compile(r"[A-Z0-9]+_[A-Z0-9]+")
_METHODS: Mapping[str, str] = {"load": "GET", "update": "POST", "invoke": "POST", "info": "GET"}
_OAUTH = frozenset({"token.oauth2", "revoke_token.oauth2"})


class Gateway:
    """Handles every request outside of `/_sandbox/`."""

    def __init__(self, site: Site, tokens: Tokens, limits: Limits, faults: FaultBox) -> None:
        self._site = site
        self._tokens = tokens
        self._limits = limits
        self._faults = faults

    async def handle(self, request: Request) -> Response:
        tenant, _, rest = request.url.path.lstrip("/").partition("/")
        suite, _, path = rest.partition("/")
        if not _TENANT.fullmatch(tenant) or not suite:
            return reply({"error": "Bad Request"}, 400)
        if suite == "as":
            return await self._oauth(request, tenant, path)
        if self._faults.all() and self._faults.take({TOKEN_EXPIRED}, request.method, _target(request)):
            self._tokens.expire_all()
        if not self._tokens.admits(request.headers.get("authorization", ""), tenant):
            return bare(401, {"www-authenticate": "Bearer"})
        if suite != "CSI":
            return bare(404)
        over = self._limits.refused()
        if over is not None:
            return bare(429, over)
        delay = self._limits.delay()
        if delay:
            await asyncio.sleep(delay)
        return await self._csi(request, path)

    async def _oauth(self, request: Request, tenant: str, path: str) -> Response:
        if tenant != self._site.options.tenant or path not in _OAUTH:
            return bare(404)
        if request.method != "POST":
            return bare(405, {"allow": "POST"})
        if _content_type(request) != "application/x-www-form-urlencoded":
            return reply({"error": "invalid_request"}, 400)
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        authorization = request.headers.get("authorization", "")
        act = self._tokens.request if path == "token.oauth2" else self._tokens.revoke
        return act(form, authorization)

    async def _csi(self, request: Request, path: str) -> Response:
        match path.split("/"):
            case ["IDORequestService", "Ping.aspx"]:
                return Response("OK", media_type="text/html") if request.method == "GET" else _wrong_method("GET")
            case ["IDORequestService", "ido", "configurations"]:
                return self._configurations() if request.method == "GET" else _wrong_method("GET")
            case ["IDORequestService", "ido", operation, name] if operation in _METHODS:
                if request.method != _METHODS[operation]:
                    return _wrong_method(_METHODS[operation])
                ido = IDOS.get(name)  # case-sensitive
                return bare(404) if ido is None else await self._ido(request, operation, ido)
            case _:
                return bare(404)

    def _configurations(self) -> Response:
        return reply({"Message": None, "Success": True, "Configurations": [self._site.options.config]})

    async def _ido(self, request: Request, operation: str, ido: Ido) -> Response:
        body: object = None
        if operation in {"update", "invoke"}:
            if _content_type(request) != "application/json":
                return bare(415)
            try:
                body = orjson.loads(await request.body())
            except orjson.JSONDecodeError:
                return bare(400)
        query = {name.lower(): value for name, value in request.query_params.items()}
        try:
            self._check_configuration(request.headers.get("x-infor-mongooseconfig"))
            with in_range():
                return reply(self._answer(operation, ido, query, body))
        except IdoError as error:
            return refused(operation, str(error))

    def _answer(self, operation: str, ido: Ido, query: Mapping[str, str], body: object) -> dict[str, object]:
        site = self._site
        if operation == "info":
            return info(ido)
        if operation == "update":
            return update(site, ido, body, refresh=query.get("refresh", "").lower() == "true")
        if not site.options.may(ido.name, write=False):
            word = "Read" if operation == "load" else "Execute"
            raise IdoError(f"User requires [{word}] privilege for {ido.name}")
        if operation == "load":
            return load(site, ido, query)
        return invoke(site, ido, query.get("method", ""), body)

    def _check_configuration(self, given: str | None) -> None:
        if given is None:
            raise IdoError("The header X-Infor-MongooseConfig is missing: no configuration was given.")
        if given != self._site.options.config:
            raise IdoError(f"The configuration [{given}] was not found.")


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _target(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _wrong_method(allowed: str) -> Response:
    return bare(405, {"allow": allowed})
