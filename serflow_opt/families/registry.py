"""The kinds of problems there are: those that come with the package, and those that others register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.ground.display import named

if TYPE_CHECKING:
    from serflow_opt.families.protocol import Family

DEFAULT = "placement"
"""The kind of instance files that do not say."""
SHIPPED = {
    "placement": "families.placement:PLACEMENT",
    "batching": "families.batching.family:BATCHING",
    "cluster": "families.cluster.family:CLUSTER",
    "keep-alive": "families.keep_alive.family:KEEP_ALIVE",
    "training": "families.training.family:TRAINING",
    "pipeline": "families.pipeline.family:PIPELINE",
    "job": "families.job.family:JOB",
    "blocked": "families.blocked.family:BLOCKED",
    "workflow": "families.workflow.family:WORKFLOW",
    "commitment": "families.commitment.family:COMMITMENT",
    "spot": "families.spot.family:SPOT",
    "shifting": "families.shifting.family:SHIFTING",
}
"""Where the families of this package are, imported when they are asked for."""
GROUP = "serflow_opt.families"
"""Entry points by which other packages bring families: `kind = "package.module:FAMILY"`."""

_families: dict[str, Family] = {}


def register(family: Family) -> Family:
    """Make a family known to this process, in the place of any of the same kind.

    Processes that are started anew, as for `jobs`, know a family by its entry point only.
    """
    _families[family.kind] = family
    return family


def kinds() -> list[str]:
    """Return the kinds there are."""
    from importlib.metadata import entry_points

    return list(dict.fromkeys((*SHIPPED, *sorted({*_families, *entry_points(group=GROUP).names}))))


def get(kind: str, file: str = "") -> Family:
    """Return a family by its kind.

    Raises
    ------
    InputError
        For a kind that there is none of; it lists those there are.
    """
    if kind in _families:
        return _families[kind]
    if kind in SHIPPED:
        return register(named(SHIPPED[kind]))
    from importlib.metadata import entry_points

    for entry in entry_points(group=GROUP, name=kind):
        return register(entry.load())
    cure = f"the kinds there are: {', '.join(kinds())}"
    raise InputError([Problem(file, "kind", f"{kind!r} is no kind of problem", cure)])


def family_of(problem: Any) -> Family:
    """Return the family of a problem, or of an answer to one."""
    return get(problem.kind)


def quantity(family: Family, name: str) -> Any:
    """Return a quantity of a family by its name.

    Raises
    ------
    InputError
        For one that it does not have.
    """
    for own in family.quantities:
        if own.name == name:
            return own
    known = [own.name for own in family.quantities]
    raise InputError([Problem("", "objective", f"{name!r} is none of a {family.kind}", nearest(name, known))])
