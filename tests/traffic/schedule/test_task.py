"""One block on its way to a schedule: what is left to others, what counts as better, and types fitted in turn."""

from __future__ import annotations

import pytest
from support.mix_cases import NEAR, case

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.schedule.task import BlockTask, improve


def task_of(seed: int = 3) -> tuple[BlockTask, float]:
    """A block with a function and several types, and its optimum."""
    return case(seed, whole=True, billing=False, with_function=True)


def test_a_plan_is_taken_only_if_it_is_better() -> None:
    """Nothing rented costs all calls; the same again is no better; a machine that serves nobody is worse."""
    task, _ = task_of()
    nothing = ((),) * len(task.machines)
    assert task.offer(nothing)
    assert task.usd == pytest.approx(task.usd_per_request * task.demand.requests)
    assert not task.offer(nothing)
    end = float(task.at[-1])
    assert not task.offer((((end - 1.0, end),), *nothing[1:])) or task.machines[0].start_s < 1
    assert task.rentals(((), ((0.0, 2.0),), *nothing[2:]))[0].machine == task.machines[1].name


def test_machines_leave_what_they_do_not_serve() -> None:
    """One of the first type from its start to the end takes its rate off every second that has so much."""
    task, _ = task_of()
    begin, end = float(task.at[0]), float(task.at[-1])
    plan = (((begin, end),), *((),) * (len(task.machines) - 1))
    left = task.left_by(plan)
    ready = begin + task.machines[0].start_s
    for low, high, rate in zip(left.edges, left.edges[1:], left.rates, strict=False):
        middle = (low + high) / 2
        n = min(int(middle // task.trace.period_s), len(task.demand.rates) - 1)
        taken = task.rates[0] if ready <= middle < end else 0.0
        assert rate == pytest.approx(max(task.demand.rates[n] - taken, 0.0))
    assert task.left_by(plan, but=0).requests == pytest.approx(task.demand.requests)


@pytest.mark.parametrize("seed", range(6))
def test_types_fitted_in_turn_are_no_worse_than_each_alone(seed: int) -> None:
    """Beginning with nothing the result is between the optimum and the best of one type."""
    task, truth = task_of(seed)
    alone = []
    for p in range(len(task.machines)):
        spells = tuple(task.levels(p, task.demand).rentals)
        task.offer(tuple(spells if q == p else () for q in range(len(task.machines))))
        alone.append(task.usd)
    kinds = range(len(task.machines))
    improve(task, task.plan, kinds, NEVER)
    assert truth - NEAR <= task.usd <= min(alone) + NEAR


def test_bounds_never_pass_the_schedule() -> None:
    """What lies above by rounding is cut, what is lower than before does not count, a solver's word stays apart."""
    task, _ = task_of()
    task.offer(((),) * len(task.machines))
    task.raise_bound(task.usd * 1.001)
    assert task.bound == task.usd
    assert task.gap == 0.0
    task.raise_bound(0.0)
    assert task.bound == task.usd
    other, _ = task_of()
    other.offer(((),) * len(other.machines))
    other.raise_bound(other.usd / 2, other.usd / 4)
    assert (other.bound, other.checked) == (other.usd / 2, other.usd / 4)
