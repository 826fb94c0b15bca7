"""What a plan is worth when things turn out otherwise: the worst that an adversary does within a budget, or scenarios.

An adversary's worst cases come from `worst_cases.py`; each case is valued whole, by `evaluator.py` on the instance as
the case has it. Machines rented whole are rented before anything is known: as many of each as their worst case takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from serflow_opt.ground.tolerances import SMALLEST, TOLERANCE
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Breach, Machines, Metrics
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.robustness import CaseReport, Robustness
from serflow_opt.plan.worst_cases import worst_cases
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import shown_unit
from serflow_opt.problem.stress import deviated
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty


@dataclass(frozen=True, slots=True)
class CaseValue:
    """A case, and what a plan achieves in it with the machines that it rents."""

    case: UncertainCase
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class RobustValue:
    """What a plan is worth over all cases.

    Attributes
    ----------
    believed
        What it achieves as believed, with the machines that it rents.
    cases
        Within a budget what is worst in some quantity; else all scenarios.
    value
        Of the objective as `Uncertainty.goal` has it, in its own unit (less is better).
    breaches
        Of limits that have to hold: in any case, or where they hold with too little probability.
    """

    believed: Metrics
    cases: tuple[CaseValue, ...]
    value: float
    breaches: tuple[Breach, ...]

    def answered(self) -> Metrics:
        """Return what the plan achieves as believed, with the limits that it breaks in whatever case."""
        return self.believed.model_copy(update={"breaches": list(self.breaches)})

    def worst(self, name: Objective, measure: str) -> CaseValue:
        """Return the case in which a quantity is worst.

        Parameters
        ----------
        name, measure
            Of the quantity; how latency is measured.
        """
        return max(self.cases, key=lambda own: own.metrics.objective(name, measure))


def report(instance: Instance, valued: RobustValue) -> Robustness:
    """Return what answers say of a plan over all cases.

    Parameters
    ----------
    instance, valued
        With `uncertainty`, and what `value_robustly` found.
    """
    asked, measure = instance.uncertainty, instance.latency_measure
    assert asked is not None
    name: Objective = instance.minimize  # type: ignore[assignment]  # weighted ones are refused
    shown = shown_unit(name)[0]
    worst = valued.worst(name, measure)
    values = [own.metrics.objective(name, measure) for own in valued.cases]
    expected = math.fsum(own.case.probability * value for own, value in zip(valued.cases, values, strict=True))
    accuracies = [own.metrics.accuracy for own in valued.cases if own.metrics.accuracy is not None]
    return Robustness(
        goal=asked.goal,
        budget=asked.budget,
        believed=valued.believed.objective(name, measure) * shown,
        expected=expected * shown if asked.scenarios else None,
        worst=worst.metrics.objective(name, measure) * shown,
        worst_case=worst.case.name,
        worst_cost_usd_per_request=valued.worst("cost", measure).metrics.cost_usd_per_request,
        worst_latency_ms=valued.worst("latency", measure).metrics.latency_ms(measure),
        worst_accuracy=min(accuracies, default=None),
        cases=[
            CaseReport(
                case=own.case.name,
                probability=own.case.probability or None,
                cost_usd_per_request=own.metrics.cost_usd_per_request,
                latency_ms=own.metrics.latency_ms(measure),
                accuracy=own.metrics.accuracy,
                keeps_limits=not own.metrics.breaches,
            )
            for own in valued.cases
        ],
    )


def value_robustly(instance: Instance, decision: Decision) -> RobustValue:
    """Return what a plan is worth where things may turn out otherwise.

    Parameters
    ----------
    instance
        With `uncertainty`.
    decision
        A plan of it.
    """
    asked = instance.uncertainty
    assert asked is not None
    plain = replace(instance, uncertainty=None)
    cases = list(asked.scenarios) or worst_cases(instance, decision)
    with_cases = [(case, deviated(plain, case)) for case in cases]
    found = [evaluate(own, decision) for _, own in with_cases]
    counts: dict[tuple[str, str], int] = {}
    for metrics in found:
        for machines in metrics.machines:
            key = machines.tier, machines.option
            counts[key] = max(counts.get(key, 0), machines.count)
    held = tuple(
        CaseValue(case, _holding(own, metrics, counts)) for (case, own), metrics in zip(with_cases, found, strict=True)
    )
    believed = _holding(plain, evaluate(plain, decision), counts)
    return RobustValue(believed, held, _goal(instance, asked, believed, held), tuple(_broken(asked, held)))


def _goal(instance: Instance, asked: Uncertainty, believed: Metrics, cases: Sequence[CaseValue]) -> float:
    """Value of the objective, less is better."""
    name: Objective = instance.minimize  # type: ignore[assignment]  # weighted ones are refused
    values = [own.metrics.objective(name, instance.latency_measure) for own in cases]
    match asked.goal:
        case "believed":
            return believed.objective(name, instance.latency_measure)
        case "worst":
            return max(values)
        case "expected":
            return math.fsum(own.case.probability * value for own, value in zip(cases, values, strict=True))
        case "cvar":
            shares = [own.case.probability for own in cases]
            return mean_of_worst(values, shares, 1 - asked.beta)


def mean_of_worst(values: Sequence[float], shares: Sequence[float], part: float) -> float:
    """Return the mean of the largest values that make up a part of the probability: the CVaR at 1 - part.

    Parameters
    ----------
    values, shares
        One a scenario, and its probability.
    part
        Above 0, at most 1.
    """
    left, total = part, []
    for value, share in sorted(zip(values, shares, strict=True), reverse=True):
        taken = min(share, left)
        total.append(taken * value)
        left -= taken
        if left <= 0:
            break
    return math.fsum(total) / (part - max(left, 0.0))


def _broken(asked: Uncertainty, cases: Sequence[CaseValue]) -> Iterator[Breach]:
    """Limits that have to hold and do not, each where it is missed by most."""
    ill = [own for own in cases if own.metrics.breaches]
    well = 1 - math.fsum(own.case.probability for own in ill)
    if not ill or (asked.scenarios and well >= asked.hold - TOLERANCE):
        return
    worst: dict[str, tuple[Breach, str]] = {}
    for own in ill:
        for breach in own.metrics.breaches:
            if breach.limit not in worst or breach.excess > worst[breach.limit][0].excess:
                worst[breach.limit] = breach, own.case.name
    for breach, name in worst.values():
        yield breach.model_copy(update={"limit": f"{breach.limit} ({name})"})


def _holding(instance: Instance, metrics: Metrics, counts: Mapping[tuple[str, str], int]) -> Metrics:
    """Return metrics with so many machines of each kind in the place of those that this case alone would take."""
    if instance.accounting != "reserved" or not metrics.machines:
        return metrics
    assert instance.rate_per_s is not None
    machines, more = [], []
    for own in metrics.machines:
        p = instance.option_named(own.tier, own.option)
        assert p is not None
        count, rent = counts[own.tier, own.option], instance.options[p].rent_per_s
        more.append((count - own.count) * rent / instance.rate_per_s)
        busy = own.utilisation * own.count / count if count else 0.0
        machines.append(
            Machines(tier=own.tier, option=own.option, count=count, utilisation=busy, usd_per_hour=count * rent * 3600)
        )
    cost = metrics.cost_usd_per_request + math.fsum(more)
    changes = {
        "machines": machines,
        "cost_usd_per_request": cost,
        "cost_usd_per_hour": cost * instance.rate_per_s * 3600,
        "breaches": [*metrics.breaches, *_dearer(instance, metrics, cost)],
    }
    return metrics.model_copy(update=changes)


def _dearer(instance: Instance, metrics: Metrics, cost: float) -> Iterator[Breach]:
    """The limit on cost, where it is only machines for other cases that break it."""
    limit = instance.cost_max_usd
    if limit is None or any(breach.limit == "cost_max_usd" for breach in metrics.breaches):
        return
    excess = (cost - limit) / max(abs(limit), SMALLEST)
    if excess > TOLERANCE:
        yield Breach(limit="cost_max_usd", value=cost, bound=limit, excess=excess)
