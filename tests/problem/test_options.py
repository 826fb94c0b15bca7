"""From tiers and prices to options: names, speeds by Amdahl's law, prices by the second, defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.problem.offers import Option


def options(folder: Path, *tiers: dict[str, Any], tables: dict[str, Any] | None = None) -> dict[str, Option]:
    """The options of an instance with these tiers, by name."""
    document = two_tiers() | {"tier": list(tiers), "link": []}
    document["tables"].update(tables or {})
    return {option.name: option for option in load(document, folder).options}


def test_machines_of_the_catalogue(tmp_path: Path) -> None:
    """A machine of the catalogue has its price, memory and speed by vCPUs, and no cold start."""
    speed = {"flops_per_s_per_vcpu": 1e10, "parallel_fraction": 0.5}
    found = options(tmp_path, {"name": "vm", "kind": "vm", "options": ["c6i.large", "c6i.xlarge"], **speed})
    large, xlarge = found["c6i.large"], found["c6i.xlarge"]
    # AWS, us-east-1: 2 vCPUs, 4 GiB, 0.085 USD/h; 4 vCPUs, 8 GiB, 0.17 USD/h. The first stage has 2e9 FLOP
    assert large.stage_seconds[0] == pytest.approx(0.2 * (0.5 + 0.5 / 2), rel=1e-12)
    assert xlarge.stage_seconds[0] == pytest.approx(0.2 * (0.5 + 0.5 / 4), rel=1e-12)
    assert (large.memory_bytes, xlarge.memory_bytes) == (4 * 2**30, 8 * 2**30)
    assert large.usd_per_s == pytest.approx(0.085 / 3600, rel=1e-12)
    assert "c6i" in large.labels
    assert (large.usd_per_request, large.cold_start_s, large.cold_share) == (0, 0, 0)


def test_functions_of_the_catalogue(tmp_path: Path) -> None:
    """A function has vCPUs, price and fee by its memory, and a cold start that all meet unless said otherwise."""
    tier = {"name": "fn", "kind": "function", "memory_mb": [885, 3538], "arch": ["x86_64", "arm64"]}
    found = options(tmp_path, tier | {"flops_per_s_per_vcpu": 1e10, "cold_start_ms": 250.0})
    assert list(found) == ["lambda-885MB", "lambda-3538MB", "lambda-arm64-885MB", "lambda-arm64-3538MB"]
    small, arm = found["lambda-885MB"], found["lambda-arm64-3538MB"]
    # half a vCPU and two of them; 0.0000166667 and 0.0000133334 USD a GB-s, 2e-7 a call
    assert small.stage_seconds[0] == pytest.approx(0.2 / (885 / 1769), rel=1e-12)
    assert arm.stage_seconds[0] == pytest.approx(0.1, rel=1e-12)
    assert small.usd_per_s == pytest.approx(0.0000166667 * 885 / 1024, rel=1e-12)
    assert arm.usd_per_s == pytest.approx(0.0000133334 * 3538 / 1024, rel=1e-12)
    assert small.usd_per_request == 2e-7
    # a cold start that is given is met by every request unless cold_share says less
    assert (small.cold_start_s, small.cold_share) == (0.25, 1.0)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, (0.0, 0.0)),
        ({"cold_start_ms": 0.0}, (0.0, 0.0)),
        ({"cold_start_ms": 100.0}, (0.1, 1.0)),
        ({"cold_start_ms": 100.0, "cold_share": 0.0}, (0.1, 0.0)),
        ({"cold_start_ms": 100.0, "cold_share": 0.3}, (0.1, 0.3)),
    ],
)
def test_cold_share_follows_cold_start(keys: dict[str, float], expected: tuple[float, float], tmp_path: Path) -> None:
    """Nobody meets a cold start that takes no time; all meet one that is given without a share."""
    tier = {"name": "fn", "kind": "function", "memory_mb": [1769], "flops_per_s_per_vcpu": 1e10, **keys}
    (option,) = options(tmp_path, tier).values()
    assert (option.cold_start_s, option.cold_share) == pytest.approx(expected)


def test_options_written_out(tmp_path: Path) -> None:
    """Options written out have what they state, and a known name brings its price and memory."""
    found = options(
        tmp_path,
        {"name": "pi", "kind": "device", "option": [{"name": "pi4", "flops_per_s": 1e9}]},
        {"name": "box", "kind": "edge", "option": [{"name": "jetson", "flops_per_s": 1e9, "usd_per_hour": 0.36}]},
        {
            "name": "vm",
            "kind": "vm",
            "option": [
                {"name": "own", "flops_per_s": 4e9, "usd_per_hour": 3.6, "memory_mb": 100},
                {"name": "c6i.large", "flops_per_s": 4e9},
            ],
        },
    )
    assert (found["pi4"].usd_per_s, found["pi4"].memory_bytes) == (0.0, None)
    assert found["pi4"].stage_seconds == pytest.approx((2, 4), rel=1e-12)
    assert found["jetson"].usd_per_s == pytest.approx(1e-4, rel=1e-12)
    assert found["own"].usd_per_s == pytest.approx(1e-3, rel=1e-12)
    assert found["own"].memory_bytes == 100 * 2**20
    # a name that the catalogue knows brings its price and memory
    assert found["c6i.large"].usd_per_s == pytest.approx(0.085 / 3600, rel=1e-12)
    assert found["c6i.large"].memory_bytes == 4 * 2**30
    assert found["c6i.large"].stage_seconds[0] == pytest.approx(0.5, rel=1e-12)


def test_catalogue_names_and_written_options_in_one_tier(tmp_path: Path) -> None:
    """A tier may mix both, but a name stands for one option."""
    tier = {"name": "vm", "kind": "vm", "options": ["c6i.large"], "flops_per_s_per_vcpu": 1e10}
    own = {"name": "own", "flops_per_s": 4e9, "usd_per_hour": 3.6}
    assert list(options(tmp_path, tier | {"option": [own]})) == ["c6i.large", "own"]
    with pytest.raises(so.InputError, match=r"'c6i\.large' twice"):
        options(tmp_path, tier | {"option": [own | {"name": "c6i.large"}]})


def test_measured_times_cover_written_and_named_options(tmp_path: Path) -> None:
    """Measured times serve options of both origins."""
    names = ("c6i.large", "own")
    times = [{"stage": s, "option": n, "mean_ms": 10.0 * s + len(n), "sd_ms": 1.0} for s in (1, 2) for n in names]
    tier = {"name": "vm", "kind": "vm", "options": ["c6i.large"], "stage_times": "times.csv"}
    found = options(tmp_path, tier | {"option": [{"name": "own", "usd_per_hour": 1.0}]}, tables={"times.csv": times})
    assert found["own"].stage_seconds == pytest.approx((0.013, 0.023), rel=1e-12)
    assert found["c6i.large"].stage_seconds == pytest.approx((0.019, 0.029), rel=1e-12)


def test_the_same_name_may_stand_in_two_tiers(tmp_path: Path) -> None:
    """An option is found by its tier and name together."""
    own = {"name": "own", "flops_per_s": 4e9, "usd_per_hour": 3.6}
    tiers = [{"name": name, "kind": "vm", "option": [own]} for name in ("near", "far")]
    document = two_tiers() | {"tier": tiers, "link": []}
    instance = load(document, tmp_path)
    assert instance.option_named("near", "own") == 0
    assert instance.option_named("far", "own") == 1
    assert instance.option_named("far", "other") is None


def test_prices_of_one_s_own(tmp_path: Path) -> None:
    """Rows named in the instance override the catalogue; rows given to `load` override those."""
    header = "name,vcpus,memory_mb,usd_per_hour,as_of\n"
    (tmp_path / "one.csv").write_text(header + "c6i.large,2,4096,3.6,2026-01-01\nnew,1,1024,7.2,2026-01-01\n")
    (tmp_path / "two.csv").write_text(header + "new,1,1024,36,2026-01-02\n")
    tier = {"name": "vm", "kind": "vm", "options": ["c6i.large", "new"], "flops_per_s_per_vcpu": 1e10}
    document = two_tiers() | {"tier": [tier], "link": [], "catalog": "one.csv"}
    instance = load(document, tmp_path)
    assert [option.usd_per_s for option in instance.options] == pytest.approx([1e-3, 2e-3], rel=1e-12)
    instance = so.load(tmp_path, [tmp_path / "two.csv"])
    assert [option.usd_per_s for option in instance.options] == pytest.approx([1e-3, 1e-2], rel=1e-12)
    instance = load(document | {"catalog": ["one.csv", "two.csv"]}, tmp_path)
    assert [option.usd_per_s for option in instance.options] == pytest.approx([1e-3, 1e-2], rel=1e-12)


def test_gpus_of_unknown_size_written_out(tmp_path: Path) -> None:
    """Rent by the hour and price by the second come from the catalogue; speed and memory have to be stated."""
    card = {"name": "a10", "flops_per_s": 1e13, "memory_mb": 24576}
    vm = {"name": "vm", "kind": "vm", "region": "lambda_labs", "option": [card]}
    serverless = {"name": "fn", "kind": "function", "region": "modal", "option": [card | {"name": "h100"}]}
    found = options(tmp_path, vm, serverless)
    assert found["a10"].usd_per_s == pytest.approx(1.29 / 3600, rel=1e-12)
    assert found["h100"].usd_per_s == pytest.approx(3.95 / 3600, rel=1e-12)
    assert (found["a10"].labels, found["h100"].memory_bytes) == (("a10",), 24 * 2**30)
    for tier, lacking in ((vm, "memory_mb"), (vm, "flops_per_s"), (serverless, "memory_mb")):
        (own,) = tier["option"]
        less = {key: value for key, value in own.items() if key != lacking}
        with pytest.raises(so.InputError, match=rf'option\[1\] "{own["name"]}"\.{lacking}: missing'):
            options(tmp_path, tier | {"option": [less]})
    with pytest.raises(so.InputError, match=r"'h100' in modal is paid by the second of use; .*kind 'function'"):
        options(tmp_path, serverless | {"kind": "vm"})
    with pytest.raises(so.InputError, match="one GPU of a machine that may have more; give usd_per_hour"):
        options(tmp_path, vm | {"region": "coreweave", "option": [card | {"name": "l40s"}]})
    whole = vm | {"region": "coreweave", "option": [card | {"name": "l40s", "usd_per_hour": 18.0}]}
    assert options(tmp_path, whole)["l40s"].usd_per_s == pytest.approx(18.0 / 3600, rel=1e-12)


def test_the_cheapest_plan_on_a_gpu_cloud(tmp_path: Path) -> None:
    """6e9 FLOP take 0.6 ms at 1e13 FLOP/s: 1.29 USD/h make 2.15e-7 USD; at 3e13 on a GPU by the second 2.19e-7."""
    stages = {"stages.csv": [{"stage": 1, "flops": 6 * 10**9, "activation_bytes": 4000, "parameter_bytes": 5 * 10**6}]}
    exits = {"exits.csv": [{"stage": 1, "threshold": 0, "exit_rate": 1, "accuracy": 0.9}]}
    card = {"name": "a10", "flops_per_s": 1e13, "memory_mb": 24576}
    fast = {"name": "h100", "flops_per_s": 3e13, "memory_mb": 81920}
    vm = {"name": "vm", "kind": "vm", "region": "lambda_labs", "option": [card]}
    fn = {"name": "fn", "kind": "function", "region": "modal", "option": [fast]}
    document = two_tiers() | {"tier": [vm, fn], "link": [], "tables": stages | exits}
    plan = so.solve(load(document, tmp_path))
    assert (plan.status, plan.metrics.cost_usd_per_request) == ("optimal", pytest.approx(1.29 / 3600 * 6e-4))
    document["tier"] = [vm, fn | {"option": [fast | {"flops_per_s": 3.1e13}]}]
    plan = so.solve(load(document, tmp_path))
    assert plan.metrics.cost_usd_per_request == pytest.approx(3.95 / 3600 * 6e9 / 3.1e13)
