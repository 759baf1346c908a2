"""Products and companies of the ERP -> the shop's, upserted by customKey; members left out stay as they are (3.5)."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from penstock.connectors.clarity.client import Row, Shop, filled
from penstock.connectors.clarity.handlers.base import ShopHandler, step
from penstock.connectors.contract import Decision, Done, Hold, Plan, SendWindow, Settled, Step, StepResult, Task, Wait


class KeyedHandler(ShopHandler):
    """Members of which the shop is the master are sent when the document is made, and reported when they differ."""

    list_path: str = ""
    put_path: str = ""
    prefix: str = ""
    """Of the id in the shop, as raw documents are named (`account-88`)."""

    @abstractmethod
    async def key(self, task: Task) -> str | Settled | Hold:
        """customKey of the document in the shop."""

    async def decide(self, task: Task) -> Decision:
        key = await self.key(task)
        if not isinstance(key, str):
            return key
        rows = await self.shop.rows(getattr(self.shop.paths, self.list_path), customKey=key)
        row = rows[0] if rows else None
        wanted = {name: _written(value) for name, value in self.members(task).items() if value is not None}
        if row is None:
            if task.record.get("deleted_at"):
                return Settled("gone", f"neither the ERP nor the shop has {key}")
            if (early := self.too_early(task)) is not None:
                return early
            return Plan([self._put(key, wanted, None, ())])
        wanted = {name: _merged(row.get(name), value) for name, value in wanted.items()}
        differing = {name: value for name, value in wanted.items() if not _same(row.get(name), value)}
        kept = sorted(task.not_ours & differing.keys())
        changed = {name: value for name, value in differing.items() if name not in task.not_ours}
        native_id = f"{self.prefix}{row['id']}"
        if not changed:
            return Settled("unchanged", f"the shop's {key} has these values", native_id, kept=kept)
        return Plan([self._put(key, {"name": row["name"], **changed}, row, kept)], native_id=native_id)

    async def remove(self, task: Task) -> Decision:
        """What the ERP has deleted is not sold any more."""
        return await self.decide(task)

    def too_early(self, task: Task) -> Wait | None:  # noqa: ARG002 - for those who must ask
        """Why it is not made yet."""
        return None

    def members(self, task: Task) -> Mapping[str, Any]:
        members = {name: value for name, value in task.payload.items() if name != "customKey"}
        return {**members, "active": False} if task.record.get("deleted_at") else members

    def _put(self, key: str, body: Row, row: Row | None, kept: Sequence[str]) -> Step:
        version = None if row is None else int(row["version"])

        async def send(window: SendWindow) -> StepResult:
            path = filled(getattr(self.shop.paths, self.put_path), key=key)
            made = await self.shop.put(path, body, window, version)
            return Done(f"{self.prefix}{made['id']}", f"{key}: {', '.join(sorted(body))}", kept=kept)

        return step("fields", "absolute", send)


class ProductHandler(KeyedHandler):
    entity = "product"
    mapping: str | None = "product.from-canonical"
    list_path, put_path = "products", "product_by_key"

    async def key(self, task: Task) -> str | Settled | Hold:
        return str(task.payload["customKey"])


class AccountHandler(KeyedHandler):
    """Companies only: people and addresses cannot be written through this API."""

    entity = "customer"
    mapping: str | None = "customer.from-canonical"
    list_path, put_path, prefix = "accounts", "account_by_key", "account-"

    def __init__(self, shop: Shop, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(shop)
        self._monotonic = monotonic
        self._first_seen: dict[str, float] = {}

    def too_early(self, task: Task) -> Wait | None:
        """The ERP may have it because an order of this shop asked for it, and who wrote it has not linked it yet.

        Or was killed before it could: then the link comes with the next life of the sink, and so does this wait.
        """
        now, customer = self._monotonic(), str(task.record["id"])
        left = self._first_seen.setdefault(customer, now) + self.settings.new_account_patience - now
        if left > 0:
            return Wait("link", "it may be a buyer of this shop, whom an order has just brought to the ERP", left)
        del self._first_seen[customer]
        return None

    async def key(self, task: Task) -> str | Settled | Hold:
        found = await account_key(self, task, task.record["id"], str(task.payload["customKey"]))
        # most companies that ordered have no key: a hold each would bury the others, and the shop's own data stands
        return Settled("not-ours", found.reason) if isinstance(found, Hold) else found


async def account_key(handler: ShopHandler, task: Task, canonical_id: str, number: str) -> str | Settled | Hold:
    """customKey of the account that an ERP customer is in the shop: the linked account's, else the ERP's number."""
    lookup, source, instance = task.lookup, task.record["source"], handler.settings.instance
    ids = [canonical_id, lookup.canonical_of("customer", number, system=source["system"], instance=source["instance"])]
    found = (lookup.native_in("customer", each, system="clarity", instance=instance) for each in ids if each)
    linked = next((each for each in found if each is not None), None)
    if linked is None:
        return number
    kind, _, native_id = linked.rpartition("-")
    if kind != "account":
        return Settled("not-ours", f"{kind} {native_id} of the shop has no company; the API writes companies only")
    row = await handler.shop.one(handler.shop.paths.accounts, native_id)
    if row is None:
        return Settled("gone", f"the shop has no account {native_id}")
    if not row[0].get("customKey"):
        return Hold(
            f"account {native_id} of the shop has no customKey, and the API sets none: enter {number} there",
            rule="custom-key",
            clears_on="custom-key",
            after=600.0,
        )
    return str(row[0]["customKey"])


def _written(value: Any) -> Any:
    """Amounts as texts, inside objects too; members without a value stay out."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {name: _written(entry) for name, entry in value.items() if entry is not None}
    return value


def _merged(present: Any, wanted: Any) -> Any:
    """Objects are replaced whole by the shop: what we do not name of them is sent back as it is."""
    return {**present, **wanted} if isinstance(present, Mapping) and isinstance(wanted, Mapping) else wanted


def _same(present: Any, wanted: Any) -> bool:
    """Amounts compare as numbers: `24.9` and `24.90` are one."""
    if isinstance(present, Mapping) and isinstance(wanted, Mapping):
        return present.keys() == wanted.keys() and all(_same(present[name], wanted[name]) for name in wanted)
    if isinstance(present, str) and isinstance(wanted, str) and present != wanted:
        try:
            return Decimal(present) == Decimal(wanted)
        except ArithmeticError:
            return False
    return bool(present == wanted)
