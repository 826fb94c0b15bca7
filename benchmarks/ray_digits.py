"""Promises beside Ray Serve: the digits network in two blocks of replicas, in batches, scaled by our policy.

Ray runs on this machine. A replica is timed first, by stage and size of batch, and how long one takes to start; an
instance is written of that, with the prices of `data_plane.py`, and `provision` decides the cut into two blocks,
batches, waits and thresholds. The blocks become deployments (`serflow_opt.serving.ray_serve`). Requests come at random,
at a rate that rises and falls; `so.FilledBatches` is asked every five seconds, and Ray is told over its own address.
Beside what was measured stands what `simulate` says of the same trace under the same policy, over seeds.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from reporting import setting, table, write
from scipy.optimize import nnls

import serflow_opt as so
from serflow_opt.ground.shares import interval
from serflow_opt.serving.ray_serve import RayScaler, StageOutcome, application, block_name
from serflow_opt.traffic.batches.filled import filled
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Service

VIEWS = 3
"""Pixels that a digit is shifted by: 49 views, tens of milliseconds, beside which what Ray takes for each request is
little."""
BATCHES = (1, 2, 4, 8)
TIMED, SAMPLES, SEEDS, EVERY_S, LOOK_S = 15, 400, 20, 5.0, 0.25
LOAD = 0.9
"""Workers of the first block that requests keep busy at the peak: one is too few, two cores carry two."""
BRISK = 1.5
"""The rate that blocks and batches are planned for, in what a worker carries of whole networks in full batches."""
SLO = 8.0
"""The latency target, in times of the whole network for a batch of the largest size."""
VCPU_USD = 0.085 / 2
LAST = 6

INSTANCE = """schema = 1
name = "ray-digits"

[network]
stages = "stages.csv"
input_bytes = 3136

[exits]
samples = "samples.csv"
classifier_stages = [1, 2, 4, 6]
levels = 8

[workload]
rate_per_s = {rate}
accuracy_min = {accuracy}
latency_slo_ms = {slo}
latency_measure = "p95"

[[tier]]
name = "front"
kind = "vm"
stage_times = "times.csv"
start_s = {start}
workers = 1
batch = [1, 2, 4, 8]
batch_wait_ms = [5, 10, 20]

[[tier.option]]
name = "worker"
usd_per_hour = {vm}

[[tier]]
name = "back"
kind = "vm"
stage_times = "times.csv"
start_s = {start}
workers = 1
batch = [1, 2, 4, 8]
batch_wait_ms = [5, 10, 20]

[[tier.option]]
name = "worker"
usd_per_hour = {vm}

[[link]]
from = "front"
to = "back"
bandwidth_mbit_s = 10000.0
round_trip_ms = {hop}

[objective]
minimize = "cost"
accounting = "reserved"
"""


def load_block(first: int, last: int) -> Callable[[Sequence[Any], Mapping[int, float]], list[StageOutcome]]:
    """Load stages; an answer is the class, and seconds of the stages that ran, of the batch."""
    import torch
    from plane_network import viewed

    torch.set_num_threads(1)
    network = viewed(VIEWS)

    @torch.inference_mode()
    def run(inputs: Sequence[Any], thresholds: Mapping[int, float]) -> list[StageOutcome]:
        x, there = torch.from_numpy(np.stack(inputs)), list(range(len(inputs)))
        found: list[Any] = [None] * len(inputs)
        seconds = []
        for stage in range(first, last + 1):
            begin = time.perf_counter()
            x = network.stages[stage - 1](x)
            if stage in thresholds:
                logits = network.classify(stage, x)
                leaves = network.confidence(stage, logits) >= thresholds[stage]
                answers = logits.argmax(dim=1).tolist()
                for k in torch.nonzero(leaves).flatten().tolist():
                    found[there[k]] = StageOutcome(True, (answers[k], (*seconds, time.perf_counter() - begin)), stage)
                there = [i for i, gone in zip(there, leaves.tolist(), strict=True) if not gone]
                x = x[~leaves]
            seconds.append(time.perf_counter() - begin)
            if not there:
                break
        for k, i in enumerate(there):
            found[i] = StageOutcome(False, x[k].numpy(), last)
        return found

    return run


def _whole() -> Service:
    """Return all stages as one block, to be timed."""
    from serflow_opt.traffic.service import Machine

    machine = Machine("worker", 0.0, 1, (1.0,) * (LAST + 1))
    return Service("timed", (Block(0, LAST - 1, (machine,), None),), (0.0,) * (LAST - 1) + (1.0,), (1.0,) * LAST)


def _running(name: str, b: int, states: Sequence[str] = ("RUNNING",)) -> int:
    """Return how many replicas of a block are in one of some states."""
    from ray import serve

    there = serve.status().applications[name].deployments[block_name(b)].replica_states
    return sum(there.get(state, 0) for state in states)


@dataclass(frozen=True)
class Timed:
    """What a replica takes, seconds; arrays by stage, whose time is a line in the size of the batch.

    Attributes
    ----------
    fixed, each
        The line, through medians, neither part below zero.
    call
        What a call adds.
    start
        From an order to a replica that answers.
    """

    fixed: np.ndarray[Any, Any]
    each: np.ndarray[Any, Any]
    call: float
    start: float

    def whole(self, size: int) -> float:
        """Return what the whole network takes for a batch."""
        return float((self.fixed + size * self.each).sum()) + self.call


async def timed(images: np.ndarray[Any, Any], place: str) -> Timed:
    """Time a replica."""
    from ray import serve

    service = _whole()
    serve.run(application(service, load_block, [1]), name="timed", route_prefix=None, external_scaler_enabled=True)
    block = serve.get_deployment_handle(block_name(0), "timed")
    medians, added = [], []
    for size in BATCHES:
        rows = []
        for k in range(TIMED + 5):
            batch = [images[(k * size + i) % len(images)] for i in range(size)]
            begin = time.monotonic()
            found = await block.remote(batch, {1: 2.0, 2: 2.0, 4: 2.0, LAST: 0.0})
            held, seconds = time.monotonic() - begin, found[0].what[1]
            rows.append([held - sum(seconds), *seconds])
        median = np.median(np.array(rows[5:]), axis=0)
        added.append(float(median[0]))
        medians.append(median[1:])
    scaler = RayScaler(service, place, "timed", token=os.environ["RAY_AUTH_TOKEN"])
    begin = time.monotonic()
    scaler.follow(Orders(({"worker": 2},)))
    while _running("timed", 0) < 2:
        await asyncio.sleep(LOOK_S)
    start = time.monotonic() - begin
    serve.delete("timed")
    sizes = np.column_stack([np.ones(len(BATCHES)), BATCHES])
    lines = np.array([nnls(sizes, own)[0] for own in np.array(medians).T])
    return Timed(lines[:, 0], lines[:, 1], float(np.median(added)), start)


def written(folder: Path, times: Timed, samples: Any, rate: float) -> Path:
    """Write the instance."""
    from serflow_opt.profiling.measure.exit_samples import write_samples

    lines = ["stage,option,fixed_ms,per_request_ms"]
    fixed = 1000 * (times.fixed + times.call * (np.arange(LAST) == 0))
    lines += [f"{s + 1},worker,{a:.6g},{1000 * b:.6g}" for s, (a, b) in enumerate(zip(fixed, times.each, strict=True))]
    (folder / "times.csv").write_text("\n".join(lines) + "\n")
    stages = ["stage,flops,activation_bytes,parameter_bytes"]
    many = (2 * VIEWS + 1) ** 2
    stages += [
        f"{s + 1},{many * own.flops:.0f},{many * own.activation_bytes},{own.parameter_bytes}"
        for s, own in enumerate(so.load("digits").stages)
    ]
    (folder / "stages.csv").write_text("\n".join(stages) + "\n")
    write_samples(samples, folder / "samples.csv")
    slo = SLO * 1000 * times.whole(BATCHES[-1])
    text = INSTANCE.format(
        rate=rate,
        accuracy=round(samples.accuracy[-1] - 0.005, 4),
        slo=round(slo, 1),
        start=round(times.start, 2),
        vm=VCPU_USD,
        hop=round(1000 * times.call, 3),
    )
    (folder / "instance.toml").write_text(text)
    return folder / "instance.toml"


def planned(file: Path) -> Service:
    """Return the cheapest service in two blocks."""
    found = so.provision(so.load(file), blocks=2, keep=lambda structure: len(structure) == 2)
    if found.service is None:
        raise SystemExit(found.reason)
    return found.service


class Run:
    """A trace served by Ray, and what came of it."""

    def __init__(self, service: Service, trace: so.Trace, place: str) -> None:
        self.service, self.trace = service, trace
        self.scaler = RayScaler(service, place, "digits", token=os.environ["RAY_AUTH_TOKEN"])
        self.replica_s = [0.0] * len(service.blocks)
        self.orders: list[list[int]] = []
        self.found: list[tuple[bool, int, float]] = []

    async def whole(self, policy: Any, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], seed: int) -> None:
        """Serve it."""
        from ray import serve

        first = self.scaler.replicas(policy.decide(_seen(self.service, 0.0, None, [0] * len(self.replica_s), [0, 0])))
        app = application(self.service, load_block, [max(1, count) for count in first])
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
        await asyncio.gather(*tasks)
        await asyncio.sleep(max(0.0, begin + len(counts) - time.monotonic()))
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
            ready = [_running("digits", b) for b in range(len(self.replica_s))]
            starting = [_running("digits", b, ("STARTING",)) for b in range(len(self.replica_s))]
            seen = _seen(self.service, time.monotonic() - begin, counts, ready, starting)
            orders = policy.decide(seen)
            self.orders.append(await asyncio.to_thread(self.scaler.follow, orders))
            print(f"{seen.now_s:.0f} s: {self.orders[-1]} ordered, {len(self.found)} answered", file=sys.stderr)

    async def _look(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            for b in range(len(self.replica_s)):
                self.replica_s[b] += (now - last) * _running("digits", b, ("STARTING", "RUNNING", "STOPPING"))
            last = now


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


def rows_of(run: Run, promised: list[Any]) -> list[list[str]]:
    """Return what was promised and measured, with intervals of 95 %: of seeds, of shares, of ranks."""
    service, found = run.service, np.array(run.found, float)
    n, latency = len(found), np.sort(np.array(run.found, float)[:, 2])
    usd = math.fsum(s * block.machines[0].usd_per_s for s, block in zip(run.replica_s, service.blocks, strict=True))

    def told(values: Sequence[float]) -> str:
        low, high = np.quantile(values, [0.025, 0.975])
        return f"{np.mean(values):.3g} ({low:.3g}, {high:.3g})"

    slo = service.slo_s or math.inf
    late = int((latency > slo).sum())
    share = (late / n, *interval(late, n))
    rows = [
        ["cost of machines, mUSD", told([1000 * s.usd["machines"] for s in promised]), f"{1000 * usd:.3g}"],
        [
            f"later than {1000 * slo:.0f} ms, %",
            told([100 * s.violations / s.arrivals for s in promised]),
            "{:.3g} ({:.3g}, {:.3g})".format(*(100 * x for x in share)),
        ],
    ]
    for q in (50, 95, 99):
        half = 1.96 * math.sqrt(n * q / 100 * (1 - q / 100))
        low, high = (latency[int(np.clip(round(n * q / 100 + sign * half), 0, n - 1))] for sign in (-1, 1))
        own = f"{1000 * np.quantile(latency, q / 100):.3g} ({1000 * low:.3g}, {1000 * high:.3g})"
        rows.append([f"p{q}, ms", told([1000 * s.percentile(q) for s in promised]), own])
    assert service.draws is not None
    samples = len(service.draws.exits)
    shares = [("accuracy, %", float(service.draws.right.mean()), int(found[:, 0].sum()))]
    for stage in sorted({*dict(service.thresholds), len(service.shares)}):
        share_of = float((service.draws.exits == stage - 1).mean())
        shares.append((f"leave at stage {stage}, %", share_of, int((found[:, 1] == stage).sum())))
    for text, share_of, count in shares:
        both = [(share_of, *interval(round(share_of * samples), samples)), (count / n, *interval(count, n))]
        rows.append([text, *("{:.1f} ({:.1f}, {:.1f})".format(*(100 * x for x in own)) for own in both)])
    return rows


async def work(given: argparse.Namespace) -> str:
    """Time, plan, promise, run; return the table."""
    import ray
    import torch
    from plane_network import digits, viewed
    from ray import serve

    from serflow_opt.profiling.measure.exit_samples import sample_exits

    where = setting()
    context = ray.init(num_cpus=8, include_dashboard=True, object_store_memory=200_000_000, log_to_driver=False)
    serve.start(proxy_location="Disabled")  # requests come by handles
    place = f"http://{context.dashboard_url}"
    data = digits()
    samples = sample_exits(viewed(VIEWS), data.rows(torch.arange(SAMPLES)))
    rest = data.rows(torch.arange(SAMPLES, len(data)))
    images, labels = rest.inputs.numpy(), rest.labels.numpy()
    times = await timed(images, place)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rate = BRISK * BATCHES[-1] / times.whole(BATCHES[-1])
        service = planned(written(folder, times, samples, rate))
    rate *= LOAD / filled(service, 0, rate, "random").load
    print(f"a batch of 8 takes {1000 * times.whole(8):.0f} ms, a start {times.start:.0f} s", file=sys.stderr)
    quiet, lead, third = rate / 4, math.ceil(times.start) + 5, given.seconds // 3
    rates = [0.0] * lead + [quiet] * third + [rate] * third + [quiet] * third
    trace = so.Trace.of(np.random.default_rng(1).poisson(rates).tolist(), 1.0, "rises and falls")
    run = Run(service, trace, place)
    await run.whole(so.FilledBatches(service, EVERY_S, rate=quiet), images, labels, 0)
    ray.shutdown()
    promised = [
        so.simulate(service, trace, so.FilledBatches(service, EVERY_S, rate=quiet), seed=seed) for seed in range(SEEDS)
    ]
    blocks = "; ".join(
        f"stages {block.first + 1} to {block.last + 1} in batches of up to {block.batch}, waiting"
        f" {1000 * block.batch_wait_s:g} ms, {max(own[b] for own in run.orders)} replicas at most"
        for b, block in enumerate(service.blocks)
    )
    whole = ", ".join(f"{1000 * times.whole(size):.1f} for {size}" for size in BATCHES)
    text = (
        f"Ray {ray.__version__}; {(2 * VIEWS + 1) ** 2} views of each digit;"
        f" {trace.requests:,} requests in {3 * third} s, {quiet:.0f} to {rate:.0f} a second."
        f" {blocks}. Timed before, ms for a whole batch: {whole}, {1000 * times.call:.1f} of it the call;"
        f" a replica starts in {times.start:.1f} s. Orders, replicas by block: "
        + ", ".join("+".join(map(str, own)) for own in run.orders)
        + "."
    )
    return "\n\n".join([where, text, table(["", "promised", "measured"], rows_of(run, promised))])


def main() -> None:
    """Run it, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=75)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    # read by Ray when it is imported; one of its own for each run
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    text = asyncio.run(work(given))
    if given.out is None:
        print(text)
    else:
        write(given.out, "ray", text)


if __name__ == "__main__":
    main()
