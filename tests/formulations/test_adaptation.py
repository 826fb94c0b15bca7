"""Sets and models with ways to hand over, variants, privacy, energy; their parts as files: `test_formulations.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

import highspy
import pyomo.core as pyo
import pytest
from support import tiny
from support.adapted_models import ways_before
from support.golden_adaptation import uncertain, whole_adapted_instance

from serflow_opt.formulations.adaptation import costs_accuracy
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.lp import write_model
from serflow_opt.formulations.model import Disconnected, build
from serflow_opt.problem.instance import Instance


def optimum(instance: Instance, tmp_path: Any, goal: Any = None) -> float | None:
    """The optimum of the model that `build` writes, by HiGHS alone; None: there is no plan."""
    built = build(instance, goal)
    write_model(built.model, tmp_path / "model.lp")
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    for kind in ("primal", "dual", "mip"):
        solver.setOptionValue(f"{kind}_feasibility_tolerance", 1e-9)
    assert solver.readModel(str(tmp_path / "model.lp")) == highspy.HighsStatus.kOk
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    value: float = solver.getInfo().objective_function_value
    return value * built.unit


# ----------------------------------------------------------------------------------------------------
# Which ways there are


@pytest.mark.parametrize(
    ("limit", "kept"), [(4.0, {0, 1, 2}), (3.9, {1}), (2.0, {1}), (1.9, set())], ids=["all", "small", "just", "none"]
)
def test_payloads_are_those_on_the_link(limit: float, kept: set[int]) -> None:
    """4, 2 and 4 B before stage 2; 2 B of input."""
    vm, fn = tiny.in_ways().tiers
    instance = tiny.in_ways(tiers=(vm, dataclasses.replace(fn, payload_max_bytes=limit)))
    assert ways_before(instance, 2) == kept
    assert any(s == 1 and k == 1 for s, _, k, _ in Data(instance).hops) == (limit >= 2.0)


# ----------------------------------------------------------------------------------------------------
# Blocks


def test_memory_counts_parameters_that_are_kept_and_activations_whole() -> None:
    """Stage 2: 6 B of parameters, 1.5 B in int8, and 4 B of activations."""
    v, f = tiny.adapted().options

    def runners(memory: float) -> set[int]:
        options = (dataclasses.replace(v, memory_bytes=memory), f)
        return {e for s, e in Data(tiny.adapted(options=options)).places if s == 2 and e in (0, 2)}

    assert [runners(memory) for memory in (10.0, 9.9, 5.5, 5.4)] == [{0, 2}, {2}, {2}, set()]


def test_costs_accuracy() -> None:
    """Accuracy enters the model only where some adaptation costs any."""
    assert costs_accuracy(Data(tiny.in_ways()))
    assert costs_accuracy(Data(tiny.in_variants()))
    free = dataclasses.replace(tiny.INT8, accuracy_loss=0.0)
    assert not costs_accuracy(Data(tiny.in_variants(variants=(free,))))
    assert not costs_accuracy(Data(tiny.two_stages()))


# ----------------------------------------------------------------------------------------------------
# Whole models


TABLE = {  # cost, accuracy, privacy loss, energy at R = 0.5 and 0.75, by hand: see `golden_adaptation.whole_adapted`
    "v8 f8 as it is": ((1.125, 0.84875, 0.75, 0.5625), (1.4375, 0.91375, 1.125, 0.75)),
    "v8 f8 small": ((1.28125, 0.8175, 0.8125, 0.65625), (1.671875, 0.866875, 1.21875, 0.890625)),
    "v8 f8 noisy": ((1.25, 0.78625, 0.375, 0.625), (1.625, 0.82, 0.5625, 0.84375)),
    "f f": ((1.5, 0.88, 0.0, 1.0), (1.625, 0.945, 0.0, 1.25)),
    "f8 f8": ((1.25, 0.84875, 0.0, 0.625), (1.3125, 0.91375, 0.0, 0.75)),
}


@pytest.mark.parametrize(
    "goal",
    [
        {"cost": 1.0},
        {"privacy": 1.0},
        {"energy": 1.0},
        {"accuracy": 1.0},
        {"cost": 1.0, "privacy": 0.1},
        {"cost": 0.5, "privacy": 1.0, "energy": 0.25, "accuracy": 2.0},
    ],
    ids=lambda goal: "+".join(goal),
)
@pytest.mark.parametrize(
    "limits",
    [
        (None, None, None, None),
        (None, 0.8, 0.5, 0.7),
        (None, 0.8, None, 0.7),
        (None, 0.85, None, 0.75),
        (None, 0.87, 0.5, 1.0),
        (None, 0.92, 0.5, 1.0),
        (None, 0.92, 0.5, None),
        (1.24, None, None, None),
        (1.2, 0.8, 0.5, 0.7),
        (1.25, 0.78, 0.4, 0.63),
        (1.3, 0.81, 0.0, None),
    ],
)
def test_the_adapted_model_finds_what_a_table_by_hand_says(
    goal: dict[str, float], limits: tuple[float | None, ...], tmp_path: Any
) -> None:
    """Under every limit and objective the model's optimum is that of a table of all plans by hand."""
    cost_max, accuracy_min, privacy_max, energy_max = limits
    instance = whole_adapted_instance(
        cost_max_usd=cost_max, accuracy_min=accuracy_min, privacy_max=privacy_max, energy_max_j=energy_max
    )
    kept = [
        sum(weight * value[name] for name, weight in goal.items())
        for cost, accuracy, loss, joules in (plan for plans in TABLE.values() for plan in plans)
        for value in [{"cost": cost, "accuracy": -accuracy, "privacy": loss, "energy": joules}]
        if (cost_max is None or cost <= cost_max)
        and (accuracy_min is None or accuracy >= accuracy_min)
        and (privacy_max is None or loss <= privacy_max)
        and (energy_max is None or joules <= energy_max)
    ]
    if len(goal) == 1:
        kept = [value / next(iter(goal.values())) for value in kept]
    found = optimum(instance, tmp_path, goal)
    assert found == (pytest.approx(min(kept), rel=1e-6, abs=1e-9) if kept else None)


def test_ceilings_of_nothing_are_left_out() -> None:
    """`two_stages` neither leaks nor takes energy: no row, and no plan is lost."""
    model = build(tiny.two_stages(privacy_max=0.0, energy_max_j=1e-9)).model
    names = {constraint.local_name for constraint in model.component_objects(pyo.Constraint)}
    assert not names & {"privacy_ceiling", "energy_ceiling"}


def test_own_menus_are_for_their_runners(tmp_path: Any) -> None:
    """`tiny.own_menu`: in int8 0.75 leave and 0.7 of them are right: 0.525 + 0.25 x 0.96 - 0.03125 = 0.73375 at most.

    As it is v v costs 0.625 + R_2: 1.125 at R_2 = 0.5 with accuracy 0.88. In int8 v8 v costs 0.5 + R_2 = 0.75.
    """
    assert optimum(tiny.own_menu(accuracy_min=0.73), tmp_path) == pytest.approx(0.75, rel=1e-6)
    assert optimum(tiny.own_menu(accuracy_min=0.74), tmp_path) == pytest.approx(1.125, rel=1e-6)


def test_the_tail_of_a_single_placement_needs_no_cut(tmp_path: Any) -> None:
    """v v takes 3.5 s + 2 x 0.559: the norm of its deviations 0.25 and 0.5, which spread_all reaches.

    p80 of any distribution is sqrt(0.8 / 0.2) = 2 deviations above the mean.
    """
    instance = uncertain(tiny.two_stages(minimize="latency", latency_measure="p80", tail="any"))
    assert instance.deviations == pytest.approx(2.0, rel=1e-12)
    only_v = dataclasses.replace(
        instance, tiers=instance.tiers[:1], options=instance.options[:1], links={("client", "vm"): tiny.INPUT}
    )
    assert optimum(only_v, tmp_path) == pytest.approx(3.5 + 2 * 0.3125**0.5, rel=1e-6)


def test_a_floor_on_the_error_can_leave_no_path() -> None:
    """The input is at the VM, which has room for stage 1 alone; the only link out of it is not trusted."""
    v, f = tiny.in_ways().options
    asked = tiny.in_ways().privacy
    instance = tiny.in_ways(source="vm", options=(dataclasses.replace(v, memory_bytes=6.0), f))
    build(dataclasses.replace(instance, privacy=dataclasses.replace(asked, mse_min=0.75)))
    with pytest.raises(Disconnected):
        build(dataclasses.replace(instance, privacy=dataclasses.replace(asked, mse_min=0.8)))


def test_decoding_is_paid_where_a_link_is_crossed_alone(tmp_path: Any) -> None:
    """A table whose plain row must be decoded: the client's free way in and moves within a tier are not decoded."""
    instance = tiny.two_stages(minimize="latency")
    heavy = tuple((dataclasses.replace(ways[0], decode_flops=1e30),) for ways in instance.ways)
    free = dataclasses.replace(instance, ways=heavy, links={})
    plain = dataclasses.replace(instance, links={})
    assert optimum(free, tmp_path) == pytest.approx(optimum(plain, tmp_path), rel=1e-9)
