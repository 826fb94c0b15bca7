"""The simulator against one global queue of events, and what must balance in any case."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.slow_simulator import Found, SlowSimulator
from support.traffic_cases import Case, Script, random_case, troubled_case, warm_case

from serflow_opt.traffic.simulate.requests import draw
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.service_times import Durations, Law
from serflow_opt.traffic.simulate.simulate import simulate


def slowly(case: Case, policy: Script) -> tuple[Found, np.ndarray]:
    drawn = draw(case.service, case.trace, case.settings["seed"], case.settings["arrivals"])
    everyone = np.arange(len(drawn.times))
    lasting = {}
    for b, block in enumerate(case.service.blocks):
        law = Law.of(case.settings["times"], 0.5)
        durations = Durations(block, drawn.exits, law, np.random.default_rng([case.settings["seed"], 2, b]))
        outcomes = np.clip(drawn.exits.astype(int) - block.first, 0, block.outcomes - 1)
        for option in (*block.machines, *([block.function] if block.function else [])):
            lasting[b, option.name] = durations.seconds(option, everyone, outcomes)
    found = SlowSimulator(
        case.service,
        drawn.times.tolist(),
        drawn.exits.tolist(),
        lambda b, option, number: float(lasting[b, option.name][number]),
        policy,
        case.trace.seconds,
        case.settings["timeout_s"],
        case.settings["faults"].no_start,
        case.settings["faults"].throttle,
    ).run()
    return found, drawn.times


def overlap(spans: list[tuple[float, float, float]], periods: int, period_s: float) -> list[float]:
    """Seconds of weighted spans in each period, one by one."""
    return [
        math.fsum(
            weight * max(0.0, min(end, (k + 1) * period_s) - max(start, k * period_s)) for start, end, weight in spans
        )
        for k in range(periods)
    ]


@pytest.mark.parametrize("seeds", [range(k, k + 50) for k in range(0, 250, 50)], ids=str)
def test_against_one_queue_of_all_events(seeds: range) -> None:
    """Block by block gives to the last digit what one queue of all events does, and policies see the same."""
    for seed in seeds:
        case = random_case(seed)
        fast_policy, slow_policy = case.policy(), case.policy()
        found = simulate(case.service, case.trace, fast_policy, **case.settings)
        truth, times = slowly(case, slow_policy)
        compare(found, truth, times, case.settings["period_s"])
        assert len(fast_policy.seen) == len(slow_policy.seen)
        for a, b in zip(fast_policy.seen, slow_policy.seen, strict=True):
            assert [c.tolist() for c in a.counts] == [c.tolist() for c in b.counts]
            assert replace(a, counts=()) == replace(b, counts=())


@pytest.mark.parametrize("seeds", [range(k, k + 50) for k in (0, 50)], ids=str)
def test_environments_that_are_kept_warm(seeds: range) -> None:
    """Calls of their own meet the same environments, at the same moments, as in one queue of all events."""
    made = cold = spared = 0
    for seed in seeds:
        case = warm_case(seed)
        found = simulate(case.service, case.trace, case.policy(), **case.settings)
        truth, times = slowly(case, case.policy())
        compare(found, truth, times, case.settings["period_s"])
        made, cold = made + sum(found.warm_calls), cold + sum(found.warm_cold)
        without = simulate(case.service, case.trace, random_case(seed).policy(), **case.settings)
        spared += sum(without.cold_starts) - sum(found.cold_starts)
    assert made > cold > 0
    assert spared > 0


@pytest.mark.parametrize("seeds", [range(k, k + 30) for k in (0, 30)], ids=str)
def test_bursts_and_faults_while_requests_wait(seeds: range) -> None:
    """Each request is answered or dropped for a reason, in every block, as the queue of all events has it."""
    waited = lost = refused = 0
    for seed in seeds:
        case = troubled_case(seed)
        policy = case.policy()
        found = simulate(case.service, case.trace, policy, **case.settings)
        truth, times = slowly(case, case.policy())
        compare(found, truth, times, case.settings["period_s"])
        accounts(found, truth, case)
        failed = sum(sum(own.values()) for seen in policy.seen for own in seen.failed)
        later = [start for state in truth.states for start, _ in state.work if start not in set(state.entered)]
        waited += bool(failed and later)
        lost += sum(found.dropped.values())
        refused += sum(found.throttled)
    assert min(waited, lost, refused) > 0


def accounts(found: Simulation, truth: Found, case: Case) -> None:
    """Who enters a block runs there or is dropped there, and who runs there is answered or enters the next one."""
    frame = found.to_frame()
    dropped = [int(frame[frame["block"] == b]["dropped"].sum()) for b in range(len(found.entered))]
    ran = [a + b for a, b in zip(found.by_machine, found.by_function, strict=True)]
    assert found.entered[0] == found.arrivals == case.trace.requests
    assert list(found.entered) == [a + b for a, b in zip(ran, dropped, strict=True)]
    assert found.arrivals == found.served + sum(found.dropped.values())
    assert found.violations >= sum(found.dropped.values())
    assert set(truth.done).isdisjoint(truth.dropped)
    assert len(truth.done) + len(truth.dropped) == found.arrivals
    answered = [a - b for a, b in zip(ran, [*found.entered[1:], 0], strict=True)]
    assert min(answered) >= 0
    assert sum(answered) == found.served
    assert found.dropped["throttled"] <= sum(found.throttled)
    assert found.dropped["timeout"] == 0 or case.settings["timeout_s"] is not None


def compare(found: Simulation, truth: Found, times: np.ndarray, period_s: float) -> None:
    done = sorted(truth.done)
    assert found.latency.tolist() == [np.float32(truth.done[i] - times[i]) for i in done]
    reasons = list(truth.dropped.values())
    assert found.dropped == {reason: reasons.count(reason) for reason in found.dropped}
    assert found.throttled == tuple(len(state.refused) for state in truth.states)
    assert [moment for moment, _ in found.policy_errors] == truth.errors
    frame = found.to_frame()
    for b, state in enumerate(truth.states):
        assert found.by_machine[b] == sum(vm.served for vm in state.vms)
        assert found.cold_starts[b] == sum(call.cold for call in state.calls)
        assert found.warm_calls[b] == len(state.warm)
        assert found.warm_cold[b] == sum(call.cold for call in state.warm)
        own = [rental for rental in found.rentals if rental.block == b]
        assert [(r.machine, r.ordered_s, r.ready_s, r.stopped_s, r.billed_s) for r in own] == [
            (vm.type.name, vm.ordered, vm.ready, vm.stopped, truth.billed(vm)) for vm in state.vms
        ]
        rows = frame[frame["block"] == b]
        rent = [(vm.ordered, vm.ordered + truth.billed(vm), vm.type.usd_per_s) for vm in state.vms]
        n = len(rows)
        assert rows["usd_machines"].tolist() == pytest.approx(overlap(rent, n, period_s), rel=1e-9, abs=1e-9)
        assert rows["usd_machines"].sum() == pytest.approx(sum((e - s) * w for s, e, w in rent), rel=1e-9)
        workers = [
            (vm.ordered, vm.ordered + truth.billed(vm), vm.type.workers) for vm in state.vms
        ]  # what busy_share is a share of
        busy = overlap([(start, end, 1.0) for start, end in state.work], n, period_s)
        share = [a / w if w > 1e-6 else 0.0 for a, w in zip(busy, overlap(workers, n, period_s), strict=True)]
        assert rows["busy_share"].tolist() == pytest.approx(share, rel=1e-6, abs=1e-6)
        for column, moments, weights in (
            ("arrivals", state.entered, None),
            ("function_requests", [call.arrived for call in state.calls], None),
            ("cold", [call.arrived for call in state.calls if call.cold], None),
            ("warm_calls", [call.arrived for call in state.warm], None),
            (
                "usd_functions",
                [call.arrived for call in state.calls + state.warm],
                [call.usd for call in state.calls + state.warm],
            ),
        ):
            periods = np.array(moments) // period_s
            expected = np.bincount(periods.astype(int), weights, minlength=n)
            assert rows[column].tolist() == pytest.approx(expected.tolist(), rel=1e-9)
    rents = [vm.type.usd_per_s * truth.billed(vm) for state in truth.states for vm in state.vms]
    assert found.usd["machines"] == pytest.approx(math.fsum(rents), rel=1e-9)
    warm = [call.usd for state in truth.states for call in state.warm]
    calls = [call.usd for state in truth.states for call in state.calls] + warm
    assert found.usd_warm == pytest.approx(math.fsum(warm), rel=1e-9)
    assert found.usd["functions"] == pytest.approx(math.fsum(calls), rel=1e-9)
    held = math.fsum(end - start for state in truth.states for start, end in state.work)
    assert found.busy_worker_s == pytest.approx(held, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1000, 10**6), st.integers(1, 30), st.sampled_from(["fixed", "lognormal", "pareto"]))
def test_requests_and_money_balance(seed: int, factor: int, law: str) -> None:
    """Whatever the case, each request ends once and each sum of the table is that of the run."""
    case = random_case(seed)
    more = case.settings | {"times": law, "arrivals": "poisson"}
    found = simulate(case.service, case.trace.scaled(factor), case.policy(), **more)
    frame = found.to_frame()
    assert found.arrivals == found.served + sum(found.dropped.values())
    assert sum(found.entered) == sum(found.by_machine) + sum(found.by_function) + sum(found.dropped.values())
    assert len(found.latency) == found.served
    for column, total in (
        ("arrivals", sum(found.entered)),
        ("machine_requests", sum(found.by_machine)),
        ("function_requests", sum(found.by_function)),
        ("cold", sum(found.cold_starts)),
        ("dropped", sum(found.dropped.values())),
    ):
        assert frame[column].sum() == total
    assert (frame["machine_requests"] >= 0).all()
    assert frame["busy_share"].between(-1e-9, 1 + 1e-9).all()
    assert frame["machines_billed"].sum() * found.period_s == pytest.approx(found.machine_seconds, rel=1e-9)
    for kind, usd in found.usd.items():
        assert frame[f"usd_{kind}"].sum() == pytest.approx(usd, rel=1e-9)
    assert found.usd_total == pytest.approx(sum(found.usd.values()), rel=1e-12)
    for rental in found.rentals:
        assert rental.ordered_s <= rental.end_s <= rental.ordered_s + rental.billed_s + 1e-9


def test_the_seed_decides() -> None:
    """One seed is one run, another seed another."""
    case = random_case(7)
    runs = [simulate(case.service, case.trace, case.policy(), **case.settings | {"seed": seed}) for seed in (1, 1, 2)]
    assert runs[0].latency.tolist() == runs[1].latency.tolist()
    assert runs[0].to_frame().equals(runs[1].to_frame())
    assert runs[0].latency.tolist() != runs[2].latency.tolist()


def test_steps_inside_an_interval_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many requests are taken in one step is a matter of memory, not of results."""
    cases = [random_case(seed) for seed in range(40)]
    whole = [simulate(c.service, c.trace, c.policy(), **c.settings) for c in cases]
    monkeypatch.setattr("serflow_opt.traffic.simulate.simulate._MOST", 3)
    monkeypatch.setattr("serflow_opt.traffic.simulate.block._BATCH", 2)
    for case, once in zip(cases, whole, strict=True):
        again = simulate(case.service, case.trace, case.policy(), **case.settings)
        assert again.latency.tolist() == once.latency.tolist()
        assert [(r.end_s, r.usd) for r in again.rentals] == [(r.end_s, r.usd) for r in once.rentals]
        assert again.dropped == once.dropped
