"""Delivery of a batch of outputs: all acknowledged by the broker, in order, or the process ends."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from penstock.checkpoints import reach

log = structlog.get_logger()

EXIT_UNDELIVERABLE = 70
DEADLINE = 120.0
"""Seconds. Below the time that a supervisor gives a stopping service, so that a batch cannot hang for ever."""


@dataclass(frozen=True, slots=True)
class Output:
    """One record to produce. partition None leaves the choice to the key."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


Send = Callable[[Output], Awaitable[Awaitable[object]]]
"""Hands a record to the producer; what it returns completes when the broker has acknowledged."""


async def deliver(
    outputs: Sequence[Output],
    send: Send,
    *,
    deadline: float = DEADLINE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    give_up: Callable[[int], object] = os._exit,
) -> None:
    """Returns when the broker has acknowledged every output.

    A failed record blocks the ones after it: everything from the first failure on is sent again, so the order within
    a key holds (later ones may then be there twice, which their ids allow for). After `deadline` seconds the process
    exits with 70 and the input, never acknowledged, is read again by its successor.
    """
    began = clock()
    rest = list(outputs)
    tries = 0
    while rest:
        acknowledgements: list[Awaitable[object]] = []
        results: list[object] = []
        try:
            for output in rest:  # one by one: what follows a refused record must not overtake it
                acknowledgements.append(await send(output))  # noqa: PERF401
        except Exception as error:  # noqa: BLE001 - every kind of produce error is handled the same way
            results = [*await asyncio.gather(*acknowledgements, return_exceptions=True), error]
        else:
            reach("processors.sent")
            results = list(await asyncio.gather(*acknowledgements, return_exceptions=True))
        failed = next((index for index, result in enumerate(results) if isinstance(result, BaseException)), None)
        if failed is None:
            return
        tries += 1
        reason = f"{type(results[failed]).__name__}: {results[failed]}"
        if clock() - began > deadline:
            log.critical("delivery_given_up", topic=rest[failed].topic, undelivered=len(rest) - failed, reason=reason)
            give_up(EXIT_UNDELIVERABLE)
            raise RuntimeError(f"could not deliver to {rest[failed].topic}: {reason}")
        log.warning("delivery_repeated", topic=rest[failed].topic, undelivered=len(rest) - failed, reason=reason)
        rest = rest[failed:]
        await sleep(min(0.05 * 2**tries, 5.0))
