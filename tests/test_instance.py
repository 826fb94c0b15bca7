"""Instances in memory: other targets, fewer options, and where a request may enter."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from helpers import GOOD, changed, load, two_tiers

import serflow_opt as so


@pytest.fixture
def instance() -> so.Instance:
    return so.load(GOOD)


def names(instance: so.Instance) -> list[str]:
    return [option.name for option in instance.options]


def test_instances_do_not_change(instance: so.Instance) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.accuracy_min = 0.5  # type: ignore[misc]
    other = instance.with_limits(accuracy_min=0.5)
    assert (instance.accuracy_min, other.accuracy_min) == (0.85, 0.5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accuracy_min": 1.01}, "accuracy_min"),
        ({"accuracy_min": float("nan")}, "accuracy_min"),
        ({"latency_slo_s": 0.0}, "latency_slo_ms"),
        ({"latency_slo_s": float("inf")}, "latency_slo_ms"),
        ({"rate_per_s": -1.0}, "rate_per_s"),
        ({"latency_measure": "p49"}, "p50 to p99.9"),
        ({"latency_measure": "worse"}, "worst"),
        ({"accounting": "reserved"}, "rate_per_s"),
        ({"source": "moon"}, "moon"),
    ],
)
def test_targets_that_do_not_fit_are_refused(changes: dict[str, object], words: str, instance: so.Instance) -> None:
    with pytest.raises(so.InputError, match=words):
        instance.with_limits(**changes)


@pytest.mark.parametrize("measure", ["worst", "mean", "p50", "p75", "p95", "p97.5", "p99.9"])
def test_latency_measures(measure: str, instance: so.Instance) -> None:
    other = instance.with_limits(latency_measure=measure)
    assert other.quantile == (None if measure[0] != "p" else pytest.approx(float(measure[1:]) / 100))


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), ["c6i.large", "lambda-1769MB", "lambda-3538MB"]),
        (("lambda-1*",), (), ["c6i.large", "lambda-1769MB"]),
        (("c6i", "*3538*"), (), ["c6i.large", "lambda-3538MB"]),
        (("function",), ("*1769*",), ["c6i.large", "lambda-3538MB"]),
        ((), ("vm",), ["lambda-1769MB", "lambda-3538MB"]),
        ((), ("x86_64",), None),
        (("gpu",), (), None),
        ((), ("no-such",), None),
    ],
)
def test_fewer_options(
    include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str] | None, instance: so.Instance
) -> None:
    if expected is None:
        with pytest.raises(so.InputError):
            instance.keep(include, exclude)
    else:
        assert names(instance.keep(include, exclude)) == expected
        assert len(instance.options) == 3


def test_links_in_and_payloads(tmp_path: Path) -> None:
    document = two_tiers()  # input 600,000 bytes
    assert load(document, tmp_path).entry_links() == {0: None, 1: None}
    document["tier"][1]["payload_max_bytes"] = 599_999
    assert load(document, tmp_path).entry_links() == {0: None}
    at_function = load(changed(document, workload={"source": "fn"}), tmp_path)
    assert at_function.entry_links() == {1: None}, "what is there already need not fit through the door"
    at_vm = load(changed(two_tiers(), workload={"source": "vm"}), tmp_path)
    assert set(at_vm.entry_links()) == {0, 1}
    assert at_vm.entry_links()[0] is None
    assert at_vm.entry_links()[1] is at_vm.links["vm", "fn"]


def test_a_link_moves_bytes_at_its_bandwidth(tmp_path: Path) -> None:
    link = load(two_tiers(), tmp_path).links["vm", "fn"]
    assert link.seconds(2e6) == pytest.approx(0.12, rel=1e-12)  # 16e6 bit at 160e6 bit/s, and 20 ms
    assert link.usd_per_byte == pytest.approx(1e-10, rel=1e-12)
    assert link.trusted
