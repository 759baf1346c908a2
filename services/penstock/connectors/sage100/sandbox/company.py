"""One company of the installation: its records, settings and locks. What the rules and actions work on."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from penstock.connectors.sage100.sandbox.errors import RefusedError
from penstock.connectors.sage100.sandbox.options import Options
from penstock.connectors.sage100.sandbox.store import Row, Store


@dataclass(frozen=True, slots=True)
class Lock:
    """Somebody has a record open. `until`: on the monotonic clock."""

    user: str
    until: float


class Locks:
    """Record locks by path, such as `SO/SalesOrder/0012345`. Like the users who hold them, gone after a restart."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._held: dict[str, Lock] = {}

    def hold(self, record: str, user: str, seconds: float) -> None:
        self._held[record] = Lock(user, self._monotonic() + seconds)

    def release(self, record: str) -> bool:
        """Whether there was one."""
        return self._held.pop(record, None) is not None

    def check(self, record: str) -> None:
        """Refuse a write while somebody has the record open."""
        lock = self._held.get(record)
        if lock is None:
            return
        if lock.until <= self._monotonic():
            del self._held[record]
            return
        raise RefusedError("RECORD_LOCKED", "Record in use.", extra={"lockedBy": lock.user})

    def listed(self) -> list[dict[str, str]]:
        now = self._monotonic()
        return [{"record": name, "lockedBy": lock.user} for name, lock in self._held.items() if lock.until > now]


@dataclass(frozen=True, slots=True)
class Company:
    """Shared by the facade, the rules and the actions. Everything here is synchronous."""

    store: Store
    options: Options
    locks: Locks

    def check_order_free(self, order: Row) -> None:
        """Refuse while the order or its customer is open elsewhere."""
        self.locks.check(f"SO/SalesOrder/{order['SalesOrderNo']}")
        self.check_customer_free(order["ARDivisionNo"], order["CustomerNo"])

    def check_customer_free(self, division: str, number: str) -> None:
        self.locks.check(f"AR/Customer/{division}-{number}")
