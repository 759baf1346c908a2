"""What a record would change in its target: the effect protocol itself, on a sink and a journal that write nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from penstock.connectors.contract import UNTOLD, Crossing, CustomerRequest, Hold, Link, Lookup, Notice
from penstock.sinks.health import Health
from penstock.sinks.model import Effect, Item
from penstock.sinks.progress import Finished
from penstock.sinks.protocol import (
    EffectProtocol,
    NotOursOf,
    PayloadOf,
    PoliciesOf,
    all_ours,
    no_policies,
)
from penstock.sinks.rehearsal import Rehearsal, RehearsedStep

EffectOf = Callable[[Item], Effect | None]
LookupOf = Callable[[Item], Lookup]
RequestItem = Callable[[Item, CustomerRequest], Item]
"""The record by which an item asks for a customer, as the customer lane would consume it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What became of a record, had it been tried now. `fate` is the state that it would have, or `waiting`.

    rule: of a hold, or what it waits for. links: what the cross-reference would learn.
    """

    target: str
    entity: str
    document: str
    fate: str
    reason: str
    rule: str = ""
    steps: Sequence[RehearsedStep] = ()
    arithmetic: Sequence[tuple[str, str]] = ()
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the protocol asks for, as in a running sink. newer: does a later version of the document wait?"""

    effect_of: EffectOf
    lookup_of: LookupOf
    payload_of: PayloadOf
    request_item: RequestItem
    newer: Callable[[Item], bool] = lambda _: False
    policies_of: PoliciesOf = no_policies
    not_ours_of: NotOursOf = all_ours
    options: Mapping[str, Any] = field(default_factory=dict)


async def preview(item: Item, rehearsal: Rehearsal, around: Surroundings) -> Preview:
    """Raises PreviewError when the target does not answer usefully. Writes nothing, anywhere."""
    item = replace(item)  # the protocol notes on it what it has done
    learnt = _Learnt()
    journal = _SilentJournal(learnt)
    target = f"{rehearsal.system}:{rehearsal.instance}"
    protocol = EffectProtocol(
        rehearsal,
        _State(around, learnt),
        journal,
        Health(target, journal.alert),
        payload_of=around.payload_of,
        options=around.options,
        shadow=False,
        now=lambda: "",
        policies_of=around.policies_of,
        not_ours_of=around.not_ours_of,
    )
    ending = await protocol.run(item)
    if journal.request is not None:
        # the customer lane first, as the sink does
        lane = await protocol.run(around.request_item(item, journal.request))
        if not isinstance(lane, Finished):
            ending = lane
        elif lane.state == "applied" and item.entity == "customer" and rehearsal.kept_back:
            # the target does not show what was not written: how the customer then differs, nobody can say
            rehearsal.told(item.entity, "fields", rehearsal.kept_back, "what then differs is written", untold=True)
            ending, journal.reason = Finished("applied"), "the customer is added first"
        else:
            if lane.state == "applied":
                learnt.coming.add(journal.request.customer_id)
            ending = await protocol.run(item)
    about = (target, item.entity, item.document)
    steps, links = tuple(rehearsal.steps), tuple(learnt.links)
    if not isinstance(ending, Finished):
        return Preview(*about, "waiting", ending.reason, ending.on, steps)
    if ending.state == "held" and (held := journal.held) is not None:
        return Preview(*about, "held", held.reason, held.rule, steps, held.arithmetic, links)
    return Preview(*about, ending.state, journal.reason, "", steps, (), links)


class _Learnt:
    """What the cross-reference would have learnt by now. coming: customers whose number the target will choose."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.coming: set[str] = set()
        self.refused: dict[str, str] = {}

    def xref(self, entity: str, canonical_id: str, known: Crossing | None) -> Crossing | None:
        for link in self.links:
            if (link.entity, link.canonical_id) == (entity, canonical_id):
                return Crossing(link.native_id)
        if entity == "customer" and (known is None or known.native_id is None):
            customer_id = canonical_id.partition("/")[0]
            if customer_id in self.refused:
                return Crossing(None, refused=self.refused[customer_id])
            if customer_id in self.coming:
                return Crossing(UNTOLD)
        return known


class _Lookup:
    """The log, and what this preview has added to it."""

    def __init__(self, known: Lookup, learnt: _Learnt) -> None:
        self._known = known
        self._learnt = learnt

    def xref(self, entity: str, canonical_id: str) -> Crossing | None:
        return self._learnt.xref(entity, canonical_id, self._known.xref(entity, canonical_id))

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:
        return self._known.canonical_of(entity, native_id, system=system, instance=instance)

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:
        return self._known.native_in(entity, canonical_id, system=system, instance=instance)

    def unbooked(self, sku: str) -> Decimal:
        return self._known.unbooked(sku)

    def seen(self, native_id: str) -> bool:
        return self._known.seen(native_id)


class _State:
    """The protocol's view of what is known."""

    def __init__(self, around: Surroundings, learnt: _Learnt) -> None:
        self._around = around
        self._learnt = learnt

    def effect(self, item: Item) -> Effect | None:
        found = self._around.effect_of(item)
        # nothing is sent: there is no window to wait for
        return None if found is None else replace(found, clear_at=0.0)

    def newer_entry(self, item: Item) -> bool:
        return self._around.newer(item)

    def epoch(self, _partition: int) -> int:
        return -1

    def lookup(self, item: Item) -> Lookup:
        return _Lookup(self._around.lookup_of(item), self._learnt)


class _SilentJournal:
    """Remembers what would be written to the log."""

    # ruff: noqa: ARG002 - a journal is told more than a preview needs

    def __init__(self, learnt: _Learnt) -> None:
        self._learnt = learnt
        self.request: CustomerRequest | None = None
        self.held: Hold | None = None
        self.reason = ""

    async def effect(self, item: Item, effect: Effect) -> None:
        """How an intent ended: of no use here."""

    async def intent(self, item: Item, effect: Effect) -> None:
        """Nothing is sent: whose the partition is does not matter."""

    async def links(self, item: Item, links: list[Link]) -> None:
        self._learnt.links += links

    async def refuse_customer(self, item: Item, reason: str) -> None:
        self._learnt.refused[str(item.record["customer_id"])] = reason

    async def request_customer(self, item: Item, request: CustomerRequest) -> None:
        self.request = request

    async def fate(self, item: Item, state: str, reason: str, native_id: str | None = None) -> None:
        self.reason = reason

    async def hold(self, item: Item, held: Hold) -> str:
        self.held = held
        return "new"

    async def tell(self, item: Item, notice: Notice, rule: str = "") -> None:
        """Nobody is told of what has not happened."""

    async def left(self, item: Item, fields: list[str], why: str) -> None:
        """Said in the reason of the fate already."""

    async def settle_older(self, item: Item) -> None:
        """Older versions stay as they are."""

    async def close_entries(self, item: Item) -> None:
        """The entry stays open."""

    async def alert(self, kind: str, priority: int, reason: str, seconds: float) -> None:
        """No outage is told of."""
