"""A batching problem's own figures."""

from __future__ import annotations

from serflow_opt.families.batching.problem import Application, Batching


def test_all_requests_are_those_of_all_applications() -> None:
    """Costs a request are shared by this rate; without applications there is none."""
    apps = (Application("a", 0.4, 10.0), Application("b", 0.8, 2.5))
    assert Batching(apps, (), "random", "any", (1.0,)).rate == 12.5
    assert Batching((), (), "random", "any", (1.0,)).rate == 0.0
