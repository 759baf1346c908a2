"""A shop in memory behind httpx.MockTransport: the part of the webservice that the connector uses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx
from defusedxml.ElementTree import fromstring

Row = dict[str, Any]
Hook = Callable[[httpx.Request], httpx.Response | None]

HEADERS = {"PSWS-Version": "9.1.4", "Content-Type": "application/json"}
NODES = {
    "order_histories": "order_history",
    "order_carriers": "order_carrier",
    "order_payments": "order_payment",
    "stock_availables": "stock_available",
    "customers": "customer",
}


class FakeShop:
    """`tables`: resource -> rows. `hooks` may answer before the shop does; `calls` are (method, path, query)."""

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables = deepcopy(tables)
        self.hooks: list[Hook] = []
        self.after: list[Hook] = []
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.now = "2025-03-05 09:00:11"
        self.headers = dict(HEADERS)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.calls if method != "GET"]

    def reads(self, resource: str) -> list[dict[str, str]]:
        return [query for method, path, query in self.calls if method == "GET" and path == resource]

    def row(self, resource: str, native_id: int) -> Row:
        return next(row for row in self.tables[resource] if int(row["id"]) == native_id)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/")
        self.calls.append((request.method, path, dict(request.url.params)))
        self.bodies.append(request.content)
        for hook in self.hooks:
            if (response := hook(request)) is not None:
                return response
        response = self._do(request, path)
        for hook in self.after:
            if (changed := hook(request)) is not None:
                return changed
        return response

    def _do(self, request: httpx.Request, path: str) -> httpx.Response:
        resource, _, native_id = path.partition("/")
        if request.method == "GET":
            return self._get(resource, native_id, dict(request.url.params))
        if not request.content:
            return self.error(500, 127)
        entity = fromstring(request.content)[0]
        fields = {child.tag: child.text or "" for child in entity}
        if request.method == "POST":
            return self._post(resource, fields)
        row = self.row(resource, int(fields["id"]))
        row |= {name: value for name, value in fields.items() if name != "id"}
        return self.json({NODES[resource]: row})

    def _get(self, resource: str, native_id: str, query: dict[str, str]) -> httpx.Response:
        rows = self.tables.get(resource)
        if rows is None:
            return self.error(400, 27)
        if native_id:
            return self._xml(resource, self.row(resource, int(native_id)))
        for name, wanted in query.items():
            if name.startswith("filter["):
                rows = [row for row in rows if _fits(str(row.get(name[7:-1], "")), wanted)]
        for key in reversed(query.get("sort", "[]").strip("[]").split(",")):
            field = key.rpartition("_")[0]
            if field:
                rows = sorted(rows, key=lambda row: _sortable(row.get(field)), reverse=key.endswith("DESC"))
        if "limit" in query:
            rows = rows[: int(query["limit"])]
        if query.get("display", "full") != "full":
            wanted_fields = query["display"].strip("[]").split(",") + ["associations"] * ("[" in query["display"][1:])
            rows = [{name: value for name, value in row.items() if name in wanted_fields} for row in rows]
        return self.json({resource: rows} if rows else [])

    def _post(self, resource: str, fields: dict[str, str]) -> httpx.Response:
        rows = self.tables.setdefault(resource, [])
        row: Row = {"id": max([0, *(int(row["id"]) for row in rows)]) + 1, **fields, "date_add": self.now}
        rows.append(row)
        if resource == "order_histories":
            self._enter(int(fields["id_order"]), int(fields["id_order_state"]))
        return self.json({NODES[resource]: row | {"id": str(row["id"])}}, 201)

    def _enter(self, order_id: int, state: int) -> None:
        order = self.row("orders", order_id)
        order["current_state"] = state
        flags = next((row for row in self.tables["order_states"] if row["id"] == state), {})
        due = float(order["total_paid"]) - float(order["total_paid_real"])
        if flags.get("paid") == "1" and due > 0:
            payment = {"order_reference": order["reference"], "id_currency": "1", "amount": f"{due:.6f}"}
            payment |= {"transaction_id": "", "payment_method": "Bank transfer"}
            self._post("order_payments", payment)
            order["total_paid_real"] = order["total_paid"]

    def _xml(self, resource: str, row: Row) -> httpx.Response:
        inner = "".join(
            f"<{name}><![CDATA[{value}]]></{name}>"
            for name, value in row.items()
            if not isinstance(value, (dict, list))
        )
        node = NODES[resource]
        body = f'<?xml version="1.0"?><prestashop xmlns:xlink="http://www.w3.org/1999/xlink"><{node}>{inner}</{node}></prestashop>'
        return httpx.Response(
            200, content=body.encode(), headers=self.headers | {"Content-Type": "text/xml;charset=utf-8"}
        )

    def json(self, document: Any, status: int = 200) -> httpx.Response:
        return httpx.Response(status, content=json.dumps(document).encode(), headers=self.headers)

    def error(self, status: int, *codes: int) -> httpx.Response:
        return self.json({"errors": [{"code": code, "message": "…"} for code in codes]}, status)


def _fits(value: str, wanted: str) -> bool:
    if wanted.startswith(">["):
        inner = wanted[2:-1]
        return float(value) > float(inner) if inner.isdigit() else value > inner
    inner = wanted.strip("[]")
    if "," in inner and re.fullmatch(r"[\d.:\-\s,]+", inner):
        low, high = sorted(inner.split(","))
        return low <= value <= high
    return value.lower() in {option.lower() for option in inner.split("|")}


def _sortable(value: Any) -> Any:
    text = str(value)
    return (0, int(text), "") if text.isdigit() else (1, 0, text)
