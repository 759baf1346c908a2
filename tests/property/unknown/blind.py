"""A target that takes documents and shows none: what is sent without a reply, only a person can look for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import CheckResult, Decision, Done, Plan, SendWindow, Sink, Step, StepResult, Task
from penstock.connectors.http import Api
from tests.property.unknown.kinds import Kind
from tests.property.unknown.wire import LossyWire
from tests.property.unknown.worker import Write


class BlindSink:
    """A `Sink` whose one write has neither a key nor a way to be found."""

    system, instance = "blind", "1"
    send_window, answer_window = 30.0, 60.0
    entity = "order"
    mapping: str | None = None
    fresh = False

    def __init__(self, api: Api) -> None:
        self._api = api
        self.handlers = {"order": self}

    async def plan(self, task: Task) -> Decision:
        key = str(task.record["id"])

        async def send(window: SendWindow) -> StepResult:
            await self._api.request("POST", "documents", content=key.encode(), window=window)
            return Done(key, "added")

        return Plan([Step("document", "probe", send)], key)

    async def check(self) -> Sequence[CheckResult]:
        return []

    async def close(self) -> None:
        await self._api.close()


class Blind(Kind):
    name, enforced = "A target that cannot be searched", True
    pattern = "POST /documents"

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._there: Counter[str] = Counter()

    def wire(self) -> LossyWire:
        return LossyWire(self._app, self.pattern)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self._there[(await Request(scope, receive).body()).decode()] += 1
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def sink(self, wire: LossyWire) -> Sink:
        budget = Budget(BudgetSettings(concurrency=4), self._clock)
        made: Any = BlindSink(Api("http://sandbox", budget, transport=wire))
        return made

    async def write(self, number: int) -> Write:
        key = f"document-{number}"
        return Write("order", key, {"id": key}, {"id": key})

    def counts(self) -> Counter[str]:
        return self._there

    async def close(self) -> None:
        return None
