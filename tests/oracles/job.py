"""Every row of a job's menu by scalar code of its own: time and cost from the definitions, row after row."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from math import inf

from serflow_opt.families.job.problem import Algorithm, Channel, Job, JobOption, JobPlan

MANY = 10_000


def drawn(seed: int) -> Job:
    """Draw a small job: few workers, options and channels; lives short enough for restarts."""
    rng = random.Random(seed)
    channels = [
        Channel("s3", "store", rng.choice((20.0, 65.0)), 0.08, 5e-3, 4e-4),
        Channel("kv", "store", 200.0, 0.01, 6e-4, 1e-4, 1.0, 4.0, rng.choice((inf, 5.0, 30.0))),
        Channel("ps", "server", 120.0, 0.01, usd_per_s=0.01, start_s=rng.choice((0.0, 40.0))),
        Channel("direct", "direct"),
    ]
    options = []
    for n in range(rng.randint(1, 2)):
        speed = rng.choice((0.5, 1.0, 1.7))
        starts = ((2.0, 1.0), (5.0, rng.choice((3.0, 8.0))))
        usable = tuple(sorted(rng.sample(range(3), rng.randint(1, 3))))
        memory, life, net = rng.choice((150.0, 1e9)), rng.choice((15.0, 40.0, 900.0)), rng.choice((inf, 40.0))
        options.append(JobOption(f"f{n}", True, memory, speed, 0.02 * speed, 1e-4, life, 0.0, net, 0.0, starts, usable))
    for n in range(rng.randint(0, 2)):
        starts = ((1.0, rng.choice((5.0, 30.0))), (5.0, 40.0))
        usable = tuple(sorted(rng.sample(range(4), rng.randint(1, 4))))
        rent, least = rng.choice((0.002, 0.02)), rng.choice((0.0, 60.0))
        speed = rng.choice((1.0, 4.0))
        options.append(JobOption(f"v{n}", False, 1e9, speed, rent, 0.0, inf, least, 100.0, 0.001, starts, usable))
    workers = tuple(sorted(rng.sample(range(1, 6), rng.randint(1, 3))))
    algorithms = tuple(
        Algorithm(name, *zip(*[(rng.randint(1, 30), rng.choice((0.5, 2.0, 9.0))) for _ in workers], strict=True))
        for name in ("ga-sgd", "admm")[: rng.randint(1, 2)]
    )
    return Job(
        rng.choice((100.0, 400.0)),
        rng.choice((2.0, 12.0, 40.0)),
        rng.choice((1.0, 20.0)),
        workers,
        algorithms,
        tuple(options),
        tuple(channels),
        ("allreduce", "scatterreduce", "server", "ring", "asynchronous"),
        rng.choice((0.0, 1.3)),
        65.0,
        0.08,
        1e-4,
        1e-3,
        rng.choice((0.0, 3.0)),
    )


def _start(option: JobOption, w: float) -> float:
    points = option.starts
    if w <= points[0][0]:
        return points[0][1]
    for (a, s), (b, t) in itertools.pairwise(points):
        if w <= b:
            return s + (t - s) * (w - a) / (b - a)
    return points[-1][1]


def _units(size: float, unit: float) -> int:
    return max(1, math.ceil(size / unit)) if unit < inf else 1


def _exchange(job: Job, channel: Channel, pattern: str, net: float, hop: float, w: int) -> tuple[float, float]:
    """Seconds and USD of a round's exchange; infinite USD for items that are too large."""
    m = job.model_bytes
    if w == 1:
        return 0.0, 0.0
    b = min(channel.bytes_per_s, net)
    step, part = m / b + channel.latency_s, m / (w * b) + channel.latency_s
    if channel.kind == "direct":
        return (2 * w - 2) * (m / (w * net) + hop), 0.0
    if channel.kind == "server":
        return 2 * m / min(net, channel.bytes_per_s / w) + channel.latency_s, 0.0
    seconds, size, writes, reads = {
        "allreduce": ((w + 2) * step, m, w + 1, 2 * w - 1),
        "scatterreduce": ((3 * w - 2) * part, m / w, w * w, 2 * w * (w - 1)),
        "asynchronous": (2 * step, m, w, w),
    }[pattern]
    usd = writes * _units(size, channel.write_unit) * channel.usd_per_write
    usd += reads * _units(size, channel.read_unit) * channel.usd_per_read
    return seconds, usd if size <= channel.item_max else inf


def rows(job: Job) -> Iterator[tuple[JobPlan, dict[str, float]]]:
    """Yield every row that can be had, all rounds of handing over included, with time, cost and functions."""
    m = job.model_bytes
    for k, w in enumerate(job.workers):
        for (c, channel), (a, algorithm) in itertools.product(enumerate(job.channels), enumerate(job.algorithms)):
            patterns = {"store": ["allreduce", "scatterreduce", "asynchronous"], "server": ["server", "asynchronous"]}
            for pattern in patterns.get(channel.kind, ["ring"]):
                nobody_waits = pattern == "asynchronous"
                if nobody_waits and (job.asynchronous == 0 or algorithm.name == "admm"):
                    continue
                factor = job.asynchronous if nobody_waits else 1.0
                rounds = math.ceil(algorithm.rounds[k] * factor - 1e-9)
                work = algorithm.passes[k] * factor * job.pass_s / (rounds * w)
                able = [
                    (n, o)
                    for n, o in enumerate(job.options)
                    if c in o.channels and job.data_bytes / w + job.memory_copies * m <= o.memory_bytes
                ]
                told = {}
                for n, o in able:
                    seconds, usd = _exchange(job, channel, pattern, o.bytes_per_s, o.latency_s, w)
                    store = min(job.store_bytes_per_s, o.bytes_per_s)
                    load, save = job.data_bytes / w / store + job.store_latency_s, m / store + job.store_latency_s
                    told[n] = (work / o.speed + seconds, usd, load, save, _start(o, w))
                for n, o in able:
                    step, usd, load, save, start = told[n]
                    if usd == inf:
                        continue
                    ready, plan = max(start, channel.start_s), (k, c, pattern, a)
                    if not o.is_function:
                        run = load + rounds * step
                        cost = w * o.usd_per_s * max(start + run, o.billed_min_s) + w * job.usd_per_read
                        cost += rounds * usd + channel.usd_per_s * (channel.start_s + run)
                        yield JobPlan(-1, n, *plan), {"time": ready + run, "cost": cost, "functions": 0.0}
                        continue
                    again = _restarts(o.life_s, load, save, step, rounds)
                    if again is None:
                        continue
                    busy = load + rounds * step + again * (load + 2 * save)
                    time = ready + busy + again * _start(o, 1)
                    cost = w * o.usd_per_s * busy + w * (1 + again) * (o.usd_per_call + job.usd_per_read)
                    cost += w * again * (job.usd_per_write + job.usd_per_read) + rounds * usd
                    cost += channel.usd_per_s * (channel.start_s + time - ready)
                    yield JobPlan(n, -1, *plan), {"time": time, "cost": cost, "functions": float(w)}
                for (f, fo), (v, vo) in itertools.product(able, able):
                    if fo.is_function and not vo.is_function and told[f][1] < inf and channel.kind != "direct":
                        yield from _in_turn(job, channel, w, rounds, told[f], told[v], fo, vo, (f, v, k, c, pattern, a))


def _restarts(life: float, load: float, save: float, step: float, rounds: int) -> int | None:
    """The least number of restarts by trying each."""
    if load + rounds * step <= life:
        return 0
    for again in range(1, MANY):
        done = 0
        for n in range(again + 1):
            room = life - load - (save if n else 0.0) - (save if n < again else 0.0)
            done += max(math.floor(room / step + 1e-12), 0)
        if done >= rounds:
            return again
        if done == 0:
            return None
    return None


def _in_turn(job, channel, w, rounds, of_f, of_v, fo, vo, names) -> Iterator[tuple[JobPlan, dict[str, float]]]:  # type: ignore[no-untyped-def]
    """Both ends of rounds about the moment when machines are ready; or the last that a function lives to see."""
    step, usd, load, save, start = of_f
    step_v, _, load_v, save_v, start_v = of_v
    ready, there = max(start, channel.start_s), start_v + load_v
    ends = [r for r in range(1, rounds) if load + r * step + save <= fo.life_s]
    before = [r for r in ends if ready + load + r * step + save <= there]
    chosen = {max(before)} if before else set()
    chosen |= {min(r for r in ends if r not in before)} if len(before) < len(ends) else set()
    for r in chosen:
        first = ready + load + r * step + save
        time = max(first, there) + save_v + (rounds - r) * step_v
        cost = w * fo.usd_per_s * (load + r * step + save) + w * fo.usd_per_call
        cost += w * vo.usd_per_s * max(time, vo.billed_min_s) + w * (3 * job.usd_per_read + job.usd_per_write)
        cost += rounds * usd + channel.usd_per_s * (time - max(start - channel.start_s, 0.0))
        yield JobPlan(*names, r), {"time": time, "cost": cost, "functions": float(w)}
