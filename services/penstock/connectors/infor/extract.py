"""Reads whole documents of the site: the main row, what belongs to it, and the order that it speaks of.

Native ids: order = CoNum, shipment = ShipmentId (ShipmentId/CoNum for each further order in it), invoice = InvNum
(InvNum-InvSeq when not 0), payment = RowPointer of the posted transaction, stock = Item|Whse, customer = CustNum,
item = Item; keys without their padding.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson

from penstock.connectors.contract import SourceUnavailableError
from penstock.connectors.http import Reply, now_text
from penstock.connectors.infor.client import InforClient, Page, Row
from penstock.connectors.infor.idos import read
from penstock.connectors.infor.literals import co_num, cust_num, quoted
from penstock.records.raw import Part

ROUNDS = 3
"""How often a document is read again when its main row moved meanwhile."""

Reader = Callable[[InforClient, str], Awaitable[list[Part] | None]]


def part(role: str, reply: Reply) -> Part:
    return Part(role, reply.url, reply.status, reply.content_type, reply.received_at, reply.body)


def carried_part(role: str, row: Row, page: Page) -> Part:
    """A polled row as if it had been loaded alone."""
    body = orjson.dumps({"Items": [row], "Success": True})
    return Part(role, page.reply.url, page.reply.status, "application/json", now_text(), body)


def trimmed(row: Row, name: str) -> str:
    return (row.get(name) or "").strip()


def invoice_id(row: Row) -> str:
    number, sequence = trimmed(row, "InvNum"), trimmed(row, "InvSeq")
    return number if sequence in {"", "0"} else f"{number}-{sequence}"


async def order(client: InforClient, native_id: str) -> list[Part] | None:
    where = f"CoNum = {quoted(co_num(native_id))}"

    async def once() -> tuple[Page, list[Part]]:
        main = await read(client, "SLCos", where)
        lines = await read(client, "SLCoitems", where)
        return main, [part("order", main.reply), part("lines", lines.reply)]

    return await _steady(client, "SLCos", where, once)


async def shipment(client: InforClient, native_id: str) -> list[Part] | None:
    """`3007`, or `3007/EC00000043` for the lines of a further order of shipment 3007."""
    shipment_id, _, further = native_id.partition("/")
    where = f"ShipmentId = {quoted(shipment_id)}"

    async def once() -> tuple[Page, list[Part]]:
        main = await read(client, "SLShipments", where)
        parts = [part("shipment", main.reply)]
        numbers: set[str] = set()
        for role, ido in (("lines", "SLShipmentLines"), ("seqs", "SLShipmentSeqs")):
            page = await read(client, ido, where)
            parts.append(part(role, page.reply))
            numbers |= {trimmed(row, "RefNum") for row in page.rows} - {""}
        packages = await read(client, "SLShipmentPackages", where)
        parts.append(part("packages", packages.reply))
        if numbers:
            its = f"CoNum = {quoted(co_num(further or min(numbers)))}"
            for role, ido in (("ledger", "SLCoShips"), ("order", "SLCos"), ("order_lines", "SLCoitems")):
                parts.append(part(role, (await read(client, ido, its)).reply))
        return main, parts

    return await _steady(client, "SLShipments", where, once)


async def invoice(client: InforClient, native_id: str) -> list[Part] | None:
    number, _, sequence = native_id.rpartition("-") if "-" in native_id else (native_id, "", "0")
    where = f"InvNum = {quoted(number)} AND InvSeq = {quoted(sequence)}"

    async def once() -> tuple[Page, list[Part]]:
        main = await read(client, "SLInvHdrs", where)
        lines = await read(client, "SLInvItemAlls", where)
        parts = [part("invoice", main.reply), part("lines", lines.reply)]
        return main, parts + await _order_of(client, main.rows)

    return await _steady(client, "SLInvHdrs", where, once)


async def payment(client: InforClient, native_id: str) -> list[Part] | None:
    main = await read(client, "SLArtrans", f"RowPointer = {quoted(native_id)}")
    if not main.rows:
        return None
    parts = [part("payment", main.reply)]
    row = main.rows[0]
    headers: Sequence[Row] = ()
    if trimmed(row, "InvNum") not in {"", "0"}:
        number = f"InvNum = {quoted(row['InvNum'] or '')}"
        transactions = await read(client, "SLArtrans", f"CustNum = {quoted(row['CustNum'] or '')} AND {number}")
        invoices = await read(client, "SLInvHdrs", number)
        parts += [part("transactions", transactions.reply), part("invoice", invoices.reply)]
        headers = invoices.rows
    return parts + await _order_of(client, main.rows if trimmed(row, "CoNum") else headers)


async def stock(client: InforClient, native_id: str) -> list[Part] | None:
    item, _, warehouse = native_id.rpartition("|")
    return await _single(client, "stock", "SLItemwhses", f"Item = {quoted(item)} AND Whse = {quoted(warehouse)}")


async def item(client: InforClient, native_id: str) -> list[Part] | None:
    return await _single(client, "item", "SLItems", f"Item = {quoted(native_id)}")


async def customer(client: InforClient, native_id: str) -> list[Part] | None:
    number = f"CustNum = {quoted(cust_num(native_id))}"
    parts = await _single(client, "customer", "SLCustomers", f"{number} AND CustSeq = '0'")
    if parts is None:
        return None
    ship_tos = await read(client, "SLCustomers", f"{number} AND CustSeq > '0'")
    return [*parts, part("ship_tos", ship_tos.reply)]


READERS: Mapping[str, Reader] = {
    "order": order,
    "shipment": shipment,
    "invoice": invoice,
    "payment": payment,
    "stock": stock,
    "customer": customer,
    "item": item,
}


async def _single(client: InforClient, role: str, ido: str, where: str) -> list[Part] | None:
    page = await read(client, ido, where)
    return [part(role, page.reply)] if page.rows else None


async def _order_of(client: InforClient, rows: Sequence[Row]) -> list[Part]:
    number = next((number for row in rows if (number := row.get("CoNum"))), None)
    if not number:
        return []
    return [part("order", (await read(client, "SLCos", f"CoNum = {quoted(number)}")).reply)]


async def _steady(
    client: InforClient, ido: str, where: str, once: Callable[[], Awaitable[tuple[Page, list[Part]]]]
) -> list[Part] | None:
    """Parts that were read while the main row did not move; None when there is no main row."""
    for _ in range(ROUNDS):
        main, parts = await once()
        if not main.rows:
            return None
        after = await client.load(ido, ["RecordDate"], where)
        if after.rows and after.rows[0].get("RecordDate") == main.rows[0].get("RecordDate"):
            return parts
    raise SourceUnavailableError(f"{ido} where {where}: the row moved each of the {ROUNDS} times that it was read", 1.0)
