"""Many askers, one call: what is asked for within a few milliseconds goes out together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Batch(Generic[Q, A]):
    """`call` gets the questions of all askers and gives one answer each, in their order; its error is everybody's.

    A call starts `wait` seconds after the first question, or with the `most`-th. It never answers a question that was
    asked after it had started.
    """

    def __init__(self, call: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], wait: float, most: int = 500) -> None:
        self._call = call
        self._wait = wait
        self._most = most
        self._asked: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q) -> A:
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._asked.append((question, answer))
        if len(self._asked) == 1:
            self._start(self._later(self._asked))
        if len(self._asked) >= self._most:
            self._start(self._run(self._taken()))
        return await answer

    async def _later(self, asked: list[tuple[Q, asyncio.Future[A]]]) -> None:
        await asyncio.sleep(self._wait)
        if asked is self._asked:
            await self._run(self._taken())

    def _taken(self) -> list[tuple[Q, asyncio.Future[A]]]:
        asked, self._asked = self._asked, []
        return asked

    async def _run(self, asked: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._call([question for question, _ in asked])
        except Exception as error:  # noqa: BLE001 - handed to every asker, who judges it
            for _, waiting in asked:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for (_, waiting), answer in zip(asked, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
