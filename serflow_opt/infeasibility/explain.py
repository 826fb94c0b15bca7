"""Why no plan exists: the smallest sets of limits that clash, and the least change to each that would make one exist.

"The fastest plan with accuracy 0.9 takes 412 ms" is what a person can act on; an irreducible set of two hundred rows is
not. So each limit is taken out in turn and the best value it could have is found while the others hold; where no
change of one limit helps, the fewest to loosen together are named. Links, memory and payload limits always hold here;
where they alone leave no way through the stages, `placement.py` says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.infeasibility.attainable import Attainable, Reach, TightestLimit
from serflow_opt.infeasibility.conflicts import Keys, smallest_clashes, smallest_repairs
from serflow_opt.plan.document import Change, Clash, ClashingSet, Repair
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import Limit
from serflow_opt.search.outcome import SearchSettings

REPAIRS = 3
"""Repairs worked out at most, where several of the same size exist."""


def clashes(instance: Instance, settings: SearchSettings) -> list[Clash]:
    """Explain a proven infeasibility.

    Parameters
    ----------
    instance
        An instance without any plan.
    settings
        Of the solve: the explanation ends with its deadline.

    Returns
    -------
    list of Clash
        One for each limit whose change alone leaves a plan; where there is none, one for all limits that clash, with
        `repairs`. Each with the minimal infeasible sets that it is in.
    """
    return explained(Reach(instance, settings))


def explained(reach: Attainable) -> list[Clash]:
    """Explain a proven infeasibility of a problem of any family, as `clashes` does."""
    alone = {limit.key: best for limit in reach.limits if (best := reach.best(reach.keys, limit.key)) is not None}
    anything = reach.can_be_kept(frozenset())
    if anything is None:
        return [_out_of_time()]
    if anything is False:
        return [reach.nothing()]
    found, complete = smallest_clashes(reach.keys, reach.can_be_kept)
    sets = [_set(reach, keys) for keys in found]
    told = [_alone(reach, reach.limit(key), best) for key, best in alone.items()]
    if not told and not found:
        return [_out_of_time()]
    told = told or [_together(reach, found)]
    for clash in told:
        mine = {key.strip() for key in clash.limit.split(",")}
        clash.sets, clash.sets_complete = [own for own in sets if mine & set(own.limits)], complete
    return told


def _alone(reach: Attainable, limit: Limit, best: TightestLimit) -> Clash:
    """Say what this limit would have to be while the others hold."""
    were = "was" if limit.floor or limit.objective is None else "were"
    asked = f"{_apart(limit.asked, best.value)}{limit.unit} {were} asked"
    if limit.objective is None:
        reached = "no known error can be kept" if best.value is None else f"{_tightest(limit)} is {best.value:.6g}"
        message = f"{limit.key}: {reached}, {limit.asked:g} was asked"
    else:
        assert best.value is not None
        others = "".join(f" with {other.said}" for other in reach.limits if other is not limit and other.objective)
        message = (
            f"{limit.word}: the {limit.best.format(others)} {_apart(best.value, limit.asked)}{limit.unit}, {asked}; "
            f"allow {limit.set_to(rounded(limit, best.value))}"
        )
    if not best.proven:
        message += " (not proven to be the least change)"
    return Clash(limit=limit.key, asked=limit.asked, best=best.value, message=message, proven=best.proven)


def _apart(value: float, other: float | None) -> str:
    """Write a number with six digits, or as many as tell it from another."""
    digits = 6
    while other is not None and digits < 17 and f"{value:.{digits}g}" == f"{other:.{digits}g}":
        digits += 1
    return f"{value:.{digits}g}"


def _tightest(limit: Limit) -> str:
    return "the largest error that can be kept" if limit.floor else "the least ceiling that can be kept"


def _set(reach: Attainable, keys: Keys) -> ClashingSet:
    """Put a set into words, with the least change of each of its limits while the others of the set hold."""
    limits = [limit for limit in reach.limits if limit.key in keys]
    changes = [_change(limit, reach.best(keys - {limit.key}, limit.key)) for limit in limits]
    needs = [_needs(limit, change) for limit, change in zip(limits, changes, strict=True)]
    if len(limits) == 1:
        nearest = needs[0].removeprefix(f"{limits[0].word} ")
        message = f"{limits[0].said} is out of reach on its own: {nearest} at best"
    else:
        message = f"{_listed([limit.said for limit in limits])} clash: one would have to be {_listed(needs, 'or')}"
    return ClashingSet(limits=[limit.key for limit in limits], changes=changes, message=message)


def _change(limit: Limit, best: TightestLimit | None) -> Change:
    value, proven = (None, False) if best is None else (best.value, best.proven)
    return Change(limit=limit.key, asked=limit.asked, best=value, unit=limit.unit.strip(), proven=proven)


def _needs(limit: Limit, change: Change) -> str:
    if change.best is None:
        return f"{limit.word} {'left open' if change.proven else 'unknown: time ran out'}"
    return f"{limit.word} {change.best:.6g}{limit.unit}{'' if change.proven else ' (not proven)'}"


def _together(reach: Attainable, found: Sequence[Keys]) -> Clash:
    """Say which limits have to be loosened together, where no change of one helps."""
    clashing = [limit for limit in reach.limits if any(limit.key in keys for keys in found)]
    repairs = list(_repairs(reach, smallest_repairs(reach.keys, found)[:REPAIRS]))
    names = _listed([limit.key for limit in clashing])
    message = f"{names}: no change of one limit leaves a plan; " + (repairs[0].message if repairs else "time ran out")
    return Clash(
        limit=", ".join(limit.key for limit in clashing), asked=0.0, best=None, message=message, repairs=repairs
    )


def _repairs(reach: Attainable, choices: Sequence[Keys]) -> Iterator[Repair]:
    """Work out by how much the limits of a repair have to give way: in turn, each as little as possible."""
    for keys in choices:
        held = reach.keeping(set(reach.keys) - keys)
        changes = []
        for limit in (limit for limit in reach.limits if limit.key in keys):
            best = reach.best_of(held, limit.key)
            if best is None:
                break
            changes.append(_change(limit, best))
            slack = 0.0 if best.value is None else EQUAL * abs(best.value) * (-1 if limit.floor else 1)
            held = reach.put(held, limit.key, None if best.value is None else best.value + slack)
        else:
            parts = [
                reach.limit(own.limit).set_to(None if own.best is None else rounded(reach.limit(own.limit), own.best))
                for own in changes
            ]
            doubt = "" if all(own.proven for own in changes) else " (not proven to be the least)"
            yield Repair(changes=changes, message=f"loosen together: {' '.join(parts)}{doubt}")


def _listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as in a sentence."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _out_of_time() -> Clash:
    message = "time ran out before the reason was found; allow more with --time-limit"
    return Clash(limit="unknown", asked=0.0, best=None, message=message, proven=False, sets_complete=False)


def rounded(limit: Limit, value: float) -> float:
    """Round a limit to four digits, to the looser side, so that what is suggested leaves a plan."""
    from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

    context = Context(prec=4, rounding=ROUND_FLOOR if limit.floor else ROUND_CEILING)
    return float(context.create_decimal(Decimal(f"{value:.12g}")))
