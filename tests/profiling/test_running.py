"""Plans run for real on networks whose confidences are known: counts, intervals and times against arithmetic."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from scipy.stats import beta, binomtest
from support.tiny_networks import Runs, calls, sure, told
from torch import nn

from serflow_opt.profiling import running
from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.running import PlanPromise, estimate, serve
from serflow_opt.profiling.stages.network import MultiExit

NOTHING = PlanPromise(samples=100, accuracy=None, exit_share={}, mean_ms=None)
TEN = Labelled(
    torch.tensor([sure(0.9, 0.9, 0.9)] * 4 + [sure(0.7, 0.95, 0.9)] * 5 + [sure(0.6, 0.6, 0.6)]),
    torch.tensor([0, 0, 0, 1, 0, 0, 0, 1, 1, 0]),
)
"""At 0.8 and 0.8 four leave at stage 1, three right; five at stage 2, three right; one at the end, right."""
THRESHOLDS = {1: 0.8, 2: 0.8}


def clopper_pearson(count: int, number: int) -> tuple[float, float]:
    """The exact 95 % interval by quantiles of the beta distribution."""
    low = beta.ppf(0.025, count, number - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, number - count) if count < number else 1.0
    return float(low), float(high)


def clock(monkeypatch: pytest.MonkeyPatch, milliseconds: list[float]) -> None:
    """Let requests take these times: two looks at the clock each."""

    def looks() -> Iterator[float]:
        for length in milliseconds:
            yield 100.0
            yield 100.0 + length / 1000

    monkeypatch.setattr(running, "time", SimpleNamespace(perf_counter=looks().__next__))


def test_shares_and_intervals() -> None:
    """Counted shares come with their exact binomial intervals."""
    served = serve(told(), TEN, THRESHOLDS, NOTHING)
    assert served.requests == 10
    assert served.accuracy.measured == pytest.approx(0.7)
    assert {stage: share.measured for stage, share in served.exit_share.items()} == {1: 0.4, 2: 0.5, 3: 0.1}
    for share, count in [(served.accuracy, 7), *zip(served.exit_share.values(), (4, 5, 1), strict=True)]:
        assert (share.low, share.high) == pytest.approx(clopper_pearson(count, 10))


def test_nobody_and_everybody() -> None:
    """Intervals at 0 and 1 are one-sided and exact."""
    served = serve(told(), TEN, {1: 0.5}, NOTHING)
    everybody, nobody = served.exit_share[1], served.exit_share[3]
    assert (everybody.measured, everybody.low, everybody.high) == pytest.approx((1, 0.025 ** (1 / 10), 1))
    assert (nobody.measured, nobody.low, nobody.high) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 10)))


def test_promises_are_compared() -> None:
    """A promise agrees where the interval holds it, and what was not promised is not judged."""
    promise = PlanPromise(samples=1000, accuracy=0.7, exit_share={1: 0.95, 2: 0.05}, mean_ms=None)
    served = serve(told(), TEN, THRESHOLDS, promise)
    assert (served.accuracy.promised, served.accuracy.agrees) == (0.7, True)
    assert (served.exit_share[1].promised, served.exit_share[1].agrees) == (0.95, False), "0.4 of ten"
    assert served.exit_share[3].promised == 0, "what a plan does not name does not leave there"
    assert serve(told(), TEN, THRESHOLDS, NOTHING).accuracy.agrees is None


@pytest.mark.parametrize(
    ("first", "second", "agrees"),
    [
        ((56, 70), (48, 80), False),  # 0.0524 .. 0.3339
        ((9, 10), (3, 10), False),  # 0.1705 .. 0.8090
        ((6, 7), (2, 7), False),  # 0.0582 .. 0.8062
        ((5, 56), (0, 29), True),  # -0.0381 .. 0.1926
        ((0, 10), (0, 20), True),  # -0.1611 .. 0.2775
    ],
)
def test_promises_agree_by_the_examples_of_newcombe(
    first: tuple[int, int], second: tuple[int, int], agrees: bool
) -> None:
    """Table II of the paper, method 10: whether the interval of the difference holds 0; the same both ways round."""
    for (count, number), (other, samples) in [(first, second), (second, first)]:
        assert estimate(count, number, other / samples, samples).agrees is agrees


def test_promises_agree_by_wilson_intervals() -> None:
    """With the intervals of SciPy, over a grid of counts."""

    def wilson(count: int, number: int) -> tuple[float, float]:
        interval = binomtest(count, number).proportion_ci(0.95, method="wilson")
        return float(interval.low), float(interval.high)

    verdicts = []
    for count in range(0, 31, 3):
        for other in range(0, 201, 8):
            (low, high), (other_low, other_high) = wilson(count, 30), wilson(other, 200)
            difference = count / 30 - other / 200
            least = difference - math.hypot(count / 30 - low, other_high - other / 200)
            most = difference + math.hypot(high - count / 30, other / 200 - other_low)
            assert estimate(count, 30, other / 200, 200).agrees is (least <= 0 <= most)
            verdicts.append(least <= 0 <= most)
    assert 0 < sum(verdicts) < len(verdicts)


def test_classifiers_without_a_threshold_are_not_run() -> None:
    """Twice ten requests: the first ten warm up. The last classifier answers those that come so far: all."""
    network = told()
    served = serve(network, TEN, {2: 0.99}, NOTHING)
    assert calls(network) == [0, 20, 20]
    assert served.exit_share[3].measured == 1


def test_warming_up_is_not_counted() -> None:
    """Thirty requests after twenty that warm up; each is told."""
    network, told_of = told(), list[int]()
    data = Labelled(TEN.inputs.repeat(3, 1), TEN.labels.repeat(3))
    served = serve(network, data, {}, NOTHING, on_request=told_of.append)
    assert calls(network) == [0, 0, 50]
    assert served.requests == 30
    assert told_of == list(range(1, 31))


def test_times_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 ... 10 ms: mean 5.5, variance 82.5 / 9, standard error its root over ten.

    95 % lies at 1 + 0.95 x 9, 99 % at 1 + 0.99 x 9.
    """
    clock(monkeypatch, [3, 1, 2, 4, 10, 9, 8, 5, 6, 7])
    served = serve(told(), TEN, THRESHOLDS, PlanPromise(100, None, {}, 5.0))
    assert served.mean_ms == pytest.approx(5.5)
    assert served.mean_error_ms == pytest.approx(math.sqrt(82.5 / 9 / 10))
    assert (served.p95_ms, served.p99_ms) == pytest.approx((9.55, 9.91))
    assert served.promised_mean_ms == 5
    assert served.time_ratio == pytest.approx(1.1)


def test_without_a_promised_time_there_is_no_ratio() -> None:
    """No promise, no ratio."""
    assert serve(told(), TEN, THRESHOLDS, NOTHING).time_ratio is None


def test_the_error_of_one_request_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request has a time and no error."""
    clock(monkeypatch, [4])
    served = serve(told(), TEN.rows(torch.tensor([0])), {}, NOTHING)
    assert served.mean_ms == pytest.approx(4)
    assert served.mean_error_ms is None


def test_early_exits_save_time() -> None:
    """The second stage sleeps 5 ms; of ten requests four leave before. As many requests warm up."""
    slept: list[None] = []

    def pause(_: object) -> None:
        slept.append(time.sleep(0.005))

    network = MultiExit([nn.Identity(), Runs(pause), nn.Identity()], told().exits)
    assert serve(network, TEN, {}, NOTHING).mean_ms >= 5
    assert len(slept) == 2 * 10
    assert serve(network, TEN, {1: 0.8}, NOTHING).mean_ms >= 6 / 10 * 5
    assert len(slept) == 2 * (10 + 6)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_asked_for_and_put_back(threads: int) -> None:
    """The run uses the threads asked for, and gives them back."""
    before, seen = torch.get_num_threads(), set[int]()
    network = MultiExit([Runs(lambda _: seen.add(torch.get_num_threads()))], {1: told(exits=1).exits[1]})
    serve(network, TEN, {}, NOTHING, threads=threads)
    assert seen == {threads}
    assert torch.get_num_threads() == before


def test_the_network_is_served_as_it_evaluates() -> None:
    """Dropout would make answers differ."""
    network = MultiExit([nn.Dropout(0.9)], {1: told(exits=1).exits[1]}).train()
    data = Labelled(torch.tensor([[5.0, 0.0]] * 50), torch.zeros(50, dtype=torch.int64))
    assert serve(network, data, {}, NOTHING).accuracy.measured == 1


def test_shares_add_up() -> None:
    """Every request leaves once."""
    generator = np.random.default_rng(0)
    data = Labelled(torch.from_numpy(generator.normal(size=(60, 6))).float(), torch.zeros(60, dtype=torch.int64))
    served = serve(told(), data, THRESHOLDS, NOTHING)
    assert sum(share.measured for share in served.exit_share.values()) == pytest.approx(1)
