"""Documents of a target against the orders that they must come from: orphans, doubles, deletions, amounts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from penstock.audit import words
from penstock.audit.ledger import Ledger
from penstock.audit.matching import What, disagreement, shown, too_many, total_of
from penstock.audit.model import ZERO, Difference, Finding, Kind, SumKey, Sums, Window, money, plain
from penstock.audit.wanted import ENDED, NOTHING, Expectation, Standing, Wanted, standings
from penstock.connectors.contract import Listed
from penstock.records.ids import canonical_id


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop of the flow. zone: in which its days begin."""

    system: str
    instance: str
    tag: str
    zone: tzinfo

    @property
    def name(self) -> str:
        return f"{self.system}:{self.instance}"


@dataclass(slots=True)
class OrderBooks:
    """The orders of some shops against the documents of one target.

    listed_at: when listing began; what was written later is not judged. config: the configuration that is valid now.
    """

    target: str
    shops: Sequence[Shop]
    ledger: Ledger
    documents: Sequence[Listed]
    expectation: Expectation
    window: Window
    listed_at: datetime
    config: str
    sums: dict[SumKey, Sums] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def finding(self) -> Finding:
        found = list(self._differences())
        return Finding(found, self.sums, dict(self.counts))

    def _differences(self) -> Iterator[Difference]:
        by_order, ours = self._by_order()
        self.counts["documents"] = len(self.documents)
        self.counts["documents of ours"] = ours
        known = standings(self.ledger, self.target)
        for standing in known:
            documents = by_order.pop(standing.canonical_id, [])
            if standing.placed_at not in self.window:
                continue
            self.counts["orders"] += 1
            yield from self._judge(standing, documents)
        linked = set(self.ledger.links.values())
        for canonical, documents in by_order.items():
            # without a window every order is on the log; with one, a link tells of an order before it
            if self.window.since is None or canonical not in linked:
                yield from (self._orphan(each) for each in documents)

    def _by_order(self) -> tuple[dict[str, list[Listed]], int]:
        """Documents by the order that they say they are, or are known to be."""
        tags = {shop.tag: shop for shop in self.shops}
        out: dict[str, list[Listed]] = defaultdict(list)
        ours = 0
        for each in self.documents:
            tag, _, native_id = (each.reference or "").partition("-")
            shop = tags.get(tag) if native_id else None
            own = canonical_id(shop.system, shop.instance, "order", native_id) if shop else self._linked(each)
            if own is not None:
                out[own].append(each)
                ours += 1
        return out, ours

    def _linked(self, document: Listed) -> str | None:
        return self.ledger.links.get(f"{self.target}:{document.native_id}")

    def _judge(self, order: Standing, documents: Sequence[Listed]) -> Iterator[Difference]:
        newest = self.expectation.of(order.newest)
        written = order.written or order.newest
        wanted = newest if written is order.newest else self.expectation.of(written)
        row = self._row(order.shop, order.placed_at, wanted.currency)
        row.orders += 1
        row.placed += newest.total
        there = total_of(documents)
        row.add_booked(there)
        if self._late(order):
            row.add_due("open", newest, there)
        elif order.written is None and order.open:
            # the first part of an order may be there while the rest is held
            row.add_due("open", newest, there)
            yield from self._doubles(order, documents, newest)
        elif order.written is None:
            row.add_due("ended" if order.status in ENDED else "elsewhere", newest, NOTHING)
            yield from (self._unwanted(order, each) for each in documents)
        elif order.cancelled:
            row.add_due("ended", newest, there)
        elif not documents:
            yield from self._gone(order, newest, wanted, row)
        else:
            yield from self._booked(order, documents, newest, wanted, row)

    def _late(self, order: Standing) -> bool:
        """Decided after the listing began: the next audit judges it."""
        return order.routed and (order.fate is None or datetime.fromisoformat(order.fate.at) >= self.listed_at)

    def _gone(self, order: Standing, newest: Wanted, wanted: Wanted, row: Sums) -> Iterator[Difference]:
        if order.open:
            row.add_due("open", newest, NOTHING)  # it is missed already: a person decides
            return
        row.add_due("open", newest, wanted)
        yield self._deleted(order, wanted)

    def _booked(
        self, order: Standing, documents: Sequence[Listed], newest: Wanted, wanted: Wanted, row: Sums
    ) -> Iterator[Difference]:
        there = total_of(documents)
        if disagreement(wanted, documents) is None or (order.open and disagreement(newest, documents) is None):
            row.add_due("open", newest, there)
            return
        extra = too_many(documents, wanted, self._is_linked)
        kept = [each for each in documents if each not in extra]
        what = disagreement(wanted, kept)
        if order.open and not extra:
            row.add_due("open", newest, there)  # a change of it is under way or held
            return
        row.add_due("open", newest, wanted)
        yield from (self._double(order, each, documents) for each in extra)
        if what is not None and not order.open:
            yield self._altered(order, kept, wanted, what)

    def _doubles(self, order: Standing, documents: Sequence[Listed], wanted: Wanted) -> Iterator[Difference]:
        linked = [each for each in documents if self._is_linked(each)]
        for each in documents if linked and len(documents) > 1 else ():
            if each not in linked and disagreement(wanted, documents) is not None:
                yield self._double(order, each, documents)

    # --- what is said of each

    def _deleted(self, order: Standing, wanted: Wanted) -> Difference:
        said = self.ledger.fate((order.written or order.newest).made.event, self.target)
        number = (said.native_id if said else None) or ""
        at = words.moment(said.at if said else "")
        return self._difference(
            "deleted",
            order,
            document=number,
            expected=f"{money(wanted.total)} {wanted.currency}",
            found="no document",
            currency=wanted.currency,
            cause=f"it was written as {number or 'a document'} at {at}, and somebody has deleted it since",
            repair=words.resync(self.target, order.reference),
        )

    def _unwanted(self, order: Standing, document: Listed) -> Difference:
        state = order.fate.state if order.fate else "not-routed"
        return self._difference(
            "orphan",
            order,
            document=document.native_id,
            expected="no document",
            found=shown(document),
            currency=document.facts.get("currency", ""),
            cause=f"we did not write it: the order's fate is {state}. Somebody entered it by hand",
            repair=f"compare the two, then delete {document.native_id} in {self.target}",
        )

    def _double(self, order: Standing, document: Listed, documents: Sequence[Listed]) -> Difference:
        by_hand = "somebody copied the document, or entered the order by hand"
        return self._difference(
            "doubled",
            order,
            document=document.native_id,
            expected="one document",
            found=f"{len(documents)} documents; this one comes to {shown(document)}",
            currency=document.facts.get("currency", ""),
            cause="it was written twice" if self._is_linked(document) else by_hand,
            repair=f"delete or cancel {document.native_id} in {self.target}",
        )

    def _altered(self, order: Standing, documents: Sequence[Listed], wanted: Wanted, what: What) -> Difference:
        there = total_of(documents)
        made = (order.written or order.newest).made
        return self._difference(
            "amount",
            order,
            document=", ".join(each.native_id for each in documents),
            what=what,
            expected=_amount(wanted, what),
            found=_amount(there, what),
            currency="" if what in {"quantity", "currency"} else wanted.currency,
            cause=f"somebody changed the {what} in {self.target} after it was written"
            + words.config_note(made.config, self.config),
            repair=words.resync(self.target, order.reference),
        )

    def _orphan(self, document: Listed) -> Difference:
        reference = document.reference or ""
        shop = next((each.name for each in self.shops if reference.startswith(f"{each.tag}-")), "")
        row = self._row(shop, document.at or self.listed_at, document.facts.get("currency", ""))
        row.add_booked(total_of([document]))
        return Difference(
            "orphan",
            self.target,
            document.native_id,
            reference=reference,
            canonical_id=self._linked(document) or "",
            expected=f"an order {reference} of the shop on the log",
            found=shown(document),
            currency=document.facts.get("currency", ""),
            cause="it has a reference of ours, and no such order ever came to the log: somebody entered it by hand",
            repair=f"take the reference off {document.native_id} in {self.target}, or delete it there",
        )

    def _difference(self, kind: Kind, order: Standing, *, document: str, **more: str) -> Difference:
        made = (order.written or order.newest).made
        raw = self.ledger.events.get(made.event)
        places = (str(raw), str(made.place)) if raw is not None else (str(made.place),)
        return Difference(
            kind,
            self.target,
            document,
            reference=order.reference,
            canonical_id=order.canonical_id,
            places=places,
            **more,
        )

    def _row(self, shop: str, at: datetime, currency: str) -> Sums:
        zone = next((each.zone for each in self.shops if each.name == shop), UTC)
        day = at.astimezone(zone).date().isoformat()
        return self.sums.setdefault((shop, self.target, day, currency), Sums())

    def _is_linked(self, document: Listed) -> bool:
        return self._linked(document) is not None


def _amount(amounts: Wanted, what: What) -> str:
    if what == "currency":
        return amounts.currency
    if what == "quantity":
        return plain(amounts.quantity)
    return money(amounts.total if what == "total" else amounts.tax or ZERO)
