"""Reads and writes of sales orders, and the steps that they make."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from penstock.connectors.contract import Done, Hold, Link, Retry, SendWindow, Step, StepResult, Untold
from penstock.connectors.sage100.amounts import ZERO, plain_cents
from penstock.connectors.sage100.client import CUSTOMER, SALES_ORDER, Row, SageClient, keyed
from penstock.connectors.sage100.compare import Changes, foreign
from penstock.connectors.sage100.errors import RefusedError
from penstock.connectors.sage100.items import Items
from penstock.connectors.sage100.orders import Part, number, sage_total
from penstock.connectors.sage100.outcomes import guarded, reading
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import CLOSED, HELD, PART, REFERENCE, WAITS_FOR, is_charge
from penstock.rules.credit import Credit
from penstock.rules.stock import Shortage, Want, arithmetic, shortages


class Booking:
    """The sales orders of one company."""

    def __init__(self, client: SageClient, settings: Sage100Settings, items: Items) -> None:
        self._client = client
        self._settings = settings
        self._items = items

    # --- reads

    async def read(self, sales_order_no: str) -> Row | None:
        found = await self._client.get(keyed(SALES_ORDER, sales_order_no))
        return found[0] if found else None

    async def find(self, part: Part) -> Row | Hold | None:
        """The part as Sage shows it: by its number, else by customer and PO number, where the facade numbers."""
        if part.number is not None:
            return await self.read(part.number)
        body = part.body
        names = ("ARDivisionNo", "CustomerNo", "CustomerPONo")
        filters = {name: str(body[name]) for name in names if name in body}
        rows = await self._client.rows(SALES_ORDER, {**filters, "includeLines": "true"})
        fitting = [row for row in rows if _is(part, row)]
        if len(fitting) > 1:
            numbers = ", ".join(str(row["SalesOrderNo"]) for row in fitting)
            return Hold(f"{part.reference} stands in several orders of Sage 100: {numbers}; delete those too many")
        return fitting[0] if fitting else None

    async def present(self, customer_po_no: str) -> list[Row]:
        """Orders, open and complete, that have this CustomerPONo; of a web order in two parts the first."""
        rows = await self._client.rows(SALES_ORDER, {"CustomerPONo": customer_po_no})
        return [row for row in rows if row.get(PART) != "remainder"]

    async def credit(self, customer: str) -> Credit:
        found = await self._client.get(keyed(CUSTOMER, customer))
        row = found[0] if found else {}
        return Credit(
            limit=number(row, "CreditLimit"),
            balance=number(row, "CurrentBalance"),
            open_orders=number(row, "OpenOrderAmt"),
            on_hold=row.get("CreditHold") == "Y",
        )

    # --- steps

    def adopting(self, sales_order: str, reference: str, order_id: str) -> Step:
        """Writes our reference into an order that was there before; nothing else of it."""

        async def send(window: SendWindow) -> StepResult:
            async def write() -> Done:
                await self._client.change(keyed(SALES_ORDER, sales_order), {REFERENCE: reference}, window)
                reply = f"{sales_order} was there before; it has our reference now"
                return Done(sales_order, reply, (Link("order", order_id, sales_order),))

            return await guarded(write)

        return Step("adopt", "absolute", send)

    def creating(self, part: Part, order_id: str, *, tax_waived: bool) -> Step:
        """Keyed by SalesOrderNo, a probe where the facade numbers. One POST is the whole document, or nothing."""

        def seen(row: Row, how: str) -> StepResult:
            part.row = row
            if fault := self._fault(part, row, tax_waived=tax_waived):
                return fault
            sales_order = str(row["SalesOrderNo"])
            links = (Link("order", order_id, sales_order),) if part.name != "remainder" else ()
            native = sales_order if part.name != "remainder" else None
            reply = f"{sales_order} {how}: {len(part.lines)} lines, {self._settings.money(sage_total(row))}"
            return Done(native, reply, links)

        async def send(window: SendWindow) -> StepResult:
            async def write() -> StepResult:
                answer = await self._client.create(SALES_ORDER, part.body, window, part.key)
                if "TaxableAmt" not in answer and answer.get("SalesOrderNo"):
                    answer = await self.read(str(answer["SalesOrderNo"])) or answer
                return seen(_with_ours(part, answer), "booked")

            return await guarded(write, self._settings.credit_retry_seconds)

        async def find() -> Done | Hold | Retry | None:
            row = await reading(lambda: self.find(part))
            if row is None or isinstance(row, Hold | Retry):
                return row
            if reason := foreign(part, row):
                return Hold(reason)
            result = seen(row, "is there")
            return result if isinstance(result, Done | Hold) else None

        name = "remainder" if part.name == "remainder" else "order"
        return Step(name, "probe" if part.number is None else "keyed", send, find)

    def changing(self, part: Part, changes: Changes) -> Step:
        """PATCH of what differs; safe to repeat."""
        sales_order = _number(part)

        async def write(window: SendWindow) -> StepResult:
            try:
                row = await self._client.change(keyed(SALES_ORDER, sales_order), changes.body, window)
            except RefusedError as error:
                if error.code == "SO_OrderClosed" and (part.row or {}).get("OrderStatus") != CLOSED:
                    # completed since it was read: what may still differ is decided anew
                    return Retry(f"{sales_order} was completed meanwhile", 0.5)
                raise
            if "TaxableAmt" in row and "Lines" in row:
                part.row = row
            else:
                part.row = await self.read(sales_order)
            if part.row is not None and (fault := self._fault(part, part.row, tax_waived=True)):
                return fault
            return Done(sales_order, f"{sales_order}: {', '.join(changes.body)}", kept=changes.kept)

        async def send(window: SendWindow) -> StepResult:
            return await guarded(lambda: write(window))

        return Step(f"change {part.name}", "absolute", send)

    def standing(self, part: Part, customer: str, *, released: bool, ignore_credit: bool) -> Step:
        """Takes an order off the hold that it need not have any more; a clerk's own hold stays."""

        async def send(window: SendWindow) -> StepResult:
            return await guarded(lambda: self._stand(part, customer, window, released, ignore_credit))

        async def rehearse(window: SendWindow) -> StepResult | Untold:
            if part.row is not None:
                return await send(window)
            waits = part.body.get(WAITS_FOR)
            if waits == "stock":
                return self._stock_hold(part, ())
            if waits is None and ignore_credit and (await self.credit(customer)).refuses(part.total):
                return Untold("Sage 100 may put the order on credit hold by itself; it is then released")
            return Done(reply="stays as it is booked")

        name = "release remainder" if part.name == "remainder" else "release"
        return Step(name, "absolute", send, rehearse=rehearse)

    async def _stand(
        self, part: Part, customer: str, window: SendWindow, released: bool, ignore_credit: bool
    ) -> StepResult:
        row = part.row or {}
        sales_order = _number(part)
        if row.get("OrderStatus") != HELD:
            return Done(reply=f"{sales_order} is open")
        waits = str(row.get(WAITS_FOR) or "")
        if waits == "payment" and not released:
            return Done(reply=f"{sales_order} is on hold until it is paid")
        if waits == "stock":
            if hold := await self._lacking(part, row):
                return hold
        elif waits != "payment":
            if not self._by_credit(row):
                return Done(reply=f"{sales_order} is on hold by a clerk")
            if not ignore_credit and (hold := self._over(await self.credit(customer), sales_order)):
                return hold
        await self._client.act(f"{keyed(SALES_ORDER, sales_order)}/Release", None, window)
        if waits:
            await self._client.change(keyed(SALES_ORDER, sales_order), {WAITS_FOR: ""}, window)
        return Done(reply=f"{sales_order} released")

    def _by_credit(self, row: Row) -> bool:
        warned = any(str(each.get("code", "")).startswith("AR_Credit") for each in row.get("Warnings") or ())
        return warned or row.get("CancelReasonCode") == self._settings.credit_reason

    def _over(self, credit: Credit, sales_order: str) -> Hold | None:
        """The order is among the customer's open orders by now."""
        if not credit.refuses(ZERO):
            return None
        return Hold(
            f"order {sales_order} is booked in Sage 100 and on credit hold there: release it, or wait for a payment",
            rule="credit",
            arithmetic=credit.arithmetic(ZERO),
            clears_on="credit",
            after=self._settings.credit_retry_seconds,
        )

    async def _lacking(self, part: Part, row: Row) -> Hold | None:
        """What the remainder still lacks. It is among the promised quantities itself, and so may later ones be."""
        wants = _wants(row)
        free = await self._items.available(want.place for want in wants)
        for want in wants:
            free[want.place] += want.quantity
        lacking = shortages(wants, free)
        if lacking:
            for want in await self._behind(row):
                if want.place in free:
                    free[want.place] += want.quantity
            lacking = shortages(wants, free)
        return self._stock_hold(part, lacking) if lacking else None

    def _stock_hold(self, part: Part, lacking: Sequence[Shortage]) -> Hold:
        return Hold(
            f"the remainder {_number(part)} of {part.reference} waits for stock",
            rule="stock",
            arithmetic=arithmetic(lacking),
            clears_on="stock",
            after=self._settings.stock_retry_seconds,
        )

    async def _behind(self, row: Row) -> list[Want]:
        """What remainders that came after this one wait for: they stand behind it in the queue."""
        rows = await self._client.rows(SALES_ORDER, {"OrderStatus": HELD, "includeLines": "true"})
        ours = _turn(row)
        later = [other for other in rows if other.get(WAITS_FOR) == "stock" and _turn(other) > ours]
        return [want for other in later for want in _wants(other)]

    # --- cancels

    def deleting(self, row: Row) -> Step:
        sales_order = str(row["SalesOrderNo"])

        async def send(window: SendWindow) -> StepResult:
            async def write() -> Done:
                await self._client.delete(keyed(SALES_ORDER, sales_order), window)
                return Done(sales_order, f"{sales_order} deleted")

            result = await guarded(write)
            if isinstance(result, Hold) and await self.read(sales_order) is None:
                return Done(sales_order, f"{sales_order} is no longer there")
            if isinstance(result, Hold) and result.rule == "closed":
                return await guarded(lambda: self._stop(sales_order, window))
            return result

        return Step(f"delete {sales_order}", "absolute", send)

    def stopping(self, row: Row) -> Step:
        sales_order = str(row["SalesOrderNo"])

        async def send(window: SendWindow) -> StepResult:
            return await guarded(lambda: self._stop(sales_order, window))

        return Step(f"hold {sales_order}", "absolute", send)

    async def _stop(self, sales_order: str, window: SendWindow) -> Done:
        reason = self._settings.cancel_reason
        body: Row | None = {"CancelReasonCode": reason} if reason else None
        await self._client.act(f"{keyed(SALES_ORDER, sales_order)}/Hold", body, window)
        return Done(sales_order, f"{sales_order} put on hold")

    def _fault(self, part: Part, row: Row, *, tax_waived: bool) -> Hold | None:
        """What Sage shows otherwise than was written, to the cent."""
        total, tax = sage_total(row), number(row, "SalesTaxAmt")
        if part.tax_by_schedule:
            if tax != part.money.tax and not tax_waived:
                return tax_hold(str(row["SalesOrderNo"]), tax, part.money.tax)
            total += part.money.tax - tax
        if total != part.total:
            names = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt", "DiscountAmt")
            rows = [(name, plain_cents(number(row, name))) for name in names]
            rows += [("total in Sage 100", plain_cents(total)), ("charged by the shop", plain_cents(part.total))]
            return Hold(
                f"Sage 100 totals {row['SalesOrderNo']} otherwise than the shop: a clerk must compare the two",
                rule="amounts",
                arithmetic=rows,
            )
        return None


def tax_hold(where: str, sage: Decimal, shop: Decimal) -> Hold:
    rows = [("tax by the schedule", plain_cents(sage)), ("tax of the shop", plain_cents(shop))]
    return Hold(
        f"{where}: the tax schedule of Sage 100 comes to another tax than the shop charged: correct the schedule or "
        "the shop, or release the order to book Sage's tax",
        rule="tax",
        arithmetic=[*rows, ("difference", plain_cents(shop - sage))],
    )


def closed(row: Row) -> bool:
    return row.get("OrderStatus") == CLOSED


def _number(part: Part) -> str:
    return str(part.row["SalesOrderNo"]) if part.row else part.number or ""


def _with_ours(part: Part, row: Row) -> Row:
    """An answer to our POST; user-defined fields that it does not repeat are as we sent them."""
    ours = {name: part.body[name] for name in (REFERENCE, PART, WAITS_FOR) if name in part.body}
    return {**ours, **row}


def _is(part: Part, row: Row) -> bool:
    """By our reference and part where the site has the fields, by the total where it has not."""
    if REFERENCE in row:
        return row[REFERENCE] == part.reference and str(row.get(PART) or "") == str(part.body.get(PART) or "")
    return sage_total(row) == part.total


def _turn(row: Row) -> tuple[str, str]:
    return str(row.get("OrderDate") or ""), str(row["SalesOrderNo"])


def _wants(row: Row) -> list[Want]:
    lines = [line for line in row.get("Lines") or () if not is_charge(str(line.get("ItemCode") or ""))]
    return [
        Want(
            index,
            (str(line["ItemCode"]), str(line.get("WarehouseCode") or row.get("WarehouseCode") or "")),
            number(line, "QuantityOrdered") - number(line, "QuantityShipped"),
        )
        for index, line in enumerate(lines)
    ]
