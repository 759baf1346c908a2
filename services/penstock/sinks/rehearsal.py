"""A sink that does everything but write: it plans on what the target shows, and tells what each step would send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import httpx

from penstock.connectors.contract import (
    CheckResult,
    Decision,
    Done,
    Handler,
    Hold,
    Plan,
    Retry,
    SendWindow,
    Sink,
    Step,
    StepResult,
    Task,
    Untold,
)
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.connectors.rehearsal import KeepingTransport, KeptBackError, Write

T = TypeVar("T")


class PreviewError(Exception):
    """What the record would change cannot be told now; the message says why."""


@dataclass(frozen=True, slots=True)
class RehearsedStep:
    """What one step of an effect would send. `note`: what it says of itself where it sends nothing, or cannot know."""

    entity: str
    name: str
    writes: Sequence[Write]
    note: str = ""
    untold: bool = False


class Rehearsal:
    """A `Sink`; `steps` grows while the effect protocol runs it.

    make: gives the real sink, all of whose calls go through the transport. inner: the network, if None.
    """

    def __init__(
        self, make: Callable[[httpx.AsyncBaseTransport], Sink], inner: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._writes: list[Write] = []
        self._sink = make(KeepingTransport(self._writes.append, inner))
        self.system, self.instance = self._sink.system, self._sink.instance
        self.send_window, self.answer_window = self._sink.send_window, self._sink.answer_window
        self.handlers: Mapping[str, Handler] = {
            entity: _RehearsedHandler(handler, self) for entity, handler in self._sink.handlers.items()
        }
        self.steps: list[RehearsedStep] = []

    async def check(self) -> Sequence[CheckResult]:
        return await self._sink.check()

    async def close(self) -> None:
        await self._sink.close()

    @property
    def kept_back(self) -> int:
        """How many writes were kept back."""
        return len(self._writes)

    def told(self, entity: str, name: str, begun: int, note: str = "", *, untold: bool = False) -> None:
        self.steps.append(RehearsedStep(entity, name, tuple(self._writes[begun:]), note, untold))


class _RehearsedHandler:
    """Plans for real; its steps are rehearsed."""

    def __init__(self, handler: Handler, rehearsal: Rehearsal) -> None:
        self._handler = handler
        self._rehearsal = rehearsal
        self.entity, self.mapping, self.fresh = handler.entity, handler.mapping, handler.fresh

    async def plan(self, task: Task) -> Decision:
        decision = await _answered(self._handler.plan(task))
        if isinstance(decision, Retry):
            raise PreviewError(f"the target does not answer as it should: {decision.reason}")
        if not isinstance(decision, Plan):
            return decision
        begun = self._rehearsal.kept_back
        return replace(decision, steps=[self._rehearsed(step, begun) for step in decision.steps])

    def _rehearsed(self, step: Step, begun: int) -> Step:
        told = self._rehearsal

        def blind() -> bool:
            """Would this step read what earlier ones only pretended to write?"""
            return step.rehearse is not None and told.kept_back > begun

        async def find() -> Done | Hold | Retry | None:
            if step.find is None or blind():
                return None
            found = await _answered(step.find())
            if isinstance(found, Retry):
                raise PreviewError(f"{step.name}: {found.reason}")
            if isinstance(found, Done):
                told.told(self.entity, step.name, told.kept_back, f"nothing to do: {found.reply}")
            return found

        async def send(window: SendWindow) -> StepResult:
            before = told.kept_back
            work = step.rehearse if step.rehearse is not None and blind() else step.send
            try:
                result = await _answered(work(window))
            except KeptBackError:
                result = Done()
            if isinstance(result, Untold):
                told.told(self.entity, step.name, before, result.reason, untold=True)
                return Done()
            if isinstance(result, Retry):
                raise PreviewError(f"{step.name}: {result.reason}")
            kept = told.kept_back > before
            told.told(self.entity, step.name, before, "" if kept or not isinstance(result, Done) else result.reply)
            return result

        return Step(step.name, step.kind, send, None if step.find is None else find)


async def _answered(work: Awaitable[T]) -> T:
    try:
        return await work
    except (NotSentError, LostReplyError) as error:
        raise PreviewError(f"the target does not answer as it should: {error}") from error
