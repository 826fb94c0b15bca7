"""Promises beside what real processes do: nothing in the loop is simulated but the prices.

The shipped digits network (`plane_network.py`) runs in processes behind HTTP: machines, which are there so many seconds
after they are ordered, and a function with cold starts (`plane_worker.py`). In front is a gateway with the balancer
(`plane_gateway.py`); requests come from a process of their own, at random by the rates of a trace (`plane_load.py`);
`serflow-opt serve` says how many machines there are to be, how many requests may wait, and which thresholds hold.

First a worker is timed, stage by stage, and an instance written: its times, exits on digits that nothing was fitted to,
prices of AWS for one vCPU. The promise is what `simulate` says of the same trace under the same controller, over seeds;
beside it stand what was measured, and what is promised with the times that workers had in the run, since these are of a
machine that others use, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from digits_instance import HEAD, TAIL
from plane_gateway import Bill, Gateway, Processes
from plane_load import post
from plane_network import digits, viewed
from plane_table import Outcome, met, rows_of
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.ground.kept import decode
from serflow_opt.profiling.measure.exit_samples import ExitSamples, sample_exits, write_samples
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.result import Simulation

EVERY_S, START_S, COLD_S, KEEP_S, CONCURRENCY = 5.0, 6.0, 1.0, 30.0, 8
TIMED, SAMPLES, SEEDS = 150, 400, 20
SLO = 4.0
"""The latency target, in mean times of the whole network."""
LOAD, PEAK_S = 0.9, 5
"""Machines that requests keep busy in the busiest seconds, so many: two cores carry no more."""
VCPU_USD = 0.085 / 2
"""An hour of half a c6i.large, us-east-1, on demand."""
GB_S_USD, CALL_USD, VCPU_MB = 0.0000166667, 2e-7, 1769
"""AWS Lambda: a GB-second, a call, and the memory that has one vCPU."""

TIERS = """[[tier]]
name = "machine"
kind = "vm"
stage_times = "machine.csv"
start_s = {start}
workers = 1

[[tier.option]]
name = "worker"
usd_per_hour = {vm}

[[tier]]
name = "function"
kind = "function"
stage_times = "function.csv"
cold_start_ms = {cold}
cold_share = 0.0
keep_alive_s = {keep}
concurrency_max = {concurrency}

[[tier.option]]
name = "call"
memory_mb = {mb}
usd_per_gb_s = {gb}
usd_per_request = {call}

[[link]]
from = "machine"
to = "function"
bandwidth_mbit_s = 1000.0
round_trip_ms = 1.0

"""


@dataclass(frozen=True)
class Timed:
    """What a worker takes, over HTTP: seconds of each stage, request by request; what HTTP adds is in the first."""

    seconds: np.ndarray[Any, Any]

    @property
    def whole_s(self) -> float:
        """Mean of the whole network."""
        return float(self.seconds.sum(axis=1).mean())


async def timed(folder: Path, images: np.ndarray[Any, Any]) -> Timed:
    """Time a worker on whole passes, one after the other."""
    processes, rows = Processes(folder), []
    await processes.begin()
    worker = await processes.order(0.0)
    await processes.ready(worker)
    for k in range(TIMED + 10):
        begin = time.monotonic()
        _, found = await post(worker.streams, worker.port, "x-thresholds: {}\r\n", images[k % len(images)].tobytes())
        held = time.monotonic() - begin
        rows.append([found["seconds"][0] + held - sum(found["seconds"]), *found["seconds"][1:]])
        await asyncio.sleep(0.01)
    processes.end(worker)
    await processes.close()
    return Timed(np.array(rows[10:]))


def written(folder: Path, times: Timed, samples: ExitSamples, rate: float) -> Path:
    """Write the instance."""
    mean, sd = times.seconds.mean(axis=0) * 1000, times.seconds.std(axis=0, ddof=1) * 1000
    for tier, option in (("machine", "worker"), ("function", "call")):
        lines = ["stage,option,mean_ms,sd_ms"]
        lines += [f"{s + 1},{option},{m:.6g},{d:.6g}" for s, (m, d) in enumerate(zip(mean, sd, strict=True))]
        (folder / f"{tier}.csv").write_text("\n".join(lines) + "\n")
    plain = so.load("digits")
    stages = ["stage,flops,activation_bytes,parameter_bytes"]
    stages += [
        f"{s + 1},{own.flops:.0f},{own.activation_bytes},{own.parameter_bytes}" for s, own in enumerate(plain.stages)
    ]
    (folder / "stages.csv").write_text("\n".join(stages) + "\n")
    write_samples(samples, folder / "samples.csv")
    text = (HEAD + TIERS + TAIL).format(
        name="plane",
        rate=rate,
        accuracy=round(samples.accuracy[-1] - 0.005, 4),
        slo=round(SLO * times.whole_s * 1000, 1),
        start=START_S,
        vm=VCPU_USD,
        cold=COLD_S * 1000,
        keep=KEEP_S,
        concurrency=CONCURRENCY,
        mb=VCPU_MB,
        gb=GB_S_USD,
        call=CALL_USD,
    )
    (folder / "instance.toml").write_text(text)
    return folder / "instance.toml"


def _busy_s(file: Path) -> float:
    """Return how long a request holds a machine on average at the thresholds that are chosen."""
    instance = so.load(file)
    assert instance.rate_per_s is not None
    service = so.service_for(instance, so.Trace.of([round(instance.rate_per_s * 3600)], 3600.0), 1)
    return service.busy_s(0, service.blocks[0].machines[0])


async def ran(folder: Path, trace: so.Trace, images: np.ndarray[Any, Any], labels: Any, seed: int) -> Outcome:
    """Serve a trace for real."""
    folder.mkdir()
    lines = ["second,requests", *(f"{s},{n}" for s, n in enumerate(trace.counts))]
    (folder / "trace.csv").write_text("\n".join(lines) + "\n")
    state, log = folder / "state.db", (folder / "serve.log").open("w+")
    command = [sys.executable, "-m", "serflow_opt.cli", "serve", str(folder.parent / "instance.toml"), "--port", "0"]
    command += ["--trace", str(folder / "trace.csv"), "--state", str(state), "--blocks", "1"]
    command += ["--every-s", f"{EVERY_S}", "--settle-s", "1"]
    own = await asyncio.create_subprocess_exec(*command, stderr=log)
    while " on http" not in (folder / "serve.log").read_text():
        await asyncio.sleep(0.1)
        if own.returncode is not None:
            raise SystemExit((folder / "serve.log").read_text())
    place = (folder / "serve.log").read_text().partition(" on ")[2].split()[0]
    service = _served(state)
    processes = Processes(folder)
    await processes.begin()
    gateway = Gateway(service, processes, place)
    server, port = await gateway.listen()
    follow = asyncio.create_task(gateway.follow())
    rng = np.random.default_rng(seed)
    moments = np.sort(np.repeat(np.arange(len(trace.counts)), trace.counts) + rng.random(trace.requests))
    rows = rng.integers(len(images), size=len(moments))
    np.savez(folder / "load.npz", moments=moments, rows=rows, images=images, labels=labels)
    load = [
        str(Path(__file__).parent / "plane_load.py"),
        str(port),
        str(folder / "load.npz"),
        str(folder / "found.npy"),
    ]
    while not gateway.orders:
        await asyncio.sleep(0.05)
    begin = time.monotonic()
    sender = await asyncio.create_subprocess_exec(sys.executable, *load, stdout=asyncio.subprocess.DEVNULL)
    await asyncio.wait({asyncio.create_task(sender.wait()), follow}, return_when=asyncio.FIRST_COMPLETED)
    seconds = time.monotonic() - begin
    if follow.done():
        sender.kill()
        follow.result()
    follow.cancel()
    server.close()
    await gateway.close()
    await processes.close()
    own.send_signal(signal.SIGTERM)
    await own.wait()
    return Outcome(np.load(folder / "found.npy"), gateway.bill, service, seconds, gateway.orders)


def _served(state: Path) -> Service:
    """Return the service that is scaled, as the state file has it."""
    with sqlite3.connect(state) as db:
        text = db.execute("SELECT value FROM kept WHERE key = 'service'").fetchone()[0]
    service = decode(json.loads(text)["service"])
    assert isinstance(service, Service)
    return service


def promised(service: Service, trace: so.Trace, real: Service | None = None) -> list[Simulation]:
    """Simulate the same trace under the same controller, over seeds; `real`: with other times than it believes."""
    return [
        so.simulate(real or service, trace, so.Controller(service, every_s=EVERY_S), seed=seed, times="lognormal")
        for seed in range(SEEDS)
    ]


def retimed(service: Service, bill: Bill) -> Service:
    """Return the service with the times that workers had until the end of each stage, of requests that came there."""
    until: list[list[float]] = [[] for _ in range(service.blocks[0].last + 1)]
    for held, seconds in bill.holds:
        for s, own in enumerate(np.cumsum([seconds[0] + held - sum(seconds), *seconds[1:]]).tolist()):
            until[s].append(own)
    machine, function = service.blocks[0].machines[0], service.blocks[0].function
    assert function is not None
    slower = float(np.mean(until[0])) / machine.seconds[0]  # for stages that hardly anybody came to
    many = [len(own) > 10 for own in until]
    means = [float(np.mean(x)) if m else slower * t for x, m, t in zip(until, many, machine.seconds, strict=False)]
    spread = [float(np.std(x)) if m else 0.0 for x, m in zip(until, many, strict=True)]
    sums, sd = (*means, means[-1]), (*spread, spread[-1])
    block = replace(
        service.blocks[0],
        machines=(replace(machine, seconds=sums, sd_s=sd),),
        function=replace(function, seconds=sums, sd_s=sd),
    )
    return replace(service, blocks=(block,))


def traces(given: list[Path], seconds: int, rate: float) -> list[so.Trace]:
    """Return parts of traces, by the second, each with the same peak: of its busiest part, squeezed or not."""
    found = []
    for path in given:
        whole = so.read_trace(path)
        counts = whole.counts.astype(float)
        length = min(len(counts), seconds if whole.period_s == 1 else seconds // 2)
        sums = np.convolve(counts, np.ones(length), "valid")
        start = int(sums.argmax())
        part = np.interp(np.linspace(0, length - 1, seconds), np.arange(length), counts[start : start + length])
        peak = np.convolve(part, np.ones(PEAK_S) / PEAK_S, "valid").max()
        scaled = np.random.default_rng(1).poisson(part * rate / peak)
        found.append(so.Trace.of(scaled.tolist(), 1.0, path.stem))
    return found


async def work(given: argparse.Namespace) -> str:
    """Time, write, promise, run; return the tables."""
    torch.set_num_threads(1)
    parts, where, begin = [], setting(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder, data = Path(name), digits()
        samples = sample_exits(viewed(), data.rows(torch.arange(SAMPLES)))
        rest = data.rows(torch.arange(SAMPLES, len(data)))
        images, labels = rest.inputs.numpy(), rest.labels.numpy()
        times = await timed(folder, images)
        file = written(folder, times, samples, LOAD / times.whole_s)
        rate = LOAD / _busy_s(file)  # most leave early
        for k, trace in enumerate(traces(given.traces, given.seconds, rate)):
            times = await timed(folder, images)  # others use this machine, too
            written(folder, times, samples, rate)
            outcome = await ran(folder / f"run{k}", trace, images, labels, k)
            lost = int(np.isnan(outcome.found[:, 0]).sum())
            before = promised(outcome.service, trace)
            after = promised(outcome.service, trace, retimed(outcome.service, outcome.bill))
            own = np.array([held for held, _ in outcome.bill.holds])
            bill, counts = outcome.bill, trace.counts
            told = [
                f"**{trace.name}**: {trace.requests:,} requests in {given.seconds} s",
                f"{counts.min()} to {counts.max()} a second; {lost} refused, {outcome.orders} orders",
                f"{len(bill.machine_s)} machines started, {bill.waited} requests waited",
                f"the whole network took {1000 * times.whole_s:.0f} ms before, a request {1000 * own.mean():.0f} ms",
            ]
            header = ["", "promised", "measured", "promised with the run's times"]
            rows = rows_of(outcome, before, after)
            parts.append(", ".join(told) + ".\n\n" + table(header, rows) + "\n\n" + met(rows))
            print(parts[-1], file=sys.stderr)
    return "\n\n".join([f"{where} One run, {time.monotonic() - begin:.0f} s in all.", *parts])


def main() -> None:
    """Run it, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("traces", type=Path, nargs="+", help="trace files, or twitter-day")
    parser.add_argument("--seconds", type=int, default=110, help="of each trace")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    text = asyncio.run(work(given))
    if given.out is None:
        print(text)
    else:
        write(given.out, "plane", text)


if __name__ == "__main__":
    main()
