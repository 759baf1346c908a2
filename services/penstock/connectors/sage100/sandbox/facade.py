"""What an admitted request does: read, list, create, change. Each write is one transaction."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import orjson
from starlette.responses import Response

from penstock.connectors.sage100.sandbox import documents, lists
from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.columns import FieldError
from penstock.connectors.sage100.sandbox.dictionary.receivables import RECEIPTS
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDERS
from penstock.connectors.sage100.sandbox.errors import bad_request, reply
from penstock.connectors.sage100.sandbox.idempotency import Answer, Idempotency
from penstock.connectors.sage100.sandbox.resources import SALES_ORDER, Key, Resource
from penstock.connectors.sage100.sandbox.rules import orders
from penstock.connectors.sage100.sandbox.rules.credit import Warnings
from penstock.connectors.sage100.sandbox.rules.parties import change_party, create_party
from penstock.connectors.sage100.sandbox.rules.receipts import create_receipt
from penstock.connectors.sage100.sandbox.rules.references import no_key
from penstock.connectors.sage100.sandbox.store import Row
from penstock.connectors.sage100.sandbox.views import show

PREVIEWED = "PREVIEW"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the facade needs it. `path` is below the prefix, as sent; `key` is its last part, decoded."""

    method: str
    path: str
    key: str
    query: Iterable[tuple[str, str]]
    body: bytes
    content_type: str
    idempotency_key: str


class _NotSavedError(Exception):
    """Rolls a preview back."""


class Facade:
    """Everything here is synchronous: writes are serial."""

    def __init__(self, company: Company, idempotency: Idempotency) -> None:
        self._company = company
        self._idempotency = idempotency

    def collection(self, resource: Resource, call: Call) -> Response:
        """GET lists, POST creates."""
        if call.method == "GET":
            query = lists.read_query(resource.table, call.query)
            return reply(lists.answer(self._company.store, resource.table, query))
        lists.read_query(resource.table, call.query, keyed=True)
        return self._create(resource, call)

    def record(self, resource: Resource, call: Call) -> Response:
        """GET reads, PATCH changes, DELETE deletes (orders)."""
        query = lists.read_query(resource.table, call.query, keyed=True)
        key = resource.key(call.key)
        if key is None:
            raise no_key(resource.table, call.key)
        if call.method == "GET":
            return reply(self._read(resource, call.key, key, query))
        if call.method == "DELETE":
            with self._writing():
                orders.delete_order(self._company, call.key)
            return Response(status_code=204)
        changes = documents.parse(call.body, call.content_type)
        with self._writing():
            return reply(self._change(resource, key, call.key, changes))

    def order_status(self, number: str, action: str, call: Call) -> Response:
        """`POST …/Hold` with an optional reason code, `POST …/Release`."""
        given = documents.parse(call.body, call.content_type, optional=True)
        allowed = {"CancelReasonCode"} if action == "Hold" else set()
        if unknown := [name for name in given if name not in allowed]:
            raise bad_request(f"{unknown[0]} cannot be given to {action}.", unknown[0])
        reason = documents.patched(ORDERS, given).values.get("CancelReasonCode", "")
        with self._writing():
            order = orders.set_status(self._company, number, "H" if action == "Hold" else "O", reason)
        return reply(self._shown_order(order, []))

    def preview(self, call: Call) -> Response:
        """Prices, tax and totals of an order that is not saved."""
        document = documents.order(documents.parse(call.body, call.content_type))
        with suppress(_NotSavedError), self._writing():
            order, warnings = orders.create_order(self._company, document, PREVIEWED)
            shown = self._shown_order(order, warnings)
            raise _NotSavedError
        return reply({**shown, "SalesOrderNo": document.values.get("SalesOrderNo", "")})

    def _create(self, resource: Resource, call: Call) -> Response:
        key = call.idempotency_key if self._company.options.idempotency else ""
        if key:
            kept = self._idempotency.find(key, call.path, call.body)
            if kept is not None:
                return _response(kept, {"idempotent-replay": "true"})
        write = self._prepare(resource, documents.parse(call.body, call.content_type))
        with self._writing():
            row, shown = write()
            location = ""
            if resource.keyed:
                location = f"{self._company.options.prefix}/{resource.path}/{resource.key_text(row)}"
            answer = Answer(201, orjson.dumps(shown), location)
            if key:
                self._idempotency.keep(key, call.path, call.body, answer)
        return _response(answer, {})

    def _prepare(self, resource: Resource, given: dict[str, object]) -> Callable[[], tuple[Row, dict[str, object]]]:
        """Check the document's form and, outside of the transaction, take an order's number."""
        company, table = self._company, resource.table
        if resource is SALES_ORDER:
            document = documents.order(given)
            number = orders.number_of(company, document)

            def write_order() -> tuple[Row, dict[str, object]]:
                order, warnings = orders.create_order(company, document, number)
                return order, self._shown_order(order, warnings)

            return write_order
        simple = documents.created(table, given)

        def write() -> tuple[Row, dict[str, object]]:
            row = create_receipt(company, simple) if table is RECEIPTS else create_party(company, table, simple)
            return row, show(company.store, table, row)

        return write

    def _read(self, resource: Resource, text: str, key: Key, query: lists.Query) -> dict[str, object]:
        row = self._company.store.find(resource.table, **key)
        if row is None:
            raise no_key(resource.table, text)
        return show(self._company.store, resource.table, row, lines=query.lines is not False, fields=query.fields)

    def _change(self, resource: Resource, key: Key, text: str, given: dict[str, object]) -> dict[str, object]:
        if resource is SALES_ORDER:
            changes = documents.order_changes(given)
            return self._shown_order(*orders.change_order(self._company, text, changes))
        row = change_party(self._company, resource.table, key, documents.patched(resource.table, given))
        return show(self._company.store, resource.table, row)

    def _shown_order(self, order: Row, warnings: Warnings) -> dict[str, object]:
        return {**show(self._company.store, ORDERS, order, lines=True), "Warnings": warnings}

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; a computed amount that has no room is the request's fault."""
        try:
            with self._company.store.storage.transaction():
                yield
        except FieldError as error:
            raise bad_request(str(error)) from error


def _response(answer: Answer, headers: dict[str, str]) -> Response:
    located = {"location": answer.location} if answer.location else {}
    return Response(answer.body, answer.status, {**located, **headers}, media_type="application/json")
