"""The service under measurements: 1,000 a second, killed with -9 in the middle, its clock set forward and back.

The service runs as a process of its own; its wall clock is time.time() and an offset that this script sets. Senders are
connections of this process; each counts its measurements up, one request in each, and sends one again until it is
acknowledged, whatever happens. At the end every measurement has to have been counted once. `--sender-alone` puts a
server in the place of the service that answers at once: what the senders take, and can.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from reporting import setting, table, write

EVERY_S, CONNECTIONS = 10.0, 200
AGAIN_S = 0.05
"""Until a sender that was not answered tries again."""


@dataclass
class Sent:
    """What became of all measurements."""

    acknowledged: int = 0
    late: int = 0
    repeated: int = 0
    refused: int = 0
    failures: int = 0
    seconds: list[float] = field(default_factory=list)


def serve(folder: Path) -> None:
    """Be the service."""
    import serflow_opt as so
    from serflow_opt.serving.clock import SteadyClock
    from serflow_opt.serving.kept_service import kept_service
    from serflow_opt.serving.loop import ControlLoop
    from serflow_opt.serving.server import ServerSettings, log_to_stderr, run
    from serflow_opt.serving.store import ServiceStore

    def wall() -> float:
        return time.time() + float((folder / "offset").read_text() or 0)

    log_to_stderr()
    with ServiceStore(folder / "state.db") as store:
        trace = so.Trace.of([1000 * 3600], 3600.0)
        service, _ = kept_service(store, {}, lambda: so.service_for(so.load("libra"), trace, 1))
        clock = SteadyClock(store.kept("clock"), wall)
        loop = ControlLoop(so.Controller(service, every_s=EVERY_S), store, clock)
        settings = ServerSettings(port=int((folder / "port").read_text() or 0))

        def ready(place: str) -> None:
            (folder / "port.draft").write_text(place.rpartition(":")[2])
            (folder / "port.draft").replace(folder / "port")  # senders read it at any time
            (folder / "ready").write_text(str(time.time()))

        asyncio.run(run(loop, settings, ready=ready))


def serve_nothing(folder: Path) -> None:
    """Be a server that answers everything at once, and keeps nothing."""
    answer = b'{"accepted":1,"late":0,"repeated":false}'
    answer = f"HTTP/1.1 200 OK\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + answer

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r")[0]))
                writer.write(answer)

    async def work() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        (folder / "port").write_text(str(server.sockets[0].getsockname()[1]))
        (folder / "ready").write_text("")
        await server.serve_forever()

    asyncio.run(work())


async def started(folder: Path, what: str = "--serve") -> asyncio.subprocess.Process:
    """Start the service, and wait until it listens."""
    (folder / "ready").unlink(missing_ok=True)
    own = await asyncio.create_subprocess_exec(sys.executable, __file__, what, str(folder))
    while not (folder / "ready").exists():
        await asyncio.sleep(0.01)
    return own


class Sender:
    """A connection with a queue of its own."""

    def __init__(self, name: str, folder: Path, sent: Sent) -> None:
        self.name, self.folder, self.sent, self.number = name, folder, sent, 0
        self.offset = 0.0
        self.queue: asyncio.Queue[float | None] = asyncio.Queue()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self) -> None:
        """Send what is due, one after the other, until None comes."""
        while (due := await self.queue.get()) is not None:
            await self._send(due)
        if self._streams is not None:
            self._streams[1].close()

    async def _send(self, due: float) -> None:
        while True:
            row = f'{{"from_s":{int(due + self.offset)},"counts":[1]}}'
            body = f'{{"source":"{self.name}","number":{self.number},"requests":[{row}]}}'.encode()
            try:
                code, answer = await asyncio.wait_for(self._post(body), 10)
            except (OSError, EOFError, TimeoutError):
                self.sent.failures += 1
                self._streams = None
                await asyncio.sleep(AGAIN_S)
                continue
            if code == 200:
                break
            self.sent.refused += 1
            await asyncio.sleep(AGAIN_S)
        self.number += 1
        self.sent.acknowledged += 1
        self.sent.late += answer["late"]
        self.sent.repeated += answer["repeated"]
        self.sent.seconds.append(time.time() - due)

    async def _post(self, body: bytes) -> tuple[int, dict[str, int]]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", int((self.folder / "port").read_text()))
        reader, writer = self._streams
        head = "POST /v1/measurements HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        writer.write(head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        size = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length"))
        return int(lines[0].split()[1]), json.loads(await reader.readexactly(size))


async def send(senders: list[Sender], begin: float, rate: int, count: int) -> None:
    """Have so many measurements sent at a rate from a moment on, by one sender after the other."""
    for k in range(count):
        due = begin + k / rate
        if (wait := due - time.time()) > 0.002:
            await asyncio.sleep(wait)
        senders[k % len(senders)].queue.put_nowait(due)


async def ended(senders: list[Sender], tasks: list[asyncio.Task[None]]) -> None:
    """Wait until all that is due has been sent."""
    for sender in senders:
        sender.queue.put_nowait(None)
    await asyncio.gather(*tasks)


async def alone(folder: Path, rate: int, seconds: int) -> list[tuple[str, str]]:
    """Send to a server that answers at once; return what the senders took, and how late they were."""
    own, sent = await started(folder, "--serve-nothing"), Sent()
    senders = [Sender(f"s{k}", folder, sent) for k in range(CONNECTIONS)]
    tasks = [asyncio.create_task(sender.work()) for sender in senders]
    begin, cpu = time.time(), time.process_time()
    await send(senders, begin, rate, rate * seconds)
    await ended(senders, tasks)
    took, cpu = time.time() - begin, time.process_time() - cpu
    server = _cpu(own.pid)
    own.kill()
    await own.wait()
    return [
        ("measurements", f"{rate * seconds:,} in {seconds} s; all answered after {took:.1f} s"),
        ("answered within", f"{_quantiles(np.array(sent.seconds) * 1000)} ms (median, 99 %, most)"),
        ("processor time of the senders", f"{1e6 * cpu / sent.acknowledged:.0f} µs a measurement"),
        ("of the server, its start included", f"{1e6 * server / sent.acknowledged:.0f} µs a measurement"),
    ]


async def measured(folder: Path, rate: int, seconds: int, jumps: dict[int, float]) -> list[tuple[str, str]]:
    """Send, kill in the middle, set the clock; return what came of it."""
    (folder / "offset").write_text("")
    (folder / "port").write_text("")
    own, sent = await started(folder), Sent()
    senders = [Sender(f"s{k}", folder, sent) for k in range(CONNECTIONS)]
    tasks = [asyncio.create_task(sender.work()) for sender in senders]
    begin, down, cpu, peak, kept_up = time.time(), 0.0, -_cpu(own.pid), 0.0, 0.0
    sending = -time.process_time()
    for second in range(seconds):
        if second in jumps:
            before = float((folder / "offset").read_text() or 0)
            (folder / "draft").write_text(str(before + jumps[second]))
            (folder / "draft").replace(folder / "offset")
            for sender in senders:
                sender.offset = before + jumps[second]
        if second == seconds // 2:
            cpu, peak = cpu + _cpu(own.pid), _rss(own.pid)
            own.kill()
            killed = time.time()
            kept_up = sent.acknowledged / (killed - begin)
            await own.wait()
            own = await started(folder)
            down = time.time() - killed
            cpu -= _cpu(own.pid)
        await send(senders, begin + second, rate, rate)
    await ended(senders, tasks)
    took = time.time() - begin
    sending += time.process_time()
    cpu, peak = cpu + _cpu(own.pid), max(peak, _rss(own.pid))
    own.send_signal(signal.SIGTERM)
    code = await own.wait()
    counted, decisions = _counted(folder / "state.db")
    times = np.array(sent.seconds) * 1000
    settled = np.array(sent.seconds)[: int(len(sent.seconds) * 0.4)] * 1000
    return [
        ("measurements", f"{rate * seconds:,} in {seconds} s; all acknowledged after {took:.1f} s"),
        ("acknowledged a second, until the kill", f"{kept_up:,.0f}"),
        ("acknowledged", f"{sent.acknowledged:,}, {sent.repeated} of them had been kept before they were sent again"),
        ("counted", f"{counted:,.0f} in {decisions} decisions and the rest; {sent.late:,} came late and were told so"),
        ("lost or counted twice", f"{rate * seconds - sent.late - counted:,.0f}"),
        ("not answered, sent again", f"{sent.failures:,}; refused: {sent.refused:,}"),
        ("killed with -9", f"listens again after {down:.2f} s; ended by SIGTERM with {code}"),
        ("clock set", ", ".join(f"{jump:+,.0f} s after {at} s" for at, jump in jumps.items())),
        ("acknowledged within, before the kill", f"{_quantiles(settled)} ms (median, 99 %, most)"),
        ("acknowledged within, all", f"{_quantiles(times)} ms"),
        ("processor time of the service", f"{cpu:.1f} s, {1e6 * cpu / sent.acknowledged:.0f} µs a measurement"),
        ("of the senders", f"{1e6 * sending / sent.acknowledged:.0f} µs a measurement"),
        ("memory", f"{peak:.0f} MB; state file {os.path.getsize(folder / 'state.db') / 1e3:.0f} kB"),
    ]


def _quantiles(times: np.ndarray) -> str:
    return f"{np.median(times):.0f}, {np.quantile(times, 0.99):.0f}, {times.max():.0f}"


def _counted(path: Path) -> tuple[float, int]:
    """Requests that decisions were told of, and those that wait; and how many decisions."""
    with sqlite3.connect(path) as db:
        orders = [json.loads(row[0]) for row in db.execute("SELECT document FROM orders")]
        waiting = db.execute("SELECT coalesce(sum(requests), 0) FROM counts").fetchone()[0]
    decided = sum(own["seconds"] * (own["requests_per_s"] or 0) for order in orders for own in order["blocks"])
    return round(decided + waiting, 3), len(orders)


def _cpu(pid: int) -> float:
    """Seconds of processors that a process took."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss(pid: int) -> float:
    """Memory of a process, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def main() -> None:
    """Run it, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--serve-nothing", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sender-alone", action="store_true", help="no service: a server that answers at once")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    if given.serve_nothing:
        serve_nothing(given.serve_nothing)
        return
    where = setting()
    jumps = {given.seconds // 6: 3600.0, given.seconds * 2 // 3: -7200.0}
    with tempfile.TemporaryDirectory() as folder:
        if given.sender_alone:
            rows = asyncio.run(alone(Path(folder), given.rate, given.seconds))
        else:
            rows = asyncio.run(measured(Path(folder), given.rate, given.seconds, jumps))
    text = f"{where}\n\n" + table(["what", "came out"], [list(row) for row in rows])
    if given.out is None:
        print(text)
    else:
        write(given.out, "serving", text)


if __name__ == "__main__":
    main()
