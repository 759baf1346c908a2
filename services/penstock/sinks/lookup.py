"""What a handler may ask the log while it plans."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from penstock.connectors.contract import Crossing
from penstock.log.xref import XrefStore
from penstock.sinks.model import Item


class Demand(Protocol):
    """Quantities of the shops' orders that a stock figure of an ERP, (system, instance), does not hold yet."""

    def unbooked(self, sku: str, observed_at: datetime, erp: tuple[str, str]) -> Decimal: ...
    def seen(self, native_id: str) -> bool: ...
    def take_changed(self) -> set[str]: ...


class NoDemand:
    """For targets that are no shop: there is nothing to take off."""

    # ruff: noqa: ARG002 - the answers are the same for every item

    def unbooked(self, sku: str, observed_at: datetime, erp: tuple[str, str]) -> Decimal:
        return Decimal(0)

    def seen(self, native_id: str) -> bool:
        return True

    def take_changed(self) -> set[str]:
        return set()


class LogLookup:
    """Look-ups for one item. A refusal counts only when it answers this very try."""

    def __init__(self, store: XrefStore, demand: Demand, system: str, instance: str, item: Item) -> None:
        self._store = store
        self._demand = demand
        self._system = system
        self._instance = instance
        self._item = item

    def xref(self, entity: str, canonical_id: str) -> Crossing | None:
        native_id = self._store.lookup(entity, canonical_id, self._system, self._instance)
        if native_id is not None:
            return Crossing(native_id)
        refusal = (
            self._store.refusal(entity, canonical_id, self._system, self._instance) if entity == "customer" else None
        )
        if refusal is not None and refusal[0] == self._item.cause:
            return Crossing(None, refused=refusal[1], cause=self._item.cause)
        return None

    def native(self, entity: str, canonical_id: str) -> str | None:
        """The form that mappings take: the target's native id or None."""
        return self._store.lookup(entity, canonical_id, self._system, self._instance)

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:
        return self._store.canonical_of(entity, system, instance, native_id)

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:
        return self._store.lookup(entity, canonical_id, system, instance)

    def unbooked(self, sku: str) -> Decimal:
        source = self._item.record["source"]
        return self._demand.unbooked(sku, source["observed_at"], (source["system"], source["instance"]))

    def seen(self, native_id: str) -> bool:
        return self._demand.seen(native_id)
