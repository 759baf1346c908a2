"""How a try ends on the log: links, fate, hold and effect, in the order that a crash needs (docs/adr/0004)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from penstock.checkpoints import reach
from penstock.connectors.contract import CustomerRequest, Hold, Link, Notice, Plan, Sink
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Item
from penstock.sinks.progress import Finished, Progress, closed_of, failed_of, intent_of, links_told

log = structlog.get_logger()


class Journal(Protocol):
    """Writes to the log, each acknowledged by the broker before it returns."""

    async def effect(self, item: Item, effect: Effect) -> None: ...
    async def intent(self, item: Item, effect: Effect) -> None:
        """As `effect`. Raises OwnershipError when another process has taken the partition over before it."""
        ...

    async def links(self, item: Item, links: list[Link]) -> None: ...
    async def refuse_customer(self, item: Item, reason: str) -> None: ...
    async def request_customer(self, item: Item, request: CustomerRequest) -> None: ...
    async def fate(self, item: Item, state: str, reason: str, native_id: str | None = None) -> None: ...
    async def hold(self, item: Item, held: Hold) -> str:
        """`new` or `changed`; `same` or `closed` when nothing was written."""
        ...

    async def tell(self, item: Item, notice: Notice, rule: str = "") -> None: ...
    async def left(self, item: Item, fields: list[str], why: str) -> None: ...
    async def settle_older(self, item: Item) -> None: ...
    async def close_entries(self, item: Item) -> None: ...


class Recorder:
    """Writes the records of one target's tries."""

    def __init__(self, sink: Sink, journal: Journal, epoch: Callable[[int], int], now: Callable[[], str]) -> None:
        self._sink = sink
        self._journal = journal
        self._epoch = epoch
        self._now = now

    async def intent(self, progress: Progress, plan: Plan) -> None:
        effect = intent_of(progress, plan, self._sink, self._epoch(progress.item.partition), self._now())
        await self._journal.intent(progress.item, effect)
        progress.effect = effect

    async def close_failed(self, progress: Progress, reason: str) -> None:
        """Closes an intent of this try without having applied."""
        if progress.effect is None or progress.effect.state != "intent":
            return
        progress.effect = failed_of(progress, progress.effect, reason, self._now())
        await self._journal.effect(progress.item, progress.effect)

    async def finish(
        self, item: Item, effect: Effect | None, state: str, reason: str, progress: Progress | None = None
    ) -> Finished:
        """xref, then fate, then effect: each may be repeated, and only the effect closes the intent."""
        native_id = progress.known_native_id(effect) if progress else effect.native_id if effect else None
        links = progress.links_of(state, native_id) if progress else []
        kept = sorted(set(progress.kept)) if progress else []
        if kept:
            reason = "; ".join(filter(None, (reason, f"left as the target has them: {', '.join(kept)}")))
        if links:
            await self._journal.links(item, links)
            reach("sinks.xref-written")
        if item.entity == CUSTOMER_REQUEST and state == "rejected":
            await self._journal.refuse_customer(item, reason)
        if kept:
            await self._journal.left(item, kept, "the target is the master of these fields in this flow")
        if state in {"applied", "unchanged"} and effect is not None:
            for notice in effect.notices:
                await self._journal.tell(item, Notice(*notice))
        await self._journal.fate(item, state, reason, native_id)
        reach("sinks.fate-written")
        if state == "rejected" and item.entity != CUSTOMER_REQUEST:
            await self._journal.tell(item, Notice("rejected", reason))
        if progress is not None:
            epoch = self._epoch(item.partition)
            closed = closed_of(progress, effect, state, reason, links, epoch, self._now())
            await self._journal.effect(item, closed)
            reach("sinks.effect-written")
        await self._journal.close_entries(item)
        reach("sinks.entries-closed")
        if state in {"applied", "rejected"} and item.entity != CUSTOMER_REQUEST:
            log.info(
                "settled", fate=state, entity=item.entity, document=item.document, native_id=native_id, reason=reason
            )
        return Finished(state)

    async def hold(
        self, item: Item, effect: Effect | None, held: Hold, progress: Progress | None = None, *, public: str = ""
    ) -> Finished:
        """`public` is the reason without values of the document, for the records that hold no personal data.

        What was sent before the hold is there already: its links are true now, and its shipments look for them. A try
        that ends in the same hold does not tell them again: their time is that of the booking, stock counts on it.
        """
        public = public or held.reason
        links = progress.links_of("held", None) if progress else []
        told = links_told(progress.previous, item) if progress else []
        if any([link.entity, link.canonical_id, link.native_id] not in told for link in links):
            await self._journal.links(item, links)
        said = "new"
        if item.entity == CUSTOMER_REQUEST:
            await self._journal.refuse_customer(item, held.reason)
        else:
            said = await self._journal.hold(item, held)
            reach("sinks.hold-entered")
            if said in {"new", "changed"}:
                await self._journal.fate(item, "held", public, progress.written if progress else None)
            if said == "new":
                await self._journal.tell(item, Notice("held", public), held.rule)
                log.warning("held", entity=item.entity, document=item.document, rule=held.rule, reason=public)
        if progress is not None and (said != "same" or (effect is not None and effect.state == "intent")):
            epoch = self._epoch(item.partition)
            await self._journal.effect(
                item, closed_of(progress, effect, "held", held.reason, links, epoch, self._now())
            )
        reach("sinks.held")
        if said == "closed":
            return Finished("discarded")
        if item.entity == CUSTOMER_REQUEST or held.clears_on is None:
            return Finished("held")
        return Finished("held", held.clears_on, held.reason, held.after)
