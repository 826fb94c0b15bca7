"""What a limit leaves: by way to meet cold starts and stage."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.provision.limit_slack import apart_of, slack_of


def test_a_limit_leaves_what_the_way_there_does_not_take() -> None:
    """Of 5 s stages done after 2 and 4 s leave 3 and 1 s; with a cold start of 1.5 s the second is late."""
    slack = slack_of(5.0, [(0.75, [2.0, 4.0]), (0.25, [3.5, 5.5])])
    assert slack.shares.tolist() == [0.75, 0.25]
    assert slack.seconds.tolist() == [[3.0, 1.0], [1.5, -0.5]]
    assert slack.apart()[1].tolist() == [1.0, 1.5, 3.0]


def test_slacks_are_told_apart_once() -> None:
    """Equal ones are one, and those below 0 are left out."""
    spare, times, where = apart_of(np.array([[2.0, -1.0], [2.0, 0.5]]))
    assert spare.tolist() == [[True, False], [True, True]]
    assert times.tolist() == [0.5, 2.0]
    assert times[where] == pytest.approx([2.0, 2.0, 0.5])
