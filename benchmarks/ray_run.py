"""A trace served by Ray: requests when they are due, orders as a policy decides, and what came of it."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import serflow_opt as so
from serflow_opt.serving.ray_serve import RayScaler, application, block_name
from serflow_opt.traffic.scaling_policy import Seen
from serflow_opt.traffic.service import Service

EVERY_S, LOOK_S = 5.0, 0.25
"""Seconds between orders, and between looks at which replicas there are."""
PATIENCE_S = 45.0
"""How long after the last request answers are waited for."""


async def running(name: str, blocks: int, states: Sequence[str] = ("RUNNING",)) -> list[int]:
    """Return how many replicas of each block are in one of some states; others may go on while Ray is asked."""
    from ray import serve

    there = (await asyncio.to_thread(serve.status)).applications[name].deployments
    return [sum(there[block_name(b)].replica_states.get(state, 0) for state in states) for b in range(blocks)]


class Run:
    """A trace served by Ray, and what came of it; a replica that comes or goes does so somewhere between two looks."""

    def __init__(self, service: Service, build: Callable[[int, int], Any], trace: so.Trace, place: str) -> None:
        self.service, self.build, self.trace = service, build, trace
        self.scaler = RayScaler(service, place, "digits", token=os.environ["RAY_AUTH_TOKEN"])
        self.replica_s = [0.0] * len(service.blocks)
        self.unsure_s = [0.0] * len(service.blocks)
        self.orders: list[list[int]] = []
        self.found: list[tuple[float, float, float]] = []

    async def whole(self, policy: Any, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], seed: int) -> None:
        """Serve it."""
        from ray import serve

        first = self.scaler.replicas(policy.decide(_seen(self.service, 0.0, None, [0] * len(self.replica_s), [0, 0])))
        app = application(self.service, self.build, [max(1, count) for count in first])
        entrance = serve.run(app, name="digits", route_prefix=None, external_scaler_enabled=True)
        rng = np.random.default_rng(seed)
        counts = self.trace.counts
        moments = np.sort(np.repeat(np.arange(len(counts)), counts) + rng.random(self.trace.requests))
        rows = rng.integers(len(images), size=len(moments))
        for k in range(20):  # connections and caches
            await entrance.remote(images[k])
        begin = time.monotonic()
        follow = asyncio.create_task(self._follow(policy, entrance, begin))
        look = asyncio.create_task(self._look())

        async def one(i: int, due: float) -> None:
            (answer, _), stage = await entrance.remote(images[rows[i]])
            self.found.append((answer == labels[rows[i]], stage, time.monotonic() - due))

        tasks = []
        for i, moment in enumerate(moments.tolist()):
            if (wait := begin + moment - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(one(i, begin + moment)))
        await asyncio.sleep(max(0.0, begin + len(counts) - time.monotonic()))
        done, open_ = await asyncio.wait(tasks, timeout=PATIENCE_S)
        for task in done:
            task.result()  # raises what went wrong
        for task in open_:
            task.cancel()
            self.found.append((math.nan, math.nan, math.inf))
        for task in (follow, look):
            task.cancel()
        serve.delete("digits")

    async def _follow(self, policy: Any, entrance: Any, begin: float) -> None:
        last = int(time.time())
        while True:
            await asyncio.sleep(EVERY_S)
            now = int(time.time())
            counts = await entrance.came.remote(last, now)
            last = now
            ready = await running("digits", len(self.replica_s))
            starting = await running("digits", len(self.replica_s), ("STARTING",))
            seen = _seen(self.service, time.monotonic() - begin, counts, ready, starting)
            orders = policy.decide(seen)
            self.orders.append(await asyncio.to_thread(self.scaler.follow, orders))
            print(f"{seen.now_s:.0f} s: {self.orders[-1]} ordered, {len(self.found)} answered", file=sys.stderr)

    async def _look(self) -> None:
        last, before = time.monotonic(), await running("digits", len(self.replica_s))
        while True:
            await asyncio.sleep(LOOK_S)
            there = await running("digits", len(self.replica_s), ("STARTING", "RUNNING", "STOPPING"))
            now = time.monotonic()
            self.replica_s = [own + (now - last) * count for own, count in zip(self.replica_s, there, strict=True)]
            self.unsure_s = [
                own + (now - last) * abs(count - old)
                for own, count, old in zip(self.unsure_s, there, before, strict=True)
            ]
            last, before = now, there


def _seen(
    service: Service, now_s: float, counts: list[list[int]] | None, ready: list[int], starting: list[int]
) -> Seen:
    names = [block.machines[0].name for block in service.blocks]
    return Seen(
        now_s,
        tuple(np.array(own) for own in counts or [[]] * len(names)),
        tuple({name: count} for name, count in zip(names, ready, strict=True)),
        tuple({name: count} for name, count in zip(names, starting, strict=False)),
        tuple({} for _ in names),
        (0,) * len(names),
    )
