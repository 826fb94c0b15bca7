"""The exact evaluator against arithmetic written out beside each number. The instance is `helpers.two_tiers`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.helpers import F, V, changed, load, plan_of, two_tiers

import serflow_opt as so
from serflow_opt.plan.document import Metrics


def metrics(folder: Path, places: list[tuple[str, str]], threshold: float = 0.5, **tables: Any) -> Metrics:
    return so.evaluate(load(changed(two_tiers(), **tables), folder), plan_of(places, {1: threshold}))


def test_both_tiers_per_request(tmp_path: Path) -> None:
    """Money of a plan over two tiers: waiting machine, share of cold starts, fee and link, each by hand."""
    found = metrics(tmp_path, [V, F])
    assert found.reach == pytest.approx([1, 0.5], rel=1e-12)
    assert found.exit_share == pytest.approx([0.5, 0.5], rel=1e-12)
    assert found.accuracy == pytest.approx(0.5 * 0.8 + 0.5 * 0.92, rel=1e-12)
    # VM: 0.1 s, and for half of the requests it waits 0.12 s
    vm = 2e-3 * (0.1 + 0.5 * 0.12)
    # function: fee, a quarter of a cold start of 0.4 s, a stage of 0.1 s; half of the requests get there
    function = 0.5 * (3e-6 + 2e-4 * 0.25 * 0.4 + 2e-4 * 0.1)
    link = 0.5 * 2e-4
    assert found.cost_usd_per_request == pytest.approx(vm + function + link, rel=1e-12)
    assert found.cost_usd_per_request == pytest.approx(4.415e-4, rel=1e-12)
    assert found.cost_usd_per_hour is None
    assert found.machines == []
    assert found.breaches == []


def test_latencies(tmp_path: Path) -> None:
    """A cold start is whole in the worst case, a share in the mean, and in percentiles where it reaches them."""
    found = metrics(tmp_path, [V, F], workload={"latency_measure": "p97.5"})
    # stage 1, hand-over, cold start, stage 2
    assert found.latency_worst_ms == pytest.approx(100 + 120 + 400 + 100, rel=1e-12)
    assert found.latency_mean_ms == pytest.approx(100 + 0.5 * (120 + 0.25 * 400 + 100), rel=1e-12)
    # half of the requests are done after stage 1, and of the others a quarter, 12.5 % of all, meets the cold start
    expected = {"p50": 100.0, "p95": 720.0, "p97.5": 720.0, "p99": 720.0}
    assert found.latency_percentiles_ms == pytest.approx(expected, rel=1e-12)
    first, second = found.stages
    assert (first.compute_ms, first.handover_ms, first.cold_start_ms) == pytest.approx((100, 0, 0))
    assert (second.compute_ms, second.handover_ms, second.cold_start_ms) == pytest.approx((100, 120, 400))
    assert (first.finished_ms, second.finished_ms) == pytest.approx((100, 720))


@pytest.mark.parametrize(("share", "p95", "p99"), [(1.0, 720, 720), (0.1, 320, 720), (0.02, 320, 320), (0.0, 320, 320)])
def test_a_cold_start_counts_in_a_percentile_by_its_share(share: float, p95: float, p99: float, tmp_path: Path) -> None:
    """Half of the requests reach the function: 5 % of all are late at a share of 0.1, 1 % at 0.02."""
    document = two_tiers()
    document["tier"][1]["cold_share"] = share
    found = so.evaluate(load(document, tmp_path), plan_of([V, F], {1: 0.5}))
    assert found.latency_percentiles_ms == pytest.approx({"p50": 100.0, "p95": p95, "p99": p99})
    assert found.latency_worst_ms == pytest.approx(720 if share > 0 else 320)
    assert found.latency_mean_ms == pytest.approx(100 + 0.5 * (120 + share * 400 + 100))


def test_cold_starts_of_several_functions_are_independent(tmp_path: Path) -> None:
    """Stage 1 on a function takes 50 ms, stage 2 on another 100 ms, reached by half; each cold start 400 ms, 0.4."""
    document = two_tiers()
    tier = document["tier"][1]
    tier |= {"stage_specific": True, "cold_share": 0.4}
    tier["option"].append(dict(tier["option"][0], name="g"))
    # 50 ms: 0.5 x 0.6; 150: 0.5 x 0.36; 450: 0.5 x 0.4; 550: 0.5 x 2 x 0.4 x 0.6; 950: 0.5 x 0.16
    for measure, expected in {"p50": 450, "p68": 450, "p68.1": 550, "p92": 550, "p92.1": 950}.items():
        document["workload"] = {"latency_measure": measure}
        found = so.evaluate(load(document, tmp_path), plan_of([F, ("fn", "g")], {1: 0.5}))
        assert found.latency_ms(measure) == pytest.approx(expected), measure


@pytest.mark.parametrize(("measure", "expected"), [("p50", 300.0), ("p60", 300.0)])
def test_percentiles_when_most_go_on(measure: str, expected: float, tmp_path: Path) -> None:
    """At 0.9 four of five requests go on: every percentile from p50 up is the end of stage 2."""
    found = metrics(tmp_path, [V, V], 0.9, workload={"latency_measure": measure})
    assert found.latency_ms(measure) == pytest.approx(expected)


def test_percentile_at_the_very_edge(tmp_path: Path) -> None:
    """95 % leave at stage 1: p95 is its end, although 1 - 0.95 is a hair below 0.05 in doubles."""
    document = two_tiers()
    document["tables"]["exits.csv"][0]["exit_rate"] = 0.95
    found = so.evaluate(load(document, tmp_path), plan_of([V, V], {1: 0.5}))
    assert found.latency_percentiles_ms["p95"] == pytest.approx(100.0)
    assert found.latency_percentiles_ms["p99"] == pytest.approx(300.0)


def test_one_tier_alone(tmp_path: Path) -> None:
    """Without a hand-over only the machine, or only the function, is paid and waited for."""
    vm, function = metrics(tmp_path, [V, V]), metrics(tmp_path, [F, F])
    assert vm.cost_usd_per_request == pytest.approx(2e-3 * (0.1 + 0.5 * 0.2), rel=1e-12)
    assert (vm.latency_worst_ms, vm.latency_mean_ms) == pytest.approx((300, 200), rel=1e-12)
    # one invocation: fee, 0.25 x 0.4 s cold, 0.05 s, and 0.1 s for half of the requests
    assert function.cost_usd_per_request == pytest.approx(3e-6 + 2e-4 * (0.1 + 0.05 + 0.5 * 0.1), rel=1e-12)
    assert function.latency_worst_ms == pytest.approx(400 + 50 + 100, rel=1e-12)
    assert function.latency_mean_ms == pytest.approx(0.25 * 400 + 50 + 0.5 * 100, rel=1e-12)


def test_a_cold_start_that_no_request_meets_counts_nowhere(tmp_path: Path) -> None:
    """A cold start of share 0 costs no time, not even in the worst case, and no money."""
    document = two_tiers()
    document["tier"][1]["cold_share"] = 0.0
    found = so.evaluate(load(document, tmp_path), plan_of([F, F], {1: 0.5}))
    assert (found.latency_worst_ms, found.latency_mean_ms) == pytest.approx((150, 100), rel=1e-12)
    assert found.cost_usd_per_request == pytest.approx(3e-6 + 2e-4 * 0.1, rel=1e-12)


def test_a_device_is_not_paid_for_waiting(tmp_path: Path) -> None:
    """A device costs while it computes; a machine at the edge costs while it waits for the network, too."""
    document = two_tiers()
    document["tier"][0]["kind"] = "device"
    found = so.evaluate(load(document, tmp_path), plan_of([V, F], {1: 0.5}))
    assert found.cost_usd_per_request == pytest.approx(4.415e-4 - 2e-3 * 0.5 * 0.12, rel=1e-12)
    document["tier"][0]["kind"] = "edge"
    found = so.evaluate(load(document, tmp_path), plan_of([V, F], {1: 0.5}))
    assert found.cost_usd_per_request == pytest.approx(4.415e-4, rel=1e-12)


def test_the_input_crosses_the_link_from_the_client(tmp_path: Path) -> None:
    """The way in takes time and money, but no machine is paid while the input comes."""
    document = two_tiers()
    document["link"].append(
        {"from": "client", "to": "vm", "bandwidth_mbit_s": 48.0, "round_trip_ms": 10.0, "usd_per_gb": 0.5}
    )
    found = so.evaluate(load(document, tmp_path), plan_of([V, V], {1: 0.5}))
    # 600,000 bytes at 48 Mbit/s: 100 ms; 0.5 USD/GB: 3e-4 USD; the VM is not paid while the input comes in
    assert found.latency_worst_ms == pytest.approx(110 + 300, rel=1e-12)
    assert found.latency_mean_ms == pytest.approx(110 + 200, rel=1e-12)
    assert found.cost_usd_per_request == pytest.approx(4e-4 + 3e-4, rel=1e-12)


def test_the_input_is_at_a_tier(tmp_path: Path) -> None:
    """Where the input lies already it needs no link; from there to elsewhere it does, or the plan is refused."""
    instance = load(changed(two_tiers(), workload={"source": "vm"}), tmp_path)
    # there already
    assert so.evaluate(instance, plan_of([V, V], {1: 0.5})).latency_worst_ms == pytest.approx(300)
    # 600,000 bytes at 160 Mbit/s: 30 ms, round trip 20 ms, 6e-5 USD; the VM ran nothing and is not paid
    found = so.evaluate(instance, plan_of([F, F], {1: 0.5}))
    assert found.latency_worst_ms == pytest.approx(50 + 550, rel=1e-12)
    assert found.cost_usd_per_request == pytest.approx(4.3e-5 + 6e-5, rel=1e-12)
    instance = load(changed(two_tiers(), workload={"source": "fn"}), tmp_path)
    with pytest.raises(so.InputError, match="no link fn -> vm"):
        so.evaluate(instance, plan_of([V, V], {1: 0.5}))


def test_reserved(tmp_path: Path) -> None:
    """Rented machines are counted whole, and a load met exactly needs none more."""
    reserved: Any = {"workload": {"rate_per_s": 10.0}, "objective": {"accounting": "reserved"}}
    found = metrics(tmp_path, [V, F], **reserved)
    # busy 0.1 + 0.5 x 0.12 = 0.16 s a request; 10 x 0.16 / 0.8 = 2 machines, exactly
    (machines,) = found.machines
    assert (machines.tier, machines.option, machines.count) == ("vm", "v", 2)
    assert machines.utilisation == pytest.approx(0.8, rel=1e-12)
    assert machines.usd_per_hour == pytest.approx(14.4, rel=1e-12)
    expected = 2 * 2e-3 / 10 + 0.5 * (3e-6 + 2e-5 + 2e-5) + 1e-4
    assert found.cost_usd_per_request == pytest.approx(expected, rel=1e-12)
    assert found.cost_usd_per_hour == pytest.approx(expected * 36_000, rel=1e-12)
    # the VM alone: 10 x 0.2 / 0.8 = 2.5, so 3
    alone = metrics(tmp_path, [V, V], **reserved)
    assert alone.machines[0].count == 3
    assert alone.cost_usd_per_request == pytest.approx(3 * 2e-3 / 10, rel=1e-12)
    # without machines there is only the bill of the function
    assert metrics(tmp_path, [F, F], **reserved).machines == []
    assert metrics(tmp_path, [F, F], **reserved).cost_usd_per_request == pytest.approx(4.3e-5, rel=1e-12)
    # everything may be used: 10 x 0.16 = 1.6, still 2
    full: Any = {"workload": {"rate_per_s": 10.0, "utilisation_cap": 1.0}, "objective": {"accounting": "reserved"}}
    assert metrics(tmp_path, [V, F], **full).machines[0].count == 2


def test_as_printed(tmp_path: Path) -> None:
    """The survey's own formula is kept to the letter, with the whole cold start and without fees."""
    printed: Any = {"objective": {"accounting": "as-printed"}}
    # C_I (0.1 + 0.12) x 0.5 + C_F (0.1 + 0.4) x 0.5: the cold start whole, no fee, no link price
    both = metrics(tmp_path, [V, F], **printed)
    assert both.cost_usd_per_request == pytest.approx(2e-3 * 0.22 * 0.5 + 2e-4 * 0.5 * 0.5, rel=1e-12)
    # cut = M: the whole network for everybody; cut = 0 likewise
    assert metrics(tmp_path, [V, V], **printed).cost_usd_per_request == pytest.approx(2e-3 * 0.3, rel=1e-12)
    assert metrics(tmp_path, [F, F], **printed).cost_usd_per_request == pytest.approx(2e-4 * 0.55, rel=1e-12)
    # latency does not depend on how money is counted
    assert (both.latency_worst_ms, both.latency_mean_ms) == pytest.approx((720, 260), rel=1e-12)


def test_memory_holds_all_parameters_and_the_largest_activation(tmp_path: Path) -> None:
    """Memory is the sum of parameters and the largest thing held at once, the input included."""
    document = two_tiers()
    document["tier"][0]["option"][0]["memory_mb"] = 12
    instance = load(document, tmp_path)
    # 5e6 + 7e6 bytes and the 2e6 between the stages, in 12 x 2^20
    (breach,) = so.evaluate(instance, plan_of([V, V], {1: 0.5})).breaches
    assert breach.limit == "memory of v"
    assert (breach.value, breach.bound) == (14e6, 12 * 2**20)
    assert breach.excess == pytest.approx(14e6 / (12 * 2**20) - 1, rel=1e-12)
    # stage 1 alone: 5e6 and 2e6
    assert so.evaluate(instance, plan_of([V, F], {1: 0.5})).breaches == []
    document["network"]["input_bytes"] = 8_000_000  # the input counts: 5e6 + 8e6 > 12 x 2^20
    assert so.evaluate(load(document, tmp_path), plan_of([V, F], {1: 0.5})).breaches[0].value == 13e6


def test_limits_broken_are_listed_with_how_far(tmp_path: Path) -> None:
    """Each limit that a plan breaks is listed with its value, its bound and the share by which it is missed."""
    limits = {"accuracy_min": 0.9, "latency_slo_ms": 144.0, "latency_measure": "worst"}
    document = changed(two_tiers(), workload=limits)
    document["tier"][1]["payload_max_bytes"] = 1_000_000
    found = so.evaluate(load(document, tmp_path), plan_of([V, F], {1: 0.5}))
    broken = {breach.limit: breach for breach in found.breaches}
    assert set(broken) == {"accuracy_min", "latency_slo_ms", "payload of fn"}
    assert broken["accuracy_min"].value == pytest.approx(0.86)
    assert broken["accuracy_min"].excess == pytest.approx(0.04 / 0.9)
    assert broken["latency_slo_ms"].excess == pytest.approx(4.0)  # 720 against 144
    assert broken["payload of fn"].excess == pytest.approx(1.0)  # 2e6 against 1e6


def test_a_limit_met_to_rounding_is_kept(tmp_path: Path) -> None:
    """A plan exactly at its limits keeps them; rounding makes no breach."""
    found = metrics(tmp_path, [V, V], 0.9, workload={"accuracy_min": 0.926, "latency_slo_ms": 300.0})
    assert found.breaches == []


def test_stages_of_one_tier_on_different_options(tmp_path: Path) -> None:
    """Two functions one after the other are two invocations, and there is nothing to hand over between them."""
    document = two_tiers()
    tier = document["tier"][1]
    tier["stage_specific"] = True
    tier["option"].append(dict(tier["option"][0], name="g", usd_per_request=5e-6))
    instance = load(document, tmp_path)
    found = so.evaluate(instance, plan_of([F, ("fn", "g")], {1: 0.5}))
    # fees 3e-6 and 0.5 x 5e-6; cold starts 0.1 s each on average, the second for half of the requests
    expected = 3e-6 + 0.5 * 5e-6 + 2e-4 * (0.1 + 0.05 + 0.5 * (0.1 + 0.1))
    assert found.cost_usd_per_request == pytest.approx(expected, rel=1e-12)
    assert found.latency_worst_ms == pytest.approx(400 + 50 + 400 + 100, rel=1e-12)
    tier["stage_specific"] = False
    with pytest.raises(so.InputError, match="stage_specific"):
        so.evaluate(load(document, tmp_path), plan_of([F, ("fn", "g")], {1: 0.5}))


def test_measured_times_replace_speeds(tmp_path: Path) -> None:
    """Where times were measured no speed is needed, and money follows from the times."""
    document = two_tiers()
    del document["tier"][0]["option"][0]["flops_per_s"]
    document["tier"][0]["stage_times"] = "times.csv"
    document["tables"]["times.csv"] = [
        {"stage": 1, "option": "v", "mean_ms": 7.0},
        {"stage": 2, "option": "v", "mean_ms": 13.0},
    ]
    found = so.evaluate(load(document, tmp_path), plan_of([V, V], {1: 0.5}))
    assert found.latency_mean_ms == pytest.approx(7 + 0.5 * 13, rel=1e-12)
    assert found.cost_usd_per_request == pytest.approx(2e-3 * 0.0135, rel=1e-12)


def test_thresholds_between_rows_and_mixes_of_rows(tmp_path: Path) -> None:
    """Half-way between 0.5 and 0.9: e = 0.35, e r = (0.4 + 0.19) / 2; a coin flip between them does the same."""
    between = load(changed(two_tiers(), exits={"thresholds": "interpolated"}), tmp_path)
    mixed = load(changed(two_tiers(), exits={"thresholds": "randomized"}), tmp_path)
    flip = plan_of([V, V])
    flip["thresholds"] = [{"stage": 1, "mix": [{"threshold": a, "probability": 0.5} for a in (0.5, 0.9)]}]
    for found in (so.evaluate(between, plan_of([V, V], {1: 0.7})), so.evaluate(mixed, flip)):
        assert found.reach == pytest.approx([1, 0.65], rel=1e-12)
        assert found.accuracy == pytest.approx(0.295 + 0.65 * 0.92, rel=1e-12)
        assert found.cost_usd_per_request == pytest.approx(2e-3 * (0.1 + 0.65 * 0.2), rel=1e-12)


def test_without_exits_accuracy_is_unknown(tmp_path: Path) -> None:
    """Without exits nobody leaves early and no accuracy is made up."""
    document = two_tiers()
    del document["exits"]
    found = so.evaluate(load(document, tmp_path), plan_of([V, F]))
    assert found.accuracy is None
    assert found.reach == [1.0, 1.0]
    assert found.exit_share == [0.0, 1.0]


def test_a_tier_may_be_skipped(tmp_path: Path) -> None:
    """With a box between VM and function a plan may pass it by: its own links are not crossed."""
    document = two_tiers()
    box = {"name": "box", "kind": "edge", "option": [{"name": "b", "flops_per_s": 1e10, "usd_per_hour": 1.0}]}
    document["tier"].insert(1, box)
    found = so.evaluate(load(document, tmp_path), plan_of([V, F], {1: 0.5}))
    assert found.cost_usd_per_request == pytest.approx(4.415e-4, rel=1e-12)
    with pytest.raises(so.InputError, match="no link vm -> box"):
        so.evaluate(load(document, tmp_path), plan_of([V, ("box", "b")], {1: 0.5}))
