"""Bulk writes: records that come close together share one PUT, and each gets the result of its own entry (3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.connectors.clarity.batch import Batch
from penstock.connectors.clarity.client import Row, Shop
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.contract import SendWindow
from penstock.connectors.http import LostReplyError


@dataclass(frozen=True, slots=True)
class _Windows:
    """Open while every window is."""

    windows: Sequence[SendWindow]

    def check(self) -> None:
        for window in self.windows:
            window.check()


class Bulk:
    """One bulk resource of one installation."""

    def __init__(self, shop: Shop, path: str) -> None:
        self._shop = shop
        self._path = path
        self._batch: Batch[tuple[Row, SendWindow], RefusedError | None] = Batch(
            self._put, shop.settings.bulk_wait, shop.settings.profile.bulk_limit
        )

    async def put(self, entry: Row, window: SendWindow) -> None:
        """Raises RefusedError for this entry alone; NotSentError and LostReplyError are those of the whole call."""
        refused = await self._batch.ask((entry, window))
        if refused is not None:
            raise refused

    async def _put(self, asked: Sequence[tuple[Row, SendWindow]]) -> Sequence[RefusedError | None]:
        window = _Windows([window for _, window in asked])
        said = await self._shop.put(self._path, {"entries": [entry for entry, _ in asked]}, window)
        results = said.get("results")
        found: dict[object, Row] = {}
        if isinstance(results, list):
            found = {result.get("index"): result for result in results if isinstance(result, dict)}
        if set(found) != set(range(len(asked))):
            raise LostReplyError(f"PUT {self._path}: {len(asked)} entries, and results for {len(found)} of them")
        return [self._refusal(found[index]) for index in range(len(asked))]

    def _refusal(self, result: Row) -> RefusedError | None:
        status, error = result.get("status"), result.get("error")
        if isinstance(status, int) and 200 <= status < 300:
            return None
        return RefusedError(
            f"entry of {self._path}", status if isinstance(status, int) else 0, error if isinstance(error, dict) else {}
        )
