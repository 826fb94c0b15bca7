"""Percentiles where stage times vary: levels against the distribution, provisioning against arithmetic and a queue."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from support import tiny

from serflow_opt import InputError, Instance, provision
from serflow_opt.traffic.provision.scatter import levels, scattered

MEAN, SD = 1.0, 0.5
VARIANCE = math.log1p(SD**2)


def quantile(q: float) -> float:
    """Of the lognormal distribution with that mean and deviation."""
    return math.exp(math.sqrt(VARIANCE) * NormalDist().inv_cdf(q) - VARIANCE / 2)


@pytest.mark.parametrize("beyond", [0.3, 0.1, 0.05, 0.01, 1e-3, 1e-4])
def test_levels_are_fine_where_percentiles_are(beyond: float) -> None:
    """Of the levels a share lies above a quantile that is right to a tenth; of few levels never more."""
    time = quantile(1 - beyond)
    for few in (False, True):
        above = float(levels(few)[0] @ (scattered([MEAN], [SD], [0.25], few=few)[:, 0] > time + 0.25))
        assert above <= beyond * 1.1
        if not few:
            assert above >= beyond * 0.9


def test_later_stages_are_not_done_before() -> None:
    """The second stage adds nothing but deviation, by which low levels would end before the first."""
    times = scattered([1.0, 1.0, 2.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0])
    assert (np.diff(times, axis=1) >= 0).all()
    assert times[:, 0] == pytest.approx(1.0)


def one_stage(slo_s: float, measure: str, sd: float) -> Instance:
    """One stage of 1 s on the VM, behind 0.5 s of input."""
    vm = tiny.one_vm(menus=(tiny.menu((1.0,), (0.9,)), tiny.LAST))
    option = replace(vm.options[0], stage_sd_s=(sd, 0.0))
    return replace(vm, options=(option,), utilisation_cap=1.0, latency_slo_s=slo_s, latency_measure=measure)


@pytest.mark.parametrize(
    ("sd", "factor", "status"), [(SD, 1.03, "optimal"), (SD, 0.97, "infeasible"), (0, 0.7, "optimal")]
)
def test_a_percentile_counts_how_times_vary(sd: float, factor: float, status: str) -> None:
    """Nobody waits where requests come evenly: p95 is the quantile of the time, or 1 s where it does not vary."""
    instance = one_stage(0.5 + factor * quantile(0.95), "p95", sd)
    found = provision(instance, 1.0, arrivals="smooth")
    assert found.status == status
    assert ("lognormal" in found.scope) == (sd > 0 and status == "optimal")


def test_waits_and_times_that_vary_add_up() -> None:
    """A queue of one machine at half load: what is late of 400,000 simulated requests, by Lindley's recursion."""
    rng = np.random.default_rng(5)
    n = 400_000
    took = np.exp(math.sqrt(VARIANCE) * rng.standard_normal(n) - VARIANCE / 2)
    gaps = rng.exponential(2.0, n)
    walk = np.concatenate([[0.0], np.cumsum(took[:-1] - gaps[1:])])
    waits = walk - np.minimum.accumulate(walk)
    limit = 4.0
    late = float((waits + took > limit).mean())
    found = provision(one_stage(0.5 + limit, "p80", SD), 0.5)
    assert found.counts == (1,)
    assert 1 - found.on_time == pytest.approx(late, rel=0.1)
    assert found.simulated is not None
    assert found.simulated.kept.low <= late <= found.simulated.kept.high


MEASURED = np.array([0.4, 0.7, 0.9, 1.0, 2.0])
LAWS: dict[str, dict[str, Any]] = {
    "lognormal": {"times": "lognormal", "cv": 0.8},
    "pareto": {"times": "pareto", "cv": 0.8},
    "measured": {"times": MEASURED},
}


def factors(law: str, uniform: Any) -> Any:
    """Turn uniform numbers into factors of a law with mean 1, by the inverse of its distribution."""
    if law == "measured":
        return MEASURED[(uniform * len(MEASURED)).astype(int)]
    if law == "pareto":  # x^-a with variance 1 / (a (a - 2)) after scaling to mean 1
        a = 1 + math.sqrt(1 + 1 / 0.64)
        return (a - 1) / a * (1 - uniform) ** (-1 / a)
    return np.array([math.exp(math.sqrt(math.log(1.64)) * NormalDist().inv_cdf(u)) for u in uniform]) / math.sqrt(1.64)


@pytest.mark.parametrize("law", LAWS)
def test_laws_of_service_times(law: str) -> None:
    """A queue of one machine at half load, as above: late of 200,000 requests whose times are a factor of that law.

    The formula knows two moments of waits; most of the variance of a Pareto law is of few requests, so fewer wait long.
    """
    rng = np.random.default_rng(3)
    n = 200_000
    took = factors(law, rng.random(n))
    assert took.mean() == pytest.approx(1.0, abs=0.02)
    gaps = rng.exponential(2.0, n)
    walk = np.concatenate([[0.0], np.cumsum(took[:-1] - gaps[1:])])
    latency = walk - np.minimum.accumulate(walk) + took
    plain = one_stage(0.5 + 4.0, "p80", 0.0)
    instance = replace(plain, options=(replace(plain.options[0], stage_sd_s=()),))
    found = provision(instance, 0.5, **LAWS[law])
    late = float((latency > 4.0).mean())
    assert found.counts == (1,)
    assert 1 - found.on_time == pytest.approx(late, rel=0.4 if law == "pareto" else 0.15)
    assert found.simulated is not None
    assert found.simulated.kept.low <= late <= found.simulated.kept.high
    assert "service times a factor" in found.scope
    mean = provision(replace(instance, latency_measure="mean", latency_slo_s=10.0), 0.5, confirm=False, **LAWS[law])
    assert mean.latency_mean_ms == pytest.approx(500 + 1000 * latency.mean(), rel=0.03)


@pytest.mark.parametrize("law", LAWS)
def test_percentiles_of_a_law(law: str) -> None:
    """Nobody waits where requests come evenly: p90 is the quantile of the factor."""
    limit = float(factors(law, np.array([0.899999]))[0])
    plain = one_stage(1.0, "p90", 0.0)
    for slo, status in ((limit * 1.03, "optimal"), (limit * 0.97, "infeasible")):
        instance = replace(plain, latency_slo_s=0.5 + slo, options=(replace(plain.options[0], stage_sd_s=()),))
        assert provision(instance, 1.0, arrivals="smooth", **LAWS[law]).status == status


def test_what_laws_cannot_promise() -> None:
    """Times without an upper end have no worst latency: that is refused rather than made up."""
    with pytest.raises(InputError, match="worst latency, which they do not have"):
        provision(one_stage(4.0, "worst", 0.0), 0.5, times="pareto")
    with pytest.raises(InputError, match="give one of fixed, lognormal, pareto"):
        provision(one_stage(4.0, "p80", 0.0), 0.5, times="normal")
