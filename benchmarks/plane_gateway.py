"""The gateway of the data plane: the balancer in front of real processes, and the orders of the service carried out.

Machines are processes that are ready so many seconds after they are ordered; a function starts a process for a call
that finds none warm, and ends one that was idle for long enough. Each takes one request at a time, over HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from plane_load import post

import serflow_opt as so
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Service

LOOK_S = 0.02


@dataclass
class Worker:
    """A process that answers: a machine, or an environment of a function.

    Attributes
    ----------
    ordered_s, ready_s, stopped_s, end_s
        Of its life, on the monotonic clock; infinite: not yet.
    idle_s
        Since when it has been idle.
    """

    pid: int
    ordered_s: float
    ready_s: float = float("inf")
    stopped_s: float = float("inf")
    end_s: float = float("inf")
    idle_s: float = 0.0
    busy: bool = False
    port: int = 0
    streams: list[Any] = field(default_factory=list)


@dataclass
class Bill:
    """What was counted on the way.

    Attributes
    ----------
    calls
        Seconds of each call of the function, cold starts in them.
    holds
        Seconds that each request held a machine or a warm function, and seconds by stage.
    """

    calls: list[float] = field(default_factory=list)
    holds: list[tuple[float, list[float]]] = field(default_factory=list)
    cold: int = 0
    refused: int = 0
    waited: int = 0
    latency: list[float] = field(default_factory=list)
    machine_s: list[tuple[float, float]] = field(default_factory=list)


class Processes:
    """Starts workers by the process that has loaded the network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parent: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def begin(self) -> None:
        """Load the network."""
        command = [sys.executable, str(Path(__file__).parent / "plane_worker.py"), str(self.folder)]
        pipe = asyncio.subprocess.PIPE
        self._parent = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        assert self._parent.stdout is not None
        await self._parent.stdout.readline()

    async def order(self, delay_s: float) -> Worker:
        """Order a worker that is ready after so many seconds."""
        assert self._parent is not None
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        now = time.monotonic()
        async with self._lock:
            self._parent.stdin.write(f"{delay_s}\n".encode())
            return Worker(int(await self._parent.stdout.readline()), now)

    async def ready(self, worker: Worker) -> bool:
        """Wait until a worker is ready, or was stopped before."""
        file = self.folder / f"{worker.pid}.port"
        while not file.exists():
            if worker.stopped_s < float("inf"):
                return False
            await asyncio.sleep(LOOK_S)
        worker.port, worker.ready_s, worker.idle_s = int(file.read_text()), time.monotonic(), time.monotonic()
        return True

    def end(self, worker: Worker) -> None:
        """End a worker."""
        worker.end_s = time.monotonic()
        for _, writer in worker.streams:
            writer.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)

    async def close(self) -> None:
        """End the process that has loaded the network."""
        assert self._parent is not None
        self._parent.kill()
        await self._parent.wait()


class Gateway:
    """One block: its machines, its function, its queue.

    Parameters
    ----------
    service
        What is served; of its types of machines the first is there.
    processes
        Starts workers.
    place
        Of the controller's service, as http://127.0.0.1:8787.
    """

    def __init__(self, service: Service, processes: Processes, place: str) -> None:
        self.service, self.processes = service, processes
        self.block = service.blocks[0]
        self.machine, self.function = self.block.machines[0], self.block.function
        self.balancer = so.Balancer(service)
        self.client = httpx.AsyncClient(base_url=place, timeout=30)
        self.machines: list[Worker] = []
        self.warm: list[Worker] = []
        self.bill = Bill()
        self.orders = 0
        self._gone: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._came: dict[int, int] = {}
        self._calls = 0
        self._thresholds = "{}"
        self._tasks: set[asyncio.Task[Any]] = set()
        self._refused = 0

    # what requests see

    async def answer(self, body: bytes) -> dict[str, Any] | None:
        """Answer a request; None: nobody takes it."""
        begin = time.monotonic()
        second = int(time.time())
        self._came[second] = self._came.get(second, 0) + 1
        place = self.balancer.enter(0)
        if place == "function":
            limit = self.function.concurrency_max if self.function is not None else 0
            if limit is not None and self._calls >= limit:
                self.bill.refused += 1
                self._refused += 1
                place = self.balancer.refused(0)
            else:
                found = await self._call(body)
                self.bill.latency.append(time.monotonic() - begin)
                return found
        if place is None:
            return None
        if place == "wait":
            self.bill.waited += 1
            waiting: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            worker = await waiting
        else:
            worker = self._take()
        found = await self._on_machine(worker, body)
        self.bill.latency.append(time.monotonic() - begin)
        return found

    def _take(self) -> Worker:
        worker = next(own for own in self._serving() if not own.busy)
        worker.busy = True
        return worker

    async def _on_machine(self, worker: Worker, body: bytes) -> dict[str, Any]:
        begin = time.monotonic()
        _, found = await post(worker.streams, worker.port, self._head, body)
        self.bill.holds.append((time.monotonic() - begin, found["seconds"]))
        worker.busy = False
        if worker.stopped_s < float("inf"):
            self._retire(worker)
        elif self.balancer.finished(0):
            self._give()
        return found

    async def _call(self, body: bytes) -> dict[str, Any]:
        """Call the function: a warm environment, the last that was used, or a new one."""
        assert self.function is not None
        self._calls += 1
        begin = time.monotonic()
        warm = bool(self.warm)
        if warm:
            worker = self.warm.pop()
        else:
            self.bill.cold += 1
            worker = await self.processes.order(self.function.cold_start_s)
            await self.processes.ready(worker)
        _, found = await post(worker.streams, worker.port, self._head, body)
        self.bill.calls.append(time.monotonic() - begin)
        if warm:
            self.bill.holds.append((self.bill.calls[-1], found["seconds"]))
        worker.idle_s = time.monotonic()
        self.warm.append(worker)
        self._calls -= 1
        return found

    @property
    def _head(self) -> str:
        return f"x-thresholds: {self._thresholds}\r\n"

    def _give(self) -> None:
        """Give a free worker to the first that waits."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(self._take())
                return

    # what the controller sees and says

    def _serving(self) -> list[Worker]:
        infinite = float("inf")
        return [own for own in self.machines if own.ready_s < infinite and own.stopped_s == infinite]

    def _tell(self) -> None:
        """Tell the balancer what machines there are."""
        serving = self._serving()
        starting = sum(own.ready_s == float("inf") and own.stopped_s == float("inf") for own in self.machines)
        busy = sum(own.busy for own in serving)
        for _ in range(self.balancer.machines(0, len(serving), starting=starting, busy=busy)):
            self._give()

    def _retire(self, worker: Worker) -> None:
        self.processes.end(worker)
        self.machines.remove(worker)
        self._gone.append(worker)

    async def _start(self) -> None:
        worker = await self.processes.order(self.machine.start_s)
        self.machines.append(worker)
        self._tell()
        if await self.processes.ready(worker):
            self._tell()
        else:
            self._retire(worker)

    def scale(self, count: int) -> None:
        """Order and stop machines until there are so many: the youngest stop, those that start first."""
        there = [own for own in self.machines if own.stopped_s == float("inf")]
        for _ in range(count - len(there)):
            self._spawn(self._start())
        for worker in sorted(there, key=lambda own: -own.ordered_s)[: max(0, len(there) - count)]:
            worker.stopped_s = time.monotonic()
            if worker.ready_s < float("inf") and not worker.busy:
                self._retire(worker)
        self._tell()

    async def follow(self) -> None:
        """Push what came each second, fetch orders, carry them out, and let functions go cold."""
        last, told, wanted = 0, int(time.time()), None
        while True:
            await asyncio.sleep(0.25)
            now = int(time.time())
            if now > told:
                counts = [self._came.pop(second, 0) for second in range(told, now)]
                serving = len(self._serving())
                row = {"ready": serving, "starting": sum(o.stopped_s == float("inf") for o in self.machines) - serving}
                body = {"requests": [{"from_s": told, "counts": counts}], "machines": [row]}
                body["throttled"] = [{"count": self._refused}]
                self._refused = 0
                (await self.client.post("/v1/measurements", json=body)).raise_for_status()
                told = now
            orders = (await self.client.get("/v1/orders")).json()
            if orders.get("number", 0) > last:
                last = orders["number"]
                own = orders["blocks"][0]
                wanted = sum(row["count"] for row in own["machines"])
                self.balancer.follow(Orders(({},), (own["queue_max"],)))
                thresholds = {row["stage"]: row["threshold"] for row in orders["thresholds"]}
                thresholds[orders["blocks"][-1]["stages"][1]] = 0.0  # where the last block ends all leave
                self._thresholds = json.dumps(thresholds)
                self.orders += 1
                self.scale(wanted)
            self._cool()

    def _cool(self) -> None:
        assert self.function is not None
        for worker in [own for own in self.warm if time.monotonic() - own.idle_s > self.function.keep_alive_s]:
            self.warm.remove(worker)
            self.processes.end(worker)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def listen(self) -> tuple[asyncio.Server, int]:
        """Answer over HTTP; return the server and its port."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
                    size = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length"))
                    found = await self.answer(await reader.readexactly(size))
                    body = json.dumps(found).encode()
                    code = "200 OK" if found is not None else "503 Busy"
                    writer.write(f"HTTP/1.1 {code}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End all processes, and bill machines to now."""
        now = time.monotonic()
        for worker in [*self.machines, *self.warm]:
            if worker in self.machines:
                self._gone.append(worker)
            self.processes.end(worker)
        self.bill.machine_s = [(own.ordered_s, min(own.end_s, now)) for own in self._gone]
        await self.client.aclose()
