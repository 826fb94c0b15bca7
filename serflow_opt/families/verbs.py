"""The verbs, for problems of any family: each is answered in the family's own way, or by what works on all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, update_wrapper
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.loading import problem_of, problems_of
from serflow_opt.families.protocol import Family
from serflow_opt.families.registry import DEFAULT, family_of, get
from serflow_opt.ground.display import named

GENERIC = {
    "solve": "families.solve:solve",
    "evaluate": "families.solve:evaluate",
    "value": "families.solve:value",
    "solve_all": "families.many:solve_all",
    "pareto": "families.front:pareto",
    "explain": "families.explain:explain",
    "fleet": "families.fleet:solve_fleet",
    "table": "report.solution:solutions_table",
}
"""Verbs that the protocol alone answers."""
OF_MANY = ("solve_all", "fleet")
"""Verbs of several problems."""
EACH_ALONE = ("solve_all", "table")
"""What is done for each of several problems alone, so that their kinds may differ."""
SAID = {"value": "evaluate", "solve_all": "solve", "plot": "--plot", "write_lp": "--write-lp"}
"""What people call a verb, where it has another name here."""
PARTS = ("layout", "words", "table", "plot", "write_lp", "front", "bounded_front", "plot_compared", "steps")
"""What belongs to other verbs: how a decision is laid out and said in a line, how many are, files beside, a front found
at once, and one that is only bounded, a picture of what was compared, a plan as steps that a simulation runs."""

Verb = Callable[..., Any]


def answering(verb: str, problem: Any) -> Verb:
    """Return what answers a verb for a problem.

    Raises
    ------
    InputError
        Where its family has no answer; it says which verbs it has one for.
    """
    family = family_of(problem)
    where = family.own.get(verb) or GENERIC.get(verb)
    if where is None:
        cure = f"a {family.kind} takes {', '.join(verbs_of(family))}"
        raise InputError([Problem(problem.name, SAID.get(verb, verb), f"no verb of a {family.kind}", cure)])
    return _found(where)


def verbs_of(family: Family) -> list[str]:
    """Return the verbs that a family answers, in the words of the command line."""
    return list(dict.fromkeys(SAID.get(verb, verb) for verb in (*GENERIC, *family.own) if verb not in PARTS))


def _found(where: str) -> Verb:
    """Import what answers a verb."""
    verb: Verb = named(where)
    return verb


@cache
def door(name: str, verb: str) -> Verb:
    """Return the public function of a verb: it takes a problem of any family, or what `load` takes.

    Its documentation is that of placements.
    """

    def asked(instance: Any, *args: Any, **kwargs: Any) -> Any:
        problem = problem_of(instance)
        return answering(verb, problem)(problem, *args, **kwargs)

    def asked_of_many(instances: Any, *args: Any, **kwargs: Any) -> Any:
        problems = problems_of(instances)
        return answering_all(verb, problems)(problems, *args, **kwargs)

    public = update_wrapper(asked_of_many if verb in OF_MANY else asked, _found(get(DEFAULT).own[verb]))
    public.__module__, public.__qualname__ = "serflow_opt", name  # found there again by other processes
    return public


def answering_all(verb: str, problems: list[Any]) -> Verb:
    """Return what answers a verb for several problems together: of one family, unless each is answered alone.

    Raises
    ------
    InputError
        Where there are several families, and as `answering` does.
    """
    kinds = list(dict.fromkeys(problem.kind for problem in problems))
    if not kinds:
        return _found(get(DEFAULT).own[verb])
    if len(kinds) == 1:
        return answering(verb, problems[0])
    if verb in EACH_ALONE:
        return _found(GENERIC[verb])
    cure = f"give one kind of problems; there are {', '.join(kinds)}"
    raise InputError([Problem("", SAID.get(verb, verb), f"{len(kinds)} kinds of problems", cure)])
