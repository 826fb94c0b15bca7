"""Options that are never needed: another one of their tier is at least as good in everything."""

from __future__ import annotations

import math

from serflow_opt.problem.emissions import Emissions
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option


def dominated(instance: Instance) -> dict[tuple[str, str], str]:
    """Return, for each option that another of its tier beats in everything, by (tier, option), that other's name.

    Everything: where rules let it run, the time of each stage and its deviation, price, rent, fee, memory, cold starts,
    energy, carbon, workers. Of options that are equal in all the first stays.
    """
    found = {}
    for n, option in enumerate(instance.options):
        for k, other in enumerate(instance.options):
            if k == n or other.tier != option.tier or not _as_good(instance, other, option):
                continue
            if k < n or not _as_good(instance, option, other):
                found[instance.tiers[option.tier].name, option.name] = other.name
                break
    return found


def _as_good(instance: Instance, one: Option, other: Option) -> bool:
    """Whether an option is as good as another in everything."""
    return all(a <= b for a, b in zip(_figures(instance, one), _figures(instance, other), strict=True))


def _grams(option: Option) -> tuple[float, ...]:
    """Carbon of being on, of a busy second, and of a call."""
    own = option.emissions or Emissions()
    return own.on_g_per_s, own.by_use_g_per_s(option.workers), own.busy_g_per_s, own.call_g


def _figures(instance: Instance, option: Option) -> tuple[float, ...]:
    """What is the better the less."""
    return (
        *(not instance.allows(s, option) for s in range(len(instance.stages))),
        *option.stage_seconds,
        *(option.stage_sd_s or (0.0,) * len(option.stage_seconds)),
        *option.prices,
        option.rent_per_s,
        -math.inf if option.memory_bytes is None else -option.memory_bytes,
        option.cold_start_s,
        option.cold_share,
        -option.flops_per_s,
        option.joules_per_flop,
        *_grams(option),
        -option.workers,
    )
