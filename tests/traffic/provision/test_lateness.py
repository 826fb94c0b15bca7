"""Who is late where nobody waits, and how long requests take, by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.lateness import Ending, Lateness, waited_s
from serflow_opt.traffic.provision.waits import Queues, Wait

if TYPE_CHECKING:
    from serflow_opt.traffic.queues.waiting import Waiting

QUEUES = Queues(Rates(np.array([1.0]), np.array([1.0])))
ENDINGS = [Ending(0, 0.5, 1.0), Ending(1, 0.3, 2.0), Ending(1, 0.2, 4.0), Ending(1, 0.0, 99.0)]


@pytest.mark.parametrize(("bound_s", "late"), [(0.5, 1.0), (1.0, 0.5), (2.0, 0.2), (3.9, 0.2), (4.0, 0.0), (None, 0.0)])
def test_late_are_those_who_need_longer_than_the_limit(bound_s: float | None, late: float) -> None:
    """Who needs exactly the limit is in time; without one nobody is late; a way that nobody takes does not count."""
    assert Lateness(QUEUES, ENDINGS, bound_s).late([None, None]) == pytest.approx(late)


def test_the_mean_is_that_of_the_ways() -> None:
    """0.5 x 1 + 0.3 x 2 + 0.2 x 4 = 1.9 s where nobody waits."""
    assert Lateness(QUEUES, ENDINGS, None).mean_s([None, None], [1.0, 0.5]) == pytest.approx(1.9)
    assert waited_s(QUEUES, [None, None], [1.0, 0.5]) == 0.0


class Exponential(Wait):
    """A wait that is exponential, seconds on average, at one rate."""

    def beyond(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return P(wait > t)."""
        return np.exp(-times / self.seconds[:, None])


def exponential(seconds: float) -> Exponential:
    """Return it; nobody is lost, and there is no queue behind it."""
    return Exponential(np.zeros(1), np.array([seconds]), cast("Waiting", None))


@pytest.mark.parametrize("blocks", [2, 3, 4])
def test_sums_of_exponential_waits_are_erlang(blocks: int) -> None:
    """As many alike add up to Erlang's law: sums are off by the square of a cell, at any slack."""
    ends = [Ending(blocks - 1, 1.0, 1.0 - slack) for slack in (1.0, 0.9, 0.51, 0.3, 0.06)]
    lateness, mean = Lateness(QUEUES, ends, 1.0), 0.11
    exact = [
        sum(math.exp(-t / mean) * (t / mean) ** k / math.factorial(k) for k in range(blocks)) for t in lateness.slack
    ]
    assert lateness.late_each([exponential(mean)] * blocks) == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("seed", range(20))
def test_longer_waits_make_no_fewer_late(seed: int) -> None:
    """At the same slacks, whoever else leaves: so bounds of waits bound what deployments are valued at, exactly."""
    rng = np.random.default_rng(seed)
    slack = rng.uniform(0, 1, 8) ** 3
    few, all_ = (Lateness(QUEUES, [Ending(2, 1.0, 1 - t) for t in own], 1.0) for own in (slack[:3], slack))
    means = rng.uniform(0.001, 0.4, 3)
    short, long = ([exponential(float(m)) for m in own] for own in (means * rng.uniform(1 - 1e-6, 1, 3), means))
    late = all_.late_each(long)
    assert np.all(few.late_each(short) <= late[:3] * (1 + 1e-9) + 1e-13)
    assert few.late_each(long) == pytest.approx(late[:3], abs=1e-13)
