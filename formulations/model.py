"""The parts put together: one Pyomo model of one instance (survey 2.2 (1), survey 2.2 (2))."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pyomo.core as pyo

from serflow_opt.formulations.adaptation import accuracy_lost, add_own_menus, add_ramps_ceiling, costs_accuracy
from serflow_opt.formulations.as_printed import as_printed_cost
from serflow_opt.formulations.carbon import add_carbon_ceiling, carbon
from serflow_opt.formulations.coefficients import Data, Place
from serflow_opt.formulations.cost import add_cost_ceiling, per_request_cost, reserved_cost
from serflow_opt.formulations.egress import add_egress, add_sent_limits
from serflow_opt.formulations.energy import add_energy_ceiling, energy
from serflow_opt.formulations.exits import accuracy, add_accuracy_floor, add_exits
from serflow_opt.formulations.latency import (
    add_latency_ceiling,
    mean_latency,
    percentile_latency,
    tail_latency,
    worst_latency,
)
from serflow_opt.formulations.placement import Path, add_memory, add_placement, add_runs, add_scaled_path
from serflow_opt.formulations.privacy import add_privacy_ceiling, privacy_loss
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective

COSTS = {"per-request": per_request_cost, "reserved": reserved_cost, "as-printed": as_printed_cost}


@dataclass(frozen=True, slots=True)
class BuiltPlacement:
    """A model and what is needed to read its solution.

    `unit` times the model's objective is in SI units: USD per request, seconds, loss, joules, grams, or minus the
    accuracy; the blend as it is.
    """

    model: Any
    data: Data
    unit: float


class Disconnected(ValueError):
    """Some stage has nothing to run on, or the input cannot get in: there is no placement to write a model of."""


def build(
    instance: Instance,
    goal: Mapping[Objective, float] | None = None,
    allowed: Collection[Place] | None = None,
    levels: Collection[tuple[int, int]] | None = None,
    deadline: Deadline = NEVER,
) -> BuiltPlacement:
    """Build the model of an instance (survey 2.2 (1)).

    Parameters
    ----------
    instance
        The problem; its limits become constraints.
    goal
        What to minimise: coefficients of cost (USD), latency (s), privacy loss, energy (J), carbon (g) and minus the
        accuracy; with one objective alone its coefficient does not matter; None: what the instance says.
    allowed
        Pairs (stage, runner) left in the model; None: all.
    levels
        Pairs (stage, level) left in the model; None: all.
    deadline
        When to stop, between the parts of the model.

    Raises
    ------
    Disconnected
        When no path runs all stages.
    OutOfTime
        When the deadline passes.
    """
    if goal is None:
        assert instance.minimize != "weighted"
        goal = {instance.minimize: 1.0}
    data = Data(instance, allowed, levels, tiered=True)
    if not data.connected:
        raise Disconnected
    m = pyo.ConcreteModel(instance.name)
    parts = add_parts(m, data, goal, deadline)
    units = units_of(data)
    if len(goal) == 1:
        (only,) = goal
        objective, unit = parts.value(only), units.get(only, 1.0)
    else:
        objective = sum(weight * units.get(name, 1.0) * parts.value(name) for name, weight in goal.items())
        unit = 1.0
    m.objective = pyo.Objective(expr=objective, sense=pyo.minimize)
    return BuiltPlacement(m, data, unit)


def units_of(data: Data) -> dict[Objective, float]:
    """Return what the model's money, times, energy and carbon are in; all else is as it is."""
    return {"cost": data.dollar, "latency": data.second, "energy": data.joule, "carbon": data.gram}


def add_parts(m: Any, data: Data, goal: Collection[Objective], deadline: Deadline = NEVER) -> PlacementParts:
    """Add all variables, equations and limits of an instance to a model or a block; the objective is left out.

    Parameters
    ----------
    m, data
        The model, empty, and sets and coefficients of a connected instance.
    goal
        Objectives that will be asked of what is returned.
    deadline
        When to stop, between the parts of the model.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    instance = data.instance
    add_exits(m, data)
    deadline.check()
    path = add_placement(m, data)
    deadline.check()
    add_memory(m, data)
    add_runs(m, data)
    limited = [name for name in get_args(Objective) if instance.limit(name) is not None]
    counting: set[Objective] = {"cost"} if instance.machines_scarce else set()
    parts = PlacementParts(m, data, path, {*goal, *limited, *counting}, deadline)
    if data.own_menus:
        add_own_menus(m, data, parts.scaled)
    if instance.ramps_bind:
        add_ramps_ceiling(m, data)
    if instance.accuracy_min is not None:
        add_accuracy_floor(m, data, -parts.value("accuracy"))
    if instance.latency_slo_s is not None:
        add_latency_ceiling(m, data, parts.value("latency"))
    if instance.cost_max_usd is not None:
        add_cost_ceiling(m, data, parts.value("cost"))
    if instance.privacy_max is not None:
        add_privacy_ceiling(m, data, parts.value("privacy"))
    if instance.energy_max_j is not None:
        add_energy_ceiling(m, data, parts.value("energy"))
    if instance.carbon_max_g is not None:
        add_carbon_ceiling(m, data, parts.value("carbon"))
    if counting:  # brings the numbers of machines, and their limits
        parts.value("cost")
    if instance.sent_limits:
        add_sent_limits(m, data, parts.work)
    return parts


class PlacementParts:
    """The objectives as expressions in the model's units, each made once."""

    def __init__(self, m: Any, data: Data, path: Path, names: Collection[Objective], deadline: Deadline) -> None:
        self.m, self.data, self.path, self.deadline = m, data, path, deadline
        mean = data.instance.latency_measure == "mean"
        loses = "accuracy" in names and costs_accuracy(data)
        worked = any(name in names for name in ("cost", "privacy", "energy", "carbon")) or bool(
            data.instance.sent_limits
        )
        self.scaled: Any = None
        if loses or (worked and not data.instance.run_on) or ("latency" in names and mean):
            self.scaled = add_scaled_path(m, data, "reach_path", m.R, data.reach_low, data.reach_high)
        self.work = path if data.instance.run_on else self.scaled
        """The path scaled by the share of requests whose input is worked on: by 1 where inputs run on."""
        self.loses = loses
        self.made: dict[Objective, Any] = {}

    def value(self, name: Objective) -> Any:
        """Return an objective, less is better."""
        if name not in self.made:
            self.deadline.check()
            self.made[name] = self._make(name)
        return self.made[name]

    def _make(self, name: Objective) -> Any:
        m, data = self.m, self.data
        match name:
            case "cost":
                flat = COSTS[data.instance.accounting](m, data, self.path, self.work)
                return flat + add_egress(m, data, self.work) if data.instance.egress else flat
            case "latency":
                return self._latency()
            case "privacy":
                return privacy_loss(data, self.work)
            case "energy":
                return energy(data, self.work)
            case "carbon":
                if data.instance.accounting == "reserved":
                    self.value("cost")  # brings the numbers of machines
                return carbon(m, data, self.work)
            case "accuracy":
                lost = accuracy_lost(data, self.scaled) if self.loses else 0.0
                return lost - accuracy(m, data)

    def _latency(self) -> Any:
        instance = self.data.instance
        if instance.deviations is not None:
            return tail_latency(self.m, self.data, self.path, instance.deviations)
        match instance.latency_measure:
            case "worst":
                return worst_latency(self.m, self.data, self.path)
            case "mean":
                return mean_latency(self.m, self.data, self.scaled)
            case _:
                assert instance.quantile is not None
                return percentile_latency(self.m, self.data, instance.quantile)
