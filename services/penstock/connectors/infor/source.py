"""Reads one Infor CSI site: polls by RecordDate, extracts whole documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx

from penstock.connectors.budget import Budget
from penstock.connectors.contract import (
    CheckResult,
    Listed,
    Notification,
    PollSet,
    SourceRefusedError,
    SourceUnavailableError,
    WebhookRefusedError,
)
from penstock.connectors.http import NotSentError, TooLargeError, now_text
from penstock.connectors.infor.check import check_site
from penstock.connectors.infor.client import InforClient, Page, Row
from penstock.connectors.infor.document import fingerprint
from penstock.connectors.infor.errors import IdoRefusedError, Refusal
from penstock.connectors.infor.extract import READERS, carried_part, invoice_id, trimmed
from penstock.connectors.infor.idos import READS, read
from penstock.connectors.infor.listing import Listings
from penstock.connectors.infor.literals import any_of
from penstock.connectors.infor.polling import IdoPoll, Notify, PollSpec
from penstock.connectors.infor.settings import InforSettings
from penstock.connectors.listing import Window
from penstock.records.raw import EntityRef, Part, RawDocument

SYSTEM = "infor"
CHUNK = 50
"""Values in one filter; the URL stays short."""
CARRIED = frozenset({"stock", "item"})
"""Entities whose document is one row: a poll carries it."""


class InforSource:
    """A `Source`."""

    system = SYSTEM

    def __init__(
        self, settings: InforSettings, budget: Budget, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self._settings = settings
        self._client = InforClient(settings, budget, transport=transport)
        self._listings = Listings(self._client, settings)
        self.polls: Sequence[PollSet] = [self._poll(spec) for spec in self._specs()]

    async def extract(self, ref: EntityRef, carried: Sequence[Part]) -> RawDocument | None:
        reader = READERS.get(ref.entity)
        if reader is None:
            raise SourceRefusedError(f"infor has no {ref.entity}: there are {', '.join(READERS)}")
        row = next((part for part in carried if part.role == ref.entity), None)
        if row is not None and ref.entity in CARRIED:
            return RawDocument(ref, (row,))
        try:
            parts = await reader(self._client, ref.native_id)
        except IdoRefusedError as error:
            if error.refusal is Refusal.PRIVILEGE:
                raise SourceUnavailableError(str(error), 30.0) from error
            body = Part("refusal", error.ido, 200, "application/json", now_text(), error.body)
            raise SourceRefusedError(str(error), [body]) from error
        except TooLargeError as error:
            raise SourceRefusedError(f"{ref} is too large to be read: {error}") from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error
        return RawDocument(ref, tuple(parts)) if parts is not None else None

    def listing(self, entity: str, since: datetime | None, until: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        return self._listings.of(entity, Window(since, until))

    def fingerprint(self, document: RawDocument) -> str:
        return fingerprint(document)

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Sequence[Notification]:  # noqa: ARG002
        raise WebhookRefusedError(404, "Infor CSI sends no webhooks: changes are polled by RecordDate")

    async def check(self) -> Sequence[CheckResult]:
        return await check_site(self._client, self._settings, READS, {})

    async def close(self) -> None:
        await self._client.close()

    def _poll(self, spec: PollSpec) -> IdoPoll:
        settings = self._settings
        return IdoPoll(
            spec,
            self._client,
            interval=settings.interval(spec.name),
            overlap=settings.overlap_seconds,
            page_size=settings.page_size,
            zone=settings.zone,
            start=settings.poll_from,
            now=lambda: datetime.now(UTC),
        )

    def _specs(self) -> list[PollSpec]:
        stamps = ("RecordDate", "RowPointer")
        return [
            PollSpec("orders", "SLCos", self._keyed("orders", "order", "CoNum"), ("CoNum", *stamps), dated=True),
            PollSpec(
                "order-lines", "SLCoitems", self._keyed("order-lines", "order", "CoNum"), ("CoNum", *stamps), dated=True
            ),
            PollSpec("shipping-ledger", "SLCoShips", self._shipments_of, ("CoNum", *stamps), dated=True),
            PollSpec("shipments", "SLShipments", self._shipments, ("ShipmentId", *stamps), dated=True),
            PollSpec("invoices", "SLInvHdrs", self._invoices, ("InvNum", "InvSeq", *stamps), dated=True),
            PollSpec(
                "payments",
                "SLArtrans",
                self._keyed("payments", "payment", "RowPointer"),
                stamps,
                "Type = 'P'",
                dated=True,
            ),
            PollSpec("stock", "SLItemwhses", self._stock),
            PollSpec("customers", "SLCustomers", self._keyed("customers", "customer", "CustNum"), ("CustNum", *stamps)),
            PollSpec("items", "SLItems", self._items),
        ]

    def _note(self, poll_set: str, entity: str, native_id: str, carried: Sequence[Part] = ()) -> Notification:
        ref = EntityRef(SYSTEM, self.instance, entity, native_id)
        return Notification(ref, f"poll:{poll_set}", carried=carried)

    def _keyed(self, poll_set: str, entity: str, key: str) -> Notify:
        async def notify(rows: Sequence[Row], _page: Page) -> list[Notification]:
            ids = dict.fromkeys(trimmed(row, key) for row in rows)
            return [self._note(poll_set, entity, native_id) for native_id in ids]

        return notify

    async def _invoices(self, rows: Sequence[Row], _page: Page) -> list[Notification]:
        return [self._note("invoices", "invoice", native_id) for native_id in dict.fromkeys(map(invoice_id, rows))]

    async def _stock(self, rows: Sequence[Row], page: Page) -> list[Notification]:
        return [
            self._note(
                "stock", "stock", f"{trimmed(row, 'Item')}|{trimmed(row, 'Whse')}", [carried_part("stock", row, page)]
            )
            for row in rows
        ]

    async def _items(self, rows: Sequence[Row], page: Page) -> list[Notification]:
        return [self._note("items", "item", trimmed(row, "Item"), [carried_part("item", row, page)]) for row in rows]

    async def _shipments(self, rows: Sequence[Row], _page: Page) -> list[Notification]:
        """A shipment, and once more for each further order that it ships lines of."""
        ids = [trimmed(row, "ShipmentId") for row in rows]
        orders = await self._linked("ShipmentId", ids)
        notes = []
        for shipment_id in dict.fromkeys(ids):
            further = sorted(orders.get(shipment_id, set()))[1:]
            names = [shipment_id, *(f"{shipment_id}/{number}" for number in further)]
            notes += [self._note("shipments", "shipment", name) for name in names]
        return notes

    async def _shipments_of(self, rows: Sequence[Row], page: Page) -> list[Notification]:
        """The shipments of the orders whose lines were shipped: their ledger rows may come after the shipment."""
        linked = await self._linked("RefNum", sorted({row["CoNum"] or "" for row in rows} - {""}))
        notes = await self._shipments([{"ShipmentId": shipment_id} for shipment_id in linked], page)
        return [replace(note, via="poll:shipping-ledger") for note in notes]

    async def _linked(self, name: str, values: list[str]) -> dict[str, set[str]]:
        """ShipmentId -> the orders that it ships lines of, for these shipments or orders."""
        linked: dict[str, set[str]] = {}
        for ido in ("SLShipmentLines", "SLShipmentSeqs"):
            if "RefNum" not in await self._client.info(ido):
                continue
            for start in range(0, len(values), CHUNK):
                found = await read(self._client, ido, any_of(name, values[start : start + CHUNK]))
                for row in found.rows:
                    linked.setdefault(trimmed(row, "ShipmentId"), set()).add(trimmed(row, "RefNum"))
        return linked
