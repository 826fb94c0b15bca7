"""Provisioning against arithmetic by hand, and what it takes and refuses."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.provisioned_instances import draw
from oracles.provisioned_reading import best_of, check_deployment, provisioned
from support import tiny
from support.helpers import changed, load, two_tiers
from support.provision_by_head import whole

from serflow_opt import InputError, Instance
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision.solve import Moment, provision


def test_smooth_arrivals_fill_machines() -> None:
    """At 2/s four workers are busy: each saves 0.5/s x 1.5 = 0.75 USD/s for 0.5 USD/s; 4 x 0.5 + 2 x 0.125 = 2.25."""
    found = provision(whole(), 2.0, blocks=1, arrivals="smooth")
    assert found.status == "optimal"
    assert found.counts == (4,)
    assert found.usd_per_s == pytest.approx(2.25, rel=1e-12)
    (part,) = found.parts
    assert (part.spilled, part.usd_machines, part.usd_functions) == (pytest.approx(0, abs=1e-12), 2.0, 0.0)
    assert part.usd_links == 0.25
    assert part.function_usd == pytest.approx(1.5, rel=1e-12)
    assert part.t_cip == pytest.approx(0.5 / 1.5, rel=1e-12)


def test_a_low_cap_makes_machines_dear() -> None:
    """At a cap of 0.5 a machine saves 0.25/s x 1.5 = 0.375 < 0.5 USD/s: all on the function, 2 x (1.5 + 0.125)."""
    none = provision(dataclasses.replace(whole(), utilisation_cap=0.5), 2.0, blocks=1, arrivals="smooth")
    assert none.usd_per_s == pytest.approx(3.25, rel=1e-12)
    assert none.counts == (0,)
    assert none.parts[0].machine is None


def test_random_arrivals_spill() -> None:
    """Cost of n machines is 0.5 n + 3 B(n, 4) + 0.25 with B = 1, 0.8, 8/13, 32/71: 3.25, 3.15, 3.0962, 3.1021.

    Alone, where all wait, five of them are enough: 2.75.
    """
    vm, fn = whole().tiers
    few = dataclasses.replace(vm, scaling=dataclasses.replace(vm.scaling, machines_max=3))
    found = provision(whole(tiers=(few, fn)), 2.0, blocks=1)
    assert found.counts == (2,)
    assert found.usd_per_s == pytest.approx(0.5 * 2 + 3 * 8 / 13 + 0.25, rel=1e-12)
    assert found.parts[0].spilled == pytest.approx(2 * 8 / 13, rel=1e-12)
    assert found.parts[0].random_spill == pytest.approx(8 / 13, rel=1e-12)
    alone = provision(whole(), 2.0, blocks=1)
    assert (alone.counts, alone.usd_per_s) == ((5,), pytest.approx(2.75, rel=1e-12))


def test_machines_for_the_usual_and_functions_for_the_peak() -> None:
    """Rates 1 (3/4 of the time) and 3: loads 2 and 6. The third machine would save 0.25 x 0.5/s x 1.5 < 0.5 USD/s.

    Two machines, 1; 2/s spill in a quarter of the time, 0.75; links 1.5 x 0.125 = 0.1875.
    """
    demand = Rates(np.array([1.0, 3.0]), np.array([0.75, 0.25]))
    found = provision(whole(), demand, blocks=1, arrivals="smooth")
    assert found.counts == (2,)
    assert found.parts[0].spilled == pytest.approx(0.5, rel=1e-12)
    assert found.parts[0].busy == pytest.approx(1.0, rel=1e-12)
    assert found.usd_per_s == pytest.approx(1.9375, rel=1e-12)


def test_billing_steps() -> None:
    """At steps of 0.2 s those that leave at stage 1 pay for 0.4 s, the others for 0.6: 0.25 + 0.5 + 2 x 0.5 = 1.75."""
    base = whole()
    stepped = tuple(dataclasses.replace(own, billing_step_s=0.2) for own in base.options)
    found = provision(dataclasses.replace(base, options=stepped), 2.0, blocks=1, arrivals="smooth")
    assert found.parts[0].function_usd == pytest.approx(1.75, rel=1e-12)


def test_blocks_of_stages() -> None:
    """Stage 1 on machines, stage 2 on the function. W_1 = 1 + 0.5 x 0.5 = 1.25 s with the hand-over: 5 machines at 4/s.

    With 8 s for stage 1 and 0.25 USD/s, c^F_2 = 0.25 x (0.25 + 0.25) = 0.125 USD, stage 1 does not belong there:
    2.5 + 2 x 0.125 + links (4 + 2) x 0.125 = 3.5. In one block 8 machines and 4 x 0.125 are 4.5.
    """
    v, f = whole().options
    odd = dataclasses.replace(f, usd_per_s=0.25, usd_per_request=0.0, stage_seconds=(8.0, 0.25))
    instance = dataclasses.replace(whole(), options=(v, odd))
    one = provision(instance, 4.0, blocks=1, arrivals="smooth")
    assert one.counts == (8,)
    assert one.usd_per_s == pytest.approx(4.5, rel=1e-12)
    two = provision(instance, 4.0, arrivals="smooth")
    assert [(part.first, part.last) for part in two.parts] == [(1, 1), (2, 2)]
    assert two.counts == (5, 0)
    assert two.parts[1].function == "f"
    assert two.parts[1].rate == pytest.approx(2.0, rel=1e-12)
    assert two.usd_per_s == pytest.approx(3.5, rel=1e-12)
    assert provision(instance, 4.0, blocks=99, arrivals="smooth").parts == two.parts


def test_free_machines_are_proven() -> None:
    """Machines without rent take all for nothing but the input's link, or for nothing at all."""
    v = dataclasses.replace(tiny.one_vm().options[0], usd_per_s=0.0)
    linked = provision(tiny.one_vm(options=(v,)), 2.0, blocks=1)
    assert (linked.status, linked.usd_per_s) == ("optimal", pytest.approx(0.25, rel=1e-12))
    free = provision(tiny.one_vm(options=(v,), links={}), 2.0)
    assert (free.status, free.usd_per_s, free.bound, free.gap) == ("optimal", 0.0, 0.0, 0.0)
    beside = provision(whole(options=(v, whole().options[1]), links={("vm", "fn"): tiny.HAND_OVER}), 2.0)
    assert (beside.status, beside.usd_per_s, beside.gap) == ("optimal", 0.0, 0.0)


@pytest.mark.parametrize("arrivals", ["random", "smooth"])
def test_stages_without_time_need_one_machine(arrivals: Any) -> None:
    """A machine that takes no time at 0.5 USD/s, against 2 x (0.25 + 0.5 x ...) USD/s on the function."""
    v, f = whole().options
    instance = whole(
        options=(dataclasses.replace(v, stage_seconds=(0.0, 0.0)), f), links={("vm", "fn"): tiny.HAND_OVER}
    )
    found = provision(instance, 2.0, blocks=1, arrivals=arrivals)
    assert (found.status, found.counts, found.usd_per_s) == ("optimal", (1,), 0.5)
    assert found.to_dict()["blocks"][0]["machine_requests_per_s"] is None  # any number
    assert "inf" not in str(found.to_dict())
    alone = provision(tiny.one_vm(options=(instance.options[0],), links={}), 2.0, blocks=1, arrivals=arrivals)
    assert (alone.status, alone.counts, alone.usd_per_s) == ("optimal", (1,), 0.5)


def test_accuracy_decides_the_threshold() -> None:
    """Only a quarter may leave for 0.945: W = 1 + 0.75 x 2 = 2.5 s, five machines at 2/s."""
    found = provision(whole(accuracy_min=0.9), 2.0, blocks=1, arrivals="smooth")
    assert found.counts == (5,)
    assert found.accuracy == pytest.approx(0.945, rel=1e-12)
    assert [(choice.stage, choice.threshold) for choice in found.thresholds] == [(1, 1.0)]
    assert provision(whole(accuracy_min=0.95), 2.0, blocks=1).status == "infeasible"


def test_machines_max_limits_a_block() -> None:
    """Two of the four machines that smooth arrivals would fill: 2 x 0.5 + 1/s x 1.5 + 0.25; alone they are too few."""
    vm, fn = whole().tiers
    few = dataclasses.replace(vm, scaling=dataclasses.replace(vm.scaling, machines_max=2))
    found = provision(whole(tiers=(few, fn)), 2.0, blocks=1, arrivals="smooth")
    assert found.counts == (2,)
    assert found.usd_per_s == pytest.approx(2.75, rel=1e-12)
    assert provision(dataclasses.replace(tiny.one_vm(), tiers=(few,)), 2.0, blocks=1).status == "infeasible"


# ----------------------------------------------------------------------------------------------------
# The call


def test_rates_of_the_call() -> None:
    """A number, the instance's own rate, one-rate distributions and a trace of that rate mean the same."""
    steady = provision(whole(), 2.0, blocks=1)
    trace = Trace(np.array([120, 120, 120]), 60.0, np.full(3, 60.0))
    for again in (
        provision(whole(rate_per_s=2.0), blocks=1),
        provision(whole(rate_per_s=9.0), Rates.steady(2.0), blocks=1),
        provision(whole(), trace, blocks=1),
    ):
        assert (again.counts, again.usd_per_s) == (steady.counts, pytest.approx(steady.usd_per_s, rel=1e-12))


def test_traces_are_put_together_to_minutes() -> None:
    """Seconds of a trace become means of minutes, as machines are not rented by the second."""
    seconds = Trace(np.tile([0, 4], 60), 1.0, np.ones(120))
    assert provision(whole(), seconds, blocks=1).demand.rates.tolist() == [2.0]


def test_no_time_is_no_error(tmp_path: Path) -> None:
    """Without time whatever is said is true: bounds are below and costs above the optimum of enumeration."""
    for seed in (2, 9, 12, 73, 77):
        case = draw(seed)
        best = best_of(case)
        found = provisioned(case, tmp_path / str(seed), time_limit=0)
        assert found.status in ("feasible", "no_solution", "optimal", "infeasible")
        assert found.bound >= 0
        if best is None:
            assert found.status in ("no_solution", "infeasible")
            continue
        assert found.status != "infeasible"
        assert found.bound <= best.usd_per_s * (1 + 1e-9)
        if found.parts:
            assert found.usd_per_s >= best.usd_per_s * (1 - 1e-9)
            check_deployment(case, found.to_dict())
        else:
            assert found.status == "no_solution"


def test_progress_closes_in(tmp_path: Path) -> None:
    """Costs told on the way only fall, bounds stay below, and the last is the answer."""
    case, moments = draw(12), list[Moment]()
    found = provisioned(case, tmp_path, on_progress=moments.append)
    assert moments
    assert [moment.done for moment in moments] == list(range(len(moments)))
    assert all(a.best >= b.best for a, b in pairwise(moments))
    assert all(moment.bound <= moment.best * (1 + 1e-12) for moment in moments)
    assert moments[-1].best == pytest.approx(found.usd_per_s, rel=1e-12)


def test_same_question_same_answer(tmp_path: Path) -> None:
    """An answer repeats itself but for its seconds."""
    one, two = (provisioned(draw(12), tmp_path / name).to_dict() for name in ("a", "b"))
    assert {k: x for k, x in one.items() if k != "seconds"} == {k: x for k, x in two.items() if k != "seconds"}


# ----------------------------------------------------------------------------------------------------
# What it does not take


def refused(instance: Instance, demand: Any = 2.0, **options: Any) -> list[tuple[str, str]]:
    """(place, cure) of what is wrong, all said."""
    with pytest.raises(InputError) as caught:
        provision(instance, demand, **options)
    assert all(problem.found and problem.cure for problem in caught.value.problems)
    return [(problem.place, problem.cure) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("changes", "place", "cure"),
    [
        ({"threshold_mode": "interpolated"}, "exits.thresholds", 'thresholds = "menu"'),
        ({"threshold_mode": "randomized"}, "exits.thresholds", 'thresholds = "menu"'),
        ({"tail": "normal", "latency_measure": "p90"}, "workload.tail", 'tail = "fixed"'),
        ({"cost_max_usd": 1.0}, "workload.cost_max_usd", "leave it out"),
        ({"energy_max_j": 1.0}, "workload.energy_max_j", "leave it out"),
        ({"privacy_max": 1.0}, "workload.privacy_max", "leave it out"),
    ],
)
def test_instances_it_does_not_take(changes: dict[str, Any], place: str, cure: str) -> None:
    """What provisioning does not take is refused by key, with a cure."""
    ((found, said),) = refused(tiny.two_stages(**changes))
    assert found == place
    assert cure in said


def test_sizes_from_a_range(tmp_path: Path) -> None:
    """Ranges of memory have no list of types: the cure shows how to write one."""
    document = changed(two_tiers())
    del document["tier"][1]["option"]
    document["tier"][1] |= {"memory_mb_range": [1024, 2048], "flops_per_s_per_vcpu": 1e10}
    ((place, cure),) = refused(load(document, tmp_path))
    assert place == "tier.memory_mb_range"
    assert "memory_mb = [" in cure


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("blocks", 0),
        ("wait_max", 0.0),
        ("wait_max", 1.0),
        ("gap", -1e-4),
        ("time_limit", -1.0),
        ("demand", 0.0),
        ("demand", math.inf),
        ("demand", math.nan),
        ("demand", -3.0),
    ],
)
def test_values_out_of_range(name: str, wrong: float) -> None:
    """Options out of range are refused by name, with what to write instead."""
    options = {"demand": 2.0, name: wrong}
    ((place, cure),) = refused(whole(), options.pop("demand"), **options)
    assert place == name
    assert "write a" in cure


def test_a_rate_is_needed() -> None:
    """Without a rate or a trace there is nothing to provision for."""
    ((place, cure),) = refused(tiny.two_stages(), None)
    assert place == "workload.rate_per_s"
    assert "trace" in cure


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Two faults are told in one answer."""
    assert len(refused(whole(), 2.0, blocks=0, gap=-1.0)) == 2
    assert len(refused(tiny.three_tiers(cost_max_usd=1.0, threshold_mode="randomized"))) == 2
