"""The only way to write a processor.

A plain Faust agent loses the event on an exception and acknowledges what was never delivered. Here a batch of raw
bytes goes through a pure transform, every event ends as outputs or as a dead letter, the outputs are acknowledged by
the broker, and only then is the input acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
import structlog

from penstock.checkpoints import reach
from penstock.log.dlq import dead_letter
from penstock.processors.deliver import EXIT_UNDELIVERABLE, Output, Send, deliver
from penstock.processors.incoming import Incoming

log = structlog.get_logger()

BATCH = 500
WITHIN = 0.005
"""Seconds that a batch may gather. 0.005 keeps p50 at 5 ms; longer gains no throughput."""


Transform = Callable[[Incoming], Sequence[Output]]
"""Pure: what one record causes. May raise anything; then the record becomes a dead letter, untouched."""

Counter = Callable[[str], None]


Epitaph = Callable[[Incoming, Exception], Sequence[Output]]
"""What else a dead letter causes: the fates of its event. Must not raise."""


def no_epitaph(_incoming: Incoming, _error: Exception) -> Sequence[Output]:
    return ()


Before = Callable[[], Awaitable[None]]
"""Awaited before every batch: what the transform must know by then."""


async def nothing_first() -> None:
    """For a transform that needs nothing but its record."""


def outputs_of(
    incoming: Incoming,
    transform: Transform,
    dlq_topic: str,
    stage: str,
    count: Counter,
    epitaph: Epitaph = no_epitaph,
) -> Sequence[Output]:
    """The outputs of one record, or its dead letter."""
    try:
        return transform(incoming)
    except Exception as error:  # noqa: BLE001 - a record that breaks us must not stop its partition, nor be lost
        count("dead_letter")
        log.warning(
            "dead_letter",
            topic=incoming.topic,
            partition=incoming.partition,
            offset=incoming.offset,
            error=type(error).__name__,
        )
        return [Output(dlq_topic, *dead_letter(incoming, stage, error)), *epitaph(incoming, error)]


def producer_send(app: faust.App) -> Send:
    """Sends through the app's own aiokafka producer, whose futures tell of the broker's acknowledgement."""

    async def send(output: Output) -> Awaitable[object]:
        producer: Any = app.producer
        producer = producer._producer  # noqa: SLF001 - Faust's own send hides the delivery future
        future: Awaitable[object] = await producer.send(
            output.topic, output.value, key=output.key, partition=output.partition, headers=list(output.headers)
        )
        return future

    return send


def add_stage(
    app: faust.App,
    topics: Sequence[str],
    transform: Transform,
    *,
    name: str,
    dlq_topic: str,
    count: Counter,
    epitaph: Epitaph = no_epitaph,
    before: Before = nothing_first,
    send: Send | None = None,
) -> None:
    """Registers the agent that runs `transform` over `topics`."""
    channel = app.topic(*topics, key_serializer="raw", value_serializer="raw")
    sender = send or producer_send(app)

    async def stage(stream: Any) -> None:
        async for events in stream.noack_take(BATCH, within=WITHIN):
            try:
                await work(stream, events)
            except Exception:
                # Faust would start the agent again, and leave out this batch until the next restart
                log.critical("stage_failed", stage=name, events=len(events), exc_info=True)
                os._exit(EXIT_UNDELIVERABLE)

    async def work(stream: Any, events: Sequence[Any]) -> None:
        reach("processors.consumed")
        await before()
        outputs: list[Output] = []
        for event in events:
            message = event.message
            incoming = Incoming(
                message.topic,
                message.partition,
                message.offset,
                message.key or b"",
                message.value or b"",
                tuple(message.headers or ()),
            )
            count("event")
            outputs += outputs_of(incoming, transform, dlq_topic, name, count, epitaph)
        reach("processors.transformed")
        await deliver(outputs, sender)
        reach("processors.delivered")
        for event in events:
            await stream.ack(event)
        reach("processors.acknowledged")

    app.agent(channel, name=name)(stage)
