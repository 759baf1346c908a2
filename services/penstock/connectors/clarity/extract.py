"""Whole documents: the resource with what it refers to and does not hold itself, as parts in the shop's own words.

Read again at the end where other calls were made in between: if its version moved, all is read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson

from penstock.connectors.clarity.client import Row, Shop
from penstock.connectors.clarity.document import clean, contact_id, one_list
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.contract import SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import Reply
from penstock.records.raw import Part

READS_OF_A_MOVING_ROW = 3

Parts = list[Part]


class Extractor:
    """Reads documents of one installation. Every method gives None when the shop has no such document."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._paths = shop.paths
        self.by_entity: Mapping[str, Callable[[str, Sequence[Part]], Awaitable[Parts | None]]] = {
            "order": self._order,
            "customer": self._customer,
            "product": self._product,
            "refund": self._refund,
        }

    async def _order(self, native_id: str, _carried: Sequence[Part]) -> Parts | None:
        return await self._settled("order", self._paths.orders, native_id, self._order_parts)

    async def _order_parts(self, order: Row) -> Parts:
        """The account (for its tax number); payments, contacts and the buyer's user only where the order lacks them."""
        reads = []
        if order.get("accountId") is not None:
            reads.append(self._one("account", self._paths.accounts, order["accountId"]))
        if order.get("userId") is not None and not order.get("email"):
            reads.append(self._one("user", self._paths.users, order["userId"]))
        named = {contact_id(order, name) for name in ("billingContact", "shippingContact")} - {None}
        reads += [self._one("contact", self._paths.contacts, each) for each in sorted(named)]
        if _lacks_payments(order):
            reads.append(self._list("payments", self._paths.payments, salesOrderId=order["id"]))
        return [part for parts in await asyncio.gather(*reads) for part in parts]

    async def _customer(self, native_id: str, _carried: Sequence[Part]) -> Parts | None:
        """`account-<id>`: a company with its people. `user-<id>`: a person without one."""
        kind, _, number = native_id.partition("-")
        if kind == "account":
            return await self._settled("account", self._paths.accounts, number, self._account_parts)
        if kind != "user":
            return None
        found = await self._shop.one(self._paths.users, number)
        if found is None or found[0].get("accountId") is not None:
            return None
        user, reply = found
        return [part("user", reply, user), *await self._contacts([user])]

    async def _account_parts(self, account: Row) -> Parts:
        users = await self._list("user", self._paths.users, accountId=account["id"])
        return [
            *users,
            *await self._contacts([row for one in users for row in one_list(orjson.loads(one.body), "data")]),
        ]

    async def _product(self, native_id: str, _carried: Sequence[Part]) -> Parts | None:
        return await self._settled("product", self._paths.products, native_id, None)

    async def _refund(self, native_id: str, carried: Sequence[Part]) -> Parts | None:
        """The API has no read of refunds: the event's own object is the document, with its order."""
        refund = next((each for each in carried if each.role == "refund"), None)
        if refund is None:
            try:
                found = await self._shop.one(self._paths.refunds, native_id)
            except RefusedError as error:
                raise SourceRefusedError(
                    f"refund {native_id}: the event held no object, and this shop cannot be asked for refunds "
                    f"({error}); switch its webhooks to full events and send the event again"
                ) from error
            if found is None:
                return None
            refund = part("refund", found[1], found[0])
        order_id = orjson.loads(refund.body).get("salesOrderId")
        return [refund, *await self._one("order", self._paths.orders, order_id)]

    # --- parts -------------------------------------------------------------------------------------------------

    async def _settled(
        self, role: str, path: str, native_id: str, parts_of: Callable[[Row], Awaitable[Parts]] | None
    ) -> Parts | None:
        before = await self._shop.one(path, native_id)
        for _ in range(READS_OF_A_MOVING_ROW):
            if before is None:
                return None
            row, reply = before
            others = await parts_of(row) if parts_of is not None else []
            after = await self._shop.one(path, native_id) if others else before
            if after is not None and after[0] == row:
                return [part(role, reply, row), *others]
            before = after
        raise SourceUnavailableError(f"{path} {native_id} changes faster than it can be read", 1.0)

    async def _one(self, role: str, path: str, native_id: object) -> Parts:
        found = await self._shop.one(path, native_id)
        return [] if found is None else [part(role, found[1], found[0])]

    async def _list(self, role: str, path: str, **filters: object) -> Parts:
        pages = await self._shop.all(path, {name: str(value) for name, value in filters.items()})
        return [part(role, page.reply, {"data": list(page.rows)}) for page in pages]

    async def _contacts(self, users: Sequence[Row]) -> Parts:
        wanted = dict.fromkeys(user["contactId"] for user in users if user.get("contactId") is not None)
        found = await asyncio.gather(*(self._one("contact", self._paths.contacts, each) for each in wanted))
        return [each for parts in found for each in parts]


def _lacks_payments(order: Row) -> bool:
    """The order says that something was paid, and does not show with which transaction."""
    shown = one_list(order, "payments")
    if not shown:
        return order.get("paymentStatus") not in {None, "unpaid"}
    return any("transactionId" not in payment or "method" not in payment for payment in shown)


def part(role: str, reply: Reply, row: Row) -> Part:
    """The answer as a part of a raw document, byte for byte unless a secret field has to go."""
    kept = clean(row)
    body = reply.body if kept == row else orjson.dumps(kept)
    return Part(role, reply.url, reply.status, reply.content_type, reply.received_at, body)
