"""Delivery with injected produce errors: nothing is skipped, order holds, and the process ends when it must."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from penstock.processors.deliver import EXIT_UNDELIVERABLE, Output, deliver


class Broker:
    """Accepts records; `failures` are consumed one per record sent: None accepts, `send` and `ack` fail there."""

    def __init__(self, failures: list[str | None]) -> None:
        self.failures = failures
        self.accepted: list[bytes] = []
        self.sent = 0

    async def send(self, output: Output) -> Awaitable[object]:
        self.sent += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure == "send":
            raise ConnectionError("no broker")
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if failure == "ack":
            future.set_exception(TimeoutError("not acknowledged"))
        else:
            self.accepted.append(output.key)
            future.set_result(None)
        return future


async def no_sleep(_: float) -> None:
    return None


def outputs(count: int) -> list[Output]:
    return [Output("out", str(number).encode(), b"x") for number in range(count)]


async def test_all_are_acknowledged_in_one_go_when_all_is_well():
    broker = Broker([])
    await deliver(outputs(5), broker.send, sleep=no_sleep)
    assert broker.accepted == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("kind", ["send", "ack"])
@pytest.mark.parametrize("at", [0, 2, 4])
async def test_from_the_first_failure_on_everything_is_sent_again_in_order(kind: str, at: int):
    broker = Broker([None] * at + [kind])
    await deliver(outputs(5), broker.send, sleep=no_sleep)
    first_seen = list(dict.fromkeys(broker.accepted))
    assert set(first_seen) == {b"0", b"1", b"2", b"3", b"4"}
    assert broker.accepted[-(5 - at) :] == [str(number).encode() for number in range(at, 5)]


async def test_repeated_failures_do_not_lose_a_record():
    broker = Broker(["ack", None, "send", "ack", "ack", None, None, "ack"])
    await deliver(outputs(3), broker.send, sleep=no_sleep)
    assert set(broker.accepted) == {b"0", b"1", b"2"}
    assert broker.accepted[-1] == b"2"


async def test_past_the_deadline_the_process_ends_and_nothing_is_acknowledged():
    broker = Broker(["ack"] * 100)
    codes: list[int] = []
    now = iter(range(0, 1000, 50))
    with pytest.raises(RuntimeError, match="could not deliver"):
        await deliver(
            outputs(1), broker.send, deadline=120, clock=lambda: next(now), sleep=no_sleep, give_up=codes.append
        )
    assert codes == [EXIT_UNDELIVERABLE]
