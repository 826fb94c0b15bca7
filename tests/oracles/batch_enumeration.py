"""Small random services whose tiers take batches, and their cheapest deployment by enumeration of everything.

Of the package only what writes the files, and what few workers leave (`test_few.py`): survivors are summed over ways to
leave, waits are of M/M/c queues, what machines leave is Hayward's formula by quadrature, and everything is tried.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from scipy.integrate import quad

from serflow_opt.traffic.batches.few import known, lost_of_few

BANDWIDTH, ROUND_TRIP, USD_PER_GB, ACTIVATION = 100.0, 1.0, 0.05, 200_000
HOP_S = ACTIVATION / (BANDWIDTH * 1e6 / 8) + ROUND_TRIP / 1000
HOP_USD = ACTIVATION * USD_PER_GB / 1e9
CAP, TAIL = 0.8, 1e-4


@dataclass
class Drawn:
    """A service: documents for the package, figures for the enumeration."""

    document: dict[str, Any]
    times: dict[str, list[list[float]]] = field(default_factory=dict)  # seconds by stage and batch
    menus: list[list[tuple[float, float]]] = field(default_factory=list)  # (rate, accuracy)


def drawn(seed: int) -> Drawn:
    """Return a service, the same for the same seed."""
    rng = random.Random(seed)
    stages, largest = rng.choice([2, 3, 3]), rng.choice([2, 4])
    functions = rng.random() < 0.6
    menus = []
    for s in range(stages - 1):
        menus.append([(0.0, 0.0)])
        if rng.random() < 0.8:
            rates = sorted({round(rng.uniform(0.05, 0.9), 3) for _ in range(2)}, reverse=True)
            menus[s] = [(rate, round(rng.uniform(0.75, 0.97), 3)) for rate in rates]
            if rng.random() < 0.5:
                menus[s].append((0.0, 0.0))
    menus.append([(1.0, round(rng.uniform(0.88, 0.97), 3))])
    own = Drawn({}, menus=menus)
    names = [f"v{k}" for k in range(rng.choice([1, 2]))] + (["f"] if functions else [])
    rows: dict[str, list[dict[str, Any]]] = {"vm.csv": [], "fn.csv": []}
    for name in names:
        own.times[name] = []
        for s in range(stages):
            fixed, each, bend = rng.uniform(1, 15), rng.uniform(0.3, 4), rng.choice([0.0, 0.0, rng.uniform(0, 3)])
            ms = [fixed + each * n + bend * max(0, n - 2) for n in range(1, largest + 1)]
            own.times[name].append([round(t, 6) / 1000 for t in ms])
            rows["fn.csv" if name == "f" else "vm.csv"] += [
                {"stage": s + 1, "option": name, "batch": n, "mean_ms": round(t, 6)} for n, t in enumerate(ms, start=1)
            ]
    batch = sorted({1, largest} if rng.random() < 0.7 else {2, largest})
    waits = sorted({round(rng.uniform(1, 40), 3) for _ in range(rng.choice([1, 2]))})
    vm = {
        "name": "vm",
        "kind": "vm",
        "batch": batch,
        "batch_wait_ms": waits,
        "stage_times": "vm.csv",
        "option": [
            {"name": n, "usd_per_hour": round(rng.uniform(0.2, 3), 3), "workers": rng.choice([1, 1, 2])}
            for n in names
            if n != "f"
        ],
    }
    tiers: list[dict[str, Any]] = [vm]
    if functions:
        tiers.append(
            {
                "name": "fn",
                "kind": "function",
                "batch": sorted({1, largest}),
                "batch_wait_ms": waits[:1],
                "stage_times": "fn.csv",
                "billing_step_ms": rng.choice([0.0, 1.0, 100.0]),
                "billing_min_ms": rng.choice([0.0, 5.0]),
                "option": [
                    {"name": "f", "memory_mb": 2048, "usd_per_gb_s": rng.choice([2e-5, 1e-4]), "usd_per_request": 2e-7}
                ],
            }
        )
    whole = sum(max(own.times[n][s][-1] for n in names) for s in range(stages)) + 2 * waits[-1] / 1000
    measure = rng.choice(["worst", "worst", "mean", "p90"])
    right = max(_accuracy(menus, choice) for choice in itertools.product(*(range(len(menu)) for menu in menus)))
    own.document = {
        "schema": 1,
        "name": f"drawn-{seed}",
        "network": {"stages": "stages.csv", "input_bytes": 1000},
        "exits": {"table": "exits.csv"},
        "workload": {
            "rate_per_s": round(rng.choice([5, 40, 200]) * rng.uniform(0.5, 1.5), 3),
            "accuracy_min": round(right - rng.uniform(0.001, 0.06), 4),
            "latency_slo_ms": round(1000 * whole * rng.uniform(0.6, 2.0), 3),
            "latency_measure": measure,
            "utilisation_cap": CAP,
        },
        "tier": tiers,
        "link": [
            {
                "from": "vm",
                "to": "fn",
                "bandwidth_mbit_s": BANDWIDTH,
                "round_trip_ms": ROUND_TRIP,
                "usd_per_gb": USD_PER_GB,
            }
        ]
        if functions
        else [],
        "tables": {
            "stages.csv": [
                {"stage": s + 1, "flops": 1e9, "activation_bytes": ACTIVATION, "parameter_bytes": 1000}
                for s in range(stages)
            ],
            "exits.csv": [
                {
                    "stage": s + 1,
                    "threshold": round((k + 1) / 10, 2) if s + 1 < stages else 0,
                    "exit_rate": rate,
                    "accuracy": right,
                }
                for s, menu in enumerate(menus)
                for k, (rate, right) in enumerate(menu)
                if menu != [(0.0, 0.0)]
            ],
            **{name: own for name, own in rows.items() if own},
        },
    }
    return own


def _accuracy(menus: list[list[tuple[float, float]]], choice: tuple[int, ...]) -> float:
    reach = right = 0.0
    reach = 1.0
    for menu, level in zip(menus, choice, strict=True):
        rate, own = menu[level]
        right += reach * rate * own
        reach *= 1 - rate
    return right


def erlang_c(c: int, a: float) -> float:
    """Probability of waiting."""
    terms = [a**k / math.factorial(k) for k in range(c)]
    last = a**c / math.factorial(c) * c / (c - a)
    return last / (sum(terms) + last)


@dataclass
class Block:
    """A block at given thresholds."""

    first: int
    last: int
    vm: bool
    wait: float
    ends: list[float]
    mean: float = 1.0
    batches: float = 0.0
    seconds: float = 0.0
    usd: float = 0.0
    rent: float = 0.0
    workers: int = 1
    square: float = 0.0
    even: float = 1.0
    called: float | None = None  # USD of a batch on the function beside
    rounds: int = 0


def cheapest(own: Drawn, arrivals: str) -> float:
    """Least USD per second of any deployment; inf: there is none."""
    stages, best = len(own.menus), math.inf
    slo = own.document["workload"]["latency_slo_ms"] / 1000
    floor = own.document["workload"]["accuracy_min"]
    options = [
        (option["name"], tier, option, size, wait / 1000)
        for tier in own.document["tier"]
        for option in tier["option"]
        for size in tier["batch"]
        for wait in (tier["batch_wait_ms"] if size > 1 else [0.0])
    ]
    functions = any(name == "f" for name, *_ in options)
    for levels in itertools.product(*(range(len(menu)) for menu in own.menus)):
        if _accuracy(own.menus, levels) < floor * (1 - 1e-9):
            continue
        rates = [menu[level][0] for menu, level in zip(own.menus, levels, strict=True)]
        reach = [math.prod(1 - rate for rate in rates[:s]) for s in range(stages + 1)]
        for cuts in ((), *((c,) for c in range(1, stages))):
            ends = list(zip((0, *cuts), (*cuts, stages), strict=True))
            blocks = [
                [
                    made
                    for o in options
                    if (alone := _block(own, o, first, end, reach, arrivals, functions))
                    for made in (alone, *_beside(own, o, alone, reach, arrivals))
                ]
                for first, end in ends
            ]
            for chosen in itertools.product(*blocks):
                best = min(best, _cost(own, list(chosen), reach, slo, arrivals, functions, best))
    return best


def _block(
    own: Drawn, option: Any, first: int, end: int, reach: list[float], arrivals: str, functions: bool
) -> Block | None:
    name, tier, entry, size, wait = option
    rate = own.document["workload"]["rate_per_s"] * reach[first]
    times = [own.times[name][s] for s in range(first, end)]
    if arrivals == "smooth" and size - 1 > rate * wait * (1 + 1e-9):
        return None
    held = _sizes(own, first, size, wait, reach, arrivals)
    path = [wait + sum(t[size - 1] for t in times[: k + 1]) for k in range(len(times))]
    block = Block(first, end - 1, name != "f", wait, path)
    block.mean = sum(n * p for n, p in held.items())
    block.batches = rate / block.mean
    block.even = even(size, wait, rate) if arrivals == "random" else 0.0
    sends = HOP_S if block.vm and functions and end < len(own.menus) else 0.0
    goes = [reach[s + 1] / reach[s] for s in range(first, end)]
    step, least = (tier.get(key, 0.0) / 1000 for key in ("billing_step_ms", "billing_min_ms"))
    billed = 0.0
    for n, p in held.items():
        for chance, seconds, left in _ways(n, times, goes):
            block.seconds += p * chance * (seconds + (sends if left else 0.0))
            block.square += p * chance * (seconds + (sends if left else 0.0)) ** 2
            paid = math.ceil(seconds / step - 1e-9) * step if step else seconds
            billed += p * chance * max(paid, least)
    if block.vm:
        block.workers = entry["workers"]
        block.rent = entry["usd_per_hour"] / 3600
    else:
        block.usd = block.batches * (entry["usd_per_request"] + entry["usd_per_gb_s"] * 2 * billed)
    return block


def _beside(own: Drawn, option: Any, alone: Block, reach: list[float], arrivals: str) -> list[Block]:
    """The block with the function beside its machines: every size of call, and rounds that may wait."""
    tiers = [tier for tier in own.document["tier"] if tier["kind"] == "function"]
    if not alone.vm or not tiers:
        return []
    tier, size, wait, found = tiers[0], option[3], option[4], []
    times = [own.times["f"][s] for s in range(alone.first, alone.last + 1)]
    slow = [own.times[option[0]][s][size - 1] for s in range(alone.first, alone.last + 1)]
    goes = [reach[s + 1] / reach[s] for s in range(alone.first, alone.last + 1)]
    step, least = (tier.get(key, 0.0) / 1000 for key in ("billing_step_ms", "billing_min_ms"))
    entry = tier["option"][0]

    def usd(n: int) -> float:
        billed = 0.0
        for chance, seconds, _ in _ways(n, times, goes):
            billed += chance * max(math.ceil(seconds / step - 1e-9) * step if step else seconds, least)
        return entry["usd_per_request"] + entry["usd_per_gb_s"] * 2 * billed

    held = _sizes(own, alone.first, size, wait, reach, arrivals)
    sends = HOP_S if alone.last + 1 < len(own.menus) else 0.0
    for call in sorted({min(n, size) for n in tier["batch"]}):
        paid = sum(p * ((n // call) * usd(call) + (usd(n % call) if n % call else 0.0)) for n, p in held.items())
        for rounds in (0, 1, 2, 4) if arrivals == "random" else (0,):
            ends = [
                wait + max(sum(slow[: k + 1]) + rounds * (sum(slow) + sends), sum(t[call - 1] for t in times[: k + 1]))
                for k in range(len(times))
            ]
            found.append(replace(alone, ends=ends, called=paid, rounds=rounds))
    return found


def lost(servers: int, room: int, load: float, even: float, cv2: float) -> float:
    """What they leave: Hayward's, Erlang's formula an integral of a e^-at (1 + t)^c; the package's of few workers."""
    if known(servers, room, load):
        return lost_of_few(servers, room, load, even, cv2)
    z = (even + cv2) / 2 if room else min(1.0, even + (1 - even) / (6 * load))
    c, a, r, rho = servers / z, load / z, room / z, load / servers
    inverse = quad(lambda t: a * math.exp(c * math.log1p(t) - a * t), 0, math.inf, limit=500, epsabs=0, epsrel=1e-11)[0]
    if not room:
        return max(1 / inverse, 1 - servers / (load + (1 + even) / 2))
    waiting = r if abs(rho - 1) < 1e-12 else rho * (rho**r - 1) / (rho - 1)  # ρ + ρ² + .. at real r
    return rho**r / (inverse + waiting)


@cache
def even(size: int, wait: float, rate: float) -> float:
    """Squared coefficient of variation of the intervals of batches: their moments from P(still open), by quadrature."""
    open_ = lambda t: sum(math.exp(-rate * t) * (rate * t) ** j / math.factorial(j) for j in range(size - 1))  # noqa: E731
    first, second = (quad(lambda t, k=k: k * t ** (k - 1) * open_(t), 0, wait, epsrel=1e-12)[0] for k in (1, 2))
    return (1 / rate**2 + second - first**2) / (1 / rate + first) ** 2


def _sizes(own: Drawn, first: int, size: int, wait: float, reach: list[float], arrivals: str) -> dict[int, float]:
    mean = own.document["workload"]["rate_per_s"] * reach[first] * wait
    if arrivals == "smooth":
        return {size: 1.0}
    held = {n: math.exp(-mean) * mean ** (n - 1) / math.factorial(n - 1) for n in range(1, size)}
    return held | {size: 1 - sum(held.values())}


def _ways(n: int, times: list[list[float]], goes: list[float]) -> list[tuple[float, float, int]]:
    """All ways of a batch: probability, seconds, and how many go on."""
    found = [(1.0, 0.0, n)]
    for k, stage in enumerate(times):
        ran = [(p, t + (stage[left - 1] if left else 0.0), left) for p, t, left in found]
        if k < len(goes):
            ran = [
                (p * math.comb(left, j) * goes[k] ** j * (1 - goes[k]) ** (left - j), t, j)
                for p, t, left in ran
                for j in range(left + 1)
            ]
        found = [way for way in ran if way[0] > 0]
    return found


def _cost(
    own: Drawn, blocks: list[Block], reach: list[float], slo: float, arrivals: str, functions: bool, best: float
) -> float:
    rate = own.document["workload"]["rate_per_s"]
    hop_s, hop_usd = (HOP_S, HOP_USD) if functions else (0.0, 0.0)
    usd = sum(block.usd for block in blocks) + sum(rate * reach[block.first] * hop_usd for block in blocks[1:])
    if usd >= best:
        return math.inf
    done: list[tuple[int, float, float]] = []
    clock = 0.0
    for b, block in enumerate(blocks):
        clock += hop_s if b else 0.0
        done += [
            (b, reach[s] - reach[s + 1], clock + t)
            for s, t in zip(range(block.first, block.last + 1), block.ends, strict=True)
        ]
        clock += block.ends[-1]
    if own.document["workload"]["latency_measure"] == "worst" and done[-1][2] > slo * (1 + 1e-9):
        return math.inf
    loads = [block.batches * block.seconds for block in blocks]
    more = 1 if arrivals == "smooth" else 12
    menus = []
    for a, b in zip(loads, blocks, strict=True):
        least = max(1, math.ceil(a / CAP / b.workers - 1e-9)) if b.vm else 0
        menus.append([(n, n * b.rent) for n in (range(least, least + more) if b.vm else (0,))])
        if b.called is not None:
            cheapest = min(n * b.rent + b.batches * b.called * _left(b, n, a, arrivals) for n in range(1, least + more))
            menus[-1] = [(0, cheapest)]
    for some in itertools.product(*menus):
        counts = tuple(n for n, _ in some)
        total = usd + sum(paid for _, paid in some)
        if total < best and _kept(own, blocks, loads, counts, done, reach, slo, arrivals):
            best = total
    return best


def _left(block: Block, count: int, load: float, arrivals: str) -> float:
    servers = count * block.workers
    if arrivals == "smooth":
        return max(0.0, 1 - CAP * servers / load)
    return lost(servers, block.rounds * servers, load, block.even, block.square / block.seconds**2 - 1)


def _kept(
    own: Drawn,
    blocks: list[Block],
    loads: list[float],
    counts: tuple[int, ...],
    done: list[tuple[int, float, float]],
    reach: list[float],
    slo: float,
    arrivals: str,
) -> bool:
    measure = own.document["workload"]["latency_measure"]
    queues: list[tuple[float, float]] = []
    for block, a, n in zip(blocks, loads, counts, strict=True):
        c = n * block.workers
        waits = bool(c) and arrivals == "random" and block.seconds > 0
        queues.append((erlang_c(c, a), (c - a) / block.seconds) if waits else (0.0, 1.0))
    if measure == "mean":
        waited = sum(reach[b.first] * p / speed for b, (p, speed) in zip(blocks, queues, strict=True))
        return sum(share * t for _, share, t in done) + waited <= slo * (1 + 1e-9)
    late = sum(share * _beyond(queues[: b + 1], slo * (1 + 1e-9) - t) for b, share, t in done)
    return late <= (TAIL if measure == "worst" else 0.1) * (1 + 1e-6)


def _beyond(queues: list[tuple[float, float]], t: float) -> float:
    """P(sum of waits > t)."""
    if t < 0:
        return 1.0
    queues = [own for own in queues if own[0] > 0]
    if not queues:
        return 0.0
    if len(queues) == 1:
        return queues[0][0] * math.exp(-queues[0][1] * t)
    (p, x), (q, y) = queues
    both = (
        (y * math.exp(-x * t) - x * math.exp(-y * t)) / (y - x)
        if abs(x - y) > 1e-9 * x
        else (1 + x * t) * math.exp(-x * t)
    )
    return p * (1 - q) * math.exp(-x * t) + (1 - p) * q * math.exp(-y * t) + p * q * both
