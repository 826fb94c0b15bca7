"""What may turn out otherwise than believed: parts of the data that deviate within a budget, or named scenarios.

A *case* is one way that things turn out, as factors of what is believed; `stress.deviated` is the instance then. With a
budget (Bertsimas and Sim, "The Price of Robustness", *Operations Research* 52, 2004) the cases are all in which at most
Γ parts deviate, each by its share or less:

* times: a stage takes up to (1 + share) times as long, whatever it runs on;
* exits: a classifier lets as little as (1 - share) times as many of those leave that it sees; a threshold at which
  everybody leaves stays one;
* prices: what a tier charges, for seconds and for calls, is up to (1 + share) times as much;
* rate: up to (1 + share) times as many requests come.

The parts deviate for all requests alike. Everything that plans are judged by is a sum of products of parts of different
numbers, linear in each alone, so that it is worst where parts deviate wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from serflow_opt.problem.network import Menu

RobustGoal = Literal["worst", "believed", "expected", "cvar"]
"""What of the objective is minimised: in the worst case, as believed, on average, or on average of the worst cases."""
PartKind = Literal["times", "exits", "prices", "rate"]


class UncertainPart(NamedTuple):
    """A part that may deviate: its kind, and the position of its stage or tier (0 for the rate)."""

    kind: PartKind
    at: int

    def said(self, tiers: tuple[str, ...]) -> str:
        """The part in words."""
        match self.kind:
            case "times":
                return f"time of stage {self.at + 1}"
            case "exits":
                return f"exits of stage {self.at + 1}"
            case "prices":
                return f"prices of {tiers[self.at]}"
            case "rate":
                return "rate"


@dataclass(frozen=True, slots=True)
class UncertainCase:
    """One way that things turn out, as factors of what is believed.

    Attributes
    ----------
    name
        What answers call it.
    probability
        Of a scenario; 0 for what an adversary does.
    rate
        Of the rate.
    times, exits
        Of the seconds of each stage, and of the share that leaves at each; empty: as believed.
    prices
        Of the prices of each tier; empty: as believed.
    menus
        Exit tables in the place of those of the instance; empty: its own.
    """

    name: str
    probability: float = 0.0
    rate: float = 1.0
    times: tuple[float, ...] = ()
    exits: tuple[float, ...] = ()
    prices: tuple[float, ...] = ()
    menus: tuple[Menu, ...] = ()


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What may turn out otherwise, and what of the objective is minimised then.

    Attributes
    ----------
    goal
        See `RobustGoal`.
    budget
        Γ, parts that deviate at once, at most; None: scenarios are given.
    times, exits
        Share by which each stage may deviate; empty: none does.
    prices
        The same for each tier.
    rate
        The same for the rate.
    scenarios
        All there are, probabilities adding up to 1; empty: there is a budget.
    beta
        Of a CVaR: the average is of the worst 1 - beta.
    hold
        Probability with which all limits hold together; 1: in every scenario.
    """

    goal: RobustGoal = "worst"
    budget: int | None = None
    times: tuple[float, ...] = ()
    exits: tuple[float, ...] = ()
    prices: tuple[float, ...] = ()
    rate: float = 0.0
    scenarios: tuple[UncertainCase, ...] = ()
    beta: float = 0.0
    hold: float = 1.0

    @property
    def parts(self) -> list[UncertainPart]:
        """The parts that may deviate."""
        return list(self._parts())

    def _parts(self) -> Iterator[UncertainPart]:
        kinds: tuple[tuple[PartKind, tuple[float, ...]], ...] = (
            ("times", self.times),
            ("exits", self.exits),
            ("prices", self.prices),
            ("rate", (self.rate,)),
        )
        for kind, shares in kinds:
            yield from (UncertainPart(kind, at) for at, share in enumerate(shares) if share > 0)

    def case(self, parts: Collection[UncertainPart], tiers: tuple[str, ...]) -> UncertainCase:
        """Return the case in which these parts deviate wholly.

        Parameters
        ----------
        parts
            What deviates.
        tiers
            Names of the tiers, for the case's name.
        """

        def factors(kind: PartKind, shares: tuple[float, ...], sign: int) -> tuple[float, ...]:
            there = [at for own, at in parts if own == kind]
            return tuple(1 + sign * share * (at in there) for at, share in enumerate(shares)) if there else ()

        words = [part.said(tiers) for part in sorted(parts, key=self.parts.index)]
        return UncertainCase(
            name=", ".join(words) or "as believed",
            rate=1 + self.rate if UncertainPart("rate", 0) in parts else 1.0,
            times=factors("times", self.times, 1),
            exits=factors("exits", self.exits, -1),
            prices=factors("prices", self.prices, 1),
        )
