"""The limits that an instance sets on what plans achieve: named, taken away, put in place of each other, shown."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective

ABOVE = {"latency_slo_ms": 1000.0}
"""Shown units in one of the instance's, where they differ: ms in a second."""
SHOWN_UNITS = {
    "cost": (1.0, "USD/request"),
    "latency": (1000.0, "ms"),
    "privacy": (1.0, "leak"),
    "energy": (1.0, "J/request"),
    "carbon": (1.0, "g CO2e/request"),
    "accuracy": (-1.0, "share right"),
    "weighted": (1.0, "weighted"),
}
"""What objectives are multiplied by in documents, and their units there."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that is set.

    Attributes
    ----------
    key
        Its name in instance files: NAME_min, and a unit, where it is looser when it is lower.
    objective
        What it is on; None: on single hand-overs, known by the ways to hand over.
    asked
        Its value in the unit shown: ms, USD, J, share.
    unit, word
        The unit with a blank before it, and what it is on in words.
    best
        Words for the plan that is best there, with a place for what it keeps.
    flag
        What sets it on the command line; None: only the file does.
    """

    key: str
    objective: str | None
    asked: float
    unit: str
    word: str
    best: str
    flag: str | None

    @property
    def floor(self) -> bool:
        """Whether it is looser when it is lower."""
        return self.key.endswith("_min") or "_min_" in self.key  # a unit may come after

    @property
    def said(self) -> str:
        """The limit in words."""
        return f"{self.word} at {'least' if self.floor else 'most'} {self.asked:g}{self.unit}"

    def set_to(self, value: float | None) -> str:
        """Say what sets it to a value: a flag to paste, or the line of the file; None: it is dropped."""
        if not value and self.key in ("mse_min", "cross_entropy_max"):
            return f"no {self.key}"
        assert value is not None
        return f"{self.flag} {value:g}" if self.flag else f"{self.key} = {value:g}"


def limits_set(instance: Instance) -> list[Limit]:
    """Return the limits that an instance sets, in a fixed order."""
    return list(_limits(instance))


def _limits(instance: Instance) -> Iterator[Limit]:
    latency = f"latency ({instance.latency_measure})"
    told: tuple[tuple[str, Objective | None, str, str, str], ...] = (
        ("latency_slo_ms", "latency", " ms", latency, "fastest plan{} takes"),
        ("accuracy_min", "accuracy", "", "accuracy", "most accurate plan{} reaches"),
        ("cost_max_usd", "cost", " USD", "cost", "cheapest plan{} costs"),
        ("energy_max_j", "energy", " J", "energy", "most frugal plan{} takes"),
        ("carbon_max_g", "carbon", " g", "carbon", "cleanest plan{} emits"),
        ("privacy_max", "privacy", "", "privacy", "plan that leaks least{} loses"),
        ("mse_min", None, "", "reconstruction error", ""),
        ("cross_entropy_max", None, " nats", "cross-entropy", ""),
    )
    for key, objective, unit, word, best in told:
        asked = value_of(instance, key)
        if asked is not None:
            flag = None if objective is None else f"--{key.replace('_', '-')}"
            yield Limit(key, objective, asked * ABOVE.get(key, 1.0), unit, word, best, flag)


def value_of(instance: Instance, key: str) -> float | None:
    """Return the value of a limit in the instance's unit (s, USD, J, share); None: it is not set."""
    if key in ("mse_min", "cross_entropy_max"):
        value: float | None = getattr(instance.privacy, key)
    else:
        value = getattr(instance, _field(key))
    return value


def put(instance: Instance, key: str, value: float | None) -> Instance:
    """Return a copy with another value of a limit.

    Parameters
    ----------
    key
        Its name in files; see `Limit`.
    value
        In the instance's unit (s, USD, J, share); None: without it.
    """
    if key in ("mse_min", "cross_entropy_max"):
        return replace(instance, privacy=replace(instance.privacy, **{key: value}))  # type: ignore[arg-type]
    return replace(instance, **{_field(key): value})  # type: ignore[arg-type]


def keeping(instance: Instance, keys: Collection[str]) -> Instance:
    """Return a copy without the limits that are not named."""
    for limit in limits_set(instance):
        if limit.key not in keys:
            instance = put(instance, limit.key, None)
    return instance


def _field(key: str) -> str:
    return "latency_slo_s" if key == "latency_slo_ms" else key


def shown_unit(minimize: str) -> tuple[float, str]:
    """Return what an objective is multiplied by in documents, and its unit there."""
    return SHOWN_UNITS[minimize]


def limits_of(instance: Instance) -> dict[str, float | str | None]:
    """Return the targets a plan is held against, and how its money is counted."""
    return {
        "accuracy_min": instance.accuracy_min,
        "latency_slo_ms": None if instance.latency_slo_s is None else instance.latency_slo_s * 1000,
        "latency_measure": instance.latency_measure,
        "tail": instance.tail,
        "cost_max_usd": instance.cost_max_usd,
        "energy_max_j": instance.energy_max_j,
        "carbon_max_g": instance.carbon_max_g,
        "privacy_max": instance.privacy_max,
        "mse_min": instance.privacy.mse_min,
        "cross_entropy_max": instance.privacy.cross_entropy_max,
        "rate_per_s": instance.rate_per_s,
        "accounting": instance.accounting,
    }


def at_most(instance: Instance, name: Objective, value: float) -> Instance:
    """Return an instance whose plans have at most `value` of an objective: USD, s, loss, J, g, minus the accuracy.

    Parameters
    ----------
    instance, name
        A problem, and one of its objectives.
    value
        The ceiling, in place of the one there was.
    """
    match name:
        case "cost":
            return replace(instance, cost_max_usd=value)
        case "latency":
            return replace(instance, latency_slo_s=value)
        case "privacy":
            return replace(instance, privacy_max=value)
        case "energy":
            return replace(instance, energy_max_j=value)
        case "carbon":
            return replace(instance, carbon_max_g=value)
        case "accuracy":
            return replace(instance, accuracy_min=-value)


def ceiling(instance: Instance, name: Objective) -> float:
    """Return what an objective, less is better, may be at most: minus the accuracy floor; infinity without limit."""
    limit = instance.limit(name)
    if limit is None:
        return math.inf
    return -limit if name == "accuracy" else limit
