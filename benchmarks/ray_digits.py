"""Promises beside Ray Serve: the digits network in two blocks of replicas, in batches, scaled by our policy.

Ray runs on this machine. What it takes for a request itself is measured first (`ray_overhead.py`), then a replica is
timed, by stage and size of batch, and how long one takes to start; an instance is written of that, with the prices of
`data_plane.py`, and `provision` decides the cut into two blocks, batches, waits and thresholds. The rate is one that
the processors carry with Ray's own work and the sender's. The blocks become deployments
(`serflow_opt.serving.ray_serve`). Requests come at random, at a rate that rises and falls; `so.FilledBatches` is asked
every five seconds, and Ray is told over its own address. Beside what was measured stands what `simulate` says of the
same trace under the same policy, over seeds (`ray_table.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from digits_instance import HEAD, TAIL
from ray_overhead import Overhead, overhead
from ray_run import EVERY_S, LOOK_S, PATIENCE_S, Run, running
from ray_table import rows_of, verdict
from reporting import setting, table, write
from scipy.optimize import nnls

import serflow_opt as so
from serflow_opt.serving.ray_serve import RayScaler, StageOutcome, application, block_name
from serflow_opt.traffic.batches.filled import filled
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Service

VIEWS = 3
"""Pixels that a digit is shifted by: 49 views, tens of milliseconds, beside which what Ray takes for each request is
little."""
BATCHES = (1, 2, 4, 8)
TIMED, SAMPLES, SEEDS = 15, 400, 20
LOAD = 0.9
"""Most workers of the first block that requests keep busy at the peak: one is too few."""
CARRIED = 0.7
"""Most of the processors that is planned to be busy at the peak: with replicas, Ray and whoever sends."""
BRISK = 1.5
"""The rate that blocks and batches are planned for, in what a worker carries of whole networks in full batches."""
SLO = 8.0
"""The latency target, in times of the whole network for a batch of the largest size."""
VCPU_USD = 0.085 / 2
LAST = 6

TIER = """[[tier]]
name = "NAME"
kind = "vm"
stage_times = "times.csv"
start_s = {start}
workers = 1
batch = [1, 2, 4, 8]
batch_wait_ms = [5, 10, 20]

[[tier.option]]
name = "worker"
usd_per_hour = {vm}

"""
LINKS = """[[link]]
from = "client"
to = "front"
bandwidth_mbit_s = 10000.0
round_trip_ms = {entry}

[[link]]
from = "front"
to = "back"
bandwidth_mbit_s = 10000.0
round_trip_ms = {hop}

"""
INSTANCE = HEAD + TIER.replace("NAME", "front") + TIER.replace("NAME", "back") + LINKS + TAIL


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
    while (await running("timed", 1))[0] < 2:
        await asyncio.sleep(LOOK_S)
    start = time.monotonic() - begin
    serve.delete("timed")
    sizes = np.column_stack([np.ones(len(BATCHES)), BATCHES])
    lines = np.array([nnls(sizes, own)[0] for own in np.array(medians).T])
    return Timed(lines[:, 0], lines[:, 1], float(np.median(added)), start)


def written(folder: Path, times: Timed, added: Overhead, samples: Any, rate: float) -> Path:
    """Write the instance: calls of replicas in stage times and the hand-over, the entrance before the first block."""
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
        name="ray-digits",
        rate=rate,
        accuracy=round(samples.accuracy[-1] - 0.005, 4),
        slo=round(slo, 1),
        start=round(times.start, 2),
        vm=VCPU_USD,
        hop=round(1000 * (times.call + added.hop), 3),
        entry=round(1000 * added.entry, 3),
    )
    (folder / "instance.toml").write_text(text)
    return folder / "instance.toml"


def planned(file: Path) -> Service:
    """Return the cheapest service in two blocks."""
    found = so.provision(so.load(file), blocks=2, keep=lambda structure: len(structure) == 2)
    if found.service is None:
        raise SystemExit(found.reason)
    return found.service


def as_served(service: Service, times: Timed, added: Overhead) -> Service:
    """Return a planned service as Ray runs it: a hand-over holds the replica that takes it, not the one that gives."""
    found = []
    for b, block in enumerate(service.blocks):
        (machine,) = block.machines
        stage_s = machine.stage_s
        if b and stage_s:
            stage_s = (tuple(own + times.call for own in stage_s[0]), *stage_s[1:])
        elif b:
            machine = replace(machine, seconds=tuple(own + times.call for own in machine.seconds))
        hop_s = block.hop_s - times.call if b else block.hop_s
        found.append(replace(block, hop_s=max(0.0, hop_s), machines=(replace(machine, sends=False, stage_s=stage_s),)))
    return replace(service, blocks=tuple(found))


def carried(service: Service, added: Overhead) -> tuple[float, float]:
    """Return the largest rate that replicas and processors carry, and the processors that are busy then."""
    cores = len(os.sched_getaffinity(0))
    per_request = added.cpu + added.cpu_hop * service.reach(1)

    def busy(rate: float) -> float:
        loads = [filled(service, b, rate, "random").load for b in range(len(service.blocks))]
        return added.background + rate * per_request + math.fsum(loads)

    rate = 0.5
    while busy(rate * 1.02) <= CARRIED * cores and filled(service, 0, rate * 1.02, "random").load <= LOAD:
        rate *= 1.02
    return rate, busy(rate)


async def work(given: argparse.Namespace) -> str:
    """Time, plan, promise, run; return the table."""
    import ray
    import torch
    from plane_network import digits, viewed
    from ray import serve

    from serflow_opt.profiling.measure.exit_samples import sample_exits

    where = setting()
    context = ray.init(num_cpus=8, include_dashboard=True, object_store_memory=200_000_000, log_to_driver=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port})
    place = f"http://{context.dashboard_url}"
    data = digits()
    samples = sample_exits(viewed(VIEWS), data.rows(torch.arange(SAMPLES)))
    rest = data.rows(torch.arange(SAMPLES, len(data)))
    images, labels = rest.inputs.numpy(), rest.labels.numpy()
    added = await overhead(port)
    print("; ".join(" ".join(row) for row in added.rows), file=sys.stderr)
    times = await timed(images, place)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rate = BRISK * BATCHES[-1] / times.whole(BATCHES[-1])
        service = as_served(planned(written(folder, times, added, samples, rate)), times, added)
    rate, busy = carried(service, added)
    print(f"a batch of 8 takes {1000 * times.whole(8):.0f} ms, a start {times.start:.0f} s", file=sys.stderr)
    quiet, lead, third = rate / 4, math.ceil(times.start) + 5, given.seconds // 3
    rates = [0.0] * lead + [quiet] * third + [rate] * third + [quiet] * third
    trace = so.Trace.of(np.random.default_rng(1).poisson(rates).tolist(), 1.0, "rises and falls")
    run = Run(service, load_block, trace, place)
    await run.whole(so.FilledBatches(service, EVERY_S, rate=quiet), images, labels, 0)
    ray.shutdown()
    load = os.getloadavg()[0]
    promised = [
        so.simulate(service, trace, so.FilledBatches(service, EVERY_S, rate=quiet), seed=seed) for seed in range(SEEDS)
    ]
    blocks = "; ".join(
        f"stages {block.first + 1} to {block.last + 1} in batches of up to {block.batch}, waiting"
        f" {1000 * block.batch_wait_s:g} ms, {max(own[b] for own in run.orders)} replicas at most"
        for b, block in enumerate(service.blocks)
    )
    whole = ", ".join(f"{1000 * times.whole(size):.1f} for {size}" for size in BATCHES)
    found = np.array(run.found, float)
    usd, unsure = (
        math.fsum(s * block.machines[0].usd_per_s for s, block in zip(own, service.blocks, strict=True))
        for own in (run.replica_s, run.unsure_s)
    )
    rows = rows_of(service, found, (usd, usd - unsure, usd + unsure), promised)
    text = (
        f"Ray {ray.__version__}; {(2 * VIEWS + 1) ** 2} views of each digit;"
        f" {trace.requests:,} requests in {3 * third} s, {quiet:.3g} to {rate:.3g} a second, at which {busy:.2f} of"
        f" {len(os.sched_getaffinity(0))} processors are planned to be busy. {blocks}."
        f" Timed before, ms for a whole batch: {whole}, {1000 * times.call:.1f} of it the call;"
        f" a replica starts in {times.start:.1f} s. Orders, replicas by block: "
        + ", ".join("+".join(map(str, own)) for own in run.orders)
        + f". {int(np.isinf(found[:, 2]).sum())} requests were not answered within {PATIENCE_S:.0f} s of the last."
        f" Load of the machine at the end: {load:.1f}."
    )
    ray_takes = (
        "What Ray takes for a request for which nothing is done, ms; of a processor, sender included, beyond"
        f" {added.background:.2f} processors that it keeps busy without any:"
    )
    return "\n\n".join(
        [
            where,
            ray_takes,
            table(["", "time", "processor time"], added.rows),
            text,
            table(["", "promised", "measured", "meet"], [row.cells for row in rows]),
            verdict(rows),
        ]
    )


def main() -> None:
    """Run it, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=75)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    # read by Ray when it is imported: a token of its own for each run, and replicas that are not run after all others
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_worker_niceness": "0"}
    text = asyncio.run(work(given))
    if given.out is None:
        print(text)
    else:
        write(given.out, "ray", text)


if __name__ == "__main__":
    main()
