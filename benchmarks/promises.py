"""What `provision` promises beside the package's simulator, on random services.

Services of one to three blocks, with machines alone or with functions behind them, slack of 0 to 10 service times,
and times that vary by 0 to 2. Each is provisioned by the formulas of waits, and again with the simulation that confirms
them; then another simulation, which follows every request through the balancer, has the last word: on what was
provisioned, and on one machine less in each block that has machines alone.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.ground import deadline
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import Menu, Stage
from serflow_opt.problem.offers import Link, Option, Tier
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.structures import Structure
from serflow_opt.traffic.scaling_policy import Orders, Seen

MEASURES = ("p90", "p95", "p99", "mean")
NAMED = {"broken": "Broken", "near": "Near the limit", "undecided": "Undecided", "less kept": "A machine too many"}
"""Verdicts whose services are named below the table, and how it calls them."""
ALL = "all"
"""What the row of sums is called."""
LIMIT_S = 60.0
"""What each is provisioned in, of the processor's time."""
RUNS, WARM = 10, 0.25
"""Independent runs of a look, and what part of each is left out: it begins with nobody there."""
TIMES, SPENT = (1, 4, 16, 64), (1 / 6, 1 / 6, 1 / 6, 1 / 2)
"""Requests of successive looks over those of the first, each with runs of its own, and what part of the error of 1 %
each spends: together they err no more often than that (Bonferroni's inequality)."""
SETTLED = 12
"""Relaxation times of a run, at least, of which `WARM` is left out: near full load short runs would be of empty
services, and late requests too few."""
NEAR = 0.01
"""Of the limit: where the whole interval is as near to it no more is simulated."""


@dataclass(frozen=True)
class Case:
    """A service, how many blocks it shall have, and whether they have functions."""

    instance: Instance
    blocks: int
    functions: bool
    cv: float

    def fits(self, structure: Structure) -> bool:
        """Whether a structure has machines in each of so many blocks, and functions where it shall."""
        return (
            len(structure) == self.blocks
            and all(choice.machine is not None for choice in structure)
            and all((choice.function is not None) == self.functions for choice in structure)
        )


def drawn(seed: int) -> Case:
    """Return a random service."""
    rng = np.random.default_rng(seed)
    blocks, functions = 1 + seed % 3, bool(seed // 3 % 2)
    stages = blocks + int(rng.integers(0, 2))
    seconds = rng.uniform(0.01, 0.1, stages)
    cv = float(rng.uniform(0, 2))
    menus = [
        Menu((0.5, 0.9), (rate, rate / 2), (0.8, 0.92))
        for rate in (float(rng.uniform(0.2, 0.7)) for _ in range(stages - 1))
    ]
    sizes = (("small", 1.0, 0.1), ("large", 0.55, 0.19))
    vms = [
        Option(
            name,
            0,
            tuple(seconds * pace),
            usd_per_s=usd / 3600,
            stage_sd_s=tuple(seconds * pace * cv) if cv else (),
            workers=int(rng.integers(1, 3)),
        )
        for name, pace, usd in sizes
    ]
    calls = [
        Option(
            "call", 1, tuple(seconds * 0.7), usd_per_s=6e-5, usd_per_request=2e-7, stage_sd_s=tuple(seconds * 0.7 * cv)
        )
    ]
    measure = MEASURES[int(rng.integers(len(MEASURES)))]
    path = float(seconds.sum())
    return Case(
        Instance(
            name=f"promise-{seed}",
            description="",
            stages=tuple(Stage(1e9, 1e4, 1e6) for _ in range(stages)),
            input_bytes=1e4,
            menus=(*menus, Menu((0.0,), (1.0,), (0.95,))),
            threshold_mode="menu",
            tiers=(Tier("vm", "vm"), Tier("fn", "function"))[: 1 + functions],
            options=tuple(vms + (calls if functions else [])),
            links={("client", "vm"): LINK, ("client", "fn"): LINK, ("vm", "fn"): LINK}
            if functions
            else {("client", "vm"): LINK},
            source="client",
            rate_per_s=float(rng.uniform(20, 200)),
            accuracy_min=0.9,
            latency_slo_s=path + 0.003 * (1 + functions * blocks) + float(rng.uniform(0, 10)) * path / stages,
            latency_measure=measure,
            utilisation_cap=1.0,
            minimize="cost",
            accounting="reserved",
        ),
        blocks,
        functions,
        cv,
    )


LINK = Link(bytes_per_s=1e8, round_trip_s=0.001, usd_per_byte=0.0)


class Fixed:
    """Machines of each block all the time."""

    name, every_s = "fixed", 600.0

    def __init__(self, deployment: Deployment, counts: tuple[int, ...]) -> None:
        assert deployment.service is not None
        pools = zip(deployment.service.blocks, counts, strict=True)
        self.orders = Orders(
            tuple({block.machines[0].name: count} if block.machines else {} for block, count in pools),
            queue_max=tuple(part.queue_max or 0 for part in deployment.parts),
        )

    def decide(self, seen: Seen) -> Orders:
        """Keep them."""
        return self.orders


def verdict(case: Case, deployment: Deployment, counts: tuple[int, ...], requests: int, seed: int) -> str:
    """Return what requests followed one by one say of machines: kept, broken, near the limit or undecided.

    Late requests come in runs, so that what is sure is read off independent runs of the simulator: Student's interval
    of their means, at one look after the other until the limit is not in it, or all of it is near the limit.
    """
    from scipy.special import stdtrit

    assert deployment.service is not None
    assert case.instance.latency_slo_s is not None
    mean = case.instance.latency_measure == "mean"
    limit = case.instance.latency_slo_s if mean else 1 - deployment.service.quantile
    least = min(RUNS * SETTLED * relaxation(deployment, counts), requests * TIMES[-1])
    for look, (times, spent) in enumerate(zip(TIMES, SPENT, strict=True)):
        values = measured(case, deployment, counts, max(requests * times, math.ceil(least)), [seed, look])
        value, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(RUNS)
        half = -float(stdtrit(RUNS - 1, 0.01 * spent / 2)) * error
        if abs(value - limit) > half:
            return "kept" if value < limit else "broken"
        if abs(value - limit) + half <= NEAR * limit:
            return "near"
    return "undecided"


def relaxation(deployment: Deployment, counts: tuple[int, ...]) -> float:
    """Return the requests in which a service forgets that it began empty; `confirm/warming.py` has the sources."""
    service, rate = deployment.service, deployment.demand.mean
    assert service is not None
    total = 1.0
    for b, (block, count, part) in enumerate(zip(service.blocks, counts, deployment.parts, strict=True)):
        reach = service.reach(b)
        if not (block.machines and count and reach > 0):
            continue
        servers, spread = count * block.machines[0].workers, 1 + service.cv2(b, block.machines[0])
        load = rate * reach * service.busy_s(b, block.machines[0]) / servers
        backlog = 2 * spread * load / (1 - load) ** 2 if load < 1 else math.inf
        if block.function is not None:
            backlog = min(backlog, (part.queue_max or 0) ** 2 / 4 + (part.queue_max or 0))
        elif load >= 1:  # it has no other, and needs none: the backlog grows
            backlog = 0.0
        total += (servers * spread + backlog) / reach
    return total


def measured(case: Case, deployment: Deployment, counts: tuple[int, ...], requests: int, key: list[int]) -> list[float]:
    """Return the mean latency, or the share of late requests, of independent runs with so many requests in all."""
    assert deployment.service is not None
    slo, mean, rate = case.instance.latency_slo_s, case.instance.latency_measure == "mean", deployment.demand.mean
    seconds = math.ceil(requests / RUNS / rate)
    service = deployment.service
    at_once = replace(
        service,
        blocks=tuple(replace(b, machines=tuple(replace(m, start_s=0.0) for m in b.machines)) for b in service.blocks),
    )
    values = []
    for run in range(RUNS):
        arrivals = np.random.default_rng([*key, run]).poisson(rate, seconds)
        trace = Trace(arrivals.astype(np.int64), 1.0, np.ones(seconds))
        own = int(np.random.default_rng([*key, run, 1]).integers(2**31))
        done = so.simulate(at_once, trace, Fixed(deployment, counts), seed=own, times="lognormal")
        latency = np.asarray(done.latency, dtype=float)[int(WARM * len(done.latency)) :]
        values.append(float(latency.mean() if mean else (latency > slo).mean()))
    return values


def judged(seed: int, requests: int) -> list[str]:
    """Return the kind of a random service, and what is said of it.

    Parameters
    ----------
    seed
        Of the service.
    requests
        Simulated for each verdict.

    Returns
    -------
    list
        Its kind; then whether it was provisioned, whether the confirmation changed it, whether the answer says that it
        is not confirmed, and all verdicts.
    """
    case = drawn(seed)
    behind = "functions behind" if case.functions else "machines alone"
    kind = f"{case.blocks} block{'s' * (case.blocks > 1)}, {behind}"
    with patch.object(deadline, "clock", time.process_time):  # or other work on the machine would cut searches short
        found = so.provision(case.instance, keep=case.fits, blocks=case.blocks, time_limit=LIMIT_S)
    if not found.parts:
        return [kind, found.status]
    simulated = found.simulated
    said = [kind, "provisioned", *["changed"] * (simulated is not None and simulated.changed != "")]
    said += ["unconfirmed"] * (simulated is not None and simulated.kept.verdict != "kept")
    said.append(verdict(case, found, found.counts, requests, seed))
    for own in () if simulated is None else simulated.less:
        fewer = tuple(count - (b == own.block) for b, count in enumerate(found.counts))
        said.append(f"less {verdict(case, found, fewer, requests, seed)}")
    return said


def _named(known: dict[int, list[str]], verdict: str, words: str) -> str:
    """Name the services of a verdict, with what their answers say of themselves."""
    found = [
        f"{seed} ({kind}{', not confirmed, as the answer says' if 'unconfirmed' in said else ''})"
        for seed, (kind, *said) in sorted(known.items())
        if verdict in said
    ]
    return f"{words}: {'seed' + 's' * (len(found) > 1) + ' ' + ', '.join(found) if found else 'none'}."


def _ranges(seeds: Iterable[int]) -> str:
    """Return numbers as ranges: 0-39, 100."""
    ranges = list[list[int]]()
    for seed in sorted(seeds):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1][1:] = [seed]
        else:
            ranges.append([seed])
    return ", ".join("-".join(map(str, own)) for own in ranges)


def _known(journal: Path | None) -> dict[int, list[str]]:
    """Return what a journal says, by seed."""
    if journal is None or not journal.exists():
        return {}
    return {seed: said for seed, *said in map(json.loads, journal.read_text().splitlines())}


def main() -> None:
    """Draw services, provision them, simulate them, and print how often all agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--requests", type=int, default=200_000, help="simulated for each verdict")
    parser.add_argument("--seed", type=int, default=0, help="of the first service")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no other service after so long")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--journal", type=Path, help="a line a service; those that it has are not run again")
    asked = parser.parse_args()
    first = setting()
    known = _known(asked.journal)
    begun = time.monotonic()
    for seed in range(asked.seed, asked.seed + asked.services):
        if seed in known:
            continue
        if time.monotonic() - begun > asked.seconds:
            break
        known[seed] = judged(seed, asked.requests)
        print(seed, *known[seed], file=sys.stderr)
        if asked.journal:
            with asked.journal.open("a") as journal:
                journal.write(json.dumps([seed, *known[seed]]) + "\n")
    asked_for = range(asked.seed, asked.seed + asked.services)
    known = {seed: said for seed, said in known.items() if seed in asked_for}
    services, counted = len(known), Counter((kind, own) for kind, *said in known.values() for own in said)
    columns = {
        "services": "provisioned",
        "formula changed by the confirmation": "changed",
        "not confirmed, as the answer says": "unconfirmed",
        "simulator: kept": "kept",
        f"within {NEAR:.0%} of the limit": "near",
        "undecided": "undecided",
        "broken": "broken",
        "one machine less: broken": "less broken",
        f"less: within {NEAR:.0%}": "less near",
        "less: undecided": "less undecided",
        "less: kept": "less kept",
        "no deployment": "infeasible",
        "none in time": "no_solution",
    }
    kinds = sorted({kind for kind, _ in counted})
    rows = [[kind, *(str(counted[kind, own]) for own in columns.values())] for kind in kinds]
    rows.append([ALL, *(str(sum(counted[kind, own] for kind in kinds)) for own in columns.values())])
    text = "\n\n".join(
        [
            first,
            f"{services} services, seeds {_ranges(known)}, each with {LIMIT_S:g} s of the processor's time; verdicts "
            f"at 99 % of {RUNS} runs, {asked.requests:,} requests in all, and where these do not decide "
            f"{', '.join(f'{asked.requests * own:,}' for own in TIMES[1:])}.",
            table(["blocks", *columns], rows),
            *(_named(known, verdict, words) for verdict, words in NAMED.items()),
        ]
    )
    print(text)
    if asked.out:
        write(asked.out, "promises", text)


if __name__ == "__main__":
    main()
