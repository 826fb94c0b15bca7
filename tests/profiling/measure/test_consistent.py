"""Exit tables taken where the plan uses them: the promise becomes what the thresholds do together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.profiling.measure.consistent import Settled, settle

INSTANCE = """schema = 1
name = "made"
[network]
stages = "stages.csv"
input_bytes = 1
[exits]
samples = "samples.csv"
classifier_stages = [1, 2, 3]
levels = 6
earlier_threshold = {thresholds}
[workload]
accuracy_min = {floor}
latency_measure = "mean"
[[tier]]
name = "here"
kind = "device"
[[tier.option]]
name = "cpu"
flops_per_s = 1000.0
[objective]
minimize = "latency"
"""


def made(folder: Path, seed: int, floor: float) -> tuple[Path, list[tuple[float, ...]]]:
    """An instance of 400 samples whose exits agree with each other, and the thresholds written to it so far."""
    draw = np.random.default_rng(seed)
    ease = draw.uniform(size=400)
    lines = ["sample_id," + ",".join(f"conf_exit{k},correct_exit{k}" for k in (1, 2, 3))]
    for row, easy in enumerate(ease):
        cells = [str(row)]
        for skill in (0.3, 0.6, 0.9):
            confidence = float(np.clip(easy * (0.5 + skill / 2) + draw.normal(scale=0.1), 0.0, 0.999))
            cells += [f"{confidence:.4f}", str(int(draw.uniform() < 0.4 + 0.6 * max(easy, skill)))]
        lines.append(",".join(cells))
    (folder / "samples.csv").write_text("\n".join(lines) + "\n")
    (folder / "stages.csv").write_text(
        "stage,flops,activation_bytes,parameter_bytes\n" + "".join(f"{s},100,1,1\n" for s in (1, 2, 3))
    )
    written: list[tuple[float, ...]] = []

    def write(thresholds: tuple[float, ...]) -> None:
        written.append(thresholds)
        (folder / "instance.toml").write_text(INSTANCE.format(thresholds=list(thresholds), floor=floor))

    write((0.9, 0.9))
    return folder / "instance.toml", written


def settled(folder: Path, seed: int, floor: float) -> Settled | None:
    file, _ = made(folder, seed, floor)

    def write(thresholds: tuple[float, ...]) -> None:
        file.write_text(INSTANCE.format(thresholds=list(thresholds), floor=floor))

    return settle(file, (1, 2, 3), write)


@pytest.mark.parametrize("seed", range(4))
def test_the_instance_left_behind_is_the_best_one_found(tmp_path: Path, seed: int) -> None:
    """Of the tables tried, those stay whose promise comes closest to what the thresholds do together."""
    found = settled(tmp_path, seed, 0.75)
    assert found is not None
    plan = so.solve(so.load(tmp_path))
    assert plan.metrics is not None
    assert plan.metrics.accuracy == pytest.approx(found.promised)
    assert plan.samples[0].accuracy == pytest.approx(found.together)
    first = made(tmp_path, seed, 0.75)[0]  # tables at the start, untouched
    start = so.solve(so.load(first))
    assert start.metrics is not None
    assert start.metrics.accuracy is not None
    before = start.samples[0].accuracy < 0.75, abs(start.metrics.accuracy - start.samples[0].accuracy)
    assert (found.together < 0.75, abs(found.promised - found.together)) <= before


def test_a_floor_out_of_reach_settles_nowhere(tmp_path: Path) -> None:
    """Where no plan keeps the floor nothing is called settled."""
    assert settled(tmp_path, 0, 0.9999) is None
