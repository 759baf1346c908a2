"""Reads back what the systems of a flow list: the other side of the books."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx

from penstock.audit.model import Window
from penstock.connectors.contract import Listed, Source, SourceRefusedError, SourceUnavailableError
from penstock.connectors.listing import whole
from penstock.flow.flow import Flow, System

SLACK = timedelta(days=2)
"""An order of the window may be booked later, and clocks and days of the systems differ."""


class NotListedError(Exception):
    """A system did not say what it has; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one system lists. at: when listing began, by our clock. news: seconds until a change there is on the log,
    at most, when all is well."""

    system: System
    at: datetime
    documents: Mapping[str, Sequence[Listed]]
    news: float = 0.0


class Lists(Protocol):
    """Lists the systems of a flow. Raises NotListedError."""

    async def __call__(self, flow: Flow, window: Window) -> Sequence[Listing]: ...


async def list_systems(
    flow: Flow, window: Window, *, transports: Mapping[str, httpx.AsyncBaseTransport] | None = None
) -> list[Listing]:
    """Orders of every system, and the stock that shops sell. Raises NotListedError."""
    asked = [
        _list(system, _wanted(system), window, (transports or {}).get(alias)) for alias, system in flow.systems.items()
    ]
    return await asyncio.gather(*asked)


def _wanted(system: System) -> list[str]:
    return sorted({"order", *(["stock"] if system.role == "shop" else [])} & system.spec.lists)


async def _list(
    system: System, entities: Sequence[str], window: Window, transport: httpx.AsyncBaseTransport | None
) -> Listing:
    # an ERP's documents of the window may be younger than the window
    since = window.since - SLACK if window.since else None
    until = window.until + SLACK if window.until and system.role == "shop" else None
    at = datetime.now(UTC)
    source: Source = system.spec.source(system.settings, system.budget("tools"), transport=transport)
    try:
        # stock has no date
        documents = {
            entity: await (whole(source, entity) if entity == "stock" else whole(source, entity, since, until))
            for entity in entities
        }
    except (SourceUnavailableError, SourceRefusedError) as error:
        raise NotListedError(f"{system.target} does not list what it has: {error}") from error
    finally:
        await source.close()
    news = max((each.interval for each in source.polls if each.name.startswith("order")), default=0.0)
    return Listing(system, at, documents, news)
