"""Stale values: what a shop or an ERP shows against the last that the log has of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from penstock.audit import words
from penstock.audit.ledger import WRITTEN, Ledger, Version
from penstock.audit.matching import fact
from penstock.audit.model import Difference, Window, money
from penstock.audit.wanted import ENDED, held_before
from penstock.connectors.contract import Listed
from penstock.records.ids import canonical_id

SHIPPED = frozenset({"shipped", "complete"})
"""Of an OrderStatus: all goods have left."""
SHIPPED_IN_SHOP = frozenset({"shipped", "delivered"}) | ENDED


@dataclass(frozen=True, slots=True)
class Looked:
    """A system as it was listed. listed_at: when listing began; grace: that news may be on their way."""

    system: str
    instance: str
    listed_at: datetime
    grace: timedelta

    @property
    def name(self) -> str:
        return f"{self.system}:{self.instance}"

    def young(self, at: datetime | None) -> bool:
        return at is not None and at > self.listed_at - self.grace


def shop_orders(
    looked: Looked, listed: Sequence[Listed], ledger: Ledger, window: Window, since: datetime
) -> Iterator[Difference]:
    """Orders that the shop shows against the log. since: orders before it are not read at all."""
    on_log = ledger.keys.get(f"raw.{looked.system}.order", set())
    unsettled = set(held_before(ledger, ""))
    behind = behind_the_erp(looked, ledger)
    words_of = statuses_of_shop(ledger, looked)
    for each in listed:
        own = canonical_id(looked.system, looked.instance, "order", each.native_id)
        versions = ledger.orders.get(own)
        if each.at is not None and (each.at not in window or each.at < since):
            continue
        if versions is None:
            if f"{looked.instance}:{each.native_id}" not in on_log and not looked.young(each.at):
                yield words.not_on_log(looked.name, each)
            continue
        newest = versions[-1]
        if own in unsettled or looked.young(newest.record["source"]["observed_at"]):
            continue
        if (stale := _stale_order(looked, each, newest)) is not None:
            yield stale
        elif (status := behind.get(own)) is not None and words_of.get(each.facts.get("state", "")):
            shown = words_of[each.facts["state"]]
            if shown not in SHIPPED_IN_SHOP:
                yield words.status_behind(looked.name, each, newest, status, shown)


def statuses_of_shop(ledger: Ledger, looked: Looked) -> dict[str, str]:
    """The shop's word for a state -> the canonical one, as the log has seen them together."""
    return {
        str(version.record["source_status"]): str(version.record["status"])
        for version in (versions[-1] for versions in ledger.orders.values())
        if version.record["source"]["system"] == looked.system
    }


def behind_the_erp(looked: Looked, ledger: Ledger) -> dict[str, Version]:
    """Orders that the ERP has shipped in full, and whose news have reached the shop, as we say: order -> that status.

    A web order may be several documents of the ERP: all of them must say so.
    """
    said: dict[str, list[Version]] = {}
    for version in ledger.statuses.values():
        if version.record["order_id"] and not version.record["deleted_at"]:
            said.setdefault(version.record["order_id"], []).append(version)
    out = {}
    for order_id, versions in said.items():
        fates = [ledger.fate(version.made.event, looked.name) for version in versions]
        if all(v.record["status"] in SHIPPED for v in versions) and all(
            fate is not None and fate.state in WRITTEN and datetime.fromisoformat(fate.at) < looked.listed_at
            for fate in fates
        ):
            out[order_id] = versions[-1]
    return out


def _stale_order(looked: Looked, each: Listed, newest: Version) -> Difference | None:
    """What the shop shows of an order now, and the log does not know."""
    record = newest.record
    state, total = each.facts.get("state"), fact(each, "total")
    if state is not None and state != str(record["source_status"]):
        return words.stale_order(looked.name, each, newest, "state", str(record["source_status"]), state)
    if total is not None and total != record["totals"]["gross"]:
        expected = money(record["totals"]["gross"])
        return words.stale_order(looked.name, each, newest, "total", expected, money(total))
    return None


def erp_orders(looked: Looked, listed: Sequence[Listed], ledger: Ledger, window: Window) -> Iterator[Difference]:
    """Orders of ours in the ERP whose state there is not what the log has."""
    for each in listed:
        status = ledger.statuses.get(f"{looked.name}:{each.native_id}")
        state = each.facts.get("state")
        if status is None or state is None or not _placed_in(window, ledger, status.record["order_id"]):
            continue
        if looked.young(status.record["source"]["observed_at"]) or status.record["deleted_at"]:
            continue
        if state != str(status.record["source_status"]):
            yield words.stale_order(looked.name, each, status, "state", str(status.record["source_status"]), state)


def _placed_in(window: Window, ledger: Ledger, order_id: str | None) -> bool:
    versions = ledger.orders.get(order_id or "")
    return versions is not None and versions[-1].record["placed_at"] in window
