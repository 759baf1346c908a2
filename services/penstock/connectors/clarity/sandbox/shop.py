"""The shop: its documents, its clock, and units of work whose events go out once they are done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from penstock.connectors.clarity.sandbox.answers import not_found
from penstock.connectors.clarity.sandbox.delivery import Sender
from penstock.connectors.clarity.sandbox.events import NORMAL, Fate, Outbox
from penstock.connectors.clarity.sandbox.options import Options
from penstock.connectors.clarity.sandbox.store import Doc, Store
from penstock.connectors.clarity.sandbox.tables import RESOURCES
from penstock.sandbox.catalogue import catalogue
from penstock.sandbox.engine import Sandbox


class Shop:
    """What handlers and actions work with."""

    def __init__(self, sandbox: Sandbox, options: Options, seed: int) -> None:
        self.sandbox = sandbox
        self.options = options
        self.seed = seed
        self.catalogue = catalogue(seed)
        self.storage = sandbox.storage
        self.clock = sandbox.clock
        self.store = Store(sandbox.storage, sandbox.clock)
        self.outbox = Outbox(self.store, options, sandbox.faults)
        self.sender = Sender(sandbox, self.store, options, time.time)

    @contextmanager
    def work(self, fate: Fate = NORMAL) -> Iterator[None]:
        """All or nothing; the events of it are stored with it and sent after it."""
        try:
            with self.storage.transaction():
                yield
                planned = self.outbox.record(fate, time.time())
        except BaseException:
            self.outbox.discard()
            raise
        self.sender.start(planned)

    def document(self, name: str, number: int) -> Doc:
        """A document that a client asks for. ApiError 404."""
        found = self.store.get(name, number)
        if found is None:
            raise not_found(f"{RESOURCES[name].noun} {number}")
        return found

    def notify(self, kind: str, order: Doc, status: str | None = None, shipment: int | None = None) -> None:
        """A mail to the customer."""
        row = {
            "kind": kind,
            "salesOrderId": order["id"],
            "shipmentId": shipment,
            "status": status,
            "email": order["email"],
            "at": self.clock.utc_stamp(),
        }
        self.storage.insert("notifications", row)
