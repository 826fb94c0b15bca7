"""An instance under stress: requests come faster and stages take longer than was believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option
from serflow_opt.problem.ranges import FunctionSizes
from serflow_opt.problem.speed_curve import SpeedCurve


def stressed(instance: Instance, factor: float) -> Instance:
    """Return the instance with its rate and all its stage times multiplied by a factor.

    Links, cold starts, prices, exit rates and limits stay. What a plan still keeps there it keeps although rate and
    times were believed too low by as much.

    Parameters
    ----------
    instance
        A placement.
    factor
        Above 0; 1.5: half as much again.

    Raises
    ------
    InputError
        For a factor that is no number above 0.
    """
    if not 0 < factor < float("inf"):
        raise InputError([Problem(instance.name, "--stress", f"{factor:g}", "write a factor above 0, such as 1.5")])
    rate = None if instance.rate_per_s is None else instance.rate_per_s * factor
    options = tuple(_slower(option, factor) for option in instance.options)
    families = tuple(
        _slower_sizes(family, factor) if isinstance(family, FunctionSizes) else family for family in instance.families
    )
    return replace(instance, rate_per_s=rate, options=options, families=families)


def _slower(option: Option, factor: float) -> Option:
    times: dict[str, Any] = {
        name: tuple(seconds * factor for seconds in getattr(option, name))
        for name in ("stage_seconds", "stage_sd_s", "backward_seconds", "forward_seconds")
    }
    return replace(option, flops_per_s=option.flops_per_s / factor, **times)


def _slower_sizes(family: FunctionSizes, factor: float) -> FunctionSizes:
    curve = family.curve
    if curve is not None:
        curve = SpeedCurve(curve.memory_mb, tuple(speed / factor for speed in curve.flops_per_s))
    return replace(family, per_vcpu=None if family.per_vcpu is None else family.per_vcpu / factor, curve=curve)
