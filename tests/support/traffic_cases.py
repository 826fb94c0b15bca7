"""Random small services, traces and policies for the simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.faults import Faults


@dataclass
class Script:
    """A policy that says what was written down, by the number of the decision; the last holds on."""

    orders: Sequence[Orders | None]
    every_s: float = 1.0
    name: str = "script"
    seen: list[Seen] = field(default_factory=list)

    def decide(self, seen: Seen) -> Orders:
        self.seen.append(seen)
        orders = self.orders[min(len(self.seen), len(self.orders)) - 1]
        if orders is None:
            raise RuntimeError("no idea")
        return orders


def trace(*counts: int, period_s: float = 1.0) -> Trace:
    return Trace(np.array(counts, np.int64), period_s, np.full(len(counts), period_s))


@dataclass
class Case:
    service: Service
    trace: Trace
    policy: Callable[[], Script]
    settings: dict[str, Any]


def random_case(seed: int) -> Case:
    """Draw a small case; every other has numbers whose sums are exact, so that much happens at the same moment."""
    rng = np.random.default_rng(seed)
    exact = seed % 2 == 0

    def number(*values: float) -> float:
        value = float(rng.choice(values))
        return value if exact else value * float(rng.uniform(0.7, 1.3))

    def some(length: int) -> tuple[float, ...]:
        return tuple(number(0.25, 0.5, 1.0, 2.0, *([0.0] if seed % 6 == 0 else [])) for _ in range(length))

    def block(first: int, last: int) -> Block:
        n = last - first + 2
        machines = tuple(
            Machine(
                f"m{k}",
                number(1.0, 2.0),
                int(rng.integers(1, 4)),
                some(n),
                bool(rng.integers(2)),
                number(0.0, 1.0, 2.5),
                number(0.0, 3.0),
                None if rng.random() < 0.6 else 2,
            )
            for k in range(rng.integers(0, 3))
        )
        usd_per_s, usd_per_request = number(1.0, 2.0), number(0.25)
        run = Function(
            "f",
            some(n),
            number(0.0, 0.5),
            number(0.5, 2.0, 300.0),
            None if rng.random() < 0.5 else int(rng.integers(0, 4)),
            billing_step_s=0.0 if rng.random() < 0.5 else 0.125,
            usd_per_s=usd_per_s,
            usd_per_request=usd_per_request,
        )
        with_function = not machines or rng.random() < 0.7
        return Block(first, last, machines, run if with_function else None, number(0.0, 0.25, 0.5), number(0.0, 0.5))

    lasts = np.cumsum(rng.integers(1, 3, rng.integers(1, 4))) - 1
    blocks = tuple(block(int(a), int(b)) for a, b in zip([0, *(lasts[:-1] + 1)], lasts, strict=True))
    shares = tuple(rng.dirichlet(np.ones(lasts[-1] + 1)).tolist())
    service = Service("random", blocks, shares, (0.5,) * len(shares), slo_s=3.0)
    counts = trace(*rng.choice([0, 1, 2, 4, 8], rng.integers(3, 20)).tolist())

    def orders() -> Orders | None:
        if rng.random() < 0.1:
            return None
        quota = tuple(
            None
            if rng.random() < 0.6
            else tuple((float(at), int(rng.integers(0, 5))) for at in sorted(rng.choice(9, 2)))
            for _ in blocks
        )
        wanted = tuple({m.name: int(rng.integers(0, 4)) for m in own.machines} for own in blocks)
        return Orders(wanted, tuple(rng.integers(0, 4, len(blocks)).tolist()), quota)

    script, every = [orders() for _ in range(8)], float(rng.choice([0.5, 1.0, 2.5, 3.0, 100.0]))
    faults = Faults((("m0", 2.0, 4.0),) if rng.random() < 0.3 else (), ((1.0, 5.0, 1),) if rng.random() < 0.3 else ())
    return Case(
        service,
        counts,
        lambda: Script(script, every),
        {
            "seed": seed,
            "arrivals": "even" if exact else "spread",
            "times": "fixed" if exact else "lognormal",
            "timeout_s": None if rng.random() < 0.5 else number(1.0, 2.0),
            "faults": faults,
            "period_s": 2.0,
        },
    )


def warm_case(seed: int) -> Case:
    """Draw a case whose policy keeps environments warm, ever other numbers of them, by its own random numbers."""
    case, rng = random_case(seed), np.random.default_rng([seed, 2])
    may = [block.function is not None for block in case.service.blocks]
    script = case.policy()
    orders = [
        None if own is None else replace(own, keep_warm=tuple(int(rng.integers(0, 4)) * can for can in may))
        for own in script.orders
    ]
    blocks = tuple(
        replace(block, function=block.function and replace(block.function, named=bool(rng.integers(2))))
        for block in case.service.blocks
    )
    service = replace(case.service, blocks=blocks)
    return replace(case, service=service, policy=lambda: Script(orders, script.every_s))


def troubled_case(seed: int) -> Case:
    """Draw a case in which requests wait while ten times as many come, starts fail, and functions take one at a time.

    Ever more may wait, and in every other case the orders are the same all the time, so that queues grow.
    """
    case, rng = random_case(seed), np.random.default_rng([seed, 1])
    counts = case.trace.counts + 1
    first = int(rng.integers(0, len(counts) - 1))
    counts[first : first + 2] *= 10
    at, fault = float(first), float(rng.integers(1, 4))
    names = {machine.name for block in case.service.blocks for machine in block.machines}
    since = float(rng.choice([0.0, at]))  # from the first orders on, or while machines are there
    no_start = tuple((name, since, at + fault) for name in sorted(names))
    faults = Faults(no_start, ((at, at + fault, int(rng.integers(0, 2))),))
    room = tuple(int(most) for most in rng.choice([1, 5, 20, 1000], len(case.service.blocks)))
    script = case.policy()
    orders = [None if own is None else replace(own, queue_max=room) for own in script.orders]
    if rng.random() < 0.5:
        wanted = tuple({m.name: int(rng.integers(0, 3)) for m in block.machines} for block in case.service.blocks)
        orders = [Orders(wanted, room)]
    return replace(
        case,
        trace=trace(*counts.tolist()),
        policy=lambda: Script(orders, script.every_s),
        settings=case.settings | {"faults": faults},
    )
