"""A state machine of Step Functions (Amazon States Language) as a graph of tasks.

States follow each other; branches of a Parallel run side by side, and what comes next waits for all of them. States of
a Map are tasks whose copies the table of tasks tells. A state without a row in that table that only hands on (Pass,
Wait, Succeed, Fail, Choice) takes no time. Catch and Retry are not followed: nothing fails here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serflow_opt.errors import Problem, nearest

PASSES = ("Pass", "Wait", "Succeed", "Fail", "Choice")
"""States that need no row of their own."""


def edges_of_states(
    machine: Mapping[str, Any], names: Sequence[str], source: str, problems: list[Problem]
) -> list[tuple[str, str]]:
    """Return what waits for what.

    Parameters
    ----------
    machine
        The definition.
    names
        Of tasks.
    source, problems
        The file; receives states without a task, tasks without a state, choices and rings.
    """
    walk = _Walk(names, source, problems)
    walk.through(machine, set())
    for name in names:
        if name not in walk.seen and not walk.stuck:
            cure = f"no such state: {nearest(name, sorted(walk.states))}"
            problems.append(Problem(source, "", f"task '{name}'", cure))
    return walk.edges


class _Walk:
    """Goes from state to state."""

    def __init__(self, names: Sequence[str], source: str, problems: list[Problem]) -> None:
        self.names, self.source, self.problems = names, source, problems
        self.known = set(names)
        self.edges: list[tuple[str, str]] = []
        self.seen: set[str] = set()
        self.states: set[str] = set()
        self.stuck = False

    def through(self, machine: Any, entering: set[str]) -> set[str]:
        """Follow a machine from its start; return the tasks that what comes next waits for."""
        states = machine.get("States") if isinstance(machine, Mapping) else None
        if not isinstance(states, Mapping) or "StartAt" not in machine:
            return self._fault("a machine without StartAt and States", "as Step Functions exports it", entering)
        self.states |= states.keys()
        name: str | None = machine["StartAt"]
        been: set[str] = set()
        while name is not None:
            if name in been:
                return self._fault(f"'{name}' comes again", "write the turns of a loop as tasks", entering)
            been.add(name)
            state = states.get(name)
            if not isinstance(state, Mapping):
                return self._fault(f"'{name}' is no state", nearest(str(name), list(states)), entering)
            entering = self._enter(name, state, entering)
            name = self._next(name, state)
        return entering

    def _enter(self, name: str, state: Mapping[str, Any], entering: set[str]) -> set[str]:
        kind = str(state.get("Type"))
        if name in self.known:
            if name in self.seen:
                return self._fault(f"two states are called '{name}'", "give each a name of its own", entering)
            self.seen.add(name)
            self.edges += [(before, name) for before in sorted(entering)]
            entering = {name}
        elif kind == "Task":
            self._fault(f"state '{name}' has no row among the tasks", nearest(name, self.names), entering)
        elif kind not in (*PASSES, "Parallel", "Map"):
            self._fault(f"state '{name}' is of type {kind}", "Task, Parallel, Map, or one that hands on", entering)
        if kind == "Parallel":
            return set().union(*(self.through(own, entering) for own in state.get("Branches", []))) or entering
        if kind == "Map":
            return self.through(state.get("ItemProcessor", state.get("Iterator")), entering)
        return entering

    def _next(self, name: str, state: Mapping[str, Any]) -> str | None:
        if state.get("Type") != "Choice":
            return state.get("Next")
        ways = [own.get("Next") for own in state.get("Choices", [])] + [state.get("Default")]
        kept = sorted({str(own) for own in ways if own})
        if len(kept) == 1:
            return kept[0]
        self._fault(f"choice '{name}' goes to {', '.join(kept)}", "leave the way that is priced: one file a way", set())
        return None

    def _fault(self, found: str, cure: str, entering: set[str]) -> set[str]:
        self.stuck = True
        self.problems.append(Problem(self.source, "", found, cure))
        return entering
