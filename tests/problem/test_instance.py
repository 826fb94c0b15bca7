"""Instances in memory: other targets, fewer options, and where a request may enter."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from support import tiny
from support.helpers import GOOD, changed, load, two_tiers

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.network import PLAIN, HandoverMode, Privacy
from serflow_opt.problem.offers import Link


def test_instances_do_not_change(instance: so.Instance) -> None:
    """Other limits make another instance; the first stays as it was."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.accuracy_min = 0.5  # type: ignore[misc]
    other = instance.with_limits(accuracy_min=0.5)
    assert (instance.accuracy_min, other.accuracy_min) == (0.85, 0.5)


@pytest.mark.parametrize("measure", ["worst", "mean", "p50", "p75", "p95", "p97.5", "p99.9"])
def test_latency_measures(measure: str, instance: so.Instance) -> None:
    """A measure of latency is its percentile as a share, and none for worst case and mean."""
    other = instance.with_limits(latency_measure=measure)
    assert other.quantile == (None if measure[0] != "p" else pytest.approx(float(measure[1:]) / 100))


def starts(instance: so.Instance) -> set[int]:
    """The tiers stage 1 may run in."""
    return {k for s, _, k, _ in Data(instance).hops if s == 1}


def test_links_in_and_payloads(tmp_path: Path) -> None:
    """A request may enter where a link leads and its size is taken, or where it lies already."""
    document = two_tiers()  # input 600,000 bytes
    assert load(document, tmp_path).entry_links() == {0: None, 1: None}
    assert starts(load(document, tmp_path)) == {0, 1}
    document["tier"][1]["payload_max_bytes"] = 599_999
    assert starts(load(document, tmp_path)) == {0}
    at_function = load(changed(document, workload={"source": "fn"}), tmp_path)
    assert at_function.entry_links() == {1: None}
    assert starts(at_function) == {1}, "what is there already need not fit through the door"
    at_vm = load(changed(two_tiers(), workload={"source": "vm"}), tmp_path)
    assert set(at_vm.entry_links()) == {0, 1}
    assert at_vm.entry_links()[0] is None
    assert at_vm.entry_links()[1] is at_vm.links["vm", "fn"]


# ----------------------------------------------------------------------------------------------------
# Adaptation, privacy, tails


def test_ways_are_plain_where_none_are_given(instance: so.Instance) -> None:
    """Without compression or protection there is one way across: as it is."""
    assert instance.ways == ((PLAIN,),) * 3


def test_the_good_adapted_instance_means_what_its_tables_say() -> None:
    """Cut 0: none, quantise-4. Cut 1: (none, two auto-encoders) x (none, laplace). Cut 2: none, with its error."""
    instance = so.load(GOOD / "adapted.toml")
    assert [len(ways) for ways in instance.ways] == [2, 6, 1]
    assert [ways[0].compression + ways[0].protection for ways in instance.ways] == ["nonenone"] * 3
    small = instance.ways[0][1]
    assert (small.compression, small.kept, small.encode_flops, small.decode_flops) == ("quantise-4", 0.125, 1e6, 5e5)
    assert (small.accuracy_loss, small.cross_entropy_added) == pytest.approx((0.01, 0.02), rel=1e-12)
    assert small.cross_entropy == pytest.approx(0.22, rel=1e-12)
    assert (small.mse, small.leak) == (None, 1.0)
    named = {(way.compression, way.protection): way for way in instance.ways[1]}
    both = named["autoencoder 0.25", "laplace"]
    assert (both.scale, both.kept, both.encode_flops, both.decode_flops) == (0.5, 0.25, 1.01e7, 1e7)
    assert both.accuracy_loss == pytest.approx(0.05 + 0.03, rel=1e-12)
    assert both.cross_entropy_added == pytest.approx(0.1 + 0.1, rel=1e-12)
    assert both.cross_entropy == pytest.approx(0.4, rel=1e-12)
    assert both.mse == 0.08
    assert both.leak == pytest.approx(1 - 0.08 / 0.1, rel=1e-12)
    assert named["none", "none"].leak == pytest.approx(0.8, rel=1e-12)
    int8, pruned = instance.variants
    assert (int8.first, int8.last, int8.flops_factor, int8.parameters_kept) == (0, 1, 0.5, 0.25)
    assert {s: menu.exit_rates for s, menu in int8.menus.items()} == {0: (0.45, 0.15)}
    assert instance.menu(0, 0).exit_rates == (0.45, 0.15)
    assert instance.menu(1, 0) == instance.menu(1) == instance.menus[1]
    assert (pruned.first, pruned.last, pruned.menus) == (2, 2, {})
    assert [link.trusted for link in instance.links.values()] == [True, False]
    assert instance.weights == (("cost", 1.0), ("latency", 1.0))
    assert instance.privacy == Privacy(1.0, 0.5, 0.01, None)


def test_a_size_that_depends_on_the_values_is_not_combined_with_protections(tmp_path: Path) -> None:
    """`sparse` has kept_sd 0.05: alone, but not with noise. All methods: 4 at cut 1, 3 of them with laplace."""
    text = (GOOD / "adapted.toml").read_text(encoding="utf-8")
    for name in ("stages", "exits", "compression", "privacy", "exits-int8", "times"):
        (tmp_path / f"{name}.csv").write_bytes((GOOD / f"{name}.csv").read_bytes())
    (tmp_path / "instance.toml").write_text(text.replace('methods = ["quantise-4", "autoencoder"]\n', ""), "utf-8")
    ways = {(way.compression, way.protection) for way in so.load(tmp_path).ways[1]}
    assert ("sparse", "none") in ways
    assert ("sparse", "laplace") not in ways
    assert len(ways) == 4 + 3


def test_bytes_on_a_link() -> None:
    """The input is never smaller by a variant; before stage 2 int8 keeps half of 4 B, the way half of that."""
    instance = tiny.adapted()
    assert [instance.sent_bytes(1, variant, way) for variant in (AS_IS, 0) for way in instance.ways[1]] == [
        4.0,
        2.0,
        4.0,
        2.0,
        1.0,
        2.0,
    ]
    assert instance.sent_bytes(0, 0, HandoverMode(kept=0.5)) == 1.0


def test_what_may_cross_and_leak() -> None:
    """A leak counts on links that are not trusted and behind what an attacker could reconstruct."""
    instance = tiny.adapted()
    open_, closed = Link(1.0, 0.0, 0.0, trusted=False), Link(1.0, 0.0, 0.0)
    assert [instance.leak(way, open_) for way in instance.ways[1]] == [1.5, 1.625, 0.75]
    assert [instance.leak(way, closed) for way in instance.ways[1]] == [0.0, 0.125, 0.25]
    assert instance.leak(PLAIN, open_) == 2.0, "an unknown error leaks all"
    asked = dataclasses.replace(instance, privacy=Privacy(mse_min=0.5, cross_entropy_max=0.45))
    assert [asked.may_cross(way, closed) for way in (*instance.ways[1], PLAIN)] == [True, True, False, True]
    assert [asked.may_cross(way, open_) for way in (*instance.ways[1], PLAIN)] == [False, False, False, False]


@pytest.mark.parametrize(
    ("tail", "measure", "deviations"),
    [
        ("fixed", "p95", None),
        ("normal", "p50", 0.0),
        ("normal", "p95", 1.6448536269514722),  # tables of the normal distribution
        ("normal", "p99", 2.3263478740408408),
        ("any", "p50", 1.0),  # sqrt(q / (1 - q))
        ("any", "p80", 2.0),
        ("any", "p90", 3.0),
        ("any", "p99.9", 999**0.5),
    ],
)
def test_standard_deviations_above_the_mean(
    tail: str, measure: str, deviations: float | None, instance: so.Instance
) -> None:
    """How far a percentile lies above the mean, by the normal tables or for any distribution."""
    found = instance.with_limits(latency_measure=measure, tail=tail).deviations
    assert found == (None if deviations is None else pytest.approx(deviations, rel=1e-9, abs=1e-12))
