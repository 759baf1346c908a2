"""Faults that a test or the demo puts into a sandbox: which request is hit, how often, and with what."""

import random
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

HTTP_KINDS = frozenset(
    {
        "reply_lost",  # handled fully, then the connection is closed without an answer
        "error_before",  # 5xx, nothing done
        "error_after",  # done, then 5xx
        "empty_500_before",  # 500 with zero bytes, nothing done
        "empty_500_after",  # done, then 500 with zero bytes
        "rate_limit",  # 429, with Retry-After if `retry_after` is given
        "hang",  # silence for `seconds`, then drop the connection (or handle, with `then: handle`)
        "reset",  # connection reset before handling
        "truncated",  # handled, half of the body is sent, then closed
        "html",  # an HTML page instead of the answer; nothing done
        "slow",  # `seconds` of delay, then handled
    }
)
CLOCK_SHIFT = "clock_shift"


class Fault(BaseModel):
    """One fault. `times` null = for ever; `after` lets that many matching requests pass first."""

    model_config = ConfigDict(extra="forbid")

    id: str = ""
    kind: str
    method: str | None = None
    path: str | None = None
    body: str | None = None
    times: int | None = Field(default=1, ge=0)
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    after: int = Field(default=0, ge=0)
    status: int | None = Field(default=None, ge=100, le=599)
    retry_after: str | None = None
    seconds: float = 1.0
    then: str = Field(default="drop", pattern="^(drop|handle)$")
    matched: int = 0
    fired: int = 0

    _random: random.Random = PrivateAttr(default_factory=lambda: random.Random(0))

    @field_validator("path", "body")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    def seed(self, seed: str) -> None:
        self._random = random.Random(seed)

    def hits(self, method: str, target: str, body: str) -> bool:
        """Whether this request is hit; counts it. `target` is path and query as sent."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.method is not None and self.method.upper() != method.upper():
            return False
        if self.path is not None and not re.search(self.path, target):
            return False
        if self.body is not None and not re.search(self.body, body):
            return False
        self.matched += 1
        if self.matched <= self.after or (self.probability < 1.0 and self._random.random() >= self.probability):
            return False
        self.fired += 1
        return True


class FaultBox:
    """The faults that are set now. Kept in memory: a restarted sandbox has none.

    `kinds` beyond HTTP_KINDS are a system's own (an expired token, a lost webhook); its sandbox asks for them by
    `take(kinds, …)` at the place where they bite.
    """

    def __init__(self, seed: int, kinds: Collection[str] = ()) -> None:
        self._seed = seed
        self._kinds = HTTP_KINDS | {CLOCK_SHIFT} | set(kinds)
        self._faults: list[Fault] = []
        self._made = 0
        self.on_change: Callable[[], None] = lambda: None

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(self._kinds)

    def add(self, faults: Iterable[dict[str, Any]]) -> list[Fault]:
        """Add faults given as JSON objects. ValueError (pydantic's included) on a bad one; then none is added."""
        made = []
        for item in faults:
            fault = Fault.model_validate(item)
            if fault.kind not in self._kinds:
                raise ValueError(f"unknown fault kind {fault.kind!r}; known here: {', '.join(sorted(self._kinds))}")
            self._made += 1
            fault.id = fault.id or f"f{self._made}"
            fault.seed(f"{self._seed}:{fault.id}")
            made.append(fault)
        self._faults += made
        self.on_change()
        return made

    def replace(self, faults: Iterable[dict[str, Any]]) -> list[Fault]:
        """Put these in place of all that are set; the old ones stay when one of the new is bad."""
        old, self._faults = self._faults, []
        try:
            return self.add(faults)
        except ValueError:
            self._faults = old
            raise

    def clear(self) -> None:
        self._faults = []
        self.on_change()

    def all(self) -> list[Fault]:
        return list(self._faults)

    def take(self, kinds: Collection[str], method: str = "", target: str = "", body: str = "") -> Fault | None:
        """The first fault of one of `kinds` that hits; it is counted as used."""
        for fault in self._faults:
            if fault.kind in kinds and fault.hits(method, target, body):
                return fault
        return None

    def clock_shift(self) -> float:
        """Seconds by which the clock is off: the sum of the `clock_shift` faults that are set."""
        return sum(fault.seconds for fault in self._faults if fault.kind == CLOCK_SHIFT)
