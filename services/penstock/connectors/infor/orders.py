"""Reads and writes of one order's rows, and the steps that they make."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.connectors.contract import UNTOLD, Done, Exists, Hold, Link, Retry, SendWindow, Step, StepResult
from penstock.connectors.http import LostReplyError
from penstock.connectors.infor.client import InforClient, Row
from penstock.connectors.infor.compare import Change, Current, Delete, Refused, Update, agrees, differences, foreign
from penstock.connectors.infor.idos import read
from penstock.connectors.infor.literals import plain, quoted
from penstock.connectors.infor.outcomes import guarded, reading
from penstock.connectors.infor.payloads import Line, Values, Wanted, amounts_of, number

LINES = "SLCoitems"


class Orders:
    """The orders of one site."""

    def __init__(self, client: InforClient) -> None:
        self._client = client

    async def find(self, wanted: Wanted) -> Current | Hold | None:
        """The order as the site shows it: by our number, else by our reference. Hold when that is not unique."""
        if wanted.number is not None:
            where = f"CoNum = {quoted(wanted.number)}"
        else:
            where = f"ExternalConfirmationRef = {quoted(wanted.reference)}"
        headers = (await read(self._client, "SLCos", where)).rows
        if len(headers) > 1:
            numbers = ", ".join((row["CoNum"] or "").strip() for row in headers)
            return Hold(f"{wanted.reference} stands in several orders of Infor: {numbers}; delete the superfluous ones")
        if not headers:
            return None
        lines = await read(self._client, LINES, f"CoNum = {quoted(headers[0]['CoNum'] or '')}")
        return Current(headers[0], lines.rows)

    async def present(self, number: str | None, reference: str) -> Sequence[Row]:
        """Headers that have this CustPo, or our reference."""
        where = f"ExternalConfirmationRef = {quoted(reference)}"
        if number is not None:
            where += f" OR CustPo = {quoted(number)}"
        return (await read(self._client, "SLCos", where)).rows

    def adopting(self, row: Row, reference: str, order_id: str) -> Step:
        """Writes our reference into the header of an order that was there before; nothing else of it."""
        co_num = (row["CoNum"] or "").strip()

        async def send(window: SendWindow) -> StepResult:
            async def write() -> Done:
                values = {"ExternalConfirmationRef": reference}
                await self._client.update("SLCos", "update", values, row["_ItemId"] or "", window)
                return Done(co_num, f"{co_num} was there before; it has our reference now", (_link(order_id, co_num),))

            return await guarded(write)

        return Step("adopt", "absolute", send)

    # --- steps of a new order

    def booking(self, wanted: Wanted) -> list[Step]:
        """Header, planned, and its lines. The number that the site gives becomes known with the header."""
        numbers = [wanted.number] if wanted.number else []
        header: Values = {**wanted.header, "Stat": "P"}

        async def send(window: SendWindow) -> StepResult:
            async def write() -> Done:
                values = {"CoNum": wanted.number, **header} if wanted.number else header
                written = await self._client.insert("SLCos", values, window)
                number_given = written.values.get("CoNum")
                if not number_given:
                    raise LostReplyError(f"the site booked {wanted.reference} and did not say its CoNum")
                numbers[:] = [number_given]
                return Done(number_given.strip(), f"{number_given.strip()}: header added")

            return await guarded(write)

        async def find() -> Done | Hold | Retry | None:
            current = await reading(lambda: self.find(wanted))
            if not isinstance(current, Current):
                return current
            if refused := foreign(wanted, current):
                return Hold(refused.reason)
            numbers[:] = [current.co_num]
            return Done(current.co_num.strip(), f"{current.co_num.strip()}: header is there")

        steps = [Step("header", "keyed" if wanted.number else "probe", send, find)]
        steps += [self._line(line, line.number, numbers) for line in wanted.lines]
        return steps

    def _line(self, line: Line, co_line: int, numbers: list[str]) -> Step:
        """Adds a line, keyed by CoNum (in `numbers` by the time that it is sent) and CoLine."""
        name = f"line {co_line}"

        async def add(co_num: str, window: SendWindow) -> StepResult:
            async def write() -> Done:
                await self._client.insert(LINES, {"CoNum": co_num, **line.values, "CoLine": str(co_line)}, window)
                return Done(reply=f"{name} added")

            return await guarded(write)

        async def send(window: SendWindow) -> StepResult:
            return await add(numbers[0], window)

        async def rehearse(window: SendWindow) -> StepResult:
            return await add(numbers[0] if numbers else UNTOLD, window)

        async def find() -> Done | Hold | Retry | None:
            where = f"CoNum = {quoted(numbers[0])} AND CoLine = {quoted(co_line)}"
            page = await reading(lambda: read(self._client, LINES, where))
            if isinstance(page, Hold | Retry):
                return page
            if not page.rows:
                return None
            if agrees(line, page.rows[0]):
                return Done(reply=f"{name} is there")
            return Retry(f"{name} is there with other content: compare the whole order", 0.1)

        return Step(name, "keyed", send, find, rehearse)

    # --- steps of an order that was just read

    def changing(self, change: Change, current: Current) -> Step:
        """Writes one change. The row's handle refuses it when the row has moved since it was read."""
        if isinstance(change, Update) and change.line is not None:
            return self._line(change.line, int(change.values["CoLine"] or 0), [current.co_num])

        async def write(window: SendWindow) -> Done:
            if isinstance(change, Delete):
                await self._client.delete(change.ido, change.item_id, window)
                return Done(reply=f"{change.name} deleted")
            await self._client.update(change.ido, "update", change.values, change.item_id, window)
            return Done(reply=f"{change.name}: {', '.join(change.values)}")

        async def send(window: SendWindow) -> StepResult:
            return await guarded(lambda: write(window))

        return Step(f"{'delete' if isinstance(change, Delete) else 'change'} {change.name}", "absolute", send)

    def ending(self, wanted: Wanted, order_id: str, before: Current | None) -> list[Step]:
        """Read back to the cent, then release; the last reply carries number and link. `before`: as it stood so far."""
        seen: list[Current] = []
        stat = "O" if wanted.released else "P"

        async def verify(_window: SendWindow) -> StepResult:
            current = await reading(lambda: self.find(wanted))
            if not isinstance(current, Current):
                return current or Retry(f"order {wanted.reference} is not to be seen yet", 0.5)
            if fault := fault_of(wanted, current):
                return Hold(f"order {wanted.reference}: {fault}")
            seen[:] = [current]
            total = plain(number(current.header, "Price"))
            return _done(order_id, current, f"{len(current.lines)} lines, {total} {wanted.currency}")

        async def release(window: SendWindow) -> StepResult:
            current = seen[0]
            if current.stat == stat or current.stat not in {"O", "P"}:
                return _done(order_id, current, f"Stat {current.stat}")
            if current.shipped:
                return Hold(
                    f"order {wanted.reference} is no longer paid, and {current.co_num.strip()} is shipped in part: "
                    "stop it in Infor, or have it paid"
                )
            item_id = current.header["_ItemId"] or ""
            result = await guarded(lambda: self._client.update("SLCos", "update", {"Stat": stat}, item_id, window))
            if isinstance(result, Exists | Retry | Hold):
                return result
            return _done(order_id, current, f"Stat {stat}")

        async def rehearse_verify(_window: SendWindow) -> StepResult:
            return Done(reply="the order is read back and compared to the cent")

        async def rehearse_release(window: SendWindow) -> StepResult:
            seen[:] = [before or Current({"CoNum": wanted.number or UNTOLD, "Stat": "P"}, [])]
            seen[0].header["_ItemId"] = UNTOLD  # every write of the order gives the row another handle
            return await release(window)

        return [
            Step("verify", "absolute", verify, rehearse=rehearse_verify),
            Step("release" if wanted.released else "plan", "absolute", release, rehearse=rehearse_release),
        ]


def _done(order_id: str, current: Current, text: str) -> Done:
    held = (current.header.get("CreditHold") or "").strip() == "1"
    native_id = current.co_num.strip()
    reply = f"{native_id}: {text}{', on credit hold' if held else ''}"
    return Done(native_id, reply, (_link(order_id, native_id),))


def _link(order_id: str, native_id: str) -> Link:
    return Link("order", order_id, native_id)


def fault_of(wanted: Wanted, current: Current) -> str | None:
    """What the site shows otherwise than it was written; None when all agrees, to the cent."""
    changes = differences(wanted, current)
    if isinstance(changes, Refused):
        return changes.reason
    if changes:
        names = "; ".join(f"{change.name} ({_shown(change)})" for change in changes)
        return f"Infor shows other values in {current.co_num.strip()} than were written: {names}"
    total = number(current.header, "Price")
    if total != wanted.total:
        amounts = amounts_of(current.header, current.lines, wanted.currency)
        return (
            f"Infor totals {current.co_num.strip()} at {plain(total)} {wanted.currency} ({amounts}), the shop charged "
            f"{plain(wanted.total)}: see header Disc, line Disc and taxes of the order in Infor"
        )
    return None


def _shown(change: Change) -> str:
    return ", ".join(change.values) if isinstance(change, Update) and change.line is None else "lines differ"
