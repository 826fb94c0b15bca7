"""Thresholds chosen on samples: how long the proof takes, and what single thresholds and tables lose.

Real samples are read from exits/ in the folder SERFLOW_OPT_DATA names (sst2_bert_12exits.csv,
cifar10_alexnet_2exits.csv; no licence, not included); without them only the synthetic ones are run.

For each case: the proven best thresholds, of all confidences there are; the best single threshold at every classifier,
of a thousand tried with all placements; and the best plan by tables taken on all samples, which is then followed on the
samples. Agreement: the eleven exits of BERT from the second on, where right is what the last answers, each a stage of
one second on one machine, so that mean seconds are mean stages.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.ground.arrays import Floats
from serflow_opt.plan.samples import replayed
from serflow_opt.problem.exits import derive_menus
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.search.joint.choices import choices

DOCS = Path(__file__).parent.parent / "docs"
EXITS = "\njoint = true\nclassifier_stages = {stages}\n"
LEVELS = 20
"""Thresholds an exit in tables."""


def from_shipped(name: str, data: Path, stages: list[int], folder: Path) -> so.Instance:
    """A shipped instance with its raw samples instead of the table."""
    for file in ("instance.toml", "stages.csv"):
        text = (shipped_folder() / name / file).read_text(encoding="utf-8")
        lines = [
            'samples = "samples.csv"' + EXITS.format(stages=stages) if row.startswith("table =") else row
            for row in text.splitlines()
        ]
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "samples.csv").write_bytes(data.read_bytes())
    return so.load(folder)


def agreement(data: Path, folder: Path, least: float) -> so.Instance:
    """Exits 2 to 12 of BERT against the answer of the last: mean stages at a share of answers that agree."""
    exits = range(2, 13)
    lines = ["sample_id," + ",".join(f"conf_exit{k},correct_exit{k}" for k in range(1, 12))]
    with data.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            agrees = (f"{row[f'conf_exit{k}']},{int(row[f'pred_exit{k}'] == row['pred_exit12'])}" for k in exits)
            lines.append(",".join([row["sample_id"], *agrees]))
    (folder / "samples.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stages = ["stage,flops,activation_bytes,parameter_bytes", *(f"{s},1e9,10,10" for s in range(1, 12))]
    (folder / "stages.csv").write_text("\n".join(stages) + "\n", encoding="utf-8")
    (folder / "instance.toml").write_text(
        f'schema = 1\nname = "bert11-agreement"\n[network]\nstages = "stages.csv"\ninput_bytes = 10\n'
        f'[exits]\nsamples = "samples.csv"{EXITS.format(stages=list(range(1, 12)))}'
        f'[workload]\naccuracy_min = {least}\nlatency_measure = "mean"\nsource = "here"\n'
        '[[tier]]\nname = "here"\nkind = "device"\n[[tier.option]]\nname = "one"\nflops_per_s = 1e9\n'
        'memory_mb = 1024\nusd_per_hour = 0.1\n[objective]\nminimize = "latency"\n',
        encoding="utf-8",
    )
    return so.load(folder)


def synthetic(exits: int, rows: int, folder: Path, seed: int = 0) -> so.Instance:
    """Samples of a latent ease that all exits see, each with its own noise; stages of equal work on one function."""
    rng = np.random.default_rng(seed)
    ease = rng.normal(size=rows)
    columns, header = [np.arange(rows).astype(str)], ["sample_id"]
    for k in range(1, exits + 1):
        seen = ease - 0.3 + 1.8 * k / exits + 0.6 * rng.normal(size=rows)
        sure = 0.1 + 0.9 / (1 + np.exp(-(seen + 0.4 * rng.normal(size=rows))))
        right = rng.random(rows) < 0.1 + 0.9 / (1 + np.exp(-2.5 * seen))
        columns += [np.char.mod("%.6f", sure), right.astype(int).astype(str)]
        header += [f"conf_exit{k}", f"correct_exit{k}"]
    lines = [",".join(header), *(",".join(row) for row in zip(*columns, strict=True))]
    (folder / "samples.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stages = ["stage,flops,activation_bytes,parameter_bytes", *(f"{s},1e8,1e4,1e6" for s in range(1, exits + 1))]
    (folder / "stages.csv").write_text("\n".join(stages) + "\n", encoding="utf-8")
    last = float(columns[-1].astype(int).mean())
    (folder / "instance.toml").write_text(
        f'schema = 1\nname = "synthetic-{exits}x{rows}"\n[network]\nstages = "stages.csv"\ninput_bytes = 1000\n'
        f'[exits]\nsamples = "samples.csv"{EXITS.format(stages=list(range(1, exits + 1)))}'
        f"[workload]\naccuracy_min = {math.floor(last * 100 - 1) / 100}\n"
        '[[tier]]\nname = "function"\nkind = "function"\n'
        "memory_mb = [1769, 3538]\nflops_per_s_per_vcpu = 1e10\nparallel_fraction = 0.95\n",
        encoding="utf-8",
    )
    return so.load(folder)


def best_single(instance: so.Instance) -> tuple[float, float, float]:
    """Objective, accuracy and threshold of the best single threshold that keeps floor and limits."""
    samples = instance.samples
    assert samples is not None
    assert instance.minimize != "weighted"
    used = ~samples.held_out
    confidence, right = samples.confidence[used], samples.correct[used].astype(float)
    placements = choices(instance, instance.minimize)
    assert placements is not None
    best = (math.inf, math.nan, math.nan)
    for threshold in np.unique(np.quantile(confidence[:, :-1], np.linspace(0, 1, 1000))).tolist():
        passes = confidence >= threshold
        passes[:, -1] = True
        first = passes.argmax(axis=1)
        accuracy = float(right[np.arange(len(right)), first].mean())
        reach: Floats = (first[:, None] >= np.arange(right.shape[1])[None, :]).mean(axis=0)
        value = float(placements.values(reach).min())
        if accuracy >= (instance.accuracy_min or 0.0) - 1e-12 and value < best[0]:
            best = value, accuracy, threshold
    return best


def by_tables(instance: so.Instance) -> tuple[float, float]:
    """Promise of the best plan by tables taken on all samples, and its accuracy on the samples."""
    assert instance.samples is not None
    tables = replace(instance, joint=False, menus=derive_menus(instance.samples, len(instance.stages), LEVELS))
    plan = so.solve(tables)
    if plan.plan is None or plan.objective.value is None:
        return math.nan, math.nan
    from serflow_opt.plan.names import decision_of

    (part, *_) = replayed(tables, decision_of(tables, plan))
    return plan.objective.value, part.accuracy


def run(instance: so.Instance, limit: float) -> tuple[list[str], list[str]]:
    """Return a row of the proof and one of the comparison."""
    began, busy = time.perf_counter(), time.process_time()
    plan = so.solve(instance, time_limit=limit)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    assert instance.samples is not None
    values = max(map(len, (menu.thresholds for menu in instance.menus)))
    size = f"{len(instance.samples.correct):,} x {len(instance.samples.classifier_stages)}"
    name = f"{instance.name}, floor {instance.accuracy_min:g}"
    gap = "" if plan.gap is None else f"{plan.gap:.0e}"
    proof = [name, size, f"{values:,}", f"{plan.certificate.placements}", f"{plan.certificate.nodes:,}"]
    proof += [f"{seconds:.1f}", f"{busy:.1f}", plan.status, gap]
    value = math.nan if plan.objective.value is None else plan.objective.value
    accuracy = plan.metrics.accuracy if plan.metrics else math.nan
    single, its, threshold = best_single(instance)
    promised, true = by_tables(instance)

    by_time = instance.minimize == "latency"
    scale = 1e-3 if by_time else 1.0  # milliseconds of the plan, seconds of the placements

    def shown(amount: float) -> str:
        if not math.isfinite(amount):
            return "none"
        return f"{amount:.4f} stages" if by_time else f"{amount * 1e6:.4g} USD"

    value, promised = value * scale, promised * scale
    compared = [name, shown(value), f"{accuracy:.4f}", shown(single), f"{its:.4f} at {threshold:.3f}"]
    compared += [f"{round(single / value - 1, 3) + 0.0:.1%}" if value else "", shown(promised), f"{true:.4f}"]
    return proof, compared


def main() -> None:
    """Run all and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time-limit", type=float, default=300.0, help="seconds a case")
    parser.add_argument("--out", type=Path, default=DOCS / "joint-samples.md")
    given = parser.parse_args()
    head = setting()
    so.solve(so.load("branchynet-lenet"))  # imports
    data = os.environ.get("SERFLOW_OPT_DATA")
    rows: list[tuple[list[str], list[str]]] = []
    with tempfile.TemporaryDirectory() as name:
        cases: list[so.Instance] = []
        if data:
            raw = Path(data) / "exits" / "sst2_bert_12exits.csv"
            folder = Path(name) / "agreement"
            folder.mkdir()
            cases.append(agreement(raw, folder, 0.985))
            for file, shipped, stages, floors in (
                ("cifar10_alexnet_2exits.csv", "alexnet-cifar10", [1, 6], (0.86, 0.88, 0.9)),
                (raw.name, "bert12-sst2", list(range(1, 13)), (0.86, 0.88, 0.9)),
            ):
                folder = Path(name) / shipped
                folder.mkdir()
                instance = from_shipped(shipped, Path(data) / "exits" / file, stages, folder)
                cases += [instance.with_limits(accuracy_min=floor) for floor in floors]
        else:
            print("SERFLOW_OPT_DATA is not set: synthetic samples only")
        for exits, count in ((5, 2_000), (8, 5_000)):
            folder = Path(name) / f"{exits}-{count}"
            folder.mkdir()
            cases.append(synthetic(exits, count, folder))
        for instance in cases:
            rows.append(run(instance, given.time_limit))
            print(*rows[-1], flush=True)
    proofs = table(
        ["samples", "size", "values", "placements", "nodes", "seconds", "CPU s", "status", "gap"],
        [proof for proof, _ in rows],
    )
    header = ["samples", "best", "accuracy", "one threshold", "accuracy", "costs more", "tables promise", "and reach"]
    parts = [
        head,
        proofs,
        "Mean stages, or USD per million requests:",
        table(header, [compared for _, compared in rows]),
    ]
    write(given.out, "joint", "\n\n".join(parts))


if __name__ == "__main__":
    main()
