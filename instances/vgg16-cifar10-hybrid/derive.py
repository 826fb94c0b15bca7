"""Write stages.csv and stages-batch16.csv; with --data also fit the speed of a vCPU from SeBS.

--data is the folder data/performance/aws_perf_cost/411/perf-cost of
spcl/serverless-benchmarks-artifact@22e8134.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from pathlib import Path

from serflow_opt.instances.architectures import amdahl_fraction, resnet50, vgg16_cifar10, write_stages

FOLDER = Path(__file__).parent
MB_PER_VCPU = 1769
VGG16_MS = {1: 104.08, 2: 53.93, 4: 28.40, 8: 18.77}
"""Average milliseconds by threads: Tencent/ncnn@a4d2ea1 benchmark/README.md, Azure D64s v6, AVX-512."""


def warm_compute_s(file: Path) -> float:
    """Return the median of `compute_time` over the warm invocations in a SeBS result file, seconds."""
    results = json.loads(file.read_text(encoding="utf-8"))["_invocations"]
    measured: list[float] = [
        invocation["output"]["result"]["measurement"]["compute_time"] / 1e6
        for invocations in results.values()
        for invocation in invocations.values()
        if not invocation["stats"]["cold_start"]
    ]
    return statistics.median(measured)


def fit_vcpu_speed(data: Path, parallel_fraction: float) -> None:
    """Print FLOP/s of one vCPU: the geometric mean over memory sizes, with the residual of each."""
    flops = 2 * resnet50().macs
    speeds = {}
    for file in data.glob("warm_results_*-processed.json"):
        memory = int(file.stem.split("_")[2].split("-")[0])
        vcpus = memory / MB_PER_VCPU
        speed_up = vcpus if vcpus < 1 else 1 / (1 - parallel_fraction + parallel_fraction / vcpus)
        speeds[memory] = flops / warm_compute_s(file) / speed_up
    fit = math.exp(statistics.fmean(map(math.log, speeds.values())))
    print(f"flops_per_s_per_vcpu {fit:.3e}")
    for memory, speed in sorted(speeds.items()):
        print(f"  {memory} MB: {speed:.3e}, measured time {fit / speed - 1:+.1%} against the fit")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with SeBS's warm_results_*-processed.json")
    data: Path | None = parser.parse_args().data
    stages = vgg16_cifar10()
    write_stages(FOLDER / "stages.csv", stages)
    write_stages(FOLDER / "stages-batch16.csv", stages, batch=16)
    parallel_fraction = amdahl_fraction(VGG16_MS)
    print(f"parallel_fraction {parallel_fraction:.3f}")
    if data is not None:
        fit_vcpu_speed(data, parallel_fraction)


if __name__ == "__main__":
    main()
