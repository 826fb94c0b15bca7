"""Golden cases of the parts of placements: see `test_formulations.py`.

In the files runner 0 is the VM v and runner 1 the function f of `tiny.two_stages` unless the head says otherwise; tier
0 is "vm", tier 1 "fn". leave_1,k is the way in from the source, which the files call _1; the last index of leave and
enter is the way to hand over, 0 where there is one. Limits are opened by 5e-8 where all choices are discrete, else by
5e-10. The parts of exits are in `golden_exits.py`, those of adaptation, privacy and energy in `golden_adaptation.py`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pyomo.core as pyo
from support import tiny
from support.golden_parts import (
    add_path,
    add_scaled,
    golden,
    minimise,
    model,
    short_runs,
    small_memory,
    with_flow,
)

from serflow_opt.formulations import as_printed, cost, latency, placement, quantities
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.model import build
from serflow_opt.problem.instance import Instance

# ----------------------------------------------------------------------------------------------------
# Placement


@golden("placement.add_placement")
def plain_path() -> Any:
    """one_start: leave_1,vm + leave_1,fn = 1.
    go_on before stage 2: x_1v = stay_2vv + leave_2v,fn; x_1f = stay_2ff (the last tier is never left).
    arrive: x_1v = enter_1v, x_1f = enter_1f; x_2v = stay_2vv (nothing leaves for vm), x_2f = stay_2ff + enter_2f.
    hand_over: enter_1v = leave_1,vm; enter_1f = leave_1,fn; enter_2f = leave_2v,fn.
    One way everywhere: no rows one_way, in_one_way.
    """
    m = model()
    placement.add_placement(m, Data(tiny.two_stages()))
    return m


def all_may_leave(**changes: Any) -> Instance:
    """`two_stages` where all may leave at stage 1."""
    return tiny.two_stages(menus=(tiny.menu((1.0, 0.25)), tiny.two_stages().menus[1]), **changes)


@golden("placement.add_placement-may_end")
def path_that_may_end() -> Any:
    """As the plain path, with e = 1 | 0.25 at stage 1: the plan may end there.
    go_on before stage 2: x_1v = stay_2vv + leave_2v,fn + end_1v; x_1f = stay_2ff + end_1f.
    end_leaves: end_1v + end_1f <= z_1,0.
    """
    data = Data(all_may_leave())
    m = model()
    m.z = pyo.Var([(1, 0), (1, 1)], domain=pyo.Binary)
    placement.add_placement(m, data)
    return m


@golden("placement.add_placement-may_end_mixed")
def path_that_may_end_by_mixed_thresholds() -> Any:
    """The same for a mix of thresholds: v is R_1 = 1 times the probability.
    end_leaves_all: v_1,1 <= 1 (1 - end_1v - end_1f).
    """
    data = Data(all_may_leave(threshold_mode="randomized"))
    m = model()
    m.v = pyo.Var([(1, 0), (1, 1)], bounds=(0.0, 1.0))
    placement.add_placement(m, data)
    return m


@golden("placement.add_placement-stage_specific")
def plain_path_stage_specific() -> Any:
    """Options v = 0, w = 1 in a stage_specific tier, f = 2. v and w may be left for their own tier, too:
    go_on: x_1v = stay_2vv + leave_2v,vm + leave_2v,fn, likewise w; x_1f = stay_2ff.
    hand_over: before stage 1 enter_1v + enter_1w = leave_1,vm, enter_1f = leave_1,fn;
    before stage 2 enter_2v + enter_2w = leave_2v,vm + leave_2w,vm; enter_2f = leave_2v,fn + leave_2w,fn.
    """
    m = model()
    placement.add_placement(m, Data(tiny.two_vms()))
    return m


@golden("placement.add_placement-three_tiers")
def plain_path_three_tiers() -> Any:
    """Device d = 0 holds the input, v = 1, f = 2; links d -> v -> f only and none for the input but to v, so stage 1
    runs on d or v: one_start leave_1,device + leave_1,vm = 1; stage 2 may run on f only after v.
    go_on: x_1d = stay_2dd + leave_2d,vm; x_1v = stay_2vv + leave_2v,fn.
    arrive: x_2d = stay_2dd; x_2v = stay_2vv + enter_2v; x_2f = enter_2f.
    hand_over: enter_1d = leave_1,device; enter_1v = leave_1,vm; enter_2v = leave_2d,vm; enter_2f = leave_2v,fn.
    """
    m = model()
    placement.add_placement(m, Data(tiny.three_tiers()))
    return m


@golden("placement.add_memory")
def memory() -> Any:
    """v has 10 B; parameters 2 and 6 B; activations received or made: stage 1 max(2, 4) = 4, stage 2 max(4, 1) = 4.
    Stage 1: 0.2 x_1 + 0.6 x_2 + 0.4 x_1 = 0.6 x_1 + 0.6 x_2 <= 1 + 5e-8.
    Stage 2: 0.2 x_1 + 0.6 x_2 + 0.4 x_2 = 0.2 x_1 + 1.0 x_2 <= 1 + 5e-8. f has no limit.
    """
    data = Data(small_memory(tiny.two_stages()))
    m = model()
    add_path(m, data)
    placement.add_memory(m, data)
    return m


@golden("placement.add_runs")
def runs() -> Any:
    """f takes 0.25 s a stage and may run 0.375 s: x_1f + x_2f <= 1. v has no limit."""
    data = Data(short_runs(tiny.two_stages(), 0.375))
    m = model()
    add_path(m, data)
    placement.add_runs(m, data)
    return m


@golden("placement.add_scaled_path")
def scaled_path() -> Any:
    """W = R with R_1 = 1 and 0.5 <= R_2 <= 0.75.
    split: Σ_e on_s = R_s. arrive, hand_over as in the plain path.
    go_on: stay_2vv + leave_2v,fn <= on_1v; stay_2ff <= on_1f.
    ceiling: on <= hi x, floor: on >= lo x, with hi = 1, 0.75 and lo = 1, 0.5;
    leave_ceiling, leave_floor: 1 and 1 times leave at stage 1, 0.75 and 0.5 times at stage 2;
    enter_floor: 1 and 0.5 times enter.
    """
    data = Data(tiny.two_stages())
    m = with_flow(data)
    add_path(m, data)
    placement.add_scaled_path(m, data, "u", m.R, data.reach_low, data.reach_high)
    return m


@golden("placement.add_scaled_path-all_may_leave")
def scaled_path_without_floor() -> Any:
    """As above with 0 <= R_2 <= 0.75: no floors at stage 2."""
    data = Data(tiny.two_stages(menus=(tiny.menu((1.0, 0.25)), tiny.two_stages().menus[1])))
    m = with_flow(data)
    add_path(m, data)
    placement.add_scaled_path(m, data, "u", m.R, data.reach_low, data.reach_high)
    return m


# ----------------------------------------------------------------------------------------------------
# Latency


@golden("latency.path_time-whole")
def whole_time() -> Any:
    """T_0 = 0.5 leave_1,vm (to f: no link, 0); t = 1, 2 on v and 0.25, 0.25 on f; hand-over 0.5 leave_2v,fn;
    cold start 0.5 enter_f at stages 1 and 2.
    """
    data = Data(tiny.two_stages())
    m = model()
    return minimise(m, latency.path_time(data, add_path(m, data), cold="whole"))


@golden("latency.path_time-shared")
def shared_time() -> Any:
    """As whole, but half of the requests meet the cold start: 0.25 enter_f."""
    data = Data(tiny.two_stages())
    m = model()
    return minimise(m, latency.path_time(data, add_path(m, data), cold="shared"))


@golden("latency.path_time-no_cold_starts")
def time_without_cold_starts() -> Any:
    """cold_share 0: the cold start does not happen, no term in enter_f."""
    v, f = tiny.two_stages().options
    data = Data(tiny.two_stages(options=(v, dataclasses.replace(f, cold_share=0.0))))
    m = model()
    return minimise(m, latency.path_time(data, add_path(m, data), cold="whole"))


@golden("latency.worst_latency")
def worst() -> Any:
    """The plain path, cold starts whole: 0.5 leave_1,vm + x_1v + 2 x_2v + 0.25 (x_1f + x_2f) + 0.5 leave_2v,fn
    + 0.5 (enter_1f + enter_2f).
    """
    data = Data(tiny.two_stages())
    m = model()
    return minimise(m, latency.worst_latency(m, data, add_path(m, data)))


@golden("latency.mean_latency")
def mean() -> Any:
    """The path scaled by reach (u), cold starts by their share: coefficients of worst, but 0.25 enter_f."""
    data = Data(tiny.two_stages())
    m = model()
    return minimise(m, latency.mean_latency(m, data, add_scaled(m, data)))


def always_cold(**changes: Any) -> Instance:
    """`two_stages` where every request meets the cold start."""
    v, f = tiny.two_stages().options
    return tiny.two_stages(options=(v, dataclasses.replace(f, cold_share=1.0)), **changes)


def percentile(instance: Instance, quantile: float) -> Any:
    data = Data(instance)
    m = with_flow(data)
    add_path(m, data)
    return minimise(m, latency.percentile_latency(m, data, quantile))


@golden("latency.percentile_latency-p50")
def percentile_free() -> Any:
    """1 - q = 0.5 (+ 5e-8) and 0.5 <= R_2 <= 0.75: whether stage 2 counts depends on the threshold.
    g_1 = 1 is fixed and stands on right-hand sides.
    tail: R_2 - 0.5 <= (0.75 - 0.5) g_2, i.e. R_2 - 0.25 g_2 <= 0.5. tail_order: g_2 <= 1.
    tail_path is the path scaled by g, its bounds lo = 1, 0 and hi = 1, 1: split on_1v + on_1f = 1,
    on_2v + on_2f = g_2; ceilings 1 x, floors at stage 1 only. Times as in worst.
    """
    return percentile(always_cold(), 0.5)


@golden("latency.percentile_latency-p60")
def percentile_always() -> Any:
    """1 - q = 0.4 (+ 5e-8) < 0.5 <= R_2: stage 2 always counts, which its floors (lo = 1) say.
    tail: R_2 - 0.4 <= (0.75 - 0.4) g_2 = 0.35 g_2.
    """
    return percentile(always_cold(), 0.6)


@golden("latency.percentile_latency-nobody_late")
def percentile_never() -> Any:
    """e = 0.75 | 0.5 and q = 0.5: R_2 <= 0.5 <= 1 - q, so stage 2 never counts: g_2 = 0 is fixed, no tail rows,
    on_2v + on_2f = 0 and ceilings of 0 at stage 2.
    """
    return percentile(always_cold(menus=(tiny.menu((0.75, 0.5)), tiny.two_stages().menus[1])), 0.5)


@golden("latency.percentile_latency-cold_share")
def percentile_by_luck() -> Any:
    """Half of those that the function takes meet its cold start, 0.5 s: kinds 0 (none) and 1 (met), P = 0.5 each.
    1 - q = 0.4 (+ 5e-8), 0.5 <= R_2 <= 0.75. Kind 0 is fixed at both stages, as R_1 = 1 and R_2 >= 0.5 are above 0.4,
    kind 1 at stage 1 (0.5 > 0.4) and free at stage 2 (0.25 < 0.4): R_2 - 0.75 g_12 <= L_1.
    late: 0.5 L_0 + 0.5 L_1 <= 0.4.
    late_path_0 and late_path_1: times as in worst, but the cold start only in late_path_1.
    """
    return percentile(tiny.two_stages(), 0.6)


@golden("latency.add_latency_ceiling")
def latency_ceiling() -> Any:
    """A time of 2 x_2v must stay within 3 s: 2 x_2v <= 3 (1 + 5e-8)."""
    data = Data(tiny.two_stages(latency_slo_s=3.0))
    m = model()
    path = add_path(m, data)
    latency.add_latency_ceiling(m, data, data.time(2, 0) * path.on[2, 0])
    return m


# ----------------------------------------------------------------------------------------------------
# Cost


@golden("cost.function_and_link_cost")
def functions_and_links() -> Any:
    """Functions: 2 USD/s x 0.25 s = 0.5 u_1f, 0.5 u_2f; each invocation 0.25 + 2 x 0.5 x 0.5 s = 0.75 uenter_f.
    Links: input 2 B x 0.0625 = 0.125 uleave_1,vm, hand-over 4 B x 0.03125 = 0.125 uleave_2v,fn.
    """
    data = Data(tiny.two_stages())
    m = model()
    return minimise(m, cost.function_and_link_cost(data, add_scaled(m, data)))


@golden("cost.busy_time-vm")
def busy_vm() -> Any:
    """v computes 1 u_1v + 2 u_2v seconds and waits 0.5 uleave_2v,fn for the hand-over it sends."""
    data = Data(tiny.two_stages())
    m = model()
    return minimise(m, cost.busy_time(data, {0}, add_scaled(m, data)))


@golden("cost.busy_time-device")
def busy_device() -> Any:
    """Device d = 0 of `three_tiers`: 0.5 u_1d + 0.5 u_2d; a device is not held while it sends."""
    data = Data(tiny.three_tiers())
    m = model()
    return minimise(m, cost.busy_time(data, {0}, add_scaled(m, data)))


@golden("cost.per_request_cost")
def per_request() -> Any:
    """v at 0.5 USD/s: 0.5 u_1v + 1 u_2v, its wait 0.5 x 0.5 = 0.25 uleave_2v,fn, the link's 0.125: together 0.375.
    Functions and input as in function_and_link_cost: 0.5 u_f, 0.75 uenter_f, 0.125 uleave_1,vm.
    """
    data = Data(tiny.two_stages())
    m = model()
    return minimise(m, cost.per_request_cost(m, data, add_path(m, data), add_scaled(m, data)))


@golden("cost.add_cost_ceiling")
def cost_ceiling() -> Any:
    """A cost of 0.5 x_1v + 1 x_2v (v for 1 and 2 s at 0.5 USD/s) must stay within 1.25 USD (1 + 5e-8)."""
    data = Data(tiny.two_stages(cost_max_usd=1.25))
    m = model()
    path = add_path(m, data)
    price = data.busy_price(0)
    total = price * (data.time(1, 0) * path.on[1, 0] + data.time(2, 0) * path.on[2, 0])
    cost.add_cost_ceiling(m, data, total)
    return m


@golden("cost.reserved_cost")
def reserved() -> Any:
    """Rate 2/s, cap 0.5, so n_v >= (1 - 5e-8) 2 / 0.5 (u_1v + 2 u_2v + 0.5 uleave): 4, 8, 2, nearly (rent_enough).
    rent_one: n_v >= x_1v, n_v >= x_2v. Bound of n: ceil(4 (1 + 0.75 x 2 + 0.5)) + 1 = 13.
    Rent 0.5 USD/s / 2/s = 0.25 n_v; functions and links 0.5 u_f, 0.75 uenter_f, 0.125 uleave_1,vm, 0.125 uleave_2v,fn.
    """
    data = Data(tiny.two_stages(accounting="reserved", rate_per_s=2.0))
    m = model()
    return minimise(m, cost.reserved_cost(m, data, add_path(m, data), add_scaled(m, data)))


@golden("cost.reserved_cost-all_may_leave")
def reserved_without_floor() -> Any:
    """As above with e = 1 | 0.25: R_2 may be 0, so only stage 1 rents for certain: no rent_one at stage 2."""
    menus = (tiny.menu((1.0, 0.25)), tiny.two_stages().menus[1])
    data = Data(tiny.two_stages(accounting="reserved", rate_per_s=2.0, menus=menus))
    m = model()
    return minimise(m, cost.reserved_cost(m, data, add_path(m, data), add_scaled(m, data)))


@golden("cost.rents_and_calls")
def rents() -> Any:
    """n_v machines at 0.5 USD/s / 2/s = 0.25 n_v; functions and links as in `function_and_link_cost`."""
    data = Data(tiny.two_stages(accounting="reserved", rate_per_s=2.0))
    m = model()
    m.n = pyo.Var([0], domain=pyo.NonNegativeIntegers)
    return minimise(m, cost.rents_and_calls(m, data, add_scaled(m, data)))


@golden("as_printed.as_printed_cost")
def printed() -> Any:
    """Three stages. v 0.5 USD/s, 1 s a stage; f 2 USD/s, 0.25, 0.125, 0.125 s, cold start 0.5 s whole.
    Left before stage 2: 0.5 (1 + 0.5) = 0.75; before stage 3: 0.5 (2 + 0.75) = 1.375; each times leave - uleave.
    All on v: 0.5 x 3 = 1.5 x_3v.
    From stage 1 on f: 2 (0.5 + 0.5) = 2 uenter_1f; from 2: 2 (0.25 + 0.5) = 1.5; from 3: 2 (0.125 + 0.5) = 1.25.
    """
    data = Data(tiny.three_stages(accounting="as-printed"))
    m = model()
    return minimise(m, as_printed.as_printed_cost(m, data, add_path(m, data), add_scaled(m, data)))


# ----------------------------------------------------------------------------------------------------
# Whole models, solved from the files below


def whole_instance() -> Instance:
    """`two_stages` with 10 B on the VM, accuracy 0.85, worst case 3 s."""
    return small_memory(tiny.two_stages(accuracy_min=0.85, latency_slo_s=3.0))


@golden("model.build")
def whole() -> Any:
    """Accuracy 0.85, worst case 3 s, 10 B on the VM, so that the VM cannot run both stages.
    Cost: vf 0.125 + 0.5 + R_2 (0.25 + 0.125 + 0.75 + 0.5) = 0.625 + 1.625 R_2; ff 1.25 + 0.5 R_2.
    Time: vf 0.5 + 1 + 0.5 + 0.5 + 0.25 = 2.75 s; ff 1 s. At R_2 = 0.5 vf costs 1.4375, ff 1.5: the optimum is 1.4375.
    """
    return build(whole_instance()).model


@golden("model.build-reserved")
def whole_reserved() -> Any:
    """Rate 2/s, cap 0.5, accuracy 0.9, so R_2 = 0.75. vv: busy 1 + 2 x 0.75 = 2.5 s, n = 10, 0.125 + 10 x 0.25 = 2.625.
    vf: busy 1 + 0.5 x 0.75 = 1.375 s, n = 5.5 -> 6: 0.125 + 1.5 + 0.75 (0.125 + 0.75 + 0.5) = 2.65625.
    ff: 1.25 + 0.5 x 0.75 = 1.625, the optimum.
    """
    return build(tiny.two_stages(accounting="reserved", rate_per_s=2.0, accuracy_min=0.9)).model


@golden("model.build-percentile")
def whole_percentile() -> Any:
    """Least 50th percentile. With R_2 = 0.5 half are done after stage 1: v 0.5 + 1 = 1.5 s, f 0.5 + 0.25 = 0.75 s.
    The optimum is 0.75.
    """
    return build(always_cold(minimize="latency", latency_measure="p50")).model


@golden("quantities.add_goal")
def two_items() -> Any:
    """Two items worth 3 and 2, of 4 and 2 kg, at most 4 kg together: the limit is divided by its size and opened.
    limits: x_1 + x_2 / 2 <= 1 + 5e-8; the objective is minus the worth.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=pyo.Binary)
    parts = {"worth": -3 * m.x[1] - 2 * m.x[2], "kg": 4 * m.x[1] + 2 * m.x[2]}
    quantities.add_goal(m, parts, {"worth": 1.0}, {"kg": 4.0})
    return m
