"""`export`: every value of a plan is found again, in files that the formats' own readers accept."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from oracles.random_instances import write
from support.helpers import Ran, changed, load, plan_of, two_tiers
from typer.testing import CliRunner

import serflow_opt as so
from serflow_opt.cli.export import export
from serflow_opt.export.description import DescribedFunction, DescribedMachine, Description
from serflow_opt.export.hcl import literal_text
from serflow_opt.export.text import NAME, one_line, slug
from serflow_opt.export.yaml_text import Said, to_yaml
from serflow_opt.plan.valuation import value_plan
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.solve import provision
from serflow_opt.traffic.queues.erlang import erlang_b

FORMATS = ("terraform", "k8s", "json")
SOURCE = {"solved": "solve", "provisioned": "provision"}
EXTRA = "pip install 'serflow-opt[test]'"

app = typer.Typer(add_completion=False)
app.command()(export)


def run(*arguments: str | Path) -> Ran:
    """Run the command, which is the only one of its application here."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return Ran(result.exit_code, result.stdout, result.stderr)


def document() -> dict[str, Any]:
    """`two_tiers` on what AWS has, for 12 requests a second; half of them reach stage 2 at a threshold of 0.5."""
    made = changed(
        two_tiers(),
        workload={"rate_per_s": 12.0, "accuracy_min": 0.85, "latency_slo_ms": 5000.0, "utilisation_cap": 0.75},
        objective={"accounting": "reserved"},
    )
    made["name"] = "Two Tiers"
    made["tier"] = [
        {"name": "vm", "kind": "vm", "options": ["c6i.large"], "flops_per_s_per_vcpu": 1e10, "start_s": 90.0},
        {
            "name": "fn",
            "kind": "function",
            "memory_mb": [1769],
            "arch": ["arm64"],
            "flops_per_s_per_vcpu": 1e10,
            "keep_alive_s": 240.0,
            "concurrency_max": 500,
        },
    ]
    made["tier"][0]["workers"] = 2
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance, and what the commands say of it: solved.json (a stage each) and provisioned.json."""
    folder = tmp_path_factory.mktemp("export")
    instance = so.load(write(document(), folder / "instance"))
    placed = plan_of([("vm", "c6i.large"), ("fn", "lambda-arm64-1769MB")], {1: 0.5})
    save(folder / "solved.json", value_plan(instance, placed).to_dict())
    demand = Rates(np.array([6.0, 30.0]), np.array([0.75, 0.25]))
    save(folder / "provisioned.json", provision(instance, demand, gap=1e-3).to_dict())
    return folder


def save(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def exported(folder: Path, kind: str, format_: str, *more: str) -> str:
    ran = run(folder / f"{kind}.json", "--format", format_, *more)
    assert (ran.code, ran.stderr) == (0, "")
    return ran.stdout


def hcl(text: str) -> dict[str, Any]:
    return dict(pytest.importorskip("hcl2", reason=EXTRA).loads(text))


def resource(parsed: dict[str, Any], kind: str, label: str) -> dict[str, Any]:
    found = [r[f'"{kind}"'][f'"{label}"'] for r in parsed["resource"] if f'"{label}"' in r.get(f'"{kind}"', {})]
    assert len(found) == 1
    return dict(found[0])


def manifests(text: str) -> list[dict[str, Any]]:
    return list(pytest.importorskip("yaml", reason=EXTRA).safe_load_all(text))


def of_kind(documents: list[dict[str, Any]], kind: str, api: str = "") -> list[dict[str, Any]]:
    return [d for d in documents if d["kind"] == kind and d["apiVersion"].startswith(api)]


@pytest.mark.parametrize("kind", ["solved", "provisioned"])
@pytest.mark.parametrize("known", [False, True])
def test_json_holds_every_value_of_the_plan(folder: Path, kind: str, known: bool) -> None:
    """The described plan holds each value of the plan, and what only the instance knows where it is given."""
    plan = read(folder / f"{kind}.json")
    made = json.loads(exported(folder, kind, "json", *(["--instance", str(folder / "instance")] if known else [])))
    assert (made["schema"], made["source"], made["name"]) == (1, SOURCE[kind], "two-tiers")
    inner = plan["plan"] if kind == "solved" else plan
    assert made["thresholds"] == inner["thresholds"]
    assert made["accuracy"] == plan["metrics"]["accuracy"]
    assert made["latency_ms"]["worst"] == plan["metrics"]["latency_worst_ms"]
    assert (made["instance"], made["status"]) == (plan["instance"], plan["status"])
    types = {b["machine"]["type"]: b["machine"] for b in made["blocks"] if b["machine"]}
    assert types["c6i.large"]["workers"] == (2 if known else None)
    assert types["c6i.large"]["busy_max"] == (0.75 if known else None)
    functions = [b["function"] for b in made["blocks"] if b["function"]]
    assert functions
    for function in functions:
        assert (function["memory_mb"], function["architecture"]) == (1769.0, "arm64")
        assert function["keep_alive_s"] == (240.0 if known else None)


def test_a_solved_plan_in_blocks(folder: Path) -> None:
    """Blocks carry the counts, rates and concurrencies that arithmetic gives from the plan."""
    plan = read(folder / "solved.json")
    made = json.loads(exported(folder, "solved", "json"))
    fleet, stages = plan["metrics"]["machines"][0], plan["metrics"]["stages"]
    first, second = made["blocks"]
    assert (first["first"], first["last"], second["first"], second["last"]) == (1, 1, 2, 2)
    assert (first["machine"]["count"], first["machine"]["busy"]) == (fleet["count"], fleet["utilisation"])
    assert (first["function"], second["machine"]) == (None, None)
    assert second["requests_per_s"] == pytest.approx(12.0 * 0.5)
    assert second["function"]["concurrency"] == pytest.approx(12.0 * 0.5 * stages[1]["compute_ms"] / 1000)
    assert made["latency_ms"]["p95"] == plan["metrics"]["latency_p95_ms"]
    assert made["latency_slo_ms"] == 5000.0


def test_a_provisioned_plan_in_blocks(folder: Path) -> None:
    """Blocks of a deployment are its own, with what each sends to the function."""
    plan = read(folder / "provisioned.json")
    made = json.loads(exported(folder, "provisioned", "json", "--instance", str(folder / "instance")))
    assert (made["requests_per_s"], made["peak_requests_per_s"]) == (12.0, 30.0)
    assert len(made["blocks"]) == len(plan["blocks"])
    spilling = 0
    for block, its in zip(made["blocks"], plan["blocks"], strict=True):
        assert [block["first"], block["last"]] == its["stages"]
        assert (block["machine"] or {}).get("count", 0) == its["count"]
        if its["function"]:
            function = block["function"]
            assert (function["name"], function["requests_per_s"]) == (
                its["function"],
                its["function_requests_per_s"],
            )
            assert function["concurrency"] >= 0
            spilling += 1
    assert spilling


def test_what_runs_together_is_told(folder: Path, tmp_path: Path) -> None:
    """Most requests of a batch and how long the first waits, rounded down, in every format."""
    plan = read(folder / "provisioned.json")
    block = plan["blocks"][0] | {"batch": 8, "batch_wait_ms": 2.0017, "batch_mean": 4.0}
    together = plan | {"blocks": [block, *plan["blocks"][1:]]}
    (tmp_path / "together.json").write_text(json.dumps(together), encoding="utf-8")
    made = json.loads(exported(tmp_path, "together", "json"))
    assert (made["blocks"][0]["batch"], made["blocks"][0]["batch_wait_ms"]) == (8, 2.0017)
    for format_ in ("terraform", "k8s"):
        text = exported(tmp_path, "together", format_)
        assert "BATCH" in text
        assert "2.001" in text
        assert "up to 8 requests together" in text
        assert "BATCH" not in exported(folder, "provisioned", format_)


def test_the_concurrency_of_a_function_behind_machines_is_that_of_the_peak(folder: Path, tmp_path: Path) -> None:
    """1.5 requests/s spill of 12; at 30 at most 30 - 10.5 do. Stage 1 takes 0.2 s, stage 2, which half reach, 0.4 s."""
    plan = read(folder / "provisioned.json")
    block = plan["blocks"][0] | {"stages": [1, 2], "machine": "c6i.large", "count": 1, "busy": 0.5, "reach": 1.0}
    block |= {"function": "lambda-arm64-1769MB", "requests_per_s": 12.0, "function_requests_per_s": 1.5}
    plan |= {"blocks": [block], "thresholds": [{"stage": 1, "threshold": 0.5}]}
    file = save(tmp_path / "plan.json", plan)
    ran = run(file, "--format", "json", "--instance", folder / "instance")
    function = ran.document["blocks"][0]["function"]
    assert function["concurrency"] == pytest.approx((30.0 - 10.5) * (0.2 + 0.5 * 0.4))


@pytest.mark.parametrize("concurrency", [0.0, 0.06, 1.0, 37.5])
def test_head_room_is_the_fewest_places_by_erlang(concurrency: float) -> None:
    """Reserved places lose one request in a thousand at twice the load, and one fewer loses more."""
    places = DescribedFunction(name="f", concurrency=concurrency).reserved
    assert places is not None
    assert erlang_b(places, 2 * concurrency) <= 1e-3
    assert places == 1 or erlang_b(places - 1, 2 * concurrency) > 1e-3
    assert DescribedFunction(name="f", concurrency=1e4, concurrency_max=1000).reserved == 1000


@pytest.mark.parametrize(("count", "limit", "most"), [(2, None, 4), (2, 3, 3), (2, 9, 4), (2, 1, 2), (None, 3, None)])
def test_machines_may_double_within_their_limit(count: int | None, limit: int | None, most: int | None) -> None:
    """Autoscalers may double the count, within the limit of the type."""
    assert DescribedMachine(type="m", count=count, machines_max=limit).most == most


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("kind", ["solved", "provisioned"])
def test_an_exported_json_is_a_plan_again(folder: Path, tmp_path: Path, kind: str, format_: str) -> None:
    """The description exports to the same files as the plan it was made of."""
    more = ("--instance", str(folder / "instance"))
    (tmp_path / "again.json").write_text(exported(folder, kind, "json", *more), encoding="utf-8")
    assert exported(tmp_path, "again", format_) == exported(folder, kind, format_, *more)
    made = read(tmp_path / "again.json")
    assert Description.model_validate(made).to_dict() == made


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


@pytest.mark.parametrize("kind", ["solved", "provisioned"])
def test_manifests_are_those_of_kubernetes(folder: Path, kind: str) -> None:
    """Each manifest passes the schemas of Kubernetes, under names that it takes."""
    validate = pytest.importorskip("kubernetes_validate", reason=EXTRA)
    documents = manifests(exported(folder, kind, "k8s", "--instance", str(folder / "instance"), "--image", "x/y:1"))
    for each in documents:
        assert len(each["metadata"]["name"]) <= 63
        assert re.fullmatch(NAME, each["metadata"]["name"])
        if "knative" not in each["apiVersion"]:
            validate.validate(each, validate.latest_version(), strict=True)
    assert len({(d["apiVersion"], d["kind"], d["metadata"]["name"]) for d in documents}) == len(documents)


def test_kubernetes_of_a_solved_plan(folder: Path) -> None:
    """Counts, node types and thresholds stand where Kubernetes reads them."""
    plan = read(folder / "solved.json")
    documents = manifests(exported(folder, "solved", "k8s", "--instance", str(folder / "instance")))
    (config,) = of_kind(documents, "ConfigMap")
    assert json.loads(config["data"]["THRESHOLDS"]) == plan["plan"]["thresholds"]
    (deployment,) = of_kind(documents, "Deployment")
    count, spec = plan["metrics"]["machines"][0]["count"], deployment["spec"]["template"]["spec"]
    (scaler,) = of_kind(documents, "HorizontalPodAutoscaler")
    assert scaler["spec"]["minReplicas"] == count
    assert "replicas" not in deployment["spec"], "a number that is applied again would undo the autoscaler's"
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    assert deployment["spec"]["strategy"] == rolling, "a pod a node: there is no node for one more"
    assert spec["nodeSelector"] == {"node.kubernetes.io/instance-type": "c6i.large"}
    (container,) = spec["containers"]
    told = {entry["name"]: entry["value"] for entry in container["env"]}
    assert told == {"STAGES_FIRST": "1", "STAGES_LAST": "1", "WORKERS": "2", "PORT": "8080"}
    assert container["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
    assert container["image"] == "FILL_IN_IMAGE"
    (scaler,) = of_kind(documents, "HorizontalPodAutoscaler")
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (count, 2 * count)
    assert scaler["spec"]["metrics"][0]["resource"]["target"]["averageValue"] == "1500m"  # 0.75 of 2 vCPUs
    (service,) = of_kind(documents, "Service", "v1")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"] == labels


def test_functions_are_knative_services(folder: Path) -> None:
    """Functions scale from zero to the places reserved, and keep pods as long as the instance says."""
    documents = manifests(exported(folder, "solved", "k8s", "--instance", str(folder / "instance")))
    (function,) = of_kind(documents, "Service", "serving.knative.dev/v1")
    assert function["metadata"]["name"] == "two-tiers-2-2-function"
    template = function["spec"]["template"]
    notes = template["metadata"]["annotations"]
    assert all(isinstance(value, str) for value in notes.values())
    assert notes["autoscaling.knative.dev/min-scale"] == "0"
    assert notes["autoscaling.knative.dev/scale-to-zero-pod-retention-period"] == "240s"
    made = Description.model_validate(json.loads(exported(folder, "solved", "json")))
    assert made.blocks[1].function is not None
    assert notes["autoscaling.knative.dev/max-scale"] == str(made.blocks[1].function.reserved)
    assert template["spec"]["containerConcurrency"] == 1
    (container,) = template["spec"]["containers"]
    assert container["resources"]["limits"] == {"cpu": "1000m", "memory": "1769Mi"}


def test_new_thresholds_start_new_pods(folder: Path, tmp_path: Path) -> None:
    """Changed thresholds change the pods' digest, or old pods would go on with the old ones."""
    plan = read(folder / "solved.json")
    plan["plan"]["thresholds"][0]["threshold"] = 0.9
    save(tmp_path / "other.json", plan)
    digests = [
        of_kind(manifests(exported(where, kind, "k8s")), "Deployment")[0]["spec"]["template"]["metadata"]["annotations"]
        for where, kind in ((folder, "solved"), (tmp_path, "other"))
    ]
    assert digests[0] != digests[1]


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


def without(plan: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in plan.items() if k != key}


BROKEN = {
    "a list": (lambda solved, _: [solved, solved], "a list of 2"),
    "a number": (lambda *_: 3, "not a plan"),
    "an instance": (lambda *_: {"tier": [], "network": {}}, "not a plan: tier, network"),
    "no schedule": (lambda *_: {"service": "x", "blocks": []}, "not a plan"),
    "infeasible": (lambda s, _: s | {"status": "infeasible", "plan": None, "metrics": None}, "status: 'infeasible'"),
    "empty": (lambda _, p: p | {"blocks": [], "status": "infeasible", "reason": "too slow"}, "(too slow)"),
    "unknown key": (lambda s, _: s | {"colour": 1}, "colour: unknown key"),
    "missing": (lambda _, p: without(p, "thresholds"), "thresholds: missing"),
    "out of order": (lambda s, _: s | {"plan": s["plan"] | {"placement": s["plan"]["placement"][::-1]}}, "from 1"),
    "nothing behind": (
        lambda _, p: p | {"blocks": [p["blocks"][0] | {"count": 0, "function": None}]},
        "blocks[1]: neither a machine nor a function",
    ),
    "wrong type": (lambda _, p: p | {"blocks": [p["blocks"][0] | {"count": "x"}]}, "blocks[1].count: 'x'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_plan_is_told(folder: Path, tmp_path: Path, case: str) -> None:
    """Files that are no plan are refused by name and key."""
    make, said = BROKEN[case]
    broken = make(read(folder / "solved.json"), read(folder / "provisioned.json"))
    file = save(tmp_path / "plan.json", deepcopy(broken))
    ran = run(file, "--format", "json")
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert str(file) in ran.stderr


def test_other_faults_are_told(folder: Path, tmp_path: Path) -> None:
    """Missing files, names that no cloud takes and unknown formats are refused in words."""
    (tmp_path / "no.json").write_text("{", encoding="utf-8")
    plan = str(folder / "solved.json")
    for arguments, said in (
        ((str(tmp_path / "none.json"), "--format", "json"), "no such file"),
        ((str(tmp_path / "no.json"), "--format", "json"), "not JSON (line 1"),
        ((plan, "--format", "k8s", "--name", "Über"), "--name: 'Über'"),
        ((plan, "--format", "k8s", "--name", "a" * 41), "at most 40"),
        ((plan, "--format", "json", "--instance", "bert12-sst2"), "is not in 'bert12-sst2'"),
        ((plan, "--format", "json", "--out", str(tmp_path / "no" / "x.json")), "cannot write there"),
        ((plan, "--format", "yaml"), "yaml"),
        ((plan,), "--format"),
    ):
        ran = run(*arguments)
        assert (ran.code, ran.stdout) == (2, "")
        assert said in ran.stderr


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


@pytest.mark.parametrize(("format_", "ending"), [("terraform", "tf"), ("k8s", "yaml"), ("json", "json")])
def test_files_are_written_whole(folder: Path, tmp_path: Path, format_: str, ending: str) -> None:
    """Into a file or a folder the same text is written, and its path printed."""
    text = exported(folder, "solved", format_, "--name", "web")
    for out, file in ((tmp_path / "x.txt", tmp_path / "x.txt"), (tmp_path, tmp_path / f"web.{ending}")):
        ran = run(folder / "solved.json", "--format", format_, "--name", "web", "--out", out)
        assert (ran.code, ran.stdout.strip()) == (0, str(file))
        assert file.read_text(encoding="utf-8") == text
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"x.txt", f"web.{ending}"})


@given(st.text())
def test_any_text_makes_a_name_and_a_comment(text: str) -> None:
    """Whatever an instance is called, names stay valid and comments on one line."""
    assert re.fullmatch(NAME, slug(text))
    assert len(slug(text)) <= 40
    assert one_line(text).isprintable()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.recursive(TEXTS | st.integers() | st.booleans(), lambda v: st.dictionaries(TEXTS, v) | st.lists(v), max_leaves=9)
)
def test_yaml_is_read_back(value: Any) -> None:
    """Whatever value is written, a YAML reader gives it back."""
    yaml = pytest.importorskip("yaml", reason=EXTRA)
    assert yaml.safe_load(to_yaml({"a": Said(value, "why\n- not")})) == {"a": value}
