"""A shop in memory behind httpx.MockTransport: the part of the API that the connector uses (systems/clarity.md 3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx

Row = dict[str, Any]
Hook = Callable[[httpx.Request], httpx.Response | None]


class FakeShop:
    """`tables`: resource -> rows. A hook of `hooks` may answer in place of the shop, one of `after` in place of its
    answer. `calls` are (method, path, query); `bodies` those of the writes, parsed.
    """

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables = deepcopy(tables)
        self.hooks: list[Hook] = []
        self.after: list[Hook] = []
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[Row] = []
        self.headers: list[httpx.Headers] = []
        self.tokens = 0
        self.token: Row = {"token_type": "Bearer", "expires_in": 3600}
        self.replies: dict[str, tuple[bytes, httpx.Response]] = {}
        self.date = "Tue, 04 Mar 2025 16:00:00 GMT"

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.calls if method != "GET"]

    def reads(self, resource: str) -> list[dict[str, str]]:
        return [query for method, path, query in self.calls if method == "GET" and path == resource]

    def row(self, resource: str, native_id: int) -> Row:
        return next(row for row in self.tables[resource] if row["id"] == native_id)

    def order(self) -> Row:
        return self.row("sales-orders", 5120)

    # --- answering

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            self.tokens += 1
            form = parse_qs(request.content.decode())
            assert form["grant_type"] == ["client_credentials"]
            return self.json({"access_token": f"token-{self.tokens}", **self.token})
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/api/v1/")
        self.calls.append((request.method, unquote(path), dict(request.url.params)))
        self.headers.append(request.headers)
        if request.method != "GET":
            self.bodies.append(json.loads(request.content))
        for hook in self.hooks:
            if (response := hook(request)) is not None:
                return response
        response = self._replayed(request, path) if request.method == "POST" else self._do(request, path)
        for hook in self.after:
            if (changed := hook(request)) is not None:
                return changed
        return response

    def _replayed(self, request: httpx.Request, path: str) -> httpx.Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return self.error(400, "bad_request")
        if key in self.replies:
            body, response = self.replies[key]
            return response if body == request.content else self.error(422, "idempotency_key_reused")
        response = self._do(request, path)
        if response.status_code < 300:
            self.replies[key] = (request.content, response)
        return response

    def _do(self, request: httpx.Request, path: str) -> httpx.Response:
        resource, *rest = (unquote(part) for part in path.split("/"))
        if resource not in self.tables:
            return self.error(405 if request.method == "GET" else 404, "method_not_allowed")
        match request.method, rest:
            case "GET", []:
                return self._list(resource, dict(request.url.params))
            case "GET", [native_id]:
                found = [row for row in self.tables[resource] if str(row["id"]) == native_id]
                return self.json(found[0]) if found else self.error(404, "not_found")
            case "PATCH", [native_id]:
                return self._patch(self.row(resource, int(native_id)), request)
            case "POST", [native_id, "status"]:
                order = self.row(resource, int(native_id))
                self._change(order, {"status": json.loads(request.content)["status"]})
                return self.json(order)
            case "POST", []:
                return self._ship(json.loads(request.content))
            case "PUT", ["by-key", key]:
                return self._upsert(resource, key, request)
            case "PUT", ["bulk"]:
                entries = json.loads(request.content)["entries"]
                return self.json({"results": [self._entry(resource, *each) for each in enumerate(entries)]}, 207)
        return self.error(405, "method_not_allowed")

    def _list(self, resource: str, query: dict[str, str]) -> httpx.Response:
        rows = list(self.tables[resource])
        size, page = int(query.pop("pageSize", "50")), int(query.pop("page", "1"))
        sort, since = query.pop("sort", ""), query.pop("updatedSince", None)
        for name, wanted in query.items():
            rows = [row for row in rows if str(row.get(name)) == wanted]
        if since is not None:
            rows = [row for row in rows if row["updatedDate"] >= since]
        if sort:
            rows.sort(key=lambda row: (row["updatedDate"], row["id"]), reverse=sort.startswith("-"))
        shown = rows[(page - 1) * size : page * size]
        return self.json({"data": shown, "pagination": {"page": page, "hasMore": page * size < len(rows)}})

    def _patch(self, row: Row, request: httpx.Request) -> httpx.Response:
        assert request.headers["Content-Type"] == "application/merge-patch+json"
        if request.headers.get("If-Match") not in {f'"{row["version"]}"', "*"}:
            return self.error(412, "version_mismatch")
        body = json.loads(request.content)
        if "attributes" in body:
            body["attributes"] = row["attributes"] | body["attributes"]
        self._change(row, body)
        return self.json(row)

    def _upsert(self, resource: str, key: str, request: httpx.Request) -> httpx.Response:
        rows, body = self.tables[resource], json.loads(request.content)
        row = next((row for row in rows if row["customKey"] == key), None)
        if row is None:
            row = {"id": 1000 + len(rows), "customKey": key, "version": 0}
            rows.append(row)
        elif request.headers.get("If-Match") not in {None, f'"{row["version"]}"'}:
            return self.error(412, "version_mismatch")
        self._change(row, body)
        return self.json(row)

    def _ship(self, body: Row) -> httpx.Response:
        order = self.row("sales-orders", body["salesOrderId"])
        for shipment in self.tables["shipments"]:
            if shipment["customKey"] == body["customKey"]:
                return self.error(409, "duplicate_key", [{"existingId": shipment["id"]}])
        if order["status"] not in {"Processing", "Partially Shipped"}:
            return self.error(409, "invalid_transition")
        made = {"id": 700 + len(self.tables["shipments"]), "version": 1, "status": "shipped", **body}
        self.tables["shipments"].append(made)
        for item in body["items"]:
            line = next(line for line in order["items"] if line["id"] == item["salesOrderItemId"])
            line["quantityShipped"] = str(Decimal(line["quantityShipped"]) + Decimal(item["quantity"]))
        whole = all(Decimal(line["quantityShipped"]) >= Decimal(line["quantity"]) for line in order["items"])
        self._change(order, {"status": "Shipped" if whole else "Partially Shipped"})
        return self.json(made, 201)

    def _entry(self, resource: str, index: int, entry: Row) -> Row:
        known = {row["customKey"] for row in self.tables["products"]}
        keys = {row["customKey"] for row in self.tables["accounts"]} | {None}
        if entry["sku"] not in known or entry.get("accountKey") not in keys:
            return {"index": index, "key": entry["sku"], "status": 404, "error": {"code": "not_found"}}
        for row in self.tables[resource]:
            if row["sku"] == entry["sku"] and row.get("locationKey") == entry.get("locationKey"):
                if entry.get("asOf", "~") < row.get("asOf", ""):
                    return {"index": index, "key": entry["sku"], "status": 409, "error": {"code": "stale"}}
                row.update(entry)
                break
        else:
            self.tables[resource].append({"id": 900 + len(self.tables[resource]), **entry})
        return {"index": index, "key": entry["sku"], "status": 200}

    @staticmethod
    def _change(row: Row, values: Row) -> None:
        row.update(values)
        row["version"] += 1

    def json(self, body: Any, status: int = 200, **headers: str) -> httpx.Response:
        return httpx.Response(status, json=body, headers={"Date": self.date, **headers})

    def error(self, status: int, code: str, details: list[Row] | None = None) -> httpx.Response:
        return self.json({"error": {"code": code, "message": "no", "details": details or []}}, status)


def once(response: httpx.Response, method: str = "", path: str = "") -> Hook:
    """Answers the first call that fits, then keeps out of it."""
    left = [response]

    def hook(request: httpx.Request) -> httpx.Response | None:
        fits = request.method.startswith(method) and path in request.url.path
        return left.pop() if left and fits else None

    return hook
