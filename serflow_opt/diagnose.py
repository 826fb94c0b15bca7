"""Why no plan exists, and the least change to one limit that would make one exist.

Each limit is dropped in turn and the best value it could have is found while the others hold. "The fastest plan with
accuracy 0.9 takes 412 ms" is what a person can act on; an irreducible set of two hundred rows is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from serflow_opt.instance import Instance, Objective, Privacy
from serflow_opt.plan import Clash
from serflow_opt.search import Settings, search


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit on an objective: its key, what it asks, units shown, the words for the plan that is best there."""

    key: str
    name: Objective
    field: str
    asked: float
    shown: float
    unit: str
    word: str
    best: str

    def without(self, instance: Instance) -> Instance:
        """Return the instance without this limit."""
        return replace(instance, **{self.field: None})  # type: ignore[arg-type]


def clashes(instance: Instance, settings: Settings) -> list[Clash]:
    """Explain a proven infeasibility.

    Parameters
    ----------
    instance
        An instance without any plan.
    settings
        Of the solve; the time limit holds for the explanation anew.
    """
    search_best = _Search(replace(settings, on_progress=None))
    limits = list(_limits(instance))
    free = replace(instance, privacy=replace(instance.privacy, mse_min=None, cross_entropy_max=None))
    for limit in limits:
        free = limit.without(free)
    plain = replace(free, latency_measure="worst", tail="fixed")
    if search_best.value(plain, "latency") is None:
        if not search_best.infeasible:
            return [_out_of_time()]
        message = (
            "no placement exists even without targets: no chain of links, memory and payload limits lets every "
            "stage run somewhere; check [[link]], memory_mb and payload_max_bytes"
        )
        return [Clash(limit="placement", asked=0.0, best=None, message=message)]
    found = [clash for limit in limits for clash in _alone(instance, limit, limits, search_best)]
    found += _ways_alone(instance, search_best)
    return found or [_all_out_of_reach(free, limits, search_best)]


class _Search:
    """Best values of objectives, each proven or unknown."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.began, self.infeasible = settings, time.monotonic(), False

    def value(self, instance: Instance, name: Objective) -> float | None:
        """Return the best value there is (USD, s, loss, J, minus the accuracy), None when none was found."""
        found = search(instance, self.settings, self.began, {name: 1.0})
        self.infeasible = found.infeasible
        return found.value if found.decision is not None else None


def _limits(instance: Instance) -> Iterator[_Limit]:
    """The limits an instance sets on objectives."""
    measure = instance.latency_measure
    given: list[tuple[str, Objective, str, float, str, str, str]] = [
        ("latency_slo_ms", "latency", "latency_slo_s", 1000.0, " ms", f"latency ({measure})", "fastest plan{} takes"),
        ("accuracy_min", "accuracy", "accuracy_min", 1.0, "", "accuracy", "most accurate plan{} reaches"),
        ("cost_max_usd", "cost", "cost_max_usd", 1.0, " USD", "cost", "cheapest plan{} costs"),
        ("energy_max_j", "energy", "energy_max_j", 1.0, " J", "energy", "most frugal plan{} takes"),
        ("privacy_max", "privacy", "privacy_max", 1.0, "", "privacy", "plan that leaks least{} loses"),
    ]
    for key, name, field, shown, unit, word, best in given:
        asked = getattr(instance, field)
        if asked is not None:
            yield _Limit(key, name, field, asked, shown, unit, word, best)


def _alone(instance: Instance, limit: _Limit, limits: list[_Limit], best: _Search) -> Iterator[Clash]:
    """Yield what this limit would have to be while the others hold, where that helps."""
    value = best.value(limit.without(instance), limit.name)
    if value is None:
        return
    reached = abs(value) if limit.name == "accuracy" else value
    allow = _down(reached) if limit.name == "accuracy" else _up(reached * limit.shown)
    others = "".join(f" with {_said(other)}" for other in limits if other is not limit)
    asked = limit.asked * limit.shown
    message = (
        f"{limit.word}: the {limit.best.format(others)} {reached * limit.shown:.6g}{limit.unit}, "
        f"{asked:g}{limit.unit} {'was' if limit.name == 'accuracy' else 'were'} asked; "
        f"allow --{limit.key.replace('_', '-')} {allow:g}"
    )
    yield Clash(limit=limit.key, asked=asked, best=reached * limit.shown, message=message)


def _said(limit: _Limit) -> str:
    least = "at least" if limit.name == "accuracy" else "at most"
    return f"{limit.word} {least} {limit.asked * limit.shown:g}{limit.unit}"


def _ways_alone(instance: Instance, best: _Search) -> Iterator[Clash]:
    """Yield what the limits on single hand-overs would have to be, each while everything else holds."""
    asked = instance.privacy
    ways = [way for ways in instance.ways for way in ways]

    def feasible(privacy: Privacy) -> bool:
        changed = replace(instance, privacy=privacy)
        return best.value(changed, "latency" if instance.quantile is None else "cost") is not None

    if asked.mse_min is not None and feasible(replace(asked, mse_min=None)):
        known = sorted({way.mse for way in ways if way.mse is not None and way.mse < asked.mse_min}, reverse=True)
        most = _first(known, lambda value: feasible(replace(asked, mse_min=value or None)))
        reached = "no known error can be kept" if most is None else f"the largest error that can be kept is {most:.6g}"
        message = f"mse_min: {reached}, {asked.mse_min:g} was asked"
        yield Clash(limit="mse_min", asked=asked.mse_min, best=most, message=message)
    if asked.cross_entropy_max is not None and feasible(replace(asked, cross_entropy_max=None)):
        ceiling = asked.cross_entropy_max
        above = sorted({ce for way in ways if (ce := way.cross_entropy) is not None and ce > ceiling})
        least = _first(above, lambda value: feasible(replace(asked, cross_entropy_max=value)))
        message = f"cross_entropy_max: the least ceiling that can be kept is {least or 0.0:.6g}, {ceiling:g} was asked"
        yield Clash(limit="cross_entropy_max", asked=ceiling, best=least, message=message)


def _first(values: list[float], holds: Callable[[float], bool]) -> float | None:
    """Return the first value that holds, where all after one that holds do too."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if holds(values[middle]):
            high = middle
        else:
            low = middle + 1
    return values[low] if low < len(values) else None


def _all_out_of_reach(free: Instance, limits: list[_Limit], best: _Search) -> Clash:
    """Say what each limit could be at best with no other one."""
    parts = []
    for limit in limits:
        value = best.value(free, limit.name)
        if value is None:
            return _out_of_time()
        reached = abs(value) if limit.name == "accuracy" else value
        parts.append(f"the {limit.best.format('')} {reached * limit.shown:.6g}{limit.unit} ({_said(limit)} was asked)")
    keys = " and ".join(limit.key for limit in limits)
    both = "both" if len(limits) == 2 else "all"
    message = f"{keys} are {both} out of reach, even one at a time; with no other limit {', '.join(parts)}"
    return Clash(limit=", ".join(limit.key for limit in limits), asked=0.0, best=None, message=message)


def _out_of_time() -> Clash:
    message = "time ran out before the reason was found; allow more with --time-limit"
    return Clash(limit="unknown", asked=0.0, best=None, message=message)


def _up(value: float) -> float:
    """Round up to four digits, so that the suggested bound is feasible."""
    from decimal import ROUND_CEILING, Context, Decimal

    return float(Context(prec=4, rounding=ROUND_CEILING).create_decimal(Decimal(f"{value:.12g}")))


def _down(value: float) -> float:
    """Round down to four digits."""
    from decimal import ROUND_FLOOR, Context, Decimal

    return float(Context(prec=4, rounding=ROUND_FLOOR).create_decimal(Decimal(f"{value:.12g}")))
