"""Runs of stages on one option: which fit its memory together, and run there no longer than they may.

Where a run alone does not tell (options of a tier may change from stage to stage, or variants change what stages need),
the runs on an option are looked at together, placement by placement.
"""

from __future__ import annotations

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Mask
from serflow_opt.ground.tolerances import SLACK
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option
from serflow_opt.search.placements import Paths, by_place, compute_times, option_of


def stages_couple(instance: Instance) -> bool:
    """Whether stages on one option can be too much together, for memory or time, in a way that a run does not tell."""
    changing = any(tier.stage_specific for tier in instance.tiers)
    if not instance.variants and not changing:
        return False
    grown = max([1.0, *(variant.parameters_kept for variant in instance.variants)])
    whole = sum(map(instance.held_bytes, range(len(instance.stages)))) * grown
    whole += sum(variant.added_parameter_bytes for variant in instance.variants)
    largest = max([instance.input_bytes, *(stage.activation_bytes for stage in instance.stages)])
    resized = any(variant.parameters_kept != 1.0 or variant.added_parameter_bytes for variant in instance.variants)
    retimed = any(variant.flops_factor != 1.0 or variant.added_flops for variant in instance.variants)

    def couple(option: Option) -> bool:
        several = instance.tiers[option.tier].stage_specific
        too_large = option.memory_bytes is not None and whole + largest > option.memory_bytes
        return (too_large and (resized or several)) or ((retimed or several) and instance.may_run_long(option))

    return len(instance.stages) > 1 and any(couple(option) for option in instance.options)


def run_begin(data: Data, s: int, e: int) -> int:
    """Return the first stage that a run on e's option which ends with stage s can begin with, by memory and time.

    Parameters
    ----------
    data
        Coefficients of an instance.
    s, e
        The stage, 1..M, and the position of the runner. What adaptations change is left out (`stages_couple`).
    """
    option = data.instance.options[data.option(e)]
    limit, longest = option.memory_bytes, option.run_max_s
    first, parameters, largest, seconds = s, 0.0, 0.0, 0.0
    for t in range(s, 0, -1):
        seconds += option.stage_seconds[t - 1]
        parameters += data.instance.held_bytes(t - 1)
        largest = max(largest, data.activation(t))
        if limit is not None and t < s and parameters + largest > limit * (1 + SLACK):
            break
        if longest is not None and t < s and seconds > longest * (1 + SLACK):
            break
        first = t
    return first


def within_options(data: Data, paths: Paths) -> Mask:
    """Which placements fit the memory of every option they use, and run no longer there than it may."""
    return _within_memory(data, paths) & _within_runs(data, paths)


def _within_runs(data: Data, paths: Paths) -> Mask:
    """Which placements have no run of stages on an option that takes longer than it may."""
    options, fits = data.instance.options, np.ones(len(paths), dtype=bool)
    long = [p for p, option in enumerate(options) if data.instance.may_run_long(option)]
    if not long:
        return fits
    option, seconds = option_of(data)[paths.runner], compute_times(data, paths) * data.second
    for p in long:
        limit = (options[p].run_max_s or 0.0) * (1 + SLACK)
        run = np.zeros(len(paths))
        for here, own in zip((option == p).T, seconds.T, strict=True):
            run = np.where(here, run + own, 0.0)
            fits &= run <= limit
    return fits


def _within_memory(data: Data, paths: Paths) -> Mask:
    """Which placements fit the memory of every option they use."""
    fits = np.ones(len(paths), dtype=bool)
    sizes = by_place(data, data.parameters)
    peak = np.array([data.activation(s) for s in data.stages])
    most = sizes.max(axis=1).sum() + peak.max()
    tight = [p for p, o in enumerate(data.instance.options) if o.memory_bytes is not None and o.memory_bytes < most]
    if not tight:
        return fits
    option = option_of(data)[paths.runner]
    size = sizes[np.arange(data.last)[None, :], paths.runner]
    for p in tight:
        limit = data.instance.options[p].memory_bytes or 0.0
        here = option == p
        used = np.where(here, size, 0.0).sum(axis=1) + np.max(np.where(here, peak, 0.0), axis=1)
        fits &= ~here.any(axis=1) | (used <= limit * (1 + SLACK))
    return fits
