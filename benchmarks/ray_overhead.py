"""What Ray Serve takes for a request itself: time and processor time of deployments that do nothing.

The entrance and the replicas are those of `serflow_opt.serving.ray_serve`, in two blocks, with a network that does
nothing; beside them stands a bare deployment, called by its handle and over HTTP. Processor time is that of this
process and all that it started: Ray's own processes, the replicas, and whoever sends.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serflow_opt.serving.ray_serve import StageOutcome, application, block_name
from serflow_opt.traffic.service import Block, Machine, Service

ONE_BY_ONE, TOGETHER, AT_ONCE, IDLE_S = 60, 200, 8, 3.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Overhead:
    """Seconds of a request that nothing is done for.

    Attributes
    ----------
    call
        A batch of one given to a replica: what the replica is taken for beside its work.
    entry
        What the entrance adds, from the sender to a block's queue and back.
    hop
        What going on to another block adds beside the call.
    cpu
        Processor time of a request that leaves in the first block.
    cpu_hop
        What going on to the second adds.
    background
        Processors that Ray keeps busy without a request.
    bare, bare_http
        Time and processor time of a bare deployment, by handle and over HTTP.
    """

    call: float
    entry: float
    hop: float
    cpu: float
    cpu_hop: float
    background: float
    bare: tuple[float, float]
    bare_http: tuple[float, float]

    @property
    def rows(self) -> list[list[str]]:
        """The table: what, time, processor time, in ms."""

        def told(name: str, seconds: float | None, cpu: float | None) -> list[str]:
            return [name, *("" if own is None else f"{1000 * own:.2f}" for own in (seconds, cpu))]

        return [
            told("bare deployment, by handle", *self.bare),
            told("the same, over HTTP", *self.bare_http),
            told("a batch given to a replica", self.call, None),
            told("entrance, first block", self.entry + self.call, self.cpu),
            told("on to another block, added", self.hop + self.call, self.cpu_hop),
        ]


class Nothing:
    """A deployment that does nothing."""

    async def __call__(self, _: Any) -> str:
        """Answer."""
        return "done"


def load_nothing(first: int, last: int) -> Callable[[Sequence[Any], Mapping[int, float]], list[StageOutcome]]:
    """Return a block that lets go who has a one, and all at the second stage."""

    def run(inputs: Sequence[Any], _: Mapping[int, float]) -> list[StageOutcome]:
        return [StageOutcome(bool(own) or last == 2, own, last) for own in inputs]

    return run


def processor_s(root: int) -> float:
    """Return the processor time of a process and of all that it started, as far as they live, seconds."""
    parent, used = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            own = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parent[int(folder.name)] = int(own[1])
        used[int(folder.name)] = (int(own[11]) + int(own[12])) / TICKS
    found, ours = 0.0, {root}
    for pid in sorted(parent, key=lambda own: _depth(own, parent)):
        if pid == root or parent[pid] in ours:
            ours.add(pid)
            found += used[pid]
    return found


def _depth(pid: int, parent: Mapping[int, int]) -> int:
    depth = 0
    while pid in parent:
        pid, depth = parent[pid], depth + 1
    return depth


async def _median(call: Callable[[], Awaitable[Any]]) -> float:
    """Return the median time of a call, one after the other."""
    taken = []
    for _ in range(ONE_BY_ONE + 10):
        begin = time.monotonic()
        await call()
        taken.append(time.monotonic() - begin)
    return float(np.median(taken[10:]))


async def _processor(call: Callable[[], Awaitable[Any]], background: float) -> float:
    """Return the processor time of a call beyond what is taken without, some at once."""

    async def many() -> None:
        for _ in range(TOGETHER // AT_ONCE):
            await call()

    begin, used = time.monotonic(), processor_s(os.getpid())
    await asyncio.gather(*(many() for _ in range(AT_ONCE)))
    used, held = processor_s(os.getpid()) - used, time.monotonic() - begin
    return max(0.0, used - background * held) / (TOGETHER // AT_ONCE * AT_ONCE)


def _asked(port: int) -> Callable[[], None]:
    """Return a call over a connection that is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask() -> None:
        connection.request("GET", "/nothing")
        answer = connection.getresponse()
        if answer.read() != b"done":
            raise SystemExit(f"Ray answered {answer.status}")

    return ask


async def overhead(port: int) -> Overhead:
    """Measure it; Ray listens on a port for HTTP."""
    from ray import serve

    machine = Machine("worker", 1.0, 1, (0.0, 0.0))
    service = Service("nothing", (Block(0, 0, (machine,), None), Block(1, 1, (machine,), None)), (0.5, 0.5), (1.0, 1.0))
    entrance = serve.run(application(service, load_nothing, [1, 1]), name="blocks", route_prefix=None)
    bare = serve.run(serve.deployment(Nothing, max_ongoing_requests=100).bind(), name="bare", route_prefix="/nothing")
    block = serve.get_deployment_handle(block_name(0), "blocks")
    asks = [_asked(port) for _ in range(AT_ONCE)]
    free = list(range(AT_ONCE))

    async def over_http() -> None:
        own = free.pop()
        await asyncio.to_thread(asks[own])
        free.append(own)

    async def by_handle() -> None:
        await bare.remote(None)

    async def leaving() -> None:
        await entrance.remote(1)

    async def going_on() -> None:
        await entrance.remote(0)

    async def given() -> None:
        await block.remote([1], {})

    calls = (given, leaving, going_on, by_handle, over_http)
    call, first, both, handle, http_s = [await _median(own) for own in calls]
    used = processor_s(os.getpid())
    await asyncio.sleep(IDLE_S)
    background = (processor_s(os.getpid()) - used) / IDLE_S
    cpu = [await _processor(own, background) for own in calls[1:]]
    serve.delete("blocks")
    serve.delete("bare")
    return Overhead(
        call,
        max(0.0, first - call),
        max(0.0, both - first - call),
        cpu[0],
        max(0.0, cpu[1] - cpu[0]),
        background,
        (handle, cpu[2]),
        (http_s, cpu[3]),
    )
