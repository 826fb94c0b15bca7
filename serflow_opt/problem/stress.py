"""An instance where things turn out otherwise than believed: all at once by a factor, or as a case has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import Menu
from serflow_opt.problem.offers import Option
from serflow_opt.problem.ranges import FunctionSizes
from serflow_opt.problem.speed_curve import SpeedCurve
from serflow_opt.problem.uncertainty import UncertainCase


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
    everywhere = (factor,) * len(instance.stages)
    options = tuple(
        replace(_slower(option, everywhere), flops_per_s=option.flops_per_s / factor) for option in instance.options
    )
    families = tuple(
        _slower_sizes(family, factor) if isinstance(family, FunctionSizes) else family for family in instance.families
    )
    return replace(instance, rate_per_s=rate, options=options, families=families)


def deviated(instance: Instance, case: UncertainCase) -> Instance:
    """Return the instance as a case has it; nothing is uncertain there any more.

    What hand-overs and variants add to the stages, energy, links, cold starts and limits stay.
    """
    options = list(instance.options)
    if case.times:
        options = [_slower(option, case.times) for option in options]
    if case.prices:
        options = [_dearer(option, case.prices[option.tier]) for option in options]
    menus, variants = case.menus or instance.menus, instance.variants
    if case.exits:
        menus = tuple(_fewer(menu, factor) for menu, factor in zip(menus, case.exits, strict=True))
        variants = tuple(
            replace(own, menus={s: _fewer(menu, case.exits[s]) for s, menu in own.menus.items()}) for own in variants
        )
    rate = None if instance.rate_per_s is None else instance.rate_per_s * case.rate
    return replace(instance, rate_per_s=rate, options=tuple(options), menus=menus, variants=variants, uncertainty=None)


def _dearer(option: Option, factor: float) -> Option:
    return replace(option, usd_per_s=option.usd_per_s * factor, usd_per_request=option.usd_per_request * factor)


def _fewer(menu: Menu, factor: float) -> Menu:
    """Return a menu with other shares that leave; where everybody does, everybody still does."""
    return replace(menu, exit_rates=tuple(rate if rate >= 1 else min(rate * factor, 1.0) for rate in menu.exit_rates))


def _slower(option: Option, factors: Sequence[float]) -> Option:
    """Return an option whose stages take so many times as long, each."""
    times: dict[str, Any] = {
        name: tuple(s * factor for s, factor in zip(getattr(option, name), factors, strict=False))
        for name in ("stage_seconds", "stage_sd_s", "backward_seconds", "forward_seconds")
    }
    return replace(option, **times)


def _slower_sizes(family: FunctionSizes, factor: float) -> FunctionSizes:
    curve = family.curve
    if curve is not None:
        curve = SpeedCurve(curve.memory_mb, tuple(speed / factor for speed in curve.flops_per_s))
    return replace(family, per_vcpu=None if family.per_vcpu is None else family.per_vcpu / factor, curve=curve)
