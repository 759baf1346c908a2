"""Walks a list by change time (systems/clarity.md 3.4).

Pages move by the cursor where the shop gives one, else by the change time of the last row: a row that changes meanwhile
moves to the end and cannot push others out of sight. Page numbers are used only within one instant, and there a row
that leaves it moves the others up, past the page that is read next: such an instant is read until it brings no new row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from penstock.connectors.clarity.client import Listing, Shop


async def changed(shop: Shop, path: str, since: datetime | None) -> AsyncIterator[Listing]:
    """Pages of the rows that changed at or after `since` (None: all), the oldest change first; rows may come twice.

    Raises what Shop.page raises, and ValueError or KeyError for rows without a readable `updatedDate`.
    """
    form, size = shop.settings.profile.lists, shop.settings.page_size
    cursor, number = None, 1
    crowd: set[str] = set()
    grown = False
    while True:
        asked = {form.page_size: str(size), form.sort: form.by_change}
        if since is not None:
            asked[form.since] = written(since)
        if cursor is not None:
            asked[form.cursor] = cursor
        elif number > 1:
            asked[form.page] = str(number)
        page = await shop.page(path, asked)
        yield page
        cursor = page.cursor
        if cursor is not None:
            continue
        within = {str(row["id"]) for row in page.rows if since is not None and parsed(row["updatedDate"]) == since}
        grown, crowd = grown or not within <= crowd, crowd | within
        last = parsed(page.rows[-1]["updatedDate"]) if page.rows else since
        full = len(page.rows) == size
        if full and last == since:
            number += 1
        elif number > 1 and grown:
            number, grown = 1, False
        elif full:
            since, number, crowd, grown = last, 1, set(), False
        else:
            return


def parsed(value: Any) -> datetime:
    at = datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
