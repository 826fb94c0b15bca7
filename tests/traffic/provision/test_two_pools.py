"""Two pools a block: against enumeration and arithmetic written here, against the simulator, and through files."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from support.helpers import load, run, two_tiers
from support.rented_pools import LINK, rented

import serflow_opt as so
from serflow_opt import InputError, Instance, provision
from serflow_opt.problem.network import Menu, Stage
from serflow_opt.problem.offers import Option, Scaling, Tier
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting

STEPS = 40


@dataclass(frozen=True)
class Drawn:
    """A service of two stages in one block: half leave at the first."""

    instance: Instance
    rate: float
    leave: float


def drawn(seed: int, measure: str | None, function: bool) -> Drawn:
    """Three types of machines in two tiers, one of which has few."""
    rng = np.random.default_rng(seed)
    leave, rate = float(rng.uniform(0.2, 0.8)), float(rng.uniform(2, 8))
    few = Tier("spot", "vm", scaling=Scaling(machines_max=int(rng.integers(1, 4))))
    times = [tuple(rng.uniform(0.1, 0.6, 2)) for _ in range(3)]
    workers = rng.integers(1, 3, 3)
    rents = [float(rng.uniform(0.3, 1.0) * w / sum(t)) for t, w in zip(times, workers, strict=True)]
    options = [
        Option(name, tier, (float(t[0]), float(t[1])), usd_per_s=usd, workers=int(w))
        for name, tier, t, usd, w in zip(
            "abc", (0, 0, 1), times, (rents[0] / 2, rents[1] / 2, rents[2]), workers, strict=True
        )
    ]
    tiers = [few, Tier("on-demand", "vm"), Tier("fn", "function")]
    if function:
        options.append(Option("f", 2, (0.2, 0.2), usd_per_s=float(rng.uniform(1, 4)), usd_per_request=0.05))
    names = [tier.name for tier in tiers]
    path = max(sum(t) for t in times)
    return Drawn(
        Instance(
            name="drawn",
            description="",
            stages=(Stage(1.0, 1.0, 1.0), Stage(1.0, 1.0, 1.0)),
            input_bytes=1.0,
            menus=(Menu((0.5,), (leave,), (0.9,)), Menu((0.0,), (1.0,), (0.95,))),
            threshold_mode="menu",
            tiers=tuple(tiers),
            options=tuple(options),
            links={("client", name): LINK for name in names} | dict.fromkeys(itertools.combinations(names, 2), LINK),
            source="client",
            rate_per_s=rate,
            accuracy_min=None,
            latency_slo_s=None
            if measure is None
            else path + (0.0 if measure == "worst" else float(rng.uniform(0.3, 3))),
            latency_measure=measure or "worst",
            utilisation_cap=0.9,
            minimize="cost",
            accounting="reserved",
        ),
        rate,
        leave,
    )


def held(case: Drawn, p: int) -> tuple[float, float]:
    """Mean and squared coefficient of variation of the seconds a request holds a worker."""
    first, second = case.instance.options[p].stage_seconds
    mean = first + (1 - case.leave) * second
    square = case.leave * first**2 + (1 - case.leave) * (first + second) ** 2
    return mean, square / mean**2 - 1


def limit(case: Drawn, p: int) -> int:
    return case.instance.tiers[case.instance.options[p].tier].scaling.machines_max or 10**6


def shares(case: Drawn, p: int, q: int) -> list[float]:
    """Of the first pool: in equal steps, and where it or the other is full of so many machines."""
    each = [0.9 * case.instance.options[o].workers / (case.rate * held(case, o)[0]) for o in (p, q)]
    full = [n * each[0] for n in range(1, 41)] + [1 - n * each[1] for n in range(1, 41)]
    return [n / STEPS for n in range(1, STEPS)] + [share for share in full if 0.001 < share < 0.999]


def cheapest_alone(case: Drawn, smooth: bool) -> float:
    """Least rent of machines without a function: fewest of each pool by its load, or so that few enough are late."""
    pools = range(3)
    quantile = None if case.instance.quantile is None else case.instance.quantile
    known: dict[tuple[int, int, float], float] = {}

    def late(p: int, n: int, part: float) -> float:
        """Share of a pool's requests that are late."""
        if (p, n, part) not in known:
            (mean, cv2), option = held(case, p), case.instance.options[p]
            times = ServiceTime.of_moments(mean, cv2)
            queue = waiting(n * option.workers, np.array([case.rate * part]), times, None)
            ends = np.array([option.stage_seconds[0], sum(option.stage_seconds)])
            slack = (case.instance.latency_slo_s or math.inf) * (1 + 1e-6) - ends
            beyond = queue.beyond(np.maximum(slack, 0.0))[0]
            leaving = np.array([case.leave, 1 - case.leave])
            known[p, n, part] = float(np.where(slack < 0, 1.0, beyond) @ leaving)
        return known[p, n, part]

    best = math.inf
    ways = [((p, 1.0), (p, 0.0)) for p in pools]
    ways += [((p, k), (q, 1 - k)) for p, q in itertools.combinations(pools, 2) for k in shares(case, p, q)]
    for way in ways:
        used = [(p, part) for p, part in way if part]
        fewest, rents, most = [], [], []
        for p, part in used:
            option = case.instance.options[p]
            load = case.rate * part * held(case, p)[0]
            fewest.append(max(1, math.ceil(load / (0.9 * option.workers) * (1 - 1e-6))))
            rents.append(option.rent_per_s)
            most.append(limit(case, p))
        spans = [range(low, min(high, low + (0 if smooth else 7)) + 1) for low, high in zip(fewest, most, strict=True)]
        for counts in itertools.product(*spans):
            usd = math.fsum(n * rent for n, rent in zip(counts, rents, strict=True))
            if usd >= best:
                continue
            if quantile is None or math.fsum(
                part * late(p, n, part) for (p, part), n in zip(used, counts, strict=True)
            ) <= 1 - quantile * (1 - 1e-6):
                best = usd
    return best


def blocking(servers: int, load: float) -> float:
    """Erlang's loss formula, by its recursion."""
    found = 1.0
    for c in range(1, servers + 1):
        found = load * found / (c + load * found)
    return found


def cheapest_beside(case: Drawn) -> float:
    """Least cost where nobody waits: what finds no free worker goes to the function, and what is above the cap."""
    call = case.instance.options[3]
    usd_call = call.usd_per_request + call.usd_per_s * (0.2 + (1 - case.leave) * 0.2)

    def pool(p: int, part: float) -> float:
        option, (mean, _) = case.instance.options[p], held(case, p)
        rate = case.rate * part
        load = rate * mean

        def cost(n: int) -> float:
            servers = n * option.workers
            carried = min(load * (1 - blocking(servers, load)), 0.9 * servers)
            return n * option.rent_per_s + usd_call * (load - carried) / mean

        return min(cost(n) for n in range(1, min(limit(case, p), 40) + 1))

    alone = cheapest_alone(replace(case, instance=replace(case.instance, latency_slo_s=None)), smooth=True)
    single = [usd_call * case.rate] + [pool(p, 1.0) for p in range(3)]
    pairs = [pool(p, k) + pool(q, 1 - k) for p, q in itertools.combinations(range(3), 2) for k in shares(case, p, q)]
    return min(alone, *single, *pairs)


def two(case: Drawn, arrivals: str) -> tuple[Deployment, Deployment]:
    """Return the answers with one pool a block, and with two."""
    one, both = (
        provision(case.instance, blocks=1, arrivals=arrivals, pools=n, gap=1e-6, confirm=False)  # type: ignore[arg-type]
        for n in (1, 2)
    )
    return one, both


@pytest.mark.parametrize("seed", range(3))
def test_evenly_spaced_requests_against_enumeration(seed: int) -> None:
    """Two pools cost what enumeration of all pairs finds, and never more than one."""
    case = drawn(seed, None, function=False)
    one, both = two(case, "smooth")
    assert both.status == "optimal"
    assert both.usd_per_s == pytest.approx(cheapest_alone(case, smooth=True), rel=1.001e-6)
    assert both.usd_per_s <= one.usd_per_s * (1 + 1e-9)
    assert both.scope.startswith("one pool a block, and two, at any cut, thresholds and shares; ")


@pytest.mark.parametrize("seed", range(3))
def test_percentiles_against_enumeration(seed: int) -> None:
    """The late are those of either pool, each at its own waits and times."""
    case = drawn(100 + seed, "p90", function=False)
    both = two(case, "random")[1]
    assert both.status == "optimal"
    assert both.usd_per_s == pytest.approx(cheapest_alone(case, smooth=False), rel=1.001e-6)


@pytest.mark.parametrize("seed", range(3))
def test_beside_a_function_against_enumeration(seed: int) -> None:
    """No latency target: nobody waits beside the function, and machines alone only have to take the load."""
    case = drawn(200 + seed, None, function=True)
    one, both = two(case, "random")
    assert both.status == "optimal"
    assert both.usd_per_s == pytest.approx(cheapest_beside(case), rel=1.001e-6)
    assert both.usd_per_s <= one.usd_per_s * (1 + 1e-9)


def test_two_tiers_where_neither_has_enough() -> None:
    """Six machines are needed, four of each are there: 4 x 0.2 + 2 x 0.5, and nothing with one pool."""
    instance = rented(4, 4)
    assert provision(instance, 2.0, blocks=1, arrivals="smooth").status == "infeasible"
    found = provision(instance, 2.0, blocks=1, arrivals="smooth", pools=2)
    assert (found.status, found.usd_per_s) == ("optimal", pytest.approx(1.8, rel=1e-9))
    assert "none with one pool a block" in found.scope
    (part,) = found.parts
    assert [(own.machine, own.machine_tier, own.count) for own in part.pools] == [
        ("m (edge)", "edge", 4),
        ("m (cloud)", "cloud", 2),
    ]
    assert (part.count, part.machine_tier) == (6, "edge + cloud")
    none = provision(rented(2, 2), 2.0, blocks=1, arrivals="smooth", pools=2)
    assert none.status == "no_solution"
    assert "cut and thresholds" in none.reason


def test_what_is_promised_is_what_the_simulator_finds() -> None:
    """Spot and on demand under a percentile: share late by formula, by what confirms it, and by every request."""
    found = provision(rented(4, None, latency_slo_s=20.0, latency_measure="p95"), 2.0, blocks=1, pools=2)
    (part,) = found.parts
    assert len(part.pools) == 2
    assert found.status == "optimal"
    assert found.simulated is not None
    trace = Trace(np.random.default_rng(1).poisson(2.0, 60_000), 1.0, np.ones(60_000))
    assert found.service is not None
    policy = Fixed(found.service, [tuple(own.count for own in part.pools)])
    done = so.simulate(found.service, trace, policy)
    assert done.served == done.arrivals
    late = float((np.asarray(done.latency, float) > 20.0).mean())
    assert late == pytest.approx(1 - found.on_time, abs=0.012)
    assert found.simulated.kept.low <= late <= found.simulated.kept.high + 0.005
    assert found.service.blocks[0].shares == pytest.approx([own.reach for own in part.pools])


def test_files_and_the_command(tmp_path: Path) -> None:
    """Two pools survive being saved, and the command says that they are proven at any cut."""
    found = provision(rented(4, 4), 2.0, blocks=1, arrivals="smooth", pools=2)
    found.save(tmp_path / "found.json")
    loaded = Deployment.load(tmp_path / "found.json")
    assert (loaded.parts, loaded.structure, loaded.service) == (found.parts, found.structure, found.service)
    assert loaded.to_dict() == found.to_dict()
    document = found.to_dict()["blocks"][0]
    assert [own["share"] for own in document["pools"]] == pytest.approx([own.reach for own in found.parts[0].pools])
    load(two_tiers(), tmp_path)
    shown = run("provision", tmp_path, "--rate-per-s", "2", "--blocks", "1", "--pools", "2", "--json")
    assert shown.code == 0
    assert "and two, at any cut" in shown.document["scope"]
    assert run("provision", tmp_path, "--pools", "3").code == 2
    with pytest.raises(InputError, match="write 1 or 2"):
        provision(rented(4, 4), 2.0, pools=3)
