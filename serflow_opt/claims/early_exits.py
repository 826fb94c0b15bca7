"""Early exits and placement: BranchyNet's Table I, the survey's tables and its saving by functions."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from serflow_opt.claims.claim import Claim
from serflow_opt.families.loading import load
from serflow_opt.families.verbs import door
from serflow_opt.files import read_json
from serflow_opt.problem.loader import shipped_folder

BRANCHYNET = "Teerapittayanon, McDanel, Kung, BranchyNet, ICPR 2016, Table I"
SURVEY = "Towards Optimal Placement of Deep Learning Tasks over Edge and Cloud Infrastructures"
TRUNK = "mean times are fitted to the table, so it agrees with itself; they leave out branches, entropy and decision"
ONE_TIME = "which machine and how often each time was taken: the trunk alone was timed at two times"


@cache
def table_1(name: str) -> Any:
    """Return what the thresholds of BranchyNet's Table I achieve on a shipped instance."""
    plan = read_json(shipped_folder() / name / "table1-plan.json", "reinstall the package", "plan")
    return door("value", "value")(load(name), plan).metrics


def times_faster(name: str, baseline_ms: float) -> float:
    """Return how many times the mean request is faster than the network without exits."""
    return float(baseline_ms / table_1(name).latency_mean_ms)


def whole_path_ms(name: str) -> float:
    """Return how long a request takes that leaves at the end."""
    return float(table_1(name).stages[-1].finished_ms)


def saving(bound_ms: float) -> float:
    """Return what a small VM with the survey's function saves against the large VM alone, per cent of its rent."""
    instance = load("vgg16-cifar10-hybrid")
    solve = door("solve", "solve")
    alone = solve(instance.keep(include=["c6i.xlarge"], exclude=["function"]).with_limits(latency_slo_ms=None))
    hybrid = solve(instance.keep(include=["c6i.*", "*8845*"]).with_limits(latency_slo_ms=bound_ms))
    return float(100 * (1 - hybrid.metrics.cost_usd_per_hour / alone.metrics.cost_usd_per_hour))


def table_3(file: str) -> float:
    """Return the latency of what is best in a file of `offloading-two-parameters`, ms."""
    plan = door("solve", "solve")(load(str(shipped_folder() / "offloading-two-parameters" / file)))
    return float(plan.metrics.latency_worst_ms)


def tiny_yolo_ms() -> float:
    """Return what Tiny YOLO takes, ms, if the phone is as fast as with YOLOv3: 5.41 GFLOP, and 65.86 in 4.5 s."""
    return 5.41 / 65.86 * 4500


def parameters(name: str) -> float:
    """Return the parameters of a shipped network of four bytes each, millions."""
    return float(sum(stage.parameter_bytes for stage in load(name).stages) / 4e6)


CLAIMS = (
    Claim(
        "branchynet-lenet-speed",
        BRANCHYNET,
        "B-LeNet beside LeNet's 3.37 ms",
        5.4,
        partial(times_faster, "branchynet-lenet", 3.37),
        0.05,
        "times",
        note=TRUNK,
    ),
    Claim(
        "branchynet-alexnet-speed",
        BRANCHYNET,
        "B-AlexNet beside AlexNet's 9.56 ms",
        1.5,
        partial(times_faster, "branchynet-alexnet", 9.56),
        0.05,
        "times",
        note=TRUNK,
    ),
    Claim(
        "branchynet-resnet-speed",
        BRANCHYNET,
        "B-ResNet-110 beside ResNet-110's 137.2 ms",
        1.9,
        partial(times_faster, "branchynet-resnet110", 137.2),
        0.05,
        "times",
        note=TRUNK,
    ),
    Claim(
        "branchynet-lenet-whole",
        BRANCHYNET,
        "LeNet, from the times of B-LeNet's stages",
        3.37,
        partial(whole_path_ms, "branchynet-lenet"),
        0.005,
        "ms",
        ONE_TIME,
    ),
    Claim(
        "branchynet-alexnet-whole",
        BRANCHYNET,
        "AlexNet, from the times of B-AlexNet's stages",
        9.56,
        partial(whole_path_ms, "branchynet-alexnet"),
        0.005,
        "ms",
        ONE_TIME,
    ),
    Claim(
        "branchynet-resnet-whole",
        BRANCHYNET,
        "ResNet-110, from the times of B-ResNet-110's stages",
        137.2,
        partial(whole_path_ms, "branchynet-resnet110"),
        0.05,
        "ms",
        ONE_TIME,
    ),
    Claim(
        "survey-saving-most",
        f"{SURVEY}, 3.3.2",
        "most that c6i.large with a function saves against c6i.xlarge",
        50.0,
        partial(saving, 320.0),
        0.5,
        "%",
        note="at bounds where the small VM alone is fast enough: the ratio of the prices",
    ),
    Claim(
        "survey-saving-least",
        f"{SURVEY}, 3.3.2",
        "least that it saves, with the function of 8,845 MB",
        5.0,
        partial(saving, 260.0),
        0.5,
        "%",
        "rate, speeds and link: at 260 ms, with those of the instance",
    ),
    Claim(
        "survey-table-3",
        f"{SURVEY}, Table 3",
        "DRE+PSI+MvOT at 82.8 Mbit/s",
        "predicted",
        None,
        missing="a third bandwidth: two figures a method, read as two unknowns, agree by construction and show nothing",
    ),
    Claim(
        "survey-table-1-tiny",
        f"{SURVEY}, Table 1",
        "Tiny YOLO on a Pixel 2, at the speed of YOLOv3 there",
        1200.0,
        tiny_yolo_ms,
        50.0,
        "ms",
        "input sizes and the framework of either",
    ),
    Claim(
        "vgg16-parameters",
        "Simonyan, Zisserman, ICLR 2015, Table 2",
        "parameters of VGG16",
        138.0,
        partial(parameters, "vgg16-edge-cloud"),
        0.5,
        "million",
    ),
)
"""Each with what it takes to find it."""
