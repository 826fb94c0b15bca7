"""Write what batches are to be as the settings of serving systems: Triton, Ray Serve, KServe, TorchServe.

All of them form a batch when it is full or when its first request has waited for so long, whichever comes first; they
differ in names and units. Waits are rounded down, so that what a plan promises is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from serflow_opt.export.text import one_line, quoted, slug
from serflow_opt.export.yaml_text import Said, to_yaml

NO_CODE = "FILL_IN_MODULE:app"
NO_MODEL = "FILL_IN_URI"
NO_FORMAT = "FILL_IN_FORMAT"
PER_S = 1_000_000
"""Waits are told in microseconds."""
SHORTLY = 0.001
"""Of a microsecond: a wait this close below a whole one is that."""
QUEUED = 2
"""Batches that may be at a replica: one runs, one fills."""


@dataclass(frozen=True, slots=True)
class Batcher:
    """How requests of a network are batched in one place.

    Attributes
    ----------
    name
        What it is called.
    batch, wait_s
        Most requests of a batch, and how long the first may wait for others.
    replicas
        Copies that run, each with a batch at a time.
    cores, gpus
        What a copy takes; 0: none. A share of a GPU is a part of 1.
    slice
        The slice of a card that it runs on; empty: none.
    timeout_s
        When an answer is too late.
    why
        What to know beside the numbers, a line each.
    """

    name: str
    batch: int
    wait_s: float
    replicas: int
    cores: float
    gpus: float
    slice: str
    timeout_s: float
    why: tuple[str, ...] = ()

    @property
    def wait(self) -> Decimal:
        """How long the first request may wait, seconds; a batch of one waits for nobody."""
        return Decimal(math.floor(self.wait_s * PER_S + SHORTLY) if self.batch > 1 else 0) / PER_S


def settings(batchers: Sequence[Batcher], system: str, name: str) -> str:
    """Return the text of a file with the settings of all batchers.

    Parameters
    ----------
    batchers
        What is served; names that are not alike stay so.
    system
        One of `SYSTEMS`.
    name
        What the whole is called.
    """
    head, write = SYSTEMS[system]
    lines = [f"{one_line(name)}: {head}", *(f"{own.name}: {line}" for own in batchers for line in own.why)]
    return "".join(f"# {one_line(line)}\n" for line in lines) + "\n" + write(batchers, name)


def _triton(batchers: Sequence[Batcher], name: str) -> str:
    parts = []
    for own in batchers:
        kind = "KIND_GPU" if own.gpus or own.slice else "KIND_CPU"
        lines = [f"# models/{slug(own.name)}/config.pbtxt", f"name: {quoted(slug(own.name))}"]
        lines.append(f"max_batch_size: {own.batch}")
        if own.batch > 1:
            lines += ["dynamic_batching {", f"  max_queue_delay_microseconds: {int(own.wait * PER_S)}", "}"]
        lines += ["instance_group [", "  {", f"    count: {own.replicas}", f"    kind: {kind}", "  }", "]"]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _ray(batchers: Sequence[Batcher], name: str) -> str:
    deployments: list[Any] = []
    for own in batchers:
        options = {"num_cpus": _plain(own.cores), "num_gpus": _plain(own.gpus)}
        deployments.append(
            {
                "name": slug(own.name),
                "num_replicas": own.replicas,
                "max_ongoing_requests": Said(
                    QUEUED * own.batch, "one batch runs and one fills: fewer, and batches do not get full"
                ),
                "user_config": Said(
                    {"max_batch_size": own.batch, "batch_wait_timeout_s": own.wait},
                    "reconfigure() hands them to set_max_batch_size and set_batch_wait_timeout_s of the batched method",
                ),
                "ray_actor_options": {key: value for key, value in options.items() if value},
            }
        )
    return to_yaml({"applications": [{"name": slug(name), "import_path": NO_CODE, "deployments": deployments}]})


def _kserve(batchers: Sequence[Batcher], name: str) -> str:
    documents = []
    for own in batchers:
        limits = {"cpu": f"{math.ceil(own.cores * 1000)}m"} if own.cores else {}
        if own.gpus and own.gpus == int(own.gpus) and not own.slice:
            limits["nvidia.com/gpu"] = str(int(own.gpus))
        predictor: dict[str, Any] = {"minReplicas": own.replicas, "maxReplicas": own.replicas}
        predictor["timeout"] = Said(max(math.ceil(own.timeout_s), 1), "whole seconds")
        if own.batch > 1:
            wait = Said(max(int(own.wait * 1000), 1), "whole milliseconds, 1 at least")
            predictor["batcher"] = {"maxBatchSize": own.batch, "maxLatency": wait}
        predictor["model"] = {"modelFormat": {"name": NO_FORMAT}, "storageUri": NO_MODEL}
        if limits:
            predictor["model"]["resources"] = {"limits": limits}
        documents.append(
            to_yaml(
                {
                    "apiVersion": "serving.kserve.io/v1beta1",
                    "kind": "InferenceService",
                    "metadata": {"name": slug(own.name)},
                    "spec": {"predictor": predictor},
                }
            )
        )
    return "---\n".join(documents)


def _torchserve(batchers: Sequence[Batcher], name: str) -> str:
    documents = []
    for own in batchers:
        said = {
            "minWorkers": own.replicas,
            "maxWorkers": own.replicas,
            "batchSize": own.batch,
            "maxBatchDelay": Said(int(own.wait * 1000), "whole milliseconds"),
            "responseTimeout": Said(max(math.ceil(own.timeout_s), 1), "whole seconds"),
        }
        if own.gpus or own.slice:
            said["deviceType"] = "gpu"
        documents.append(f"# {one_line(slug(own.name))}/model-config.yaml\n{to_yaml(said)}")
    return "---\n".join(documents)


def _plain(number: float) -> int | Decimal:
    """A whole number where it is one, else as it is written."""
    return int(number) if number == int(number) else Decimal(repr(number))


SYSTEMS: dict[str, tuple[str, Callable[[Sequence[Batcher], str], str]]] = {
    "triton": (
        "config.pbtxt of each model, one after the other. There is no preferred_batch_size: a batch of such a "
        "size would leave at once",
        _triton,
    ),
    "ray-serve": ("Ray Serve, a config for `serve deploy`", _ray),
    "kserve": ("KServe, an InferenceService each; batches are formed for its v1 protocol over HTTP", _kserve),
    "torchserve": ("TorchServe, model-config.yaml of each model, one after the other", _torchserve),
}
"""Serving systems: what their file is, and what writes it."""
