"""Who is late where nobody waits, and how long requests take, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.lateness import Ending, Lateness, waited_s
from serflow_opt.traffic.provision.waits import Queues

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
