"""Golden cases of ways to hand over, variants, privacy, energy and tails: see `test_formulations.py`.

Instances are `tiny.adapted` and its relatives; runners are v = 0, f = 1, and in int8 v8 = 2, f8 = 3. The last index of
leave and enter is the way to hand over: 0 as it is, 1 small, 2 noisy. R_2 is from 0.5 to 0.75.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from support import tiny
from support.golden_parts import add_path, add_scaled, golden, minimise, model, short_runs, small_memory, with_flow

from serflow_opt.formulations import adaptation, cost, energy, exits, latency, placement, privacy
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.model import build
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import PLAIN

# ----------------------------------------------------------------------------------------------------
# Placement


@golden("placement.add_placement-ways")
def several_ways() -> Any:
    """Three ways to hand over before stage 2, no variants. As placement.add_placement, but
    go_on: x_1v = stay_2vv + Σ_w leave_2v,fn,w. arrive: x_2f = stay_2ff + Σ_w enter_2f,w.
    hand_over before stage 2, for each w: enter_2f,w = leave_2v,fn,w.
    one_way: way_20 + way_21 + way_22 = 1. in_one_way: leave_2v,fn,w <= way_2w. None of these before stage 1.
    """
    m = model()
    placement.add_placement(m, Data(tiny.in_ways()))
    return m


@golden("placement.add_placement-block")
def block_that_goes_on() -> Any:
    """int8 is of both stages, so a path is in int8 throughout or nowhere: stays vv, ff, v8v8, f8f8.
    The way in leads to all: hand_over enter_1v + enter_1v8 = leave_1,vm, enter_1f + enter_1f8 = leave_1,fn.
    Before stage 2 a hub each: enter_2f = leave_2v,fn (hub 2,1,0,_1), enter_2f8 = leave_2v8,fn (hub 2,1,0,0).
    """
    m = model()
    placement.add_placement(m, Data(tiny.in_variants()))
    return m


@golden("placement.add_placement-block_ends")
def block_that_ends() -> Any:
    """int8 is of stage 1 alone, stage 2 runs on v or f as they are: stays vv, ff, v8v, f8f.
    go_on: x_1v8 = stay_2v8v + leave_2v8,fn; x_1f8 = stay_2f8f. arrive: x_2v = stay_2vv + stay_2v8v,
    x_2f = stay_2ff + stay_2f8f + enter_2f. One hub before stage 2: enter_2f = leave_2v,fn + leave_2v8,fn.
    """
    m = model()
    placement.add_placement(m, Data(tiny.in_variants(variants=(tiny.INT8_FIRST,))))
    return m


@golden("placement.add_memory-variant")
def memory_of_variants() -> Any:
    """v has 10 B; parameters 2 B at stage 1, 0.5 B in int8, and 6 B at stage 2; activations 4 B, in int8, too.
    0.2 x_1v + 0.05 x_1v8 + 0.6 x_2v, and 0.4 of the row's own x, <= 1 + 5e-8; a row each for 1v, 1v8, 2v.
    """
    data = Data(small_memory(tiny.in_variants(variants=(tiny.INT8_FIRST,))))
    m = model()
    add_path(m, data)
    placement.add_memory(m, data)
    return m


@golden("placement.add_runs-variant")
def runs_of_variants() -> Any:
    """f takes 0.25 s a stage, 0.1875 s for stage 1 in int8, and may run 15/32 s: too short for 0.5 s, not for 0.4375 s.
    over = 0.5 x 32/15 - 1 = 1/15: (8/15 + 1/15) x_1f + (6/15 + 1/15) x_1f8 + (8/15 + 1/15) x_2f <= 1 + 2/15, each time
    over the limit less by 5e-10 of itself: 0.6 x_1f + 0.466667 x_1f8 + 0.6 x_2f <= 1.133333.
    """
    data = Data(short_runs(tiny.in_variants(variants=(tiny.INT8_FIRST,)), 15 / 32))
    m = model()
    add_path(m, data)
    placement.add_runs(m, data)
    return m


@golden("placement.add_scaled_path-adapted")
def scaled_path_adapted() -> Any:
    """The path of -block with a second way, small. W = R, lo = 1, 0.5, hi = 1, 0.75 as in placement.add_scaled_path.
    split: Σ_e on_s = R_s over the four runners. go_on: stay_2vv + leave_2v,fn,0 + leave_2v,fn,1 <= on_1v, likewise v8.
    hand_over before stage 2 by way and by what is carried over: uenter_2f,w = uleave_2v,fn,w and
    uenter_2f8,w = uleave_2v8,fn,w. way does not come in.
    """
    data = Data(tiny.adapted(ways=((PLAIN,), (tiny.AS_IT_IS, tiny.SMALL))))
    m = with_flow(data)
    add_path(m, data)
    placement.add_scaled_path(m, data, "u", m.R, data.reach_low, data.reach_high)
    return m


# ----------------------------------------------------------------------------------------------------
# Latency


@golden("latency.path_time-adapted")
def adapted_time() -> Any:
    """Stages: v 1, 2; v8 0.75, 1; f 0.25, 0.25; f8 0.1875, 0.125. Way in 0.5 leave_1,vm.
    Link and encoding from v: 0.5, 0.375 + 0.25, 0.5 + 0.5; from v8: 0.375, 0.3125 + 0.25, 0.375 + 0.5.
    Cold start 0.5 at each enter_f and enter_f8, and 0.5 / 4 = 0.125 for decoding in way 1: 0.625 enter_2f,1.
    """
    data = Data(tiny.adapted())
    m = model()
    return minimise(m, latency.path_time(data, add_path(m, data), cold="whole"))


def uncertain(instance: Instance) -> Instance:
    """The instance with standard deviations of 0.25 and 0.5 s on v."""
    first, *others = instance.options
    return dataclasses.replace(instance, options=(dataclasses.replace(first, stage_sd_s=(0.25, 0.5)), *others))


@golden("latency.tail_latency")
def tail() -> Any:
    """v varies by 0.25 and 0.5 s, v8 by half of that, f and f8 do not. Two standard deviations above the mean:
    2 spread + the time of -adapted (one way). spread_one: spread >= 0.25 x_1v, 0.5 x_2v, 0.125 x_1v8, 0.25 x_2v8.
    """
    data = Data(uncertain(tiny.in_variants()))
    m = model()
    return minimise(m, latency.tail_latency(m, data, add_path(m, data), 2.0))


# ----------------------------------------------------------------------------------------------------
# Cost


@golden("cost.function_and_link_cost-adapted")
def adapted_functions_and_links() -> Any:
    """f at 2 USD/s: 0.5 u_1f, 0.5 u_2f, f8 0.375 u_1f8, 0.25 u_2f8. Entering 0.75; in way 1 decoding 0.125 s x 2 = 0.25
    more: 1. Links: 0.125 uleave_1,vm; from v 0.125, 0.0625, 0.125; from v8 0.0625, 0.03125, 0.0625.
    """
    data = Data(tiny.adapted())
    m = model()
    return minimise(m, cost.function_and_link_cost(data, add_scaled(m, data)))


@golden("cost.busy_time-coding")
def busy_coding() -> Any:
    """d = 0 at 2 FLOP/s, v = 1 at 1 FLOP/s, f = 2 of `three_tiers`, two ways before stage 2. Busy time of d and v.
    d: 0.5 u_1d, 0.5 u_2d, encoding 0.25 / 2 = 0.125 uleave_2d,vm,1; a device is not held while it sends.
    v: 1 u_1v, 2 u_2v, decoding 0.5 uenter_2v,1; waiting 0.5 uleave_2v,fn,0, waiting and encoding 0.375 + 0.25 = 0.625
    uleave_2v,fn,1.
    """
    d, v, f = tiny.three_tiers().options
    options = (dataclasses.replace(d, flops_per_s=2.0), dataclasses.replace(v, flops_per_s=1.0), f)
    data = Data(tiny.three_tiers(options=options, ways=((PLAIN,), (tiny.AS_IT_IS, tiny.SMALL))))
    m = model()
    return minimise(m, cost.busy_time(data, {0, 1}, add_scaled(m, data)))


@golden("cost.per_request_cost-adapted")
def adapted_per_request() -> Any:
    """v at 0.5 USD/s: 0.5 u_1v, 1 u_2v, v8 0.375 u_1v8, 0.5 u_2v8. Waiting, encoding and the link:
    from v 0.25 + 0.125, 0.1875 + 0.125 + 0.0625, 0.25 + 0.25 + 0.125: 0.375, 0.375, 0.625;
    from v8 0.1875 + 0.0625, 0.15625 + 0.125 + 0.03125, 0.1875 + 0.25 + 0.0625: 0.25, 0.3125, 0.5.
    Functions and input as in function_and_link_cost-adapted.
    """
    data = Data(tiny.adapted())
    m = model()
    return minimise(m, cost.per_request_cost(m, data, add_path(m, data), add_scaled(m, data)))


@golden("cost.reserved_cost-adapted")
def adapted_reserved() -> Any:
    """v and v8 are one machine, n_0. Rate 2/s, cap 0.5: n_0 >= (1 - 5e-8) 4 x (1 u_1v + 2 u_2v + 0.75 u_1v8 + 1 u_2v8
    + from v 0.5, 0.625, 1 uleave + from v8 0.375, 0.5625, 0.875 uleave). rent_one for 1v, 1v8, 2v, 2v8.
    Bound of n: ceil(4 (1 + 0.75 x 2 + 1)) + 1 = 15. Rent 0.25 n_0; the rest as in function_and_link_cost-adapted.
    """
    data = Data(tiny.adapted(accounting="reserved", rate_per_s=2.0))
    m = model()
    return minimise(m, cost.reserved_cost(m, data, add_path(m, data), add_scaled(m, data)))


# ----------------------------------------------------------------------------------------------------
# Accuracy, privacy, energy


@golden("adaptation.accuracy_lost")
def accuracy_lost() -> Any:
    """Entering the block: 0.03125 (u_1v8 + u_1f8), not again at stage 2. Way 1: 0.0625 uleave_2v,fn and uleave_2v8,fn,
    way 2: 0.125. Nothing for way 0 and for the way in.
    """
    data = Data(tiny.adapted())
    m = model()
    return minimise(m, adaptation.accuracy_lost(data, add_scaled(m, data)))


def own_menus(levels: set[tuple[int, int]] | None = None) -> Any:
    data = Data(tiny.own_menu(), levels=levels)
    m = model()
    exits.add_exits(m, data)
    add_path(m, data)
    scaled = add_scaled(m, data)
    adaptation.add_own_menus(m, data, scaled)
    return m


@golden("adaptation.add_own_menus")
def own_levels() -> Any:
    """Levels 0 and 1 of stage 1 are open to v and f (e = 0.5 | 0.25), level 2 to v8 and f8 (e = 0.75).
    own_menu: x_1v + x_1f - z_10 - z_11 = 0 (1,_1); x_1v8 + x_1f8 - z_12 = 0 (1,0).
    own_flow: v_10 + v_11 = u_1v + u_1f; v_12 = u_1v8 + u_1f8. Exit rows as in
    exits.add_exits-menu, 0.25 <= R_2 <= 0.75; stage 2 has no own menu.
    """
    return own_menus()


@golden("adaptation.add_own_menus-one_level")
def own_level_left() -> Any:
    """Level 2 of stage 1 alone is left, and has no z: own_menu says x_1v + x_1f = 0 and x_1v8 + x_1f8 = 1.
    own_flow: nothing = u_1v + u_1f; v_12 = u_1v8 + u_1f8. R_2 = 0.25 v_12 = 0.25.
    """
    return own_menus({(1, 2), (2, 0)})


@golden("privacy.privacy_loss")
def privacy_loss() -> Any:
    """2 x leak + cross-entropy added: 2 x 0.75 = 1.5, 1.5 + 0.125 = 1.625, 2 x 0.25 + 0.25 = 0.75 uleave_2,fn in the
    three ways, from v and from v8. The link of the way in is trusted.
    """
    data = Data(tiny.adapted())
    m = model()
    return minimise(m, privacy.privacy_loss(data, add_scaled(m, data)))


@golden("privacy.privacy_loss-trusted")
def privacy_loss_of_trusted_links() -> Any:
    """On trusted links only cross-entropy counts: 0 and 0.125 in ways 0 and 1. Way 2 is left out: there way 0 beats it
    in everything. Input over an untrusted link, with no known error: 2 uleave_1,vm.
    """
    trust = {("client", "vm"): False, ("vm", "fn"): True}
    links = {ends: dataclasses.replace(link, trusted=trust[ends]) for ends, link in tiny.in_ways().links.items()}
    data = Data(tiny.in_ways(links=links))
    m = model()
    return minimise(m, privacy.privacy_loss(data, add_scaled(m, data)))


@golden("privacy.add_privacy_ceiling")
def privacy_ceiling() -> Any:
    """1.5, 1.625, 0.75 uleave_2v,fn <= 0.5 (1 + 5e-8)."""
    data = Data(tiny.in_ways(privacy_max=0.5))
    m = model()
    privacy.add_privacy_ceiling(m, data, privacy.privacy_loss(data, add_scaled(m, data)))
    return m


@golden("energy.energy")
def joules() -> Any:
    """Stages: v 0.25, 0.5; v8 0.25 x (0.5 + 0.25) = 0.1875, 0.25; f 0.5, 1; f8 0.5 x 0.75 = 0.375, 0.5.
    Encoding at 0.25 J/FLOP and sending at 0.125 J/B: from v 0.5, 0.0625 + 0.25 = 0.3125, 0.125 + 0.5 = 0.625;
    from v8 0.25, 0.0625 + 0.125 = 0.1875, 0.125 + 0.25 = 0.375. Decoding in way 1: 0.5 x 0.5 = 0.25 uenter_2f, _2f8.
    The client's energy is nobody's.
    """
    data = Data(tiny.adapted())
    m = model()
    return minimise(m, energy.energy(data, add_scaled(m, data)))


@golden("energy.energy-from_a_device")
def joules_from_a_device() -> Any:
    """The input is at the device d = 0 of `three_tiers`, whose tier sends at 0.25 J/B: 2 B to v = 1, 0.5 uleave_1,vm,
    none to itself; 4 B before stage 2 for 1 uleave_2d,vm. No joules per operation, none for what v sends.
    """
    device, *others = tiny.three_tiers().tiers
    data = Data(tiny.three_tiers(tiers=(dataclasses.replace(device, joules_per_byte=0.25), *others)))
    m = model()
    return minimise(m, energy.energy(data, add_scaled(m, data)))


@golden("energy.add_energy_ceiling")
def energy_ceiling() -> Any:
    """0.25 u_1v + 0.5 u_2v + 0.5 u_1f + 1 u_2f, from v 0.5, 0.3125, 0.625 uleave, 0.25 uenter_2f,1: <= 0.75, nearly."""
    data = Data(tiny.in_ways(energy_max_j=0.75))
    m = model()
    energy.add_energy_ceiling(m, data, energy.energy(data, add_scaled(m, data)))
    return m


# ----------------------------------------------------------------------------------------------------
# Whole models, solved from the files


@golden("model.build-weighted")
def whole_weighted() -> Any:
    """Least cost + latency / 4 - 4 accuracy of `two_stages`; with accuracy 0.88 at R = 0.5 and 0.945 at R = 0.75.
    vv 0.625 + R + 3.5 / 4 - 4 A = -1.52, -1.53. vf 0.625 + 1.625 R + 2.75 / 4 - 4 A = -1.395, -1.24875.
    ff 1.25 + 0.5 R + 1 / 4 - 4 A = -1.77, -1.905: the optimum.
    """
    return build(tiny.two_stages(minimize="weighted"), {"cost": 1.0, "latency": 0.25, "accuracy": 4.0}).model


def whole_adapted_instance(**changes: Any) -> Instance:
    """`adapted` with 5.5 B on the VM and limits on accuracy, privacy and energy."""
    instance = tiny.adapted(accuracy_min=0.8, privacy_max=0.5, energy_max_j=0.7)
    v, f = instance.options
    return dataclasses.replace(instance, options=(dataclasses.replace(v, memory_bytes=5.5), f), **changes)


@golden("model.build-adapted")
def whole_adapted() -> Any:
    """5.5 B on the VM: one stage in int8 alone fits (0.5 + 4, 1.5 + 4 B), both do not (2 + 4). Left: v8 f8 in three
    ways, ff, f8 f8. Accuracy >= 0.8, privacy loss <= 0.5, energy <= 0.7 J. At R = 0.5 and 0.75:

                 cost                     accuracy           privacy          energy
    v8 f8 way 0  0.5 + 1.25 R             0.84875, 0.91375   0.75, 1.125      0.1875 + 0.75 R
    v8 f8 way 1  0.5 + 1.5625 R           0.8175, 0.866875   0.8125, 1.21875  0.1875 + 0.9375 R
    v8 f8 way 2  0.5 + 1.5 R              0.78625, 0.82      0.375, 0.5625    0.1875 + 0.875 R
    ff           1.25 + 0.5 R             0.88, 0.945        0                0.5 + R
    f8 f8        1.125 + 0.25 R           0.84875, 0.91375   0                0.375 + 0.5 R

    v8 f8 leaks too much or errs too often, ff takes 1 J: f8 f8 at R = 0.5 is left, 1.25. Its energy is 0.625, at
    R = 0.75 0.75. Without the limit on privacy way 0 at R = 0.5 costs 1.125.
    """
    return build(whole_adapted_instance()).model


def with_ramp() -> Instance:
    """`tiny.own_menu` where int8 is the classifier of stage 1, and none may be on."""
    ramp = dataclasses.replace(tiny.own_menu().variants[0], ramp=True)
    return tiny.own_menu(variants=(ramp,), ramps_max=0)


@golden("adaptation.add_ramps_ceiling")
def ramps_ceiling() -> Any:
    """Stage 1 has its classifier on as v8 or f8, and none may be on: x_1v8 + x_1f8 <= 0."""
    data = Data(with_ramp())
    m = model()
    add_path(m, data)
    adaptation.add_ramps_ceiling(m, data)
    return m
