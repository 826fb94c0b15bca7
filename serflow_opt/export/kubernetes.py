"""Write a description as Kubernetes manifests: Deployments for machines, Knative Services for functions."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.description import (
    BALANCER,
    DescribedBlock,
    DescribedFunction,
    DescribedMachine,
    Description,
    environment,
)
from serflow_opt.export.text import compact, one_line, slug
from serflow_opt.export.yaml_text import Said, to_yaml

PORT = 8080
"""What Knative tells a container to listen on, if nothing else is said; taken for machines, too."""
MB_PER_VCPU = 1769
"""A vCPU comes with so much memory on AWS Lambda, which is the speed that plans count on."""
NO_IMAGE = "FILL_IN_IMAGE"
"""No image can be called so, thus one that is forgotten is refused and not pulled from somewhere."""
LONGEST_RETENTION_S = 3600

Manifest = dict[str, Any]


def to_kubernetes(description: Description, image: str | None = None) -> str:
    """Return the text of a YAML file with a ConfigMap and, by block, what serves it.

    Raises
    ------
    InputError
        When all stages run on the device.
    """
    served = [block for block in description.blocks if block.machines or block.function]
    if not served:
        raise InputError([Problem("", "--format", "all stages run on the device", "there is nothing to start")])
    decided = {key: compact(value) for key, value in description.decisions.items()}
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(description, f"{description.name}-plan"),
        "data": decided,
    }
    documents: list[tuple[str, Manifest]] = [("what the plan decides, for every container", config)]
    for block in served:
        for part, machine in block.machines:
            documents += _machines(description, block, machine, part, image)
        if block.function is not None:
            manifest = _function(description, block, block.function, image)
            documents.append((f"{block.words} on {block.function.name}", manifest))
    fill_in = [] if image else [f"{NO_IMAGE}: URI of the container image that serves stages"]
    lines = [
        *description.heading(),
        "",
        *(["To fill in, since no plan knows it:", *(f"- {line}" for line in fill_in), ""] if fill_in else []),
        f"Containers are to listen on PORT ({PORT}). Not in here: nodes, ingress, and the balancer.",
        *BALANCER,
    ]
    head = "".join(f"# {one_line(line)}".rstrip() + "\n" for line in lines)
    return head + "".join(f"---\n# {one_line(why)}\n{to_yaml(document)}" for why, document in documents)


def _labels(description: Description, block: DescribedBlock | None = None, part: str = "") -> dict[str, str]:
    labels = {"app.kubernetes.io/name": description.name}
    return labels | ({"app.kubernetes.io/component": f"stages-{block.label}{part}"} if block else {})


def _metadata(description: Description, name: str, block: DescribedBlock | None = None, part: str = "") -> Manifest:
    return {"name": name, "labels": _labels(description, block, part)}


def _container(
    description: Description, block: DescribedBlock, image: str | None, machine: DescribedMachine | None = None
) -> Manifest:
    told = environment(block, machine)
    return {
        "name": "stages",
        "image": image or NO_IMAGE,
        "ports": [{"containerPort": PORT}],
        "envFrom": [{"configMapRef": {"name": f"{description.name}-plan"}}],
        "env": [{"name": key, "value": value} for key, value in told.items()],
    }


def _digest(description: Description) -> Said:
    """Pods do not see a ConfigMap change; a new digest starts new ones."""
    text = compact(description.decisions)
    return Said({"plan-digest": hashlib.sha256(text.encode()).hexdigest()[:16]}, "new decisions start new pods")


def _machines(
    description: Description, block: DescribedBlock, machine: DescribedMachine, part: str, image: str | None
) -> list[tuple[str, Manifest]]:
    """Deployment, Service and HorizontalPodAutoscaler of a pool of a block: a pod a node."""
    name, labels = f"{description.name}-{block.label}{part}", _labels(description, block, part)
    metadata = _metadata(description, name, block, part)
    container = _container(description, block, image, machine)
    container["env"].append({"name": "PORT", "value": str(PORT)})
    if machine.vcpus:
        # The whole machine is meant, but a node keeps a part for itself and a pod that asks for all fits nowhere.
        container["resources"] = Said(
            {"requests": {"cpu": f"{machine.vcpus * 750:.0f}m"}},
            f"three quarters of the node's {machine.vcpus:g} vCPUs, with no limit: the node needs the rest at times",
        )
    if machine.gpus:
        gpus = {"limits": {"nvidia.com/gpu": str(machine.gpus)}}
        requests = container["resources"].value if "resources" in container else {}
        container["resources"] = requests | gpus
    affinity = {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}
            ]
        }
    }
    chosen: Any = {"node.kubernetes.io/instance-type": _label(machine.type)}
    to_give = [] if machine.provider else [f"'{machine.type}' is no type of the catalogue: give your nodes this label"]
    if machine.tier is not None and sum(own.type == machine.type for _, own in block.machines) > 1:
        chosen |= {"tier": _label(machine.tier)}
        to_give.append("both pools are of this type: give the nodes of each its tier")
    if to_give:
        chosen = Said(chosen, "; ".join(to_give))
    spec = {
        "nodeSelector": chosen,
        "affinity": Said(affinity, "one pod a machine, as the plan counts them"),
        "containers": [container],
    }
    scaler = _scaler(machine, metadata)
    # beside an autoscaler, every `kubectl apply` would throw its number back to this one
    count = {"replicas": machine.count} if machine.count and scaler is None else {}
    # a pod more than there are nodes would wait for a node for ever
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    template = {"metadata": {"labels": labels, "annotations": _digest(description)}, "spec": spec}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            **count,
            "strategy": Said(strategy, "a pod a node: the old one goes before the new one comes"),
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": PORT}]},
    }
    counted = f"{machine.count} x {machine.in_words()}"
    if machine.count is None:
        counted = f"{machine.type}; the plan counts none, so one starts and nothing scales it"
    documents = [(f"{block.words}: {counted}", deployment), (f"{block.words}: where requests go", service)]
    return documents + ([(f"{block.words}: more machines when these are busy", scaler)] if scaler else [])


def _scaler(machine: DescribedMachine, metadata: Manifest) -> Manifest | None:
    """None where count, load or size is unknown, and for GPUs, whose load the metrics server does not see."""
    if machine.count is None or machine.busy_target is None or machine.vcpus is None or machine.gpus:
        return None
    cpu = f"{math.ceil(machine.busy_target * machine.vcpus * 1000)}m"
    why = f"{machine.busy_target:.1%} of {machine.vcpus:g} vCPUs; {machine.target_why}"
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata,
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"]},
            "minReplicas": Said(
                machine.count, "the plan's promises need all of its machines; less is right for slower traffic"
            ),
            "maxReplicas": Said(machine.most, "twice the plan's, for faster traffic"),
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": Said({"type": "AverageValue", "averageValue": cpu}, why)},
                }
            ],
        },
    }


def _function(
    description: Description, block: DescribedBlock, function: DescribedFunction, image: str | None
) -> Manifest:
    """Return a Knative Service; annotations are texts, numbers too."""
    annotations: dict[str, Any] = {
        "autoscaling.knative.dev/min-scale": Said("0", "paid per use: nothing runs while nobody asks")
    }
    if function.concurrency is not None:
        annotations["autoscaling.knative.dev/max-scale"] = Said(
            str(function.reserved),
            f"expected at once: {function.concurrency:.4g}; with twice that, fewer than 1 in 1,000 waits (Erlang B)",
        )
    if function.keep_alive_s is not None:
        kept = min(math.ceil(function.keep_alive_s), LONGEST_RETENTION_S)
        annotations["autoscaling.knative.dev/scale-to-zero-pod-retention-period"] = Said(
            f"{kept}s", f"the plan counts on {function.keep_alive_s:g} s of staying warm; an hour is Knative's most"
        )
    annotations |= {"plan-digest": _digest(description).value["plan-digest"]}
    container = _container(description, block, image)
    if function.memory_mb is not None:
        memory, cpu = math.ceil(function.memory_mb), math.ceil(function.memory_mb / MB_PER_VCPU * 1000)
        container["resources"] = Said(
            {kind: {"cpu": f"{cpu}m", "memory": f"{memory}Mi"} for kind in ("requests", "limits")},
            f"a vCPU comes with {MB_PER_VCPU:,} MB on AWS Lambda",
        )
    template = {
        "metadata": {"labels": _labels(description, block, "-function"), "annotations": annotations},
        "spec": {
            "containerConcurrency": Said(1, "a request at a time, as on AWS Lambda"),
            "containers": [container],
        },
    }
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": _metadata(description, f"{description.name}-{block.label}-function", block, "-function"),
        "spec": {"template": template},
    }


def _label(text: str) -> str:
    """Return a text that may be a label's value."""
    return text if re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", text) else slug(text)
