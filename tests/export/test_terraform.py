"""Terraform: resources mean the plan, and what it does not tell is a variable."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.exported import EXTRA, exported, read, resource, run, save, two_pools

from serflow_opt.export.description import Description


def hcl(text: str) -> dict[str, Any]:
    return dict(pytest.importorskip("hcl2", reason=EXTRA).loads(text))


def test_terraform_of_a_solved_plan(folder: Path) -> None:
    """Counts, types, memory and thresholds stand in the resources that Terraform reads."""
    plan = read(folder / "solved.json")
    text = exported(folder, "solved", "terraform")
    parsed = hcl(text)
    count = plan["metrics"]["machines"][0]["count"]
    group = resource(parsed, "aws_autoscaling_group", "stages_1_1")
    assert (group["desired_capacity"], group["min_size"], group["max_size"]) == (count, count, 2 * count)
    template = resource(parsed, "aws_launch_template", "stages_1_1")
    assert template["instance_type"] == '"c6i.large"'
    for told in ("STAGES_FIRST=1", "STAGES_LAST=1", "THRESHOLDS=${local.thresholds}", "${var.machine_image}"):
        assert told in template["user_data"]
    policy = resource(parsed, "aws_autoscaling_policy", "stages_1_1")["target_tracking_configuration"][0]
    assert policy["target_value"] == pytest.approx(plan["metrics"]["machines"][0]["utilisation"] * 100, abs=0.05)
    function = resource(parsed, "aws_lambda_function", "stages_2_2")
    assert (function["memory_size"], function["architectures"]) == (1769, ['"arm64"'])
    assert function["package_type"] == '"Image"'
    told = function["environment"][0]["variables"]
    assert told == {"STAGES_FIRST": '"2"', "STAGES_LAST": '"2"', "THRESHOLDS": "${local.thresholds}"}
    assert parsed["locals"][0]["thresholds"] == "${jsonencode([{stage = 1, threshold = 0.5}])}"
    made = Description.model_validate(json.loads(exported(folder, "solved", "json")))
    assert made.blocks[1].function is not None
    assert function["reserved_concurrent_executions"] == made.blocks[1].function.reserved


def test_what_terraform_does_not_know_is_a_variable_and_listed(folder: Path) -> None:
    """What a plan cannot know is a variable without default, listed at the top."""
    text = exported(folder, "provisioned", "terraform")
    parsed = hcl(text)
    variables = {name.strip('"'): table for each in parsed["variable"] for name, table in each.items()}
    assert {"ami_x86_64", "machine_image", "function_image_arm64", "function_role_arn", "port"} <= variables.keys()
    assert not any("default" in table for table in variables.values())
    head = text[: text.index("\nterraform {")]
    assert all(f"# - {name}: " in head for name in variables)
    assert set(re.findall(r"var\.(\w+)", text)) == variables.keys()
    assert "no reserved_concurrent_executions: the plan does not tell" in text
    given_image = hcl(exported(folder, "provisioned", "terraform", "--image", "registry.example/x:${1}"))
    defaults = [t["default"] for each in given_image["variable"] for t in each.values() if "default" in t]
    assert defaults == ['"registry.example/x:$${1}"'] * 2


@pytest.mark.parametrize("kind", ["solved", "provisioned"])
def test_terraform_is_formatted_and_means_the_plan(folder: Path, tmp_path: Path, kind: str) -> None:
    """Terraform itself finds the file formatted, and reads the plan's thresholds out of it."""
    if shutil.which("terraform") is None:
        pytest.skip("no terraform here")
    (tmp_path / "main.tf").write_text(exported(folder, kind, "terraform"), encoding="utf-8")
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    plan = read(folder / f"{kind}.json")
    thresholds = (plan["plan"] if kind == "solved" else plan)["thresholds"]
    text = re.search(r"jsonencode\(.*?\n  \]\)", (tmp_path / "main.tf").read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        ["terraform", "console"],
        input=" ".join(text[0].split()),
        cwd=empty,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(json.loads(done.stdout.splitlines()[-1])) == thresholds


def test_more_than_lambda_takes_is_told(folder: Path, tmp_path: Path) -> None:
    """Limits of the cloud are told before the cloud refuses."""
    plan = read(folder / "solved.json")
    plan["plan"]["thresholds"] = [{"stage": s, "threshold": 0.123456789} for s in range(1, 200)]
    ran = run(save(tmp_path / "long.json", plan), "--format", "terraform")
    assert ran.code == 2
    assert "holds 4096" in ran.stderr
    plan = json.loads(exported(folder, "solved", "json"))
    plan["blocks"][1]["function"]["memory_mb"] = 20000.0
    ran = run(save(tmp_path / "big.json", plan), "--format", "terraform")
    assert ran.code == 2
    assert "128 to 10240 MB" in ran.stderr
    plan["blocks"][1]["first"] = 3
    ran = run(save(tmp_path / "gap.json", plan), "--format", "k8s")
    assert ran.code == 2
    assert "blocks are to follow each other" in ran.stderr


def test_each_of_two_pools_has_its_group(folder: Path, tmp_path: Path) -> None:
    """Two pools are two groups with counts and types of their own, and both are outputs."""
    plan = two_pools(read(folder / "provisioned.json"), types=("c6i.large", "m5.large"))
    save(tmp_path / "two.json", plan)
    text = exported(tmp_path, "two", "terraform")
    parsed = hcl(text)
    label = "stages_{}_{}".format(*plan["blocks"][0]["stages"])
    for number, (type_, count) in enumerate((("c6i.large", 3), ("m5.large", 2)), 1):
        group = resource(parsed, "aws_autoscaling_group", f"{label}_pool_{number}")
        assert (group["min_size"], group["max_size"]) == (count, 2 * count)
        template = resource(parsed, "aws_launch_template", f"{label}_pool_{number}")
        assert template["instance_type"] == f'"{type_}"'
        assert f"aws_autoscaling_group.{label}_pool_{number}.name" in text.split('output "machines"')[1]
    assert "c6i.large (spot), 0.6 of the requests" in text
