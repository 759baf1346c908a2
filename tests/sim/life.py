"""The life of a simulated process: it can be frozen between any two of its steps, thawed, or left frozen for ever.

A killed process is one that is frozen and never thawed: nothing of it runs on, no `finally` and no farewell.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine, Generator
from typing import Any

_LIFE: contextvars.ContextVar[Life | None] = contextvars.ContextVar("life", default=None)


class Life:
    """`freeze_at`: it freezes before its so many-th step (a step is what runs between two awaits)."""

    def __init__(self, freeze_at: int | None = None) -> None:
        self.steps = 0
        self.freezes = 0
        self.freeze_at = freeze_at
        self.frozen = False
        self.over = False
        """The simulation ends: whatever it still tries fails."""
        self.tasks: set[asyncio.Task[Any]] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self.froze = asyncio.Event()

    def freeze(self) -> None:
        self.frozen = True
        self.freezes += 1
        self.froze.set()

    def thaw(self) -> None:
        self.frozen = False
        self.freeze_at = None
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.freeze_at:
            self.freeze()

    def thawed(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs `work`, and all tasks that it starts, as this process."""
        context = contextvars.copy_context()
        context.run(_LIFE.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)

    async def end(self) -> None:
        """Cleans up after the verdict."""
        self.over = True
        self.thaw()
        tasks = [task for task in self.tasks if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def current() -> Life | None:
    return _LIFE.get()


def outside(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Runs `work` as part of the world: it goes on when the process that asked for it freezes."""
    context = contextvars.copy_context()
    context.run(_LIFE.set, None)
    return asyncio.get_running_loop().create_task(work, context=context)


class _Steps:
    """Drives a coroutine step by step, as long as its process runs."""

    def __init__(self, work: Coroutine[Any, Any, Any], life: Life) -> None:
        self._work = work
        self._life = life

    def __await__(self) -> Generator[Any, None, Any]:
        life, work = self._life, self._work
        error: BaseException | None = None
        while True:
            life.step()
            while life.frozen:
                try:
                    yield from life.thawed().__await__()
                except asyncio.CancelledError as cancelled:
                    error = cancelled
            try:
                waiting = work.send(None) if error is None else work.throw(error)
            except StopIteration as end:
                return end.value
            error = None
            try:
                yield waiting
            except BaseException as raised:  # noqa: BLE001 - handed on to whom it was meant for
                error = raised


async def _drive(work: Coroutine[Any, Any, Any], life: Life) -> Any:
    return await _Steps(work, life)


def task_factory(
    loop: asyncio.AbstractEventLoop, work: Any, *, context: contextvars.Context | None = None, **more: Any
) -> asyncio.Task[Any]:
    """Tasks belong to the process of the context they start in."""
    life = _LIFE.get() if context is None else context.get(_LIFE)
    if life is None:
        return asyncio.Task(work, loop=loop, context=context, **more)
    task: asyncio.Task[Any] = asyncio.Task(_drive(work, life), loop=loop, context=context, **more)
    life.tasks.add(task)
    task.add_done_callback(life.tasks.discard)
    return task
