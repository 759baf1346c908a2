"""A facade of one company in memory, by systems/sage100.md 5: as much of it as the connector's own tests need."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import unquote

import httpx

PREFIX = "/sage100/v1"
CENT = Decimal("0.01")
Row = dict[str, Any]
KEYS = {
    "/SO/SalesOrder": ("SalesOrderNo",),
    "/SO/Shipment": ("InvoiceNo",),
    "/AR/Customer": ("ARDivisionNo", "CustomerNo"),
    "/AR/Invoice": ("InvoiceNo", "HeaderSeqNo"),
    "/AR/CashReceipt": (),
    "/CI/Item": ("ItemCode",),
    "/IM/AliasItem": (),
    "/IM/ItemWarehouse": (),
    "/IM/PriceCode": (),
}


def error(status: int, code: str, message: str = "refused", **more: Any) -> httpx.Response:
    detail: Row = {"code": code, "message": message, "column": None, "value": None, "line": None, "retryable": False}
    headers = {"retry-after": str(more.pop("retry_after"))} if "retry_after" in more else {}
    return httpx.Response(status, json={"error": detail | more}, headers=headers)


class Facade:
    """Rows by path. `script` answers in turn before anything else does; `after` breaks the answer of a write."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {path: [] for path in KEYS}
        self.asked: list[httpx.Request] = []
        self.script: list[Callable[[httpx.Request], httpx.Response | None]] = []
        self.credit_profile = "hold"
        self.tax_rate = Decimal("8.5")
        self.server_time = "2026-02-03T14:41:07"
        self.page_rows = 200
        for code in ("LAMP-01", "LAMP-02", "BOLT-10"):
            self.item(code)
        for code in ("/FREIGHT", "/HANDLING", "/FEE", "/DISCOUNT", "/TAX"):
            self.item(code, ItemType="5", TaxClass="NT")

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    # --- what is on file

    def item(self, code: str, on_hand: str = "100", **fields: Any) -> Row:
        row = {"ItemCode": code, "ItemType": "1", "ProductType": "F", "TaxClass": "TX", "InactiveItem": "N",
               "StandardUnitOfMeasure": "EACH", "StandardUnitPrice": "19.950000", "ItemCodeDesc": f"Name of {code}",
               **self._stamp(), **fields}  # fmt: skip
        self.rows["/CI/Item"].append(row)
        if row["ItemType"] == "1":
            self.rows["/IM/ItemWarehouse"].append(
                {"ItemCode": code, "WarehouseCode": "001", "QuantityOnHand": on_hand, "QuantityOnSalesOrder": "0",
                 "QuantityOnBackOrder": "0", "QuantityRequiredForWO": "0", "QuantityInShipping": "0", **self._stamp()}
            )  # fmt: skip
        return row

    def customer(self, number: str, **fields: Any) -> Row:
        row = {"ARDivisionNo": "00", "CustomerNo": number, "CustomerName": "Ada Brook", "CreditHold": "N",
               "CreditLimit": "0.00", "CurrentBalance": "0.00", "OpenOrderAmt": "0.00", "CustomerStatus": "A",
               **self._stamp(), **fields}  # fmt: skip
        self.rows["/AR/Customer"].append(row)
        return row

    def alias(self, alias: str, item: str, kind: str = "G", **fields: Any) -> None:
        self.rows["/IM/AliasItem"].append({"AliasItemNo": alias, "ItemCode": item, "Type": kind, **fields})

    def stock(self, code: str, on_hand: str) -> None:
        self._row("/IM/ItemWarehouse", ItemCode=code)["QuantityOnHand"] = on_hand

    def order(self, number: str) -> Row:
        return self._row("/SO/SalesOrder", SalesOrderNo=number)

    @property
    def orders(self) -> list[Row]:
        return self.rows["/SO/SalesOrder"]

    def bodies(self, method: str, ending: str = "") -> list[Row]:
        return [
            json.loads(request.content or b"{}")
            for request in self.asked
            if request.method == method and request.url.path.endswith(ending)
        ]

    def _row(self, path: str, **equal: str) -> Row:
        return next(row for row in self.rows[path] if all(row.get(name) == value for name, value in equal.items()))

    def _stamp(self) -> Row:
        return {"DateUpdated": "2026-02-03", "TimeUpdated": "14.50694"}

    # --- answers

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        waiting, self.script = self.script, []
        for step in waiting:
            answer = step(request)
            if answer is not None:
                return answer
        if request.headers.get("x-sage-company") != "ABC":
            return error(400, "BAD_REQUEST", "company header missing")
        path = request.url.raw_path.decode().partition("?")[0].removeprefix(PREFIX)
        if path == "/SY/Status":
            status = {"CompanyCode": "ABC", "ProductVersion": "7.20", "ServerTime": self.server_time}
            return httpx.Response(200, json=status)
        base = next((known for known in KEYS if path == known or path.startswith(f"{known}/")), None)
        if base is None:
            return error(404, "CI_NoKey", "no such path")
        rest = path.removeprefix(base).strip("/").split("/")
        if rest == [""]:
            return self._list(base, request) if request.method == "GET" else self._create(base, request)
        if rest == ["Preview"]:
            return httpx.Response(200, json=self._totals(json.loads(request.content)))
        found = [row for row in self.rows[base] if "-".join(str(row[name]) for name in KEYS[base]) == unquote(rest[0])]
        if not found:
            return error(404, "CI_NoKey", "not there")
        return self._one(base, found[0], rest[1:], request)

    def _one(self, base: str, row: Row, action: list[str], request: httpx.Request) -> httpx.Response:
        match request.method, action:
            case "GET", []:
                return httpx.Response(200, json=row)
            case "DELETE", []:
                if row["OrderStatus"] == "C" or any(Decimal(line["QuantityShipped"]) for line in row["Lines"]):
                    return error(422, "SO_OrderClosed")
                self.rows[base].remove(row)
                self._promise(row, -1)
                return httpx.Response(204)
            case "POST", ["Hold"]:
                row |= {"OrderStatus": "H", **json.loads(request.content or b"{}")}
            case "POST", ["Release"]:
                row |= {"OrderStatus": "O", "CancelReasonCode": ""}
            case "PATCH", []:
                body = json.loads(request.content)
                for change in body.pop("Lines", []):
                    next(line for line in row["Lines"] if line["LineKey"] == change["LineKey"]).update(change)
                row.update(body)
                if "Lines" in row:
                    row.update(self._totals(row))
            case _:
                return error(405, "BAD_REQUEST")
        return httpx.Response(200, json=row)

    def _list(self, base: str, request: httpx.Request) -> httpx.Response:
        given = dict(request.url.params)
        since, cursor = given.pop("updatedSince", ""), int(given.pop("cursor", "0"))
        limit = min(int(given.pop("limit", "100")), self.page_rows)
        given.pop("includeLines", None)
        given.pop("fields", None)
        rows = [row for row in self.rows[base] if all(row.get(name) == value for name, value in given.items())]
        rows = [row for row in rows if not since or self._moment(row) >= since]
        rows.sort(key=self._moment)
        more = str(cursor + limit) if cursor + limit < len(rows) else None
        page = {"data": rows[cursor : cursor + limit], "next_cursor": more, "server_time": self.server_time}
        return httpx.Response(200, json=page)

    @staticmethod
    def _moment(row: Row) -> str:
        seconds = round(float(row.get("TimeUpdated") or 0) * 3600)
        return f"{row.get('DateUpdated')}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    def _create(self, base: str, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        key = [body.get(name) for name in KEYS[base]]
        if any([row[name] for name in KEYS[base]] == key for row in self.rows[base]):
            return error(409, "WS_AlreadyExists")
        if base != "/SO/SalesOrder":
            if base == "/AR/Customer":
                body = self.customer(body.pop("CustomerNo"), **body)
            return httpx.Response(201, json=body)
        return self._book(body)

    def _book(self, body: Row) -> httpx.Response:
        for number, line in enumerate(body["Lines"], 1):
            if not any(item["ItemCode"] == line["ItemCode"] for item in self.rows["/CI/Item"]):
                return error(422, "CI_NOF", f"The ItemCode {line['ItemCode']} is not on file.", column="ItemCode",
                             line=number)  # fmt: skip
        row = {"OrderStatus": "N", **body, **self._stamp(), "CancelReasonCode": "", "Warnings": []}
        row.setdefault("SalesOrderNo", f"{len(self.orders) + 1:07d}")
        row["Lines"] = [
            {"LineKey": f"{at:06d}", "QuantityShipped": "0.000000", **line} for at, line in enumerate(body["Lines"], 1)
        ]
        row.update(self._totals(row))
        customer = self._row("/AR/Customer", CustomerNo=body["CustomerNo"])
        total = sum(Decimal(row[name]) for name in ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt"))
        owed = Decimal(customer["CurrentBalance"]) + Decimal(customer["OpenOrderAmt"]) + total
        limit = Decimal(customer["CreditLimit"])
        if limit and owed > limit:
            amounts = {"CreditLimit": str(limit), "CurrentBalance": customer["CurrentBalance"],
                       "OpenOrderAmt": customer["OpenOrderAmt"], "OrderAmt": str(total)}  # fmt: skip
            if self.credit_profile == "refuse":
                return error(422, "AR_CreditLimit", "Customer is over its credit limit.", **amounts)
            row |= {"OrderStatus": "H", "CancelReasonCode": "CREDT", "Warnings": [{"code": "AR_CreditLimit"}]}
        customer["OpenOrderAmt"] = f"{Decimal(customer['OpenOrderAmt']) + total:.2f}"
        self.orders.append(row)
        self._promise(row, 1)
        return httpx.Response(201, json=row)

    def _promise(self, row: Row, sign: int) -> None:
        for line in row["Lines"]:
            for stock in self.rows["/IM/ItemWarehouse"]:
                if stock["ItemCode"] == line["ItemCode"]:
                    quantity = Decimal(stock["QuantityOnSalesOrder"]) + sign * Decimal(line["QuantityOrdered"])
                    stock["QuantityOnSalesOrder"] = str(quantity)

    def _totals(self, row: Row) -> Row:
        taxable = other = Decimal(0)
        for line in row["Lines"]:
            share = 1 - Decimal(line.get("LineDiscountPercent") or 0) / 100
            amount = (Decimal(line["QuantityOrdered"]) * Decimal(line["UnitPrice"]) * share).quantize(
                CENT, ROUND_HALF_UP
            )
            item = self._row("/CI/Item", ItemCode=line["ItemCode"])
            taxable, other = (taxable + amount, other) if item["TaxClass"] == "TX" else (taxable, other + amount)
        tax = row.get("SalesTaxAmt") or str((taxable * self.tax_rate / 100).quantize(CENT, ROUND_HALF_UP))
        given = {name: row.get(name) or "0.00" for name in ("FreightAmt", "DiscountAmt")}
        return {"TaxableAmt": f"{taxable:.2f}", "NonTaxableAmt": f"{other:.2f}", "SalesTaxAmt": tax, **given}
