"""A company as a golden case describes it, for `apply order to sage100`: tables with rows, answered by 5.2 to 5.4.

```yaml
given:
  order: {…}                                  # the canonical order
  sage100: {/CI/Item: [{ItemCode: APR-SND}]}  # what is on file beside the charge items
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any
from urllib.parse import unquote

import httpx
import orjson

from penstock.connectors.sage100.client import ALIAS, CUSTOMER, ITEM, SALES_ORDER, STOCK, Row
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import customer_key

ZERO, CENT = Decimal(0), Decimal("0.01")
_DEFAULTS: Mapping[str, Row] = {
    SALES_ORDER: {"OrderStatus": "N"},
    CUSTOMER: {"ARDivisionNo": "00"},
    ITEM: {"ItemType": "1", "ProductType": "F", "TaxClass": "TX", "InactiveItem": "N"},
    ALIAS: {"Type": "G"},
    STOCK: {"WarehouseCode": "001"},
}
_TAXED = {"TX": "TaxableAmt"}


def case_target(given: Mapping[str, Any], settings: Sage100Settings) -> CaseCompany:
    """The company that holds the rows `given` by table; `tax schedule` is its rate in percent."""
    return CaseCompany(given, settings)


class CaseCompany:
    """`written` are the bodies that were sent, in their order; an order's with what Sage makes of it."""

    def __init__(self, given: Mapping[str, Any], settings: Sage100Settings) -> None:
        self.written: list[Row] = []
        self._rate = Decimal(given.get("tax schedule", "0"))
        self._numbers: Iterator[int] = count(1)
        self._prefix = settings.profile.prefix
        self._tables: dict[str, list[Row]] = {
            path: [{**defaults, **row} for row in given.get(path, [])] for path, defaults in _DEFAULTS.items()
        }
        charges = settings.charges.model_dump().values()
        self._tables[ITEM] += [{"ItemCode": code, "ItemType": "5", "TaxClass": "NT"} for code in charges]

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0].removeprefix(self._prefix)
        table = next(known for known in _DEFAULTS if path == known or path.startswith(f"{known}/"))
        key, _, action = path.removeprefix(table).strip("/").partition("/")
        body: Row = orjson.loads(request.content or b"{}")
        if key == "Preview":
            return httpx.Response(200, json=self._totalled(body))
        if key:
            return self._one(table, unquote(key), action, request.method, body)
        return self._listed(table, request) if request.method == "GET" else self._added(table, body)

    def _one(self, table: str, key: str, action: str, method: str, body: Row) -> httpx.Response:
        row = next((row for row in self._tables[table] if _key(table, row) == key), None)
        if row is None:
            return _refusal(404, "CI_NoKey")
        if method != "GET":
            self.written.append({action or method: key, **body})
            row |= {"OrderStatus": {"Hold": "H", "Release": "O"}[action]} if action else body
        return httpx.Response(200, json=row)

    def _listed(self, table: str, request: httpx.Request) -> httpx.Response:
        paging = {"limit", "cursor", "includeLines", "fields"}
        wanted = {name: value for name, value in request.url.params.items() if name not in paging}
        rows = [row for row in self._tables[table] if all(row.get(name) == value for name, value in wanted.items())]
        return httpx.Response(200, json={"data": rows, "next_cursor": None, "server_time": "2026-02-03T14:41:07"})

    def _added(self, table: str, body: Row) -> httpx.Response:
        if any(_key(table, row) == _key(table, body) for row in self._tables[table]):
            return _refusal(409, "WS_AlreadyExists")
        row = body
        if table == SALES_ORDER:
            row = self._totalled({"SalesOrderNo": f"{next(self._numbers):07d}", "OrderStatus": "N", **body})
            self._promise(row)
        self._tables[table].append(row)
        self.written.append(dict(row))
        return httpx.Response(201, json=row)

    def _promise(self, order: Row) -> None:
        for line in order["Lines"]:
            for row in self._tables[STOCK]:
                if (row["ItemCode"], row["WarehouseCode"]) == (line["ItemCode"], line.get("WarehouseCode")):
                    promised = Decimal(row.get("QuantityOnSalesOrder", "0")) + Decimal(line["QuantityOrdered"])
                    row["QuantityOnSalesOrder"] = f"{promised}"

    def _totalled(self, body: Row) -> Row:
        """With extensions and totals, by the rules of 5.4; `Total` is for the reader of the case."""
        classes = {row["ItemCode"]: row["TaxClass"] for row in self._tables[ITEM]}
        sums = {"TaxableAmt": ZERO, "NonTaxableAmt": ZERO}
        lines = []
        for line in body["Lines"]:
            share = 1 - Decimal(line.get("LineDiscountPercent", "0")) / 100
            exact = Decimal(line["QuantityOrdered"]) * Decimal(line["UnitPrice"]) * share
            amount = exact.quantize(CENT, ROUND_HALF_UP)
            sums[_TAXED.get(classes[line["ItemCode"]], "NonTaxableAmt")] += amount
            lines.append({**line, "ExtensionAmt": f"{amount:.2f}", "QuantityShipped": "0"})
        tax = (sums["TaxableAmt"] * self._rate / 100).quantize(CENT, ROUND_HALF_UP)
        amounts = {"FreightAmt": "0.00", "DiscountAmt": "0.00", "SalesTaxAmt": f"{tax:.2f}"}
        amounts |= {name: body[name] for name in amounts if name in body}
        amounts |= {name: f"{amount:.2f}" for name, amount in sums.items()}
        added = sum((Decimal(amount) for amount in amounts.values()), ZERO)
        total = added - 2 * Decimal(amounts["DiscountAmt"])
        return {**body, **amounts, "Lines": lines, "Total": f"{total:.2f}"}


def _key(table: str, row: Mapping[str, Any]) -> str | None:
    match table:
        case "/AR/Customer":
            return customer_key(str(row["ARDivisionNo"]), str(row["CustomerNo"]))
        case "/SO/SalesOrder":
            return row.get("SalesOrderNo")
    return row.get("ItemCode")


def _refusal(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "", "retryable": False}})
