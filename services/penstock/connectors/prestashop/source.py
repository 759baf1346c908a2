"""Reads one shop: documents, poll sets, and the messages of the shop module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

import httpx

from penstock.connectors.budget import Budget
from penstock.connectors.contract import (
    CheckResult,
    Listed,
    Notification,
    PollSet,
    SourceRefusedError,
    SourceUnavailableError,
)
from penstock.connectors.http import NotSentError, TooLargeError
from penstock.connectors.listing import Window
from penstock.connectors.prestashop import rights, webhook
from penstock.connectors.prestashop.client import Shop, ShopRefusedError
from penstock.connectors.prestashop.extract import Extractor, reply_part
from penstock.connectors.prestashop.fingerprint import fingerprint
from penstock.connectors.prestashop.listing import Listings
from penstock.connectors.prestashop.polls import SETS, ShopPoll
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.records.raw import EntityRef, Part, RawDocument


class PrestashopSource:
    """Source of one shop (penstock.connectors.contract.Source)."""

    system = "prestashop"

    def __init__(
        self, settings: PrestashopSettings, budget: Budget, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self._settings = settings
        self._shop = Shop(settings, budget, transport)
        reference = ReferenceData(self._shop, settings.reference_ttl)
        self._extractor = Extractor(self._shop, reference)
        self._listings = Listings(self._shop, reference)
        self.polls: Sequence[PollSet] = [ShopPoll(name, self._shop, changes) for name, changes in SETS.items()]

    async def extract(self, ref: EntityRef, carried: Sequence[Part] = ()) -> RawDocument | None:  # noqa: ARG002
        """The whole document; polls carry no parts, as a row must be read together with its parts."""
        read = self._extractor.by_entity.get(ref.entity)
        if read is None:
            raise SourceRefusedError(
                f"a shop has no {ref.entity} documents; it has {', '.join(self._extractor.by_entity)}"
            )
        try:
            parts = await read(ref.native_id)
        except ShopRefusedError as error:
            raise SourceRefusedError(str(error), [reply_part(error.reply)]) from error
        except TooLargeError as error:
            raise SourceRefusedError(f"{ref} is too large to be read: {error}") from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error
        return None if parts is None else RawDocument(ref, tuple(parts))

    def listing(self, entity: str, since: datetime | None, until: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        return self._listings.of(entity, Window(since, until))

    def fingerprint(self, document: RawDocument) -> str:
        return fingerprint(document)

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Sequence[Notification]:
        return webhook.receive(body, headers, now, self._settings)

    async def check(self) -> Sequence[CheckResult]:
        return await rights.check(self._shop, rights.READS)

    async def close(self) -> None:
        await self._shop.close()
