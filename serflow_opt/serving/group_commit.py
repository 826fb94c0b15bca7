"""Measurements of many senders, kept in one commit: each is answered when its commit is through.

While one commit waits for the disk the next measurements gather, and a commit waits a moment for others at first: a
commit takes as much of a processor and of the disk for one measurement as for many. Everything that touches the loop
runs on one thread.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError
from serflow_opt.serving.loop import ControlLoop, Receipt

if TYPE_CHECKING:
    from serflow_opt.serving.measurement import Measurement

MOST_WAITING = 10_000
"""Measurements that wait for their commit; more are turned away."""
MOST_AT_ONCE = 2_000
"""Measurements in a commit."""
GATHER_S = 0.005
"""Seconds that a commit waits for more measurements, at most."""


class Overloaded(RuntimeError):
    """More measurements wait than may."""


class GroupCommit:
    """The way to a loop from an event loop.

    Parameters
    ----------
    loop
        Touched on the thread of this only, from now on.
    """

    def __init__(self, loop: ControlLoop) -> None:
        self.loop = loop
        self._thread = ThreadPoolExecutor(1, "serflow-opt-loop")
        self._waiting: list[tuple[Measurement, asyncio.Future[Receipt]]] = []
        self._task: asyncio.Task[None] | None = None

    async def push(self, measurement: Measurement) -> Receipt:
        """Take a measurement in; what is returned is kept.

        Raises
        ------
        InputError
            For stamps that make no sense.
        StoreError
            When it could not be kept.
        Overloaded
            When too many wait.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING} measurements wait to be kept")
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((measurement, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._commit())
        return await answer

    async def decide(self) -> dict[str, Any]:
        """Have the loop decide."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.loop.decide)

    async def _commit(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_S)
                now, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._keep(now)
        finally:
            self._task = None

    async def _keep(self, now: list[tuple[Measurement, asyncio.Future[Receipt]]]) -> None:
        running = asyncio.get_running_loop()
        try:
            receipts = await running.run_in_executor(self._thread, self.loop.take, [own for own, _ in now])
        except Exception as error:
            for _, answer in now:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), receipt in zip(now, receipts, strict=True):
            if answer.done():  # whoever asked has gone; it is kept all the same
                continue
            if isinstance(receipt, InputError):
                answer.set_exception(receipt)
            else:
                answer.set_result(receipt)

    async def close(self) -> None:
        """Keep what waits, and let the thread go."""
        while self._task is not None:
            await asyncio.wait([self._task])
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
