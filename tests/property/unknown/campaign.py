"""Many writes of one kind, each with its reply lost; processes are killed or frozen at any step and taken over."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from penstock.connectors.contract import Sink
from tests.property.unknown.kinds import Kind
from tests.property.unknown.worker import Worker, Write, fate_of
from tests.sim.clock import VirtualLoop, settled
from tests.sim.life import task_factory
from tests.sim.log import MemoryLog
from tests.sim.process import simulated

SESSION = 9.0
"""Seconds after which a frozen process is replaced."""
LONGEST_FREEZE = 150.0
LEARNS = 13.0
"""Seconds within which a thawed process has learnt from its group that it was replaced."""


@dataclass
class Tally:
    """What became of the writes. `inside`: frozen between the last look at the window and the socket, then thawed."""

    writes: int = 0
    killed: int = 0
    frozen: int = 0
    inside: int = 0
    replies_lost: int = 0
    doubled: list[str] = field(default_factory=list)
    doubled_inside: int = 0
    lost: list[str] = field(default_factory=list)
    listed: int = 0


class Campaign:
    """`everywhere`: freezes fall at any step; else each falls inside the socket write of the create."""

    def __init__(self, kind: type[Kind], seed: int, *, everywhere: bool = True) -> None:
        self._random = random.Random(seed)
        self.loop = VirtualLoop()
        self.loop.set_task_factory(task_factory)
        self.kind = kind(self.loop.time)
        self._everywhere = everywhere
        self._wires = [self.kind.wire() for _ in range(2)]
        self._steps = 0
        self.tally = Tally()

    def run(self, count: int, first: int = 1000) -> Tally:
        with simulated():
            try:
                return self.loop.run(self._all(count, first))
            finally:
                self.loop.close()

    async def _all(self, count: int, first: int) -> Tally:
        await self.kind.open()
        sinks = [self.kind.sink(wire) for wire in self._wires]
        inside: dict[str, bool] = {}
        listed: set[str] = set()
        for number in range(first, first + count):
            write = await self.kind.write(number)
            log = MemoryLog(partitions=1)
            inside[write.key] = await self._one(log, sinks, write)
            fate = fate_of(log)
            if fate is not None and fate.state.value == "held":
                listed.add(write.key)
        self._count(inside, listed, self.kind.counts())
        await settled(*(sink.close() for sink in sinks), self.kind.close())
        return self.tally

    async def _one(self, log: MemoryLog, sinks: list[Sink], write: Write) -> bool:
        """Was a process frozen inside the socket write, and thawed?"""
        tally, chance = self.tally, self._random
        tally.writes += 1
        fate = chance.choice(["lives", "killed", "frozen", "frozen"]) if self._everywhere else "frozen"
        for wire in self._wires:
            wire.losses, wire.inside = 1 if self._everywhere else 0, set()
        if self._everywhere and chance.random() < 0.3:
            self._wires[1].losses = 2
        at = chance.randint(1, self._steps) if self._steps and self._everywhere and fate != "lives" else None
        first = Worker(log, sinks[0], write, at)
        workers = [first]
        if not self._everywhere:
            self._wires[0].freeze_inside = first.life
        await asyncio.wait(
            {first.task, frozen := asyncio.ensure_future(first.life.froze.wait())}, return_when="FIRST_COMPLETED"
        )
        frozen.cancel()
        if first.life.frozen:
            if fate == "killed":
                tally.killed += 1
            else:
                tally.frozen += 1
            await asyncio.sleep(SESSION)
            workers.append(second := Worker(log, sinks[1], write))
            if fate == "frozen":
                if self._everywhere and chance.random() < 0.5:
                    await asyncio.sleep(chance.uniform(0, LONGEST_FREEZE))
                else:
                    await settled(second.task)
                first.life.thaw()
                await asyncio.wait({first.task}, timeout=chance.uniform(1.0, LEARNS))
                first.task.cancel()
            await second.task
        else:
            self._steps = max(self._steps, first.life.steps)
            await first.task
        tally.replies_lost += sum(1 for wire in self._wires if wire.losses == 0)
        await settled(*(worker.life.end() for worker in workers))
        return any(first.life in wire.inside for wire in self._wires)

    def _count(self, inside: dict[str, bool], listed: set[str], there: Counter[str]) -> None:
        tally = self.tally
        tally.inside = sum(inside.values())
        tally.listed = len(listed)
        for key, was_inside in inside.items():
            if there[key] > 1 and was_inside and not self.kind.enforced:
                tally.doubled_inside += 1
            elif there[key] > 1:
                tally.doubled.append(key)
            elif there[key] == 0 and key not in listed:
                tally.lost.append(key)
