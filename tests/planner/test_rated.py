"""What a plan costs by the rate, against the exact evaluator at each rate."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import F, V, changed, load, plan_of, two_tiers

import serflow_opt as so
from serflow_opt.planner.rated import Rated, metrics_at


@pytest.mark.parametrize("places", [[V, V], [V, F], [F, F]])
def test_a_plan_at_another_rate(places: list[tuple[str, str]], tmp_path: Path) -> None:
    """Machines, use and money of a plan at another rate are exactly those the evaluator counts there."""
    document = changed(two_tiers(), objective={"accounting": "reserved"}, workload={"rate_per_s": 7.0})
    instance = load(document, tmp_path)
    plan = plan_of(places, {1: 0.5})
    known = so.evaluate(instance, plan)
    for rate in (0.1, 1.0, 6.999, 7.0, 7.3, 20.0, 1234.5):
        exact = so.evaluate(instance.with_limits(rate_per_s=rate), plan)
        there = metrics_at(known, 7.0, rate, instance.utilisation_cap)
        assert [m.count for m in there.machines] == [m.count for m in exact.machines]
        assert [m.utilisation for m in there.machines] == pytest.approx([m.utilisation for m in exact.machines])
        assert there.cost_usd_per_request == pytest.approx(exact.cost_usd_per_request, rel=1e-12)
        assert there.cost_usd_per_hour == pytest.approx(exact.cost_usd_per_hour, rel=1e-12)
        terms = Rated.of(known, 7.0, instance.utilisation_cap)
        assert float(terms.usd_per_hour(rate)) == pytest.approx(exact.cost_usd_per_hour, rel=1e-12)


def test_machines_by_hand() -> None:
    """Half a second of a machine a request, filled to 0.8, 3 USD an hour; 1e-4 USD for all else."""
    terms = Rated((3.0,), (0.5 / 0.8,), 1e-4)
    for rate, count in ((1.0, 1), (1.6, 1), (1.61, 2), (3.2, 2), (16.0, 10)):
        assert [float(n) for n in terms.counts(rate)] == [count]
        assert float(terms.usd_per_hour(rate)) == pytest.approx(3 * count + 0.36 * rate)
