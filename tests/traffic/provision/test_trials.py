"""Which of deployments with ever more slack is handed out, by simulations whose verdicts are made up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from support.valued_parts import confirmation

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.traffic.confirm.result import Confirmation, Verdict
from serflow_opt.traffic.provision.slack import Rung, SlackLadder
from serflow_opt.traffic.provision.trials import ChosenSizes, Trials
from serflow_opt.traffic.provision.waits import Size

LIMIT = 0.05


@dataclass
class Made:
    """A ladder on which deployment n has n machines, costs as told, and takes as told by the formula."""

    usd: Sequence[float]
    taken: Sequence[float]
    base: float = 0.0

    def __getitem__(self, n: int) -> Rung:
        return Rung((Size(n, None),), self.usd[n], self.taken[n])

    def last(self, n: int) -> int:
        return min(n, len(self.usd) - 1)

    def first_within(self, taken: float, low: int, high: int) -> int:
        return next((n for n in range(low, high) if n >= len(self.usd) or self.taken[n] <= taken), high)


@dataclass
class Simulator:
    """Says of each deployment whether its true value is within the limit, and remembers what it was asked."""

    true: Sequence[float]
    undecided: dict[int, tuple[float, float]] = field(default_factory=dict)
    longer: dict[int, Verdict] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    ends: Deadline | None = None

    def __call__(self, sizes: Sequence[Size], deadline: Deadline, times: int) -> Confirmation:
        n = sizes[0].count
        verdict: Verdict = "kept" if self.true[n] <= LIMIT else "broken"
        low, high = self.true[n] * 0.99, self.true[n] * 1.01
        if deadline.limited and deadline.expired:
            return replace(confirmation("undecided"), value=math.nan, low=math.nan, high=math.nan)
        self.asked.append(n)
        if n in self.undecided:
            verdict, (low, high) = "undecided", self.undecided[n]
            if times > 1 and n in self.longer:
                verdict = self.longer[n]
        if self.ends is not None:  # time is up with this one
            self.ends._end = 0.0
        return replace(confirmation(verdict), value=self.true[n], low=low, high=high)


def chosen(made: Made, simulator: Simulator, deadline: Deadline = NEVER) -> tuple[int, ChosenSizes]:
    found = Trials(cast("SlackLadder", made), simulator, deadline).run()
    return found.sizes[0].count, found


def test_what_is_confirmed_is_simulated_once() -> None:
    """Where the first is kept nothing else is looked at."""
    simulator = Simulator([0.04])
    assert chosen(Made([1.0], [0.05]), simulator)[0] == 0
    assert simulator.asked == [0]


def test_a_formula_that_is_wrong_by_a_factor_is_put_right_at_once() -> None:
    """It has half of what is simulated: so the first that it has at half of the limit is next, and the cheapest."""
    taken = [0.05 - 0.001 * n for n in range(41)]
    simulator = Simulator([2 * own for own in taken])
    n, found = chosen(Made([1 + 0.01 * n for n in range(41)], taken), simulator)
    assert n == 25
    assert found.found.verdict == "kept"
    assert found.first.verdict == "broken"
    assert simulator.asked[:2] == [0, 26]  # the upper end is 1 % above
    assert len(simulator.asked) <= 2 + math.ceil(math.log2(26))


@pytest.mark.parametrize("first", range(1, 60, 7))
def test_the_cheapest_is_found_without_a_walk(first: int) -> None:
    """Whatever the formula says, the first that is kept comes out, and of 60 no more than a dozen are simulated."""
    made = Made([1 + 0.01 * n for n in range(60)], [0.05] * 60)
    simulator = Simulator([0.06] * first + [0.04] * (60 - first))
    assert chosen(made, simulator)[0] == first
    assert len(simulator.asked) <= 12


def test_what_saves_next_to_nothing_is_not_bisected() -> None:
    """Between a refuted and a confirmed one that cost the same by 0.1 % no other is simulated."""
    made = Made([1.0 + 1e-6 * n for n in range(60)], [0.05 - 0.0005 * n for n in range(60)])
    simulator = Simulator([1.5 * own for own in made.taken])
    n, found = chosen(made, simulator)
    assert found.found.verdict == "kept"
    assert simulator.asked == [0, n]


def test_a_dearer_one_that_is_confirmed_goes_before_one_that_is_not() -> None:
    """Undecided is not confirmed; at the limit but for 1 % it is as good where the next costs more than that."""
    for dearer, width, asked in ((1.1, 0.2, [0, 1]), (1.1, 0.009, [0]), (1.001, 0.009, [0, 1])):
        simulator = Simulator([LIMIT, 0.04], {0: (LIMIT * (1 - width), LIMIT * (1 + width))})
        n, found = chosen(Made([1.0, dearer], [0.05, 0.04]), simulator)
        assert simulator.asked == asked
        assert n == asked[-1]
        assert found.found.verdict == ("kept" if n else "undecided")


def test_more_requests_are_spent_where_they_are_likely_to_save_money() -> None:
    """Nearly confirmed: half of the interval is 1.2 times the room. For 10 % of the cost, not for 0.1 %, nor at 2.5."""
    for dearer, high, asked in ((1.1, 0.052, [0, 0]), (1.001, 0.052, [0, 1]), (1.1, 0.0651, [0, 1])):
        simulator = Simulator([0.04, 0.03], {0: (0.03, high)}, longer={0: "kept"})
        n, found = chosen(Made([1.0, dearer], [0.05, 0.04]), simulator)
        assert simulator.asked == asked
        assert (n, found.found.verdict) == (asked[-1], "kept")


def test_when_time_is_up_one_with_slack_is_handed_out() -> None:
    """Refuted, or undecided with an upper end above: the next that the formula put right has in time, not simulated."""
    made = Made([1 + 0.01 * n for n in range(41)], [0.05 - 0.001 * n for n in range(41)])
    for undecided in ({}, {0: (0.04, 0.0625)}):
        deadline = Deadline(100.0)
        simulator = Simulator([0.0625 / 1.01] * 41, undecided, ends=deadline)
        n, found = chosen(made, simulator, deadline)
        assert simulator.asked == [0]
        assert made.taken[n] <= LIMIT * 0.05 / 0.0625 < made.taken[n - 1]
        assert found.found.verdict == "undecided"


def test_more_slack_does_not_help_where_simulations_cannot_tell() -> None:
    """Nothing known, or only that it may be off by more than the limit: the formula's; else a few, and then it, too."""
    made = Made([1 + 0.01 * n for n in range(41)], [0.05 - 0.001 * n for n in range(41)])
    wide = Simulator([0.06] * 41, {0: (0.0, 0.101)})
    assert chosen(made, wide)[0] == 0
    assert wide.asked == [0]
    narrow = Simulator([0.05] * 41, dict.fromkeys(range(41), (0.04, 0.06)))
    assert chosen(made, narrow)[0] == 0
    assert len(narrow.asked) == 3
    refuted = Simulator([0.06] + [0.05] * 40, dict.fromkeys(range(1, 41), (0.04, 0.06)))
    n, found = chosen(made, refuted)
    assert n == refuted.asked[1]
    assert found.found.verdict == "undecided"
    expired = Deadline(0.0)
    assert chosen(made, Simulator([0.06] * 41), expired)[0] == 0  # of which nothing is known


def test_one_that_is_refuted_is_handed_out_where_no_other_is_known() -> None:
    """All refuted: the one with most slack; not where one is undecided."""
    made = Made([1.0, 1.1, 1.2], [0.05, 0.027, 0.01])
    assert chosen(made, Simulator([0.09, 0.08, 0.07]))[0] == 2
    n, found = chosen(made, Simulator([0.09, 0.05, 0.07], {1: (0.045, 0.055)}))
    assert (n, found.found.verdict) == (1, "undecided")
