"""Rules of the user's own: stages that run only on certain options, or never on them ([[rule]])."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from serflow_opt.errors import Problem

if TYPE_CHECKING:
    from serflow_opt.problem.schema import RuleTable


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a block of stages may run.

    Attributes
    ----------
    first, last
        Positions of its first and last stage.
    only, never
        Patterns of options, as `Instance.words` calls them; no `only`: any option.
    """

    first: int
    last: int
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def allows(self, stage: int, words: Collection[str]) -> bool:
        """Whether the stage at this position may run on an option that goes by these words."""
        if not self.first <= stage <= self.last:
            return True
        return not _any(words, self.never) and (not self.only or _any(words, self.only))

    def __str__(self) -> str:
        block = f"stage {self.first + 1}" if self.first == self.last else f"stages {self.first + 1} to {self.last + 1}"
        parts = [f"{word} on {' or '.join(own)}" for word, own in (("only", self.only), ("never", self.never)) if own]
        return f"{block} {' and '.join(parts)}"


def read_rules(
    tables: Sequence[RuleTable], known: Collection[str], stages: int, file: str, problems: list[Problem]
) -> tuple[Rule, ...]:
    """Check the rules of a network of M stages.

    Parameters
    ----------
    tables
        As the document has them.
    known
        All words that options go by.
    stages
        M.
    """
    rules = []
    for position, table in enumerate(tables, start=1):
        place = f"rule[{position}]"
        first, last = table.stages[0], table.stages[-1]
        if len(table.stages) > 2 or not first <= last <= stages:
            cure = f"write one stage, or first <= last <= {stages}"
            problems.append(Problem(file, f"{place}.stages", str(table.stages), cure))
        if not table.only and not table.never:
            problems.append(Problem(file, place, "neither only nor never", "say where the stages run, or where not"))
        for key, patterns in (("only", table.only), ("never", table.never)):
            problems += [
                Problem(file, f"{place}.{key}", f"'{pattern}' matches no option", f"options go by: {', '.join(known)}")
                for pattern in patterns
                if not _any(known, (pattern,))
            ]
        rules.append(Rule(first - 1, last - 1, tuple(table.only), tuple(table.never)))
    return tuple(rules)


def _any(words: Collection[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(word, pattern) for word in words for pattern in patterns)
