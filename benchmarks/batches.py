"""Deployments with batches beside the package's simulator, on random services: money, work, sizes of batches, promises.

Services of two to five stages whose tiers take up to 16 requests at once, machines alone or functions too, requests at
random. Each is provisioned with the simulation that confirms it; then the simulator follows every request through
timers, batches that shrink, and queues, in independent runs.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from promises import LINK, RUNS
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.problem.batches import BatchMenu
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import Menu, Stage
from serflow_opt.problem.offers import Option, Tier
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision.result import Deployment

MEASURES = ("worst", "p90", "p95", "p99", "mean")
SIZES = (1, 2, 4, 8, 16)
SURE = 3.25
"""Standard errors that make 99 % of a Student interval of `RUNS` runs."""


def drawn(seed: int) -> Instance:
    """Return a random service; every other one has functions, too."""
    rng = np.random.default_rng(seed)
    stages, functions = int(rng.integers(2, 6)), bool(seed % 2)
    fixed, each = rng.uniform(0.002, 0.02, stages), rng.uniform(0.0002, 0.004, stages)
    batch, waits = SIZES[: int(rng.integers(2, 6))], tuple(sorted(rng.uniform(0.002, 0.06, 2).tolist()))

    def option(name: str, tier: int, pace: float, usd_per_s: float, workers: int = 1) -> Option:
        seconds = tuple(tuple(pace * (a + c * n) for n in range(1, batch[-1] + 1)) for a, c in zip(fixed, each))  # noqa: B905
        alone = tuple(own[0] for own in seconds)
        return Option(
            name,
            tier,
            alone,
            usd_per_s=usd_per_s,
            usd_per_request=2e-7 * tier,
            workers=workers,
            batching=BatchMenu(batch, waits, seconds),
        )

    options = [option("small", 0, 1.0, 0.5 / 3600, int(rng.integers(1, 3))), option("large", 0, 0.5, 0.9 / 3600)]
    if functions:
        options.append(option("call", 1, 0.7, float(rng.uniform(1e-4, 6e-4))))
    menus = [
        Menu((0.5, 0.9), (rate, rate / 2), (0.8, 0.92))
        for rate in (float(rng.uniform(0.1, 0.7)) for _ in range(stages - 1))
    ]
    whole = float((fixed + each * batch[-1]).sum()) + waits[-1]
    links = (
        {("client", "vm"): LINK, ("client", "fn"): LINK, ("vm", "fn"): LINK} if functions else {("client", "vm"): LINK}
    )
    return Instance(
        name=f"batches-{seed}",
        description="",
        stages=tuple(Stage(1e9, 1e4, 1e6) for _ in range(stages)),
        input_bytes=1e4,
        menus=(*menus, Menu((0.0,), (1.0,), (0.95,))),
        threshold_mode="menu",
        tiers=(Tier("vm", "vm"), Tier("fn", "function"))[: 1 + functions],
        options=tuple(options),
        links=links,
        source="client",
        rate_per_s=float(rng.uniform(20, 400)),
        accuracy_min=0.9,
        latency_slo_s=whole * float(rng.uniform(0.7, 2.5)),
        latency_measure=MEASURES[int(rng.integers(len(MEASURES)))],
        utilisation_cap=0.8,
        minimize="cost",
        accounting="reserved",
    )


@dataclass(frozen=True)
class Beside:
    """What the simulator has of a deployment as multiples of what was planned, and whether the promise is kept.

    `calls` says whether a block has a function beside its machines that takes their batches.
    """

    calls: bool
    usd: float
    work: float
    sizes: tuple[float, ...]
    verdict: str


def beside(instance: Instance, found: Deployment, requests: int, seed: int) -> Beside:
    """Simulate a deployment."""
    service = found.service
    assert service is not None
    assert instance.latency_slo_s is not None
    at_once = replace(
        service,
        blocks=tuple(replace(b, machines=tuple(replace(m, start_s=0.0) for m in b.machines)) for b in service.blocks),
    )
    rate, mean = found.demand.mean, instance.latency_measure == "mean"
    seconds = math.ceil(requests / RUNS / rate)
    rooms = tuple(part.queue_max or 0 for part in found.parts)
    values, usd, busy, sizes = [], [], [], []
    for run in range(RUNS):
        arrivals = np.random.default_rng([seed, run]).poisson(rate, seconds)
        trace = Trace(arrivals.astype(np.int64), 1.0, np.ones(seconds))
        done = so.simulate(
            at_once, trace, Fixed(at_once, found.counts, every_s=600.0, queue_max=rooms), seed=RUNS * seed + run
        )
        latency = np.asarray(done.latency, dtype=float)
        values.append(float(latency.mean() if mean else (latency > instance.latency_slo_s * (1 + 1e-9)).mean()))
        usd.append(done.usd_total / seconds)
        busy.append(done.busy_worker_s / seconds)
        sizes.append(done.batch_mean)
    limit = instance.latency_slo_s if mean else 1 - service.quantile
    value, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(RUNS)
    sure = abs(value - limit) > SURE * error and (limit > 0 or mean)
    verdict = ("kept" if value < limit else "broken") if sure else ("kept" if value <= limit else "undecided")
    planned = math.fsum(
        part.busy * part.count * block.machines[0].workers
        for part, block in zip(found.parts, service.blocks, strict=True)
        if block.machines
    )
    return Beside(
        any(part.batch > 1 and bool(part.machine) and bool(part.function) for part in found.parts),
        float(np.mean(usd)) / found.usd_per_s,
        float(np.mean(busy)) / planned if planned else math.nan,
        tuple(
            float(np.mean([own[b] for own in sizes])) / part.batch_mean
            for b, part in enumerate(found.parts)
            if part.batch > 1
        ),
        verdict,
    )


def said(values: list[float]) -> list[str]:
    """Return the mean and the ends of numbers, as differences from 1 in per cent."""
    if not values:
        return ["-", "-"]
    off = [100 * (value - 1) for value in values]
    return [f"{statistics.fmean(map(abs, off)):.2f} %", f"{min(off):+.2f} to {max(off):+.2f} %"]


def main() -> None:
    """Draw services, provision them, simulate them, and print how far they are apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=50)
    parser.add_argument("--requests", type=int, default=100_000, help="simulated for each service")
    parser.add_argument("--seed", type=int, default=0, help="of the first service")
    parser.add_argument("--limit", type=float, default=20, help="seconds for each to be provisioned in")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    first = setting()
    counted: Counter[str] = Counter()
    begun, found_all = time.process_time(), list[Beside]()
    for seed in range(asked.seed, asked.seed + asked.services):
        instance = drawn(seed)
        found = so.provision(instance, time_limit=asked.limit)
        counted[found.status] += 1
        if not found.parts:
            continue
        counted["batches"] += any(part.batch > 1 for part in found.parts)
        counted["blocks"] += len(found.parts) > 1
        counted["changed"] += found.simulated is not None and bool(found.simulated.changed)
        own = beside(instance, found, asked.requests, seed)
        counted["beside"] += own.calls
        counted[own.verdict] += 1
        found_all.append(own)
        print(seed, instance.latency_measure, found.status, own, file=sys.stderr)
    rows = [
        ["money, functions beside machines", *said([own.usd for own in found_all if own.calls])],
        ["money, others", *said([own.usd for own in found_all if not own.calls])],
        ["work of machines", *said([own.work for own in found_all if not math.isnan(own.work)])],
        ["mean batch", *said([size for own in found_all for size in own.sizes])],
    ]
    text = "\n\n".join(
        [
            first,
            f"{asked.services} services, {len(found_all)} of them with a deployment ({counted['optimal']} proven), "
            f"{counted['batches']} of these with batches, {counted['beside']} with functions beside machines that take "
            f"them, {counted['blocks']} with two blocks; the confirmation "
            f"changed {counted['changed']}. {asked.requests:,} requests each in {RUNS} runs: "
            f"{counted['kept']} promises kept, {counted['undecided']} undecided at 99 %, {counted['broken']} broken. "
            f"{time.process_time() - begun:.0f} s of one core.",
            table(["simulated beside planned", "mean distance", "range"], rows),
        ]
    )
    print(text)
    if asked.out:
        write(asked.out, "batches", text)


if __name__ == "__main__":
    main()
