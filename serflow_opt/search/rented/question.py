"""What the search by mixes takes."""

from __future__ import annotations

from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.instance import Instance
from serflow_opt.search.goal import Goal


def taken(instance: Instance, goal: Goal) -> bool:
    """Whether the search takes an instance and what is minimised: whole machines, a percentile, or mixed thresholds.

    Machines that are rented whole are of one type a tier, times fixed; worst-case latency, percentiles and accuracy are
    limits, not goals.
    """
    reserved, percentile = instance.accounting == "reserved", instance.quantile is not None
    beyond = percentile or instance.threshold_mode != "menu"  # what labels do not take
    plain = (reserved or (beyond and instance.accounting == "per-request")) and instance.deviations is None
    summed = "accuracy" not in goal and not ("latency" in goal and instance.latency_measure != "mean")
    one_type = not (reserved and any(tier.stage_specific for tier in instance.tiers if tier.kind != "function"))
    scaled = not instance.ramps_bind and not instance.run_on
    if reserved and not _one_rent(instance, goal):
        return False
    flat = not instance.egress and not instance.sent_limits
    return plain and summed and one_type and scaled and flat and not instance.families and not instance.joint


def _one_rent(instance: Instance, goal: Goal) -> bool:
    """Whether machines count in money alone, or in carbon alone: of two sums with whole machines one is too many."""
    carbon = "carbon" in goal or instance.carbon_max_g is not None
    return not carbon or (set(goal) == {"carbon"} and instance.cost_max_usd is None)


def told_apart(data: Data) -> bool:
    """Whether those who meet a cold start are one share of all requests, or none."""
    chances = data.chances
    return len(chances) <= 1 and all(chance.stage == 0 for chance in chances)
