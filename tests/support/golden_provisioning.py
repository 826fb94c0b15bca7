"""Golden cases of `formulations/provisioning.py`: each constraint alone, and the parts that put them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pyomo.core as pyo
from support import tiny
from support.golden_parts import golden, minimise, with_flow

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.pools import BlockModel, LateLimit, PoolSizes
from serflow_opt.formulations.provisioning import (
    add_latency,
    add_limits,
    add_pools,
    build_provisioning,
    spending,
)

BOTH = BlockModel(
    first=1,
    last=2,
    rent=0.5,
    workers=2,
    times={1: 1.0, 2: 2.0},
    sending=0.0,
    fee=0.25,
    prices={1: 0.5, 2: 0.75},
    handover=0.125,
    most=4,
)
"""Both stages of `tiny.two_stages` on machines and a function."""
FRONT = BlockModel(
    first=1,
    last=1,
    rent=0.5,
    workers=1,
    times={1: 1.0},
    sending=0.5,
    fee=0.25,
    prices={1: 0.5},
    handover=0.125,
    most=3,
)
"""Stage 1 on machines and a function; a hand-over holds a worker for 0.5 s."""
BACK = BlockModel(
    first=2, last=2, rent=0.0, workers=1, times={}, sending=0.0, fee=0.25, prices={2: 0.75}, handover=0.5, most=0
)
"""Stage 2 on the function alone."""
ALONE = BlockModel(
    first=1,
    last=2,
    rent=0.5,
    workers=2,
    times={1: 1.0, 2: 2.0},
    sending=0.0,
    fee=0.0,
    prices={},
    handover=0.0,
    most=2,
    sizes=PoolSizes((0, 1, 2), ((((0.0, 0.0), (0.0, 0.5), (0.0, 1.5)),),), 2.0, 2.5),
)
"""Both stages on 0, 1 or 2 machines, which take loads of 0, 0.5 and 1.5; nothing else."""
PATIENT = dataclasses.replace(
    ALONE,
    sizes=PoolSizes(
        (1, 2), ((((0.0, 100.0), (0.0, 200.0)),),), 2.0, 2.5, (((0.25, -0.125), (0.125, -0.25)), ((0.0, 0.0),) * 2)
    ),
)
"""The same with 1 or 2 machines that take any load, where waiting counts."""
LATE = LateLimit(weights=(0.0, 0.25), room=0.5)
LISTED = PoolSizes(
    (0, 2), ((((0.0, 0.0), (0.75, 0.25)), ((0.0, 0.0), (0.0, 2.0))),), 2.0, 2.5, late=((0.5, 2.0), (0.0, 0.0))
)
"""0 or 2 machines: they carry at most 0.75 a + 0.25 of a load a, and at most 2; without, 0.5 R_1 + 2 R_2 <= 1."""

Groups = tuple[tuple[float, float], ...]
GROUP: Groups = ((4.0, 1.0),)
GROUPS: Groups = ((2.0, 0.75), (8.0, 0.25))


def listed(pool: BlockModel) -> BlockModel:
    """The pool with numbers 0 and 2 to choose from, in one group."""
    return dataclasses.replace(pool, sizes=LISTED)


def alone(m: Any, *names: str) -> Any:
    """The model with these constraints only."""
    for constraint in list(m.component_objects(pyo.Constraint)):
        if constraint.local_name not in names:
            m.del_component(constraint)
    return m


def only_pools(pools: Sequence[BlockModel], groups: Groups) -> Any:
    """The pools' variables and constraints."""
    data = Data(tiny.two_stages())
    m = with_flow(data)
    add_pools(m, data, pools, groups)
    return m


def only(name: str, pools: Sequence[BlockModel], groups: Groups) -> Any:
    """The pools' variables and one of their constraints."""
    return alone(only_pools(pools, groups), name)


@golden("provisioning.add_pools-lane")
def lane() -> Any:
    """What is on machines is part of all: y_0sl <= v_sl for the rows (1, 0), (1, 1), (2, 0) of one group."""
    return only("lane", [BOTH], GROUP)


@golden("provisioning.add_pools-lane_survive")
def lane_survive() -> Any:
    """e = 0.5 | 0.25: y_g20 = 0.5 y_g10 + 0.75 y_g11 in the two groups g = 0, 1."""
    return only("lane_survive", [BOTH], GROUPS)


@golden("provisioning.add_pools-pool_room")
def pool_room() -> Any:
    """Two workers at a cap of 0.5: a machine has room for one. Rates 2 and 8/s, 1 and 2 s:
    2 (y_010 + y_011) + 4 y_020 <= (1 + 5e-8) n; 8 (y_110 + y_111) + 16 y_120 <= (1 + 5e-8) n.
    """
    return only("pool_room", [BOTH], GROUPS)


@golden("provisioning.add_pools-pool_room_sending")
def pool_room_with_a_hand_over() -> Any:
    """Stage 1 alone, the hand-over holds a worker for 0.5 s: 1 + 0.5 x 0.5 = 1.25 s and 1 + 0.75 x 0.5 = 1.375 s.
    One worker, cap 0.5, rate 4: 8 x 1.25 y_010 + 8 x 1.375 y_011 = 10 y_010 + 11 y_011 <= (1 + 5e-8) n_0.
    The function behind has no machines: no n_1.
    """
    return only("pool_room", [FRONT, BACK], GROUP)


@golden("provisioning.add_pools-pool_line")
def pool_line() -> Any:
    """Rate 4, two workers, lines over 0 or 2 machines: 0.75 a + 0.25 and 2, all divided by the two workers.
    Load / 2 = 2 (y_010 + y_011) + 4 y_020.
    Line 0: <= (1 + 5e-8) (0.75 x 4 / 2 part_01 + 0.125 size_01) = 1.5 part_01 + 0.125 size_01. Line 1: <= size_01.
    """
    return only("pool_line", [listed(BOTH)], GROUP)


@golden("provisioning.add_pools-pool_line_alone")
def pool_line_alone() -> Any:
    """Without a function y = v, all is on machines: 2 (v_10 + v_11) + 4 v_20 <= 0.25 size_01 + 0.75 size_02.
    Lines of slope 0 need no parts of the work.
    """
    return only("pool_line", [ALONE], GROUP)


@golden("provisioning.add_pools-one_size")
def one_size() -> Any:
    """size_00 + size_01 = 1."""
    return only("one_size", [listed(BOTH)], GROUP)


@golden("provisioning.add_pools-count_size")
def count_size() -> Any:
    """n_0 = 0 size_00 + 2 size_01."""
    return only("count_size", [listed(BOTH)], GROUP)


@golden("provisioning.add_pools-split_work")
def split_work() -> Any:
    """part_00 + part_01 = W = v_10 + v_11 + 2 v_20."""
    return only("split_work", [listed(BOTH)], GROUP)


@golden("provisioning.add_pools-scale_work")
def scale_work() -> Any:
    """part_0k <= 2.5 size_0k for k = 0, 1."""
    return only("scale_work", [listed(BOTH)], GROUP)


@golden("provisioning.add_pools-scale_work_low")
def scale_work_low() -> Any:
    """part_0k >= 2 size_0k for k = 0, 1."""
    return only("scale_work_low", [listed(BOTH)], GROUP)


def limits(sizes: PoolSizes, name: str) -> Any:
    """One of the rows that limit sizes of both stages."""
    pools, data = [dataclasses.replace(BOTH, sizes=sizes)], Data(tiny.two_stages())
    m = with_flow(data)
    add_pools(m, data, pools, GROUP)
    add_limits(m, data, pools)
    return alone(m, name)


@golden("provisioning.add_limits-work_range")
def work_range() -> Any:
    """2 <= W = v_10 + v_11 + 2 v_20 <= 2.5, divided by 2.5: 0.8 - 5e-8 <= 0.4 (v_10 + v_11) + 0.8 v_20 <= 1 + 5e-8."""
    return limits(LISTED, "work_range")


@golden("provisioning.add_limits-late_size")
def late_size() -> Any:
    """Of size 0 the row is 0.5 R_1 + 2 R_2 <= 1 + M (1 - size_00), M = 0.5 x 1 + 2 x max R_2 - 1; size 1 has none."""
    return limits(LISTED, "late_size")


def spent(pools: Sequence[BlockModel], groups: Groups) -> Any:
    """The pools' variables and what they cost."""
    data = Data(tiny.two_stages())
    m = with_flow(data)
    add_pools(m, data, pools, groups)
    return minimise(alone(m), spending(m, pools, groups, dollar=0.5))


@golden("provisioning.spending")
def spending_of_both() -> Any:
    """In units of 0.5 USD/s, rates 2 (0.75 of the time) and 8, mean 3.5/s:
    rent 0.5 n / 0.5 = 1 n; link 3.5 x 0.125 / 0.5 = 0.875 R_1; function 3.5 (0.25 + 0.5) / 0.5 = 5.25 R_1,
    3.5 x 0.75 / 0.5 = 5.25 R_2; R_1 together 6.125.
    Saved by what is on machines: 2 x 0.75 x 0.75 / 0.5 = 2.25 y_01l, y_020; 8 x 0.25 x 0.75 / 0.5 = 3 y_11l, y_120.
    """
    return spent((BOTH,), GROUPS)


@golden("provisioning.spending-blocks")
def spending_of_blocks() -> Any:
    """In units of 0.5 USD/s at 4/s: rent 1 n_0; links 4 x 0.125 / 0.5 = 1 R_1 and 4 x 0.5 / 0.5 = 4 R_2;
    functions 4 x 0.75 / 0.5 = 6 R_1, of which machines save 6 y_01l, and 4 (0.25 + 0.75) / 0.5 = 8 R_2, all of it paid.
    Together 7 R_1, 12 R_2.
    """
    return spent((FRONT, BACK), GROUP)


@golden("provisioning.build_provisioning")
def build_with_lines() -> Any:
    """All of it: exits, floor, a pool of 0 or 2 machines beside the function; stage 2 is reached by at most 0.6:
    in_time: R_2 / 0.6 <= 1 + 5e-8, which leaves e = 0.5 (accuracy 0.88 >= 0.85).
    Cost at 4/s, dollar 1: without machines 4 (0.125 + 0.75 + 0.5 x 0.75) = 5. With two, 1, they carry at most 2 of the
    load 4 x 2 = 8 workers, a quarter of all requests: 1 + 0.5 + 0.75 x 4.5 = 4.875, the optimum.
    """
    data = Data(tiny.two_stages(accuracy_min=0.85))
    return build_provisioning(data, [listed(BOTH)], GROUP, LateLimit(weights=(0.0, 1.0), room=0.6), 1.0)


@golden("provisioning.build_provisioning-mean")
def build_with_a_mean() -> Any:
    """Machines to the cap, no floor. Stages take 1 and 2 s on the slower pool, their mean at most 2.25 s:
    in_time: R_1 / 2.25 + 2 R_2 / 2.25 = 0.4444 R_1 + 0.8889 R_2 <= 1 + 5e-8, so R_2 = 0.5.
    Four machines with room for one busy worker each carry 4 of the 8 at 4/s: each costs 0.5 and saves 4.5 / 8 = 0.5625.
    2 + 0.5 + 4.5 / 2 = 4.75 is the optimum.
    """
    return build_provisioning(Data(tiny.two_stages()), [BOTH], GROUP, LateLimit(weights=(1.0, 2.0), room=2.25), 1.0)


@golden("provisioning.build_provisioning-in_time")
def in_time() -> Any:
    """Stage 2 ends too late and may be reached by 0.6 at most: R_2 / 0.6 = 1.6667 R_2 <= 1 + 5e-8."""
    return minimise(alone(build_with_lines(), "in_time"), 0)


@golden("provisioning.add_latency")
def latency_with_waits() -> Any:
    """Both stages on 1 or 2 machines alone; latency has room for 0.5, of which stage 2 takes 0.25 and waiting the rest.

    wait_line 0: wait_0 >= 2 (0.25 part_00 - 0.125 size_00) + 2 (0.125 part_01 - 0.25 size_01); line 1: nothing at all.
    in_time: 0.5 R_2 + wait_0 <= 1 + 5e-8.
    """
    m = only_pools([PATIENT], GROUP)
    add_latency(m, Data(tiny.two_stages()), [PATIENT], LATE)
    return alone(m, "wait_line", "in_time")


@golden("provisioning.add_latency-wait_line")
def wait_line() -> Any:
    """Lines of 0.25 W - 0.125 or 0.125 W - 0.25 by number of machines, and of nothing; all divided by 0.5."""
    return alone(latency_with_waits(), "wait_line")


@golden("provisioning.build_provisioning-waits")
def build_with_waits() -> Any:
    """Machines alone, 1 or 2 of them, which take any load here. R_2 = 0.5 makes W = 2, R_2 = 0.75 makes it 2.5.

    With one machine 0.5 x 0.5 + 2 (0.25 x 2 - 0.125) = 1 is just in time, so it costs 0.5 USD/s; R_2 = 0.75 would take
    0.375 + 2 (0.625 - 0.125) > 1.
    """
    return build_provisioning(Data(tiny.two_stages()), [PATIENT], GROUP, LATE, 1.0)


OPTIMA = {
    "provisioning.build_provisioning": 4.875,
    "provisioning.build_provisioning-mean": 4.75,
    "provisioning.build_provisioning-waits": 0.5,
}
"""What the whole models cost, by hand."""


def whole_models() -> list[Any]:
    """Models that together have every constraint."""
    return [build_with_lines(), build_with_a_mean(), build_with_waits()]
