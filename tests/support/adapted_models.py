"""Which ways to hand over a model offers before a stage."""

from __future__ import annotations

from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.instance import Instance


def ways_before(instance: Instance, stage: int) -> set[int]:
    """The ways that some hop before a stage has."""
    return {w for s, _, _, w in Data(instance).hops if s == stage}
