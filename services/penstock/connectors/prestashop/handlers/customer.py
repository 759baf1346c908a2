"""Customer changed in the ERP -> the fields that the ERP owns, on the shop's customer that is linked to it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from penstock.connectors.contract import Decision, Done, Hold, Plan, SendWindow, Settled, Step, StepResult, Task
from penstock.connectors.prestashop import fields
from penstock.connectors.prestashop.handlers.base import ShopHandler, step
from penstock.connectors.prestashop.handlers.states import amount
from penstock.connectors.prestashop.wire import text


class CustomerHandler(ShopHandler):
    """Never creates a customer: a customer of the ERP without account in the shop is not the shop's affair."""

    entity = "customer"
    mapping: str | None = "customer.from-canonical"

    async def decide(self, task: Task) -> Decision:
        native_id = self._linked(task)
        if native_id is None:
            return Settled("not-ours", "no customer of this shop is linked to it")
        row = await self.shop.row("customers", native_id, display=fields.CUSTOMER)
        if row is None:
            return Settled("gone", f"the shop has no customer {native_id}")
        changed = {
            name: _written(value)
            for name, value in task.payload.items()
            if value is not None and not _same(row.get(name), value)
        }
        if not changed:
            return Settled("unchanged", f"the shop's customer {native_id} has these values", native_id)
        if not self.settings.can_patch:
            return Hold(
                f"customer {native_id} differs in {', '.join(sorted(changed))}: on 1.7 a PUT would empty its "
                "secure_key and end its logins; change it in the shop by hand"
            )
        return Plan([self._write(native_id, changed)], native_id=native_id)

    def _linked(self, task: Task) -> str | None:
        """Through the same document (a customer that came from this shop), else through the ERP's number."""
        record, lookup, instance = task.record, task.lookup, self.settings.instance
        found = lookup.native_in("customer", record["id"], system="prestashop", instance=instance)
        if found is not None:
            return found
        source = record["source"]
        canonical = lookup.canonical_of(
            "customer", str(source["native_id"]), system=source["system"], instance=source["instance"]
        )
        if canonical is None or canonical == record["id"]:
            return None
        return lookup.native_in("customer", canonical, system="prestashop", instance=instance)

    def _write(self, native_id: str, changed: Mapping[str, str]) -> Step:
        async def send(window: SendWindow) -> StepResult:
            await self.shop.change("customers", "customer", native_id, changed, window=window)
            return Done(reply=f"customer {native_id}: {', '.join(sorted(changed))}")

        return step("fields", "absolute", send)


def _same(present: object, wanted: object) -> bool:
    if isinstance(wanted, Decimal):
        return amount(present) == wanted
    return text(present) == text(wanted)


def _written(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else text(value)
