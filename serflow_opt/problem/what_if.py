"""What if a target were another: the keys of [workload] and [objective], as the fields of an instance."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Collection, Mapping
from typing import Any, get_args

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.ground.arguments import as_number
from serflow_opt.problem.kinds import Accounting, Minimize, Mode, Objective, Tail
from serflow_opt.problem.network import Privacy

AS_FILES = (
    "rate_per_s",
    "accuracy_min",
    "accuracy_confidence",
    "latency_measure",
    "tail",
    "source",
    "cost_max_usd",
    "energy_max_j",
    "carbon_max_g",
    "privacy_max",
    "utilisation_cap",
    "minimize",
    "then",
    "accounting",
    "mode",
    "ramps_max",
)
"""Keys that instances know by the same name and in the same unit."""
OF_HANDOVERS = ("mse_min", "cross_entropy_max")
KEYS = (*AS_FILES, "latency_slo_ms", *OF_HANDOVERS, "weights")
WORDS: dict[str, tuple[str, ...]] = {
    "minimize": get_args(Minimize),
    "accounting": get_args(Accounting),
    "tail": get_args(Tail),
    "mode": get_args(Mode),
    "then": get_args(Objective),
    "weights": get_args(Objective),
}
UPPER_LIMITS = (
    "latency_slo_ms",
    "latency_slo_s",
    "cost_max_usd",
    "energy_max_j",
    "carbon_max_g",
    "privacy_max",
    "cross_entropy_max",
)
NEEDED = ("latency_measure", "tail", "source", "utilisation_cap", "minimize", "then", "accounting", "mode", "weights")
"""Keys that cannot be taken away."""


def fields(name: str, privacy: Privacy, own: Collection[str], changes: Mapping[str, object]) -> dict[str, Any]:
    """Return the fields of an instance that changes by key stand for.

    Weights make the objective weighted, and another objective drops the instance's weights, where only one is given.

    Parameters
    ----------
    name, privacy
        Of the instance.
    own
        Its fields.
    changes
        By key.

    Raises
    ------
    InputError
        For keys that are none, and values of another kind.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for key, value in changes.items():
        if key == "latency_slo_s":
            cure = "latency_slo_s is now latency_slo_ms, in milliseconds, as files have it"
            warnings.warn(cure, DeprecationWarning, stacklevel=3)
            found[key] = _plain(key, value)
        elif key not in KEYS and key not in own:
            problems.append(Problem(name, key, "no such key", nearest(key, KEYS)))
        elif value is None and key in NEEDED:
            problems.append(Problem(name, key, "None", "it always has a value: leave it out to keep it"))
        elif key == "latency_slo_ms":
            bound = _plain(key, value)
            found["latency_slo_s"] = bound / 1000 if isinstance(bound, float) else bound
        elif key in OF_HANDOVERS:
            known = found.get("privacy", privacy)
            found["privacy"] = dataclasses.replace(known, **{key: _plain(key, value)})
        elif key in ("then", "weights"):
            found[key] = _named(name, key, value, problems)
        else:
            if key in WORDS and value not in WORDS[key]:
                cure = nearest(str(value), WORDS[key])
                problems.append(Problem(name, key, f"{value!r}", cure))
            found[key] = _plain(key, value)
    if problems:
        raise InputError(problems)
    if "weights" in found and "minimize" not in found and found["weights"]:
        found["minimize"] = "weighted"
    elif found.get("minimize", "weighted") != "weighted" and "weights" not in found:
        found["weights"] = ()
    return found


def _plain(key: str, value: object) -> Any:
    """Return a limit as Python's own number; None: an upper one that is infinite is none."""
    number = as_number(value)
    if math.isnan(number):  # no number: what is wrong with it is told with all else
        return value
    return None if number == math.inf and key in UPPER_LIMITS else number


def _named(instance: str, key: str, value: object, problems: list[Problem]) -> tuple[Any, ...]:
    """Return objectives, or weights by objective, as instances hold them: in a fixed order."""
    given: Any = value
    if key == "then":
        given = (value,) if isinstance(value, str) else value
    pairs: dict[Any, Any] = {}
    try:
        pairs = dict(given) if key == "weights" else dict.fromkeys(given)
    except (TypeError, ValueError):
        cure = "give a dict, { 'cost': 1.0 }" if key == "weights" else "give a list of objectives"
        problems.append(Problem(instance, key, f"{value!r}", cure))
        return ()
    for name, weight in pairs.items():
        if name not in WORDS[key]:
            problems.append(Problem(instance, key, f"{name!r}", nearest(str(name), WORDS[key])))
        elif key == "weights" and not (0 <= as_number(weight) < math.inf):
            problems.append(Problem(instance, f"{key}.{name}", f"{weight!r}", "write a number of at least 0"))
    if key == "then":
        return tuple(pairs)
    return tuple((name, as_number(pairs[name])) for name in WORDS[key] if pairs.get(name))
