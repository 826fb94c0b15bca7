"""What the search by mixes takes."""

from __future__ import annotations

from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.instance import Instance
from serflow_opt.search.goal import Goal
from serflow_opt.search.layered import beyond_sums


def taken(instance: Instance, goal: Goal) -> bool:
    """Whether the search takes an instance and what is minimised: whole machines, a percentile, or mixed thresholds.

    Machines that are rented whole are of one type a tier, times fixed; worst-case latency, percentiles and accuracy are
    limits, not goals.
    """
    return not untaken(instance, goal)


def untaken(instance: Instance, goal: Goal) -> list[str]:
    """Return what the search does not take of an instance and of what is minimised, as files have it."""
    measure, tail, accounting = instance.latency_measure, instance.tail, instance.accounting
    reserved = accounting == "reserved"
    labelled = accounting == "per-request" and instance.quantile is None and instance.threshold_mode == "menu"
    beyond = {
        f"accounting = {accounting}": accounting == "as-printed",
        f"accounting = {accounting} with latency_measure = {measure} and thresholds = menu": labelled,
        f"tail = {tail}": instance.deviations is not None,
        f"latency_measure = {measure} with latency as the goal": "latency" in goal and measure != "mean",
        "stage_specific = true with accounting = reserved": reserved
        and any(tier.stage_specific for tier in instance.tiers if tier.kind != "function"),
        "carbon beside money with accounting = reserved": reserved and not _one_rent(instance, goal),
    }
    return [*(name for name, there in beyond.items() if there), *beyond_sums(instance, goal)]


def _one_rent(instance: Instance, goal: Goal) -> bool:
    """Whether machines count in money alone, or in carbon alone: of two sums with whole machines one is too many."""
    carbon = "carbon" in goal or instance.carbon_max_g is not None
    return not carbon or (set(goal) == {"carbon"} and instance.cost_max_usd is None)


def told_apart(data: Data) -> bool:
    """Whether those who meet a cold start are one share of all requests, or none."""
    chances = data.chances
    return len(chances) <= 1 and all(chance.stage == 0 for chance in chances)
