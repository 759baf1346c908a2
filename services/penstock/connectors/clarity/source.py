"""Reads one installation: documents, poll sets, and events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

import httpx
import orjson

from penstock.connectors.budget import Budget
from penstock.connectors.clarity import webhook
from penstock.connectors.clarity.check import READS, check
from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.document import fingerprint, version_of
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.clarity.extract import Extractor
from penstock.connectors.clarity.listing import Listings
from penstock.connectors.clarity.polls import SETS, ClarityPoll
from penstock.connectors.clarity.settings import ClaritySettings
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
from penstock.records.raw import EntityRef, Part, RawDocument


class ClaritySource:
    """A `Source`."""

    system = "clarity"

    def __init__(
        self, settings: ClaritySettings, budget: Budget, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self._settings = settings
        self._shop = Shop(settings, budget, transport)
        self._extractor = Extractor(self._shop)
        self._listings = Listings(self._shop)
        self.polls: Sequence[PollSet] = [ClarityPoll(name, self._shop, changes) for name, changes in SETS.items()]

    async def extract(self, ref: EntityRef, carried: Sequence[Part] = ()) -> RawDocument | None:
        read = self._extractor.by_entity.get(ref.entity)
        if read is None:
            raise SourceRefusedError(f"clarity has no {ref.entity}: there are {', '.join(self._extractor.by_entity)}")
        try:
            parts = await read(ref.native_id, carried)
        except RefusedError as error:
            reply = error.reply
            said = (
                [Part("refused", reply.url, reply.status, reply.content_type, reply.received_at, reply.body)]
                if reply
                else []
            )
            raise SourceRefusedError(str(error), said) from error
        except TooLargeError as error:
            raise SourceRefusedError(f"{ref} is too large to be read: {error}") from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error
        if parts is None:
            return None
        return RawDocument(ref, tuple(parts), version_of(ref.entity, orjson.loads(parts[0].body)))

    def listing(self, entity: str, since: datetime | None, until: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        return self._listings.of(entity, Window(since, until))

    def fingerprint(self, document: RawDocument) -> str:
        return fingerprint(document)

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Sequence[Notification]:
        return webhook.receive(body, headers, now, self._settings)

    async def check(self) -> Sequence[CheckResult]:
        return await check(self._shop, READS)

    async def close(self) -> None:
        await self._shop.close()
