"""Machines of a tier: names, patterns, what they are, terms, and speeds of architectures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.helpers import load, two_tiers

from serflow_opt.errors import InputError
from serflow_opt.problem.catalog import load_catalog
from serflow_opt.problem.offers import Option
from serflow_opt.solving import solve

SPEED = {"flops_per_s_per_vcpu": 1e10}


def options(folder: Path, **keys: Any) -> dict[str, Option]:
    """The options of an instance with one tier of machines, by name."""
    tier = {"name": "vm", "kind": "vm", **SPEED, **keys}
    document = two_tiers() | {"tier": [tier], "link": []}
    return {option.name: option for option in load(document, folder).options}


def said(folder: Path, **keys: Any) -> str:
    """What is wrong with such an instance."""
    with pytest.raises(InputError) as caught:
        options(folder, **keys)
    return str(caught.value)


def test_a_pattern_stands_for_the_types_of_its_region_and_term(tmp_path: Path) -> None:
    """AWS's c7g of us-east-1: medium to 16xlarge and metal; spot prices are of other families."""
    found = options(tmp_path, options=["c7g.*"])
    assert {f"c7g.{size}" for size in ("medium", "large", "xlarge", "2xlarge", "16xlarge")} <= set(found)
    assert all(name.startswith("c7g.") for name in found)
    assert found["c7g.xlarge"].usd_per_s == pytest.approx(0.145 / 3600)
    spot = options(tmp_path, options=["c5.*"], term="spot")
    assert set(spot) == {"c5.large", "c5.xlarge", "c5.2xlarge"}
    assert spot["c5.large"].usd_per_s == pytest.approx(0.03404 / 3600)


def test_a_name_beside_a_pattern_is_there_once(tmp_path: Path) -> None:
    """`options = ["c6i.large", "c6i.*"]` offers c6i.large first, and once."""
    names = list(options(tmp_path, options=["c6i.large", "c6i.*"]))
    assert names[0] == "c6i.large"
    assert names.count("c6i.large") == 1


def test_any_takes_what_is_as_said(tmp_path: Path) -> None:
    """By vCPUs, memory, architecture, family and rent; accelerators only where they are asked for."""
    found = options(tmp_path, any={"vcpus": [2, 4], "arch": ["arm64"], "family": ["c*"], "usd_per_hour_max": 0.1})
    catalog = load_catalog()
    rows = [catalog.vm(name) for name in found]
    assert {"c6g.large", "c7g.large"} <= set(found)
    assert all(2 <= vm.vcpus <= 4 and vm.arch == "arm64" and vm.family[0] == "c" for vm in rows)
    assert all(vm.usd_per_hour <= 0.1 and not vm.accelerator for vm in rows)
    cards = options(tmp_path, any={"gpu": ["T4"], "memory_gb": [0, 16]})
    assert list(cards) == ["g4dn.xlarge"]


def test_a_commitment_takes_its_discount_off(tmp_path: Path) -> None:
    """Three years paid at once: 60 % off on average at AWS (9 May 2026), 0.085 -> 0.034 USD an hour."""
    found = options(tmp_path, options=["c6i.large"], term="3yr_all_upfront")
    assert found["c6i.large"].usd_per_s == pytest.approx(0.034 / 3600)


def test_other_regions_and_clouds(tmp_path: Path) -> None:
    """A region belongs to one cloud, so that its name says whose machines are meant."""
    assert "Standard_D2s_v5" in options(tmp_path, options=["Standard_D*"], region="eastus")
    assert "e2-standard-4" in options(tmp_path, options=["e2-*"], region="us-east1")


def test_architectures_are_never_taken_to_be_equally_fast(tmp_path: Path) -> None:
    """Of two architectures each needs a factor; it multiplies the speed of a vCPU."""
    both = ["c6i.large", "c7g.large"]
    text = said(tmp_path, options=both)
    assert "nothing for arm64 (c7g.large)" in text
    assert "nothing for x86_64 (c6i.large)" in text
    found = options(tmp_path, options=both, speed_class={"x86_64": 1.0, "c7g": 1.25})
    ratio = found["c6i.large"].stage_seconds[0] / found["c7g.large"].stage_seconds[0]
    assert ratio == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"options": ["c77g.*"]}, "'c77g.*' stands for no type in us-east-1, on-demand"),
        ({"any": {"vcpus": [3, 3]}}, "what is said stands for no type"),
        ({"any": {"vcpu": [2, 4]}}, "did you mean vcpus"),
        ({"options": ["c6i.large"], "term": "spot"}, "no price for term 'spot'"),
        ({"options": ["c6i.large"], "speed_class": {"arm64": 2.0}}, "no machine of 'arm64'"),
    ],
)
def test_what_stands_for_nothing_is_named(tmp_path: Path, keys: dict[str, Any], words: str) -> None:
    """A pattern, a filter, a term or a factor that fits no machine is a fault, not an empty menu."""
    assert words in said(tmp_path, **keys)


def test_functions_of_other_clouds(tmp_path: Path) -> None:
    """Cloud Run charges memory and vCPUs apart and in steps of 100 ms; Azure's sizes come in steps of 128 MB."""
    tier = {"name": "fn", "kind": "function", "region": "us-east1", "memory_mb": [2048], **SPEED}
    instance = load(two_tiers() | {"tier": [tier], "link": []}, tmp_path)
    (run,) = instance.options
    assert run.name == "cloud-run-2048MB"
    assert run.usd_per_s == pytest.approx(2 * 0.0000025 + 0.000024)  # two GiB and one vCPU
    assert (run.billing_step_s, run.billing_min_s) == (0.1, 0.1)
    tier |= {"region": "eastus", "memory_mb": [1000]}
    with pytest.raises(InputError, match="azure-functions has 128 to 1536 MB, in steps of 128"):
        load(two_tiers() | {"tier": [tier], "link": []}, tmp_path)


def test_machines_of_unknown_size_are_written_out(tmp_path: Path) -> None:
    """Without vCPUs there is no speed, without memory no limit: refused with what to write; so are patterns and any."""
    found = "vCPUs and memory of 'a10' in lambda_labs unknown"
    cure = 'write it as [[tier.option]] with name = "a10" and its flops_per_s and memory_mb'
    for keys in ({"options": ["a10"]}, {"options": ["a1?"]}, {"any": {"gpu": ["A10"]}}):
        text = said(tmp_path, region="lambda_labs", **keys)
        assert f'tier[1] "vm".options: {found}; {cure}' in text
    assert "stands for no type" in said(tmp_path, region="lambda_labs", any={"gpu": ["*"], "vcpus": [0, 500]})
    assert "paid by the second of use" in said(tmp_path, region="modal", options=["h100"])


def test_measured_times_say_how_fast_machines_of_unknown_size_are(tmp_path: Path) -> None:
    """Without vCPUs a table of times is enough: the network has to fit the GPU's 24 GB; rent is 1.29 USD an hour."""
    tier = {"name": "vm", "kind": "vm", "region": "lambda_labs", "options": ["a10"], "stage_times": "times.csv"}
    document = two_tiers() | {"tier": [tier], "link": []}
    document["tables"]["times.csv"] = [{"stage": s, "option": "a10", "mean_ms": 10.0 * s} for s in (1, 2)]
    (option,) = load(document, tmp_path).options
    assert option.stage_seconds == pytest.approx((0.01, 0.02))
    assert (option.memory_bytes, option.usd_per_s) == (24 * 2**30, pytest.approx(1.29 / 3600))


def test_a_network_has_to_fit_one_gpu(tmp_path: Path) -> None:
    """g4dn.12xlarge has 192 GiB and four T4 of 16: times measured there are of one T4, speeds of vCPUs of the machine.

    30 GB of parameters fit the machine and not the GPU, and the answer says so.
    """
    tier = {"name": "vm", "kind": "vm", "options": ["g4dn.12xlarge"], "flops_per_s_per_vcpu": 1e10}
    document = two_tiers() | {"tier": [tier], "link": []}
    document["tables"]["stages.csv"][0]["parameter_bytes"] = 30e9
    (option,) = load(document, tmp_path).options
    assert (option.memory_bytes, option.memory_of) == (192 * 2**30, "")
    del tier["flops_per_s_per_vcpu"]
    tier["stage_times"] = "times.csv"
    document["tables"]["times.csv"] = [{"stage": s, "option": "g4dn.12xlarge", "mean_ms": 10.0} for s in (1, 2)]
    instance = load(document, tmp_path)
    assert (instance.options[0].memory_bytes, instance.options[0].memory_of) == (16 * 2**30, "T4")
    (clash,) = solve(instance).infeasible_because
    assert "the largest option has 1.638e+04 (vm: g4dn.12xlarge, on one T4)" in str(clash.sets)
