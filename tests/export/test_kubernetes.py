"""Kubernetes: manifests that its schemas accept, with the values of the plan."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.exported import EXTRA, exported, of_kind, read, save, two_pools

from serflow_opt.export.description import Description
from serflow_opt.export.text import NAME


def manifests(text: str) -> list[dict[str, Any]]:
    return list(pytest.importorskip("yaml", reason=EXTRA).safe_load_all(text))


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


def test_each_of_two_pools_has_its_pods(folder: Path, tmp_path: Path) -> None:
    """Two pools are two Deployments, Services and autoscalers; where both are of one type, nodes are told by tier."""
    plan = two_pools(read(folder / "provisioned.json"))
    save(tmp_path / "two.json", plan)
    documents = manifests(exported(tmp_path, "two", "k8s"))
    validate = pytest.importorskip("kubernetes_validate", reason=EXTRA)
    kinds = ("Deployment", "Service", "HorizontalPodAutoscaler")
    first, last = plan["blocks"][0]["stages"]
    for number, (tier, count) in enumerate((("spot", 3), ("vm", 2)), 1):
        name = f"two-tiers-{first}-{last}-pool-{number}"
        own = {d["kind"]: d for d in documents if d["metadata"]["name"] == name and "knative" not in d["apiVersion"]}
        assert set(own) == set(kinds)
        for each in own.values():
            validate.validate(each, validate.latest_version(), strict=True)
        assert own["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == count
        assert own["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == name
        labels = own["Deployment"]["spec"]["template"]["metadata"]["labels"]
        assert own["Service"]["spec"]["selector"] == own["Deployment"]["spec"]["selector"]["matchLabels"] == labels
        chosen = own["Deployment"]["spec"]["template"]["spec"]["nodeSelector"]
        assert chosen == {"node.kubernetes.io/instance-type": "c6i.large", "tier": tier}
    others = save(tmp_path / "others.json", two_pools(plan, types=("c6i.large", "m5.large")))
    for each in of_kind(manifests(exported(others.parent, "others", "k8s")), "Deployment"):
        assert set(each["spec"]["template"]["spec"]["nodeSelector"]) == {"node.kubernetes.io/instance-type"}
