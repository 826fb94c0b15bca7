"""What plans do not tell of machines and devices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.exported import EXTRA, exported, of_kind, read, resource, run, save
from support.helpers import load, plan_of, two_tiers

from serflow_opt.export.hcl import literal_text
from serflow_opt.plan.valuation import value_plan


def hcl(text: str) -> dict[str, Any]:
    return dict(pytest.importorskip("hcl2", reason=EXTRA).loads(text))


def manifests(text: str) -> list[dict[str, Any]]:
    return list(pytest.importorskip("yaml", reason=EXTRA).safe_load_all(text))


def adapted(plan: dict[str, Any]) -> dict[str, Any]:
    """With a hand-over, a variant whose name tries to get out of every kind of quotes, and a coin flip."""
    plan["plan"]["handovers"] = [{"before_stage": 2, "compression": "int8", "protection": "laplace", "scale": 0.25}]
    plan["plan"]["variants"] = [{"stages": [1, 1], "variant": "a'b\"c\\d${e}%{f}\n#g: é"}]
    mix = [{"threshold": 0.5, "probability": 0.1 + 0.2}, {"threshold": 0.9, "probability": 1 - (0.1 + 0.2)}]
    plan["plan"]["thresholds"] = [{"stage": 1, "mix": mix}]
    return plan


def test_adaptations_and_coin_flips_are_carried(folder: Path, tmp_path: Path) -> None:
    """Hand-overs, variants and mixed thresholds reach the servers digit by digit."""
    plan = adapted(read(folder / "solved.json"))
    save(tmp_path / "adapted.json", plan)
    told = {key: plan["plan"][key] for key in ("thresholds", "handovers", "variants")}
    made = json.loads(exported(tmp_path, "adapted", "json"))
    assert {key: made[key] for key in told} == told
    (config,) = of_kind(manifests(exported(tmp_path, "adapted", "k8s")), "ConfigMap")
    assert {key.lower(): json.loads(value) for key, value in config["data"].items()} == told
    text = exported(tmp_path, "adapted", "terraform")
    parsed = hcl(text)
    assert parsed["locals"][0].keys() >= told.keys()
    assert "probability = 0.30000000000000004" in text
    assert literal_text("a'b\"c\\d${e}%{f}\n#g: é") in text
    variables = resource(parsed, "aws_lambda_function", "stages_2_2")["environment"][0]["variables"]
    assert variables["HANDOVERS"] == "${local.handovers}"
    assert variables["VARIANTS"] == "${local.variants}"


def test_without_counted_machines_nothing_is_made_up(folder: Path, tmp_path: Path) -> None:
    """A plan without counts gets a variable or no number, never a guess."""
    bare = read(folder / "solved.json")["plan"]
    save(tmp_path / "bare.json", bare)
    text = exported(tmp_path, "bare", "terraform")
    assert resource(hcl(text), "aws_autoscaling_group", "stages_1_1")["max_size"] == "${2 * var.stages_1_1_machines}"
    for name in ("stages_1_1_machines", "stages_1_1_busy_percent", "function_timeout"):
        assert f"# - {name}: " in text
    documents = manifests(exported(tmp_path, "bare", "k8s"))
    (deployment,) = of_kind(documents, "Deployment")
    assert "replicas" not in deployment["spec"]
    assert of_kind(documents, "HorizontalPodAutoscaler") == []
    (function,) = of_kind(documents, "Service", "serving")
    assert "autoscaling.knative.dev/max-scale" not in function["spec"]["template"]["metadata"]["annotations"]


def test_machines_outside_the_catalogue_and_devices(tmp_path: Path) -> None:
    """Stages on devices are not deployed, and unknown types are asked for."""
    made = two_tiers()
    made["tier"].insert(0, {"name": "phone", "kind": "device", "option": [{"name": "p", "flops_per_s": 1e9}]})
    made["workload"]["source"] = "phone"
    made["link"].append({"from": "phone", "to": "vm", "bandwidth_mbit_s": 10.0, "round_trip_ms": 1.0})
    instance = load(made, tmp_path / "instance")
    save(tmp_path / "plan.json", value_plan(instance, plan_of([("phone", "p"), ("vm", "v")], {1: 0.5})).to_dict())
    unknown = run(tmp_path / "plan.json", "--format", "k8s")
    assert unknown.code == 2
    assert "plan.placement[1]: cannot tell whether 'p' is a machine" in unknown.stderr
    assert "--instance" in unknown.stderr
    more = ("--instance", str(tmp_path / "instance"))
    text = exported(tmp_path, "plan", "terraform", *more)
    assert "stage 1: on the device (p)" in text
    assert "# - stages_2_2_instance_type: EC2 type that stands for 'v'" in text
    assert len(of_kind(manifests(exported(tmp_path, "plan", "k8s", *more)), "Deployment")) == 1
    save(tmp_path / "own.json", value_plan(instance, plan_of([("phone", "p")] * 2, {1: 0.5})).to_dict())
    for format_ in ("terraform", "k8s"):
        nothing = run(tmp_path / "own.json", "--format", format_, *more)
        assert (nothing.code, nothing.stdout) == (2, "")
        assert "all stages run on the device" in nothing.stderr
