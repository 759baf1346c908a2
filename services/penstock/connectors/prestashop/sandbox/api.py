"""The webservice `/api`: one call in, one answer out (systems/prestashop.md 1 and 2)."""

import hashlib
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from penstock.connectors.prestashop.sandbox import access, output_json, output_xml
from penstock.connectors.prestashop.sandbox.call import Call, choose_languages, choose_shop, parse_params
from penstock.connectors.prestashop.sandbox.errors import (
    ApiError,
    BareAnswer,
    PhpFatal,
    Refused,
    ShopRedirect,
    php_warning,
    refuse,
)
from penstock.connectors.prestashop.sandbox.options import VERSIONS
from penstock.connectors.prestashop.sandbox.output_xml import XmlWriter
from penstock.connectors.prestashop.sandbox.read import Reader
from penstock.connectors.prestashop.sandbox.remove import delete
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.connectors.prestashop.sandbox.values import Typing
from penstock.connectors.prestashop.sandbox.write import Writer, warn_of_lost_languages

# A bad list parameter makes PHP warn four times (systems/prestashop.md 4, the table).
LIST_ERRORS = frozenset({28, *range(32, 40)})
WARNINGS_OF_A_LIST = 4
FORM = "application/x-www-form-urlencoded"
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """`document`: a body of the webservice's own format, with its Content-Type; None = empty, without one."""

    status: int
    document: bytes | None = None
    errors: list[ApiError] = field(default_factory=list)


class Webservice:
    """The dispatcher of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def handle(self, request: Request) -> Response:
        started = time.perf_counter()
        call = await self._call(request)
        key_accepted = True
        try:
            choose_shop(call, self._shop.options, self._known_shops())
            answer = self._answer(call)
        except ShopRedirect:
            return self._redirect(call)
        except BareAnswer as bare:
            return Response(bare.text, bare.status, bare.headers, media_type="text/html")
        except PhpFatal as fatal:
            return Response(fatal.text.encode(), 500, {"content-type": HTML})
        except Refused as refused:
            key_accepted = not isinstance(refused, access.KeyRefused)
            answer = self._failure(call, refused.errors)
        finally:
            self._flush()
        return self._respond(call, answer, started, key_accepted=key_accepted)

    async def _call(self, request: Request) -> Call:
        body = await request.body()
        query = request.url.query
        params = parse_params(query)
        method = request.method
        override = params.get("ps_method")
        if override is None and request.headers.get("content-type", "").startswith(FORM) and b"ps_method=" in body:
            override = dict(parse_qsl(body.decode("utf-8", "replace"))).get("ps_method")
        if override in {"PUT", "PATCH", "DELETE"}:
            method = override
        path = request.url.path.partition("/api")[2]
        scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
        return Call(
            method=method,
            segments=[part for part in path.split("/") if part],
            params=params,
            headers=dict(request.headers),
            body=body,
            base=f"{scheme}://{request.headers.get('host', 'shop.example')}/api/",
            raw_query=query,
        )

    def _answer(self, call: Call) -> Answer:
        granted = access.authenticate(self._shop, call)
        access.check_call(self._shop, call, granted)
        choose_languages(call, self._shop.languages)
        if not call.resource:
            return self._root(call, granted)
        match call.method:
            case "POST" | "PUT" | "PATCH":
                return self._write(call)
            case "DELETE":
                delete(self._shop, call, self._shop.resources[call.resource])
                return Answer(200)
        return self._read(call)

    def _root(self, call: Call, granted: access.Access) -> Answer:
        """What the key may use. JSON: a flat array in 1.7; 8 and 9 die of it."""
        if call.json:
            if self._shop.options.modern:
                raise PhpFatal
            return Answer(200, output_json.dump(sorted(granted.rights)))
        permitted = [(self._shop.resources[name], granted.methods(name)) for name in sorted(granted.rights)]
        return Answer(200, self._xml(call).root(permitted, "Maison Penstock"))

    def _read(self, call: Call) -> Answer:
        shop = self._shop
        resource = shop.resources[call.resource]
        reader = Reader(shop, call, resource)
        typing = self._typing(call)
        if call.number is None:
            if "schema" in call.params:
                return self._schema(call)
            entities, display = reader.listing()
            if call.json:
                return Answer(200, output_json.listing(resource, entities, display, typing))
            return Answer(200, self._xml(call).listing(resource, entities, display))
        entity, display = reader.single(call.number)
        if entity is None:
            return Answer(404)
        if not call.json:
            if reader.warnings:
                raise Refused(*reader.warnings)
            return Answer(200, self._xml(call).single(resource, entity, display))
        if "display" in call.params:
            return Answer(200, output_json.listing(resource, [entity], display, typing))
        status = 500 if reader.warnings else 200
        return Answer(status, output_json.single(resource, entity, display, typing, reader.warnings))

    def _schema(self, call: Call) -> Answer:
        resource = self._shop.resources[call.resource]
        kind = call.params["schema"]
        if kind not in {"blank", "synopsis"}:
            raise refuse(
                400, 28, "Please select a schema of type 'synopsis' to get the whole schema informations or 'blank'"
            )
        if call.json:
            return Answer(200, output_json.dump({resource.node: []}))
        return Answer(200, self._xml(call).schema(resource, kind, call.languages))

    def _write(self, call: Call) -> Answer:
        resource = self._shop.resources[call.resource]
        entities = Writer(self._shop, call, resource).run()
        status = 201 if call.method == "POST" else 200
        display = Reader(self._shop, call, resource).everything()
        typing = self._typing(call)
        if not call.json:
            return Answer(status, self._xml(call).batch(resource, entities, display))
        if not entities:
            return Answer(status, b"[]")
        warnings = warn_of_lost_languages(self._shop, entities)
        warnings += [php_warning(old=typing.old)] * call.warnings
        if call.warnings:
            return self._failure(call, warnings)
        document = output_json.single(resource, entities[-1], display, typing, warnings)
        return Answer(500 if warnings else status, document)

    def _failure(self, call: Call, errors: list[ApiError]) -> Answer:
        """Errors as a document; the last one sets the status. On lists PHP's warnings come along."""
        shown = list(errors)
        is_list = call.method in {"GET", "HEAD"} and call.number is None
        if is_list and self._shop.options.warnings_shown and errors[-1].code in LIST_ERRORS:
            shown += [php_warning(old=not self._shop.options.modern)] * WARNINGS_OF_A_LIST
        document = output_json.failure(shown) if call.json else output_xml.failure(shown)
        return Answer(shown[-1].status, document, shown)

    def _respond(self, call: Call, answer: Answer, started: float, *, key_accepted: bool) -> Response:
        headers = {
            "access-time": str(int(self._shop.clock.utc().timestamp())),
            "x-powered-by": "PrestaShop Webservice",
            "psws-version": VERSIONS[self._shop.options.version] if key_accepted else "0",
            "vary": "Authorization",
            "set-cookie": "PrestaShop-sandbox=1; path=/; HttpOnly",
        }
        if not key_accepted:
            headers["www-authenticate"] = access.CHALLENGE["WWW-Authenticate"]
        body, status = answer.document or b"", answer.status
        if body and status < 300:
            digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
            if self._shop.options.modern and call.headers.get("local-content-sha1") == digest:
                status, body = 304, b""
            headers["content-sha1"] = digest
        if body:
            headers["content-type"] = output_json.CONTENT_TYPE if call.json else output_xml.CONTENT_TYPE
        headers["execution-time"] = f"{time.perf_counter() - started:.3f}"
        response = Response(b"" if call.method == "HEAD" else body, status, headers)
        if "content-type" not in headers and "content-type" in response.headers:
            del response.headers["content-type"]
        return response

    def _redirect(self, call: Call) -> Response:
        """A shop that does not exist sends to the front page, before the webservice is reached."""
        page = "/" if self._shop.options.modern else "/index.php"
        tail = f"&{call.raw_query}" if call.raw_query else ""
        location = f"{page}?url={'/'.join(call.segments)}{tail}"
        return Response(b"", 302, {"location": location, "content-type": HTML})

    def _flush(self) -> None:
        hooks = self._shop.hooks
        if self._shop.options.webhook_on_api_writes:
            hooks.flush()
        else:
            hooks.discard()

    def _typing(self, call: Call) -> Typing:
        return Typing(old=not self._shop.options.modern, languages=call.languages, language_text=call.language_text)

    def _xml(self, call: Call) -> XmlWriter:
        return XmlWriter(call.base, self._typing(call))

    def _known_shops(self) -> list[int]:
        return [row["id"] for row in self._shop.storage.query("SELECT id FROM shops")]
