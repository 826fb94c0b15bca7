"""Write what was measured as an instance folder that `serflow-opt solve` takes as it is."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.files import write_atomically
from serflow_opt.problem.network import Stage

if TYPE_CHECKING:
    from serflow_opt.problem.profile_table import ProfileTable
    from serflow_opt.profiling.measure.timing import StageTimes

ASSUMED_FLOPS_PER_S = 1.68e10
"""Of one vCPU, where nothing was run: ResNet-50 on AWS Lambda, SeBS (instances/vgg16-cifar10-hybrid/README.md)."""
ACCURACY_GIVEN_UP = 0.01
"""The floor that is written stands this far below the last classifier, so that there is a choice to make."""
LEVELS = 6
HOLDOUT_SHARE = 0.5
HERE = "here"
"""The tier that was measured."""


@dataclass(frozen=True, slots=True)
class MeasuredNetwork:
    """What an instance is written from.

    Attributes
    ----------
    name
        Of the instance.
    stages, input_bytes
        Sizes for one request.
    classifier_stages
        Stages that answer; empty when no exits were measured.
    earlier_thresholds
        Where the exit tables are taken, one for each classifier but the last.
    final_accuracy
        Share right at the last classifier; None when not measured.
    times
        Single requests, by threads; empty when nothing was run.
    batches
        Sizes of batches that were timed, rising; empty: none were.
    provenance
        How it was measured.
    uncounted
        Operations whose FLOPs are missing.
    """

    name: str
    stages: Sequence[Stage]
    input_bytes: float
    provenance: ProfileTable
    classifier_stages: Sequence[int] = ()
    earlier_thresholds: Sequence[float] = ()
    final_accuracy: float | None = None
    times: Sequence[StageTimes] = ()
    batches: Sequence[int] = ()
    uncounted: Sequence[str] = ()

    @property
    def flops(self) -> float:
        """Operations of the whole network, FLOP a request."""
        return sum(stage.flops for stage in self.stages)


def write_stages(stages: Sequence[Stage], path: Path) -> None:
    """Write stage,flops,activation_bytes,parameter_bytes."""
    lines = ["stage,flops,activation_bytes,parameter_bytes"]
    for number, stage in enumerate(stages, start=1):
        cells = (stage.flops, stage.activation_bytes, stage.parameter_bytes)
        lines.append(",".join([str(number), *(f"{cell:.12g}" for cell in cells)]))
    write_atomically(path, lambda draft: draft.write_text("\n".join(lines) + "\n", encoding="utf-8"))


def write_instance(measured: MeasuredNetwork, path: Path) -> None:
    """Write instance.toml."""
    text = instance_text(measured)
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def instance_text(measured: MeasuredNetwork) -> str:
    """Return the instance: the machine it was measured on, then scenarios for VMs and functions to edit."""
    parts = [_head(measured), _exits(measured), _workload(measured)]
    if measured.times:
        parts.append(_measured_tier(measured.times))
    if measured.batches:
        parts.append(_batched_tier(measured.times, measured.batches))
    parts += [_cloud(measured), _links(bool(measured.times)), _objective(measured), _profile(measured.provenance)]
    return "\n".join(part for part in parts if part)


def parallel_fraction(times: Sequence[StageTimes]) -> float:
    """Fit Amdahl's p to whole passes by threads: least squares of t_v / t_1 = 1 - p + p / v, within 0..1.

    0 when one number of threads was measured: no speed-up that was not seen.
    """
    on_cpu = [t for t in times if t.threads > 0]
    one = next((t.mean_s for t in on_cpu if t.threads == 1), None)
    if one is None:
        return 0.0
    gains = [(1 - 1 / t.threads, 1 - t.mean_s / one) for t in on_cpu if t.threads > 1]
    if not gains:
        return 0.0
    return min(max(sum(x * y for x, y in gains) / sum(x * x for x, _ in gains), 0.0), 1.0)


OUTPUTS = (
    "stages.csv",
    "samples.csv",
    "times.csv",
    "batches.csv",
    "batch_fit.csv",
    "batch_memory.csv",
    "network.pt",
    "privacy.csv",
    "privacy.png",
    "reconstructions.png",
    "compression.csv",
    "compression.png",
    "training_stages.csv",
    "layers.csv",
    "rounds.csv",
    "updates.csv",
    "training_privacy.csv",
    "instance.toml",
)
"""What a profile may write."""


def install(draft: Path, place: Path) -> None:
    """Put a finished folder in place; in one that is there, take the place of an earlier profile's files."""
    mask = os.umask(0)
    os.umask(mask)
    for file in draft.iterdir():
        file.chmod(0o666 & ~mask)
    if not place.exists():
        draft.chmod(0o777 & ~mask)
        draft.rename(place)
        return
    for old in (place / name for name in OUTPUTS):
        if not (draft / old.name).exists():
            old.unlink(missing_ok=True)
    for file in sorted(draft.iterdir(), key=lambda file: file.name == "instance.toml"):  # the instance comes last
        file.replace(place / file.name)


def _head(measured: MeasuredNetwork) -> str:
    how = (
        "measured by `serflow-opt profile`, see [profile] at the end" if measured.times else "counted, nothing was run"
    )
    return f"""schema = 1
name = {_quoted(measured.name)}
description = {_quoted(f"{measured.provenance.network}: stages {how}; lines marked scenario are to be edited")}

[network]
stages = "stages.csv"
input_bytes = {measured.input_bytes:.12g}
""" + "".join(f"# FLOPs missing: {operation}\n" for operation in measured.uncounted)


def _exits(measured: MeasuredNetwork) -> str:
    if not measured.classifier_stages:
        return "# No [exits]: no labelled data were given, so every request runs to the end.\n"
    earlier = ", ".join(repr(float(threshold)) for threshold in measured.earlier_thresholds)
    trained = measured.provenance.training not in (None, "no")
    source = "data never trained on" if trained else "the data given, which must not have trained the network"
    return f"""[exits]
samples = "samples.csv"              # calibrated confidence and correctness of every exit, on {source}
classifier_stages = {list(measured.classifier_stages)}
levels = {LEVELS}
holdout_share = {HOLDOUT_SHARE}                  # kept out of the tables; plans are replayed on it
# Tables are taken on what earlier exits let through at these thresholds: as near as could be found to those that the
# plan for the limits below chooses. `solve` shows what a plan's thresholds do together. joint = true instead of levels
# and earlier_threshold chooses them on the samples themselves.
earlier_threshold = [{earlier}]
"""


def _workload(measured: MeasuredNetwork) -> str:
    lines = ["[workload]"]
    if measured.final_accuracy is not None:
        floor = math.floor((measured.final_accuracy - ACCURACY_GIVEN_UP) * 1000) / 1000
        lines.append(
            f"accuracy_min = {max(floor, 0.0):<16g} # scenario: the last exit alone has {measured.final_accuracy:.4f}"
        )
    lines.append('latency_measure = "mean"')
    if measured.times:
        lines.append(f'source = "{HERE}"                      # where requests begin')
    return "\n".join(lines) + "\n"


def _measured_tier(times: Sequence[StageTimes]) -> str:
    options = "\n".join(f'[[tier.option]]\nname = "{t.option}"\n' for t in times)
    return f"""[[tier]]                             # the machine the times were measured on
name = "{HERE}"
kind = "device"
stage_times = "times.csv"

{options}"""


def _batched_tier(times: Sequence[StageTimes], batches: Sequence[int]) -> str:
    """Return a tier for `provision`, as comments: it is another question than that of the device."""
    options = "".join(f'[[tier.option]]\nname = "{t.option}"\nusd_per_hour = 0.1        # scenario\n\n' for t in times)
    lines = f"""[[tier]]
name = "server"
kind = "vm"
batch = {list(batches)}
batch_wait_ms = [5.0, 20.0]  # scenario
stage_times = "batches.csv"

{options}""".rstrip()
    said = (
        "# Times by batch as measured (batches.csv). For `provision` put this tier in the place of all others, with\n"
    )
    said += '# [workload] rate_per_s and latency_slo_ms, and [objective] minimize = "cost", accounting = "reserved".\n'
    return said + "".join(f"# {line}".rstrip() + "\n" for line in lines.split("\n"))


def _cloud(measured: MeasuredNetwork) -> str:
    one = next((t.mean_s for t in measured.times if t.threads == 1), None)
    if one is not None and measured.flops:
        speed, why = measured.flops / one, "one thread here; that a vCPU is as fast is a scenario"
    else:
        speed, why = ASSUMED_FLOPS_PER_S, "scenario: SeBS, ResNet-50 on AWS Lambda"
    p = parallel_fraction(measured.times)
    many = any(t.threads > 1 for t in measured.times)
    p_why = "fitted to the threads measured here" if many else "not measured: no speed-up beyond one vCPU"
    speeds = f"""flops_per_s_per_vcpu = {speed:.4g}     # {why}
parallel_fraction = {p:.3f}            # {p_why}
"""
    return f"""[[tier]]                             # scenario
name = "vm"
kind = "vm"
options = ["c6i.large", "c6i.xlarge"]
{speeds}
[[tier]]                             # scenario
name = "function"
kind = "function"
memory_mb = [1769, 3538, 5307]
{speeds}cold_start_ms = 350.0
cold_share = 0.0                     # a steady rate keeps functions warm
"""


def _links(measured: bool) -> str:
    pairs = [("vm", "function", 500.0, 2.0)]
    if measured:
        pairs = [(HERE, "vm", 50.0, 20.0), (HERE, "function", 50.0, 20.0), *pairs]
    return "\n".join(
        f"""[[link]]                             # scenario
from = "{begin}"
to = "{end}"
bandwidth_mbit_s = {bandwidth}
round_trip_ms = {round_trip}
"""
        for begin, end, bandwidth, round_trip in pairs
    )


def _objective(measured: MeasuredNetwork) -> str:
    minimize = "latency" if measured.times else "cost"
    return f"""[objective]
minimize = "{minimize}"
accounting = "per-request"
"""


def _profile(provenance: ProfileTable) -> str:
    given = {key: value for key, value in provenance.model_dump().items() if value not in (None, "", [], 0)}
    return "[profile]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in given.items())


def _quoted(value: object) -> str:
    """Write a value as TOML, whose basic strings and lists of them are JSON's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
