"""Conformance of every connector: a write happens once, whatever becomes of its answer.

The write of conformance.yaml is planned against the sandbox and run by the rules of the effect protocol.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.contract.conformance.desk import Desk, Subject
from tests.contract.conformance.facts import Write
from tests.contract.conformance.wire import HTML, Break, answer, never_arrives, reply_lost, truncated

from penstock.connectors.contract import (
    Done,
    Exists,
    Plan,
    Retry,
    SendWindow,
    Settled,
    Sink,
    Step,
    StepResult,
    Unknown,
)
from penstock.connectors.http import LostReplyError, NotSentError

Outcome = StepResult | NotSentError | LostReplyError


class Open:
    def check(self) -> None: ...


class Closed:
    def check(self) -> None:
        raise NotSentError("the send window is closed")


@dataclass
class Effect:
    """One write at one sandbox, by the rules of the effect protocol."""

    desk: Desk
    sink: Sink
    write: Write

    @property
    def sent(self) -> int:
        """How often the request of conformance.yaml left."""
        return self.desk.wire.count(self.write.request)

    def fault(self, how: Break, times: int | None = 1) -> None:
        self.desk.wire.fault(how, self.write.request, times)

    async def steps(self, *, resuming: bool = False, resync: bool = False) -> list[Step]:
        task = self.desk.task(self.write, resuming=resuming, resync=resync)
        decision = await self.sink.handlers[self.write.entity].plan(task)
        if isinstance(decision, Settled) and (resuming or resync):
            return []
        assert isinstance(decision, Plan), f"the sandbox is not prepared for this write: {decision}"
        return list(decision.steps)

    async def run(self, *, resuming: bool = False, resync: bool = False, window: SendWindow | None = None) -> Outcome:
        """What ended it: Done, or the outcome of the step that was not."""
        result: Outcome = Done()
        for step in await self.steps(resuming=resuming, resync=resync):
            try:
                result = await _one(step, window or Open(), resuming=resuming or resync)
            except (NotSentError, LostReplyError) as error:
                return error
            if not isinstance(result, Done):
                return result
        return result

    async def takes_over(self) -> None:
        """A new owner, who does not know what became of it, looks and finishes."""
        self.desk.wire.heal()
        result = await self.run(resuming=True)
        assert isinstance(result, Done), result


async def _one(step: Step, window: SendWindow, *, resuming: bool) -> StepResult:
    if step.find is not None and (resuming or step.kind == "probe") and (found := await step.find()) is not None:
        return found
    result = await step.send(window)
    if isinstance(result, Exists):
        assert step.find is not None, f"{step.name} says that it exists, and has no find"
        return await step.find() or Retry("it exists, and is not shown")
    return result


@pytest.fixture
async def effect(writing: Subject, desk: Desk) -> AsyncIterator[Effect]:
    assert writing.facts.write is not None, "give a write in conformance.yaml"
    sink = desk.sink()
    yield Effect(desk, sink, writing.facts.write)
    await sink.close()


async def test_a_write_is_done_and_found_again(effect: Effect) -> None:
    assert isinstance(await effect.run(), Done)
    assert effect.sent == 1
    await effect.takes_over()
    assert effect.sent == 1


async def test_a_resync_of_what_is_there_writes_nothing(effect: Effect) -> None:
    assert isinstance(await effect.run(), Done)
    outcome = await effect.run(resync=True, window=Closed())
    assert isinstance(outcome, Done), f"every write asks its window, and this one is closed: {outcome}"
    assert effect.sent == 1


async def test_the_steps_are_those_that_the_spec_declares(writing: Subject, effect: Effect) -> None:
    declared = {(write.canonical, name): write.kind for write in writing.spec.writes for name in write.step.split(", ")}
    steps = await effect.steps()
    assert any(step.kind != "absolute" for step in steps), "give a write that must not happen twice"
    for step in steps:
        assert declared.get((effect.write.entity, step.name)) == step.kind, step.name
        assert (step.find is not None) or step.kind == "absolute", f"{step.name} cannot be looked for"


@pytest.mark.parametrize("lost", [reply_lost, truncated])
async def test_a_write_whose_answer_is_lost_is_looked_for_and_not_sent_again(effect: Effect, lost: Break) -> None:
    effect.fault(lost)
    assert isinstance(await effect.run(), LostReplyError | Unknown)
    await effect.takes_over()
    assert effect.sent == 1


async def test_a_write_that_never_arrived_is_looked_for_and_sent_again(effect: Effect) -> None:
    effect.fault(never_arrives)
    assert isinstance(await effect.run(), LostReplyError | Unknown)
    await effect.takes_over()
    assert effect.sent == 2


@pytest.mark.parametrize("said", [HTML, answer(200), answer(500), answer(502, b"Bad Gateway"), answer(504)])
async def test_an_answer_that_says_nothing_of_the_write_leaves_it_open(effect: Effect, said: Break) -> None:
    effect.fault(said)
    assert isinstance(await effect.run(), LostReplyError | Unknown)
    await effect.takes_over()
    assert effect.sent == 2


async def test_too_many_calls_is_a_wait_of_the_seconds_given(effect: Effect) -> None:
    effect.fault(answer(429, retry_after="17"))
    outcome = await effect.run()
    assert isinstance(outcome, NotSentError)
    assert outcome.retry_after == 17
    assert effect.sent == 1


async def test_too_many_calls_is_a_wait_until_the_date_given(effect: Effect) -> None:
    effect.fault(answer(429, retry_after=email.utils.formatdate(time.time() + 90, usegmt=True)))
    outcome = await effect.run()
    assert isinstance(outcome, NotSentError)
    assert outcome.retry_after is not None
    assert 60 < outcome.retry_after <= 90


async def test_a_503_with_retry_after_is_that_wait_or_an_open_question(effect: Effect) -> None:
    effect.fault(answer(503, retry_after="17"))
    outcome = await effect.run()
    if isinstance(outcome, NotSentError):
        assert outcome.retry_after == 17
    else:
        assert isinstance(outcome, LostReplyError | Unknown)
    assert effect.sent == 1


async def test_a_401_renews_the_token_and_sends_once_more(effect: Effect) -> None:
    effect.fault(answer(401))
    outcome = await effect.run()
    assert isinstance(outcome, Done)
    assert effect.sent == 2
    assert effect.desk.wire.tokens == 2


async def test_a_write_is_not_redirected_to_another_host(effect: Effect) -> None:
    effect.fault(answer(307, location="http://elsewhere.example/"), times=None)
    assert not isinstance(await effect.run(), Done)
    assert not effect.desk.wire.astray
    assert effect.sent == 1


async def test_after_the_send_window_nothing_leaves(effect: Effect) -> None:
    assert isinstance(await effect.run(window=Closed()), NotSentError)
    assert effect.sent == 0


async def test_a_target_that_is_down_while_it_is_asked_is_no_outcome_of_the_write(effect: Effect) -> None:
    effect.desk.wire.fault(answer(503, b"down"))
    try:
        decision = await effect.sink.handlers[effect.write.entity].plan(effect.desk.task(effect.write))
        if isinstance(decision, Plan):
            found = await _found(decision.steps[0])
            assert isinstance(found, Retry), found
        else:
            assert isinstance(decision, Retry), decision
    except NotSentError:
        pass
    assert effect.sent == 0


async def _found(step: Step) -> object:
    assert step.find is not None, "a plan without a question, and a first step without find"
    return await step.find()
