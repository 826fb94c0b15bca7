"""Machines and waiting places at fixed thresholds, against all counts tried one by one."""

from __future__ import annotations

import math

import pytest
from support.provision_by_head import BOTH, MACHINES, pricing, served, structure_of, whole

from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.waits import ROOMS


def blocking(servers: int, load: float) -> float:
    """Erlang's loss formula, as a sum over the states."""
    weights = [load**n / math.factorial(n) for n in range(servers + 1)]
    return weights[-1] / math.fsum(weights)


@pytest.mark.parametrize("rate", [0.4, 1.0, 2.0, 3.5, 6.0])
def test_beside_a_function_the_cheapest_count(rate: float) -> None:
    """n machines cost 0.5 n and leave B(n, 2 λ) of λ requests to the function, for 1.5 USD each."""
    priced = pricing(whole(), rate)
    structure = structure_of(priced, ((0, 1), BOTH))
    sizes = StructureSizes(priced, structure, served(priced, structure, 0, 0))
    costs = [0.5 * n + 1.5 * rate * blocking(n, 2 * rate) for n in range(40)]
    best = sizes.best()
    assert best is not None
    assert best[0].count == costs.index(min(costs))
    assert best[0].usd == pytest.approx(min(costs), rel=1e-9)
    assert sizes.least_usd(0) <= min(costs)
    assert sizes.best(below=min(costs) * 0.999) is None
    assert StructureSizes(priced, structure, sizes.service).best(below=min(costs) * 1.001) == best


def lost(servers: int, load: float, room: int) -> float:
    """Share of M/M/c/K that finds no room, as a sum over the states."""
    weights = [load**n / math.factorial(n) for n in range(servers + 1)]
    weights += [weights[-1] * (load / servers) ** n for n in range(1, room + 1)]
    return weights[-1] / math.fsum(weights)


@pytest.mark.parametrize(("rate", "cap"), [(2.0, 0.7), (3.5, 0.8), (6.0, 0.85)])
def test_nobody_waits_for_workers_beyond_the_cap(rate: float, cap: float) -> None:
    """Where machines are full to the cap there are no more places than it takes to fill them."""
    priced = pricing(whole(latency_slo_s=500.0, utilisation_cap=cap), rate)
    structure = structure_of(priced, ((0, 1), BOTH))
    best = StructureSizes(priced, structure, served(priced, structure, 0, 0)).best()
    assert best is not None
    full, rooms = cap * best[0].count, [n for n in ROOMS if n <= (best[0].room or 0)]
    assert rooms[-1] > 0
    carried = [2 * rate * (1 - lost(best[0].count, 2 * rate, n)) for n in rooms]
    assert carried[-2] < full <= carried[-1]


@pytest.mark.parametrize(("rate", "wait_max"), [(2.0, None), (2.0, 0.05), (3.1, 0.01), (0.2, 0.5)])
def test_alone_the_fewest_that_take_the_load(rate: float, wait_max: float | None) -> None:
    """More than 2 λ workers, and so many that no more wait than may: Erlang's C from his B."""

    def waiting(n: int) -> float:
        lost = blocking(n, 2 * rate)
        return lost / (1 - 2 * rate / n * (1 - lost))

    fewest = next(n for n in range(1, 99) if n > 2 * rate and (wait_max is None or waiting(n) <= wait_max))
    priced = pricing(whole(), rate, wait_max=wait_max)
    structure = structure_of(priced, ((0, 1), MACHINES))
    sizes = StructureSizes(priced, structure, served(priced, structure, 0, 0))
    assert sizes.enough(0) == fewest
    best = sizes.best()
    assert best is not None
    assert (best[0].count, best[0].room, best[0].usd) == (fewest, None, 0.5 * fewest)
    assert sizes.alone_usd(0) == 0.5 * fewest


def test_a_call_pays_its_fee_work_and_cold_start() -> None:
    """0.25 USD, half of 0.5 s of cold start and 0.25 and half of 0.25 s of work at 2 USD/s."""
    priced = pricing(whole(), 2.0)
    structure = structure_of(priced, ((0, 1), BOTH))
    sizes = StructureSizes(priced, structure, served(priced, structure, 0, 0))
    assert sizes.call_usd(0) == pytest.approx(0.25 + 2 * (0.25 + 0.25 + 0.125))


def test_a_target_that_machines_miss_has_no_sizes() -> None:
    """On v the last are done after 3.5 s: no number of machines makes it 3.4."""
    for slo, there in ((3.5, True), (3.4, False)):
        priced = pricing(whole(latency_slo_s=slo), 2.0)
        structure = structure_of(priced, ((0, 1), BOTH))
        found = priced.promise.late(structure, priced.least_reach)
        assert (found is not None) == there
