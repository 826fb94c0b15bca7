"""How the time to a proven optimum grows with the instance, beside other ways to the same optimum.

Random instances of rising size (`generate.py`), the same for every method, on seeds nothing was tuned on. Each method
stops at the size where its median hits the limit. Prints one table, fits seconds = c x stages^p for each method, and
draws both. Exits with 1 when two methods contradict each other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from compare import METHODS, contradictions, load, shape_of, shown
from reporting import setting, table, write
from scip_product import Answer

SIZES = ["5x10x18", "8x20x18", "16x20x46", "32x50x46", "64x50x46", "128x100x500"]
SHOWN = {"auto": "serflow-opt", "milp": "flow-scaled MILP", "mccormick": "McCormick / big-M", "scip": "SCIP, products"}


class Point(NamedTuple):
    """A median over instances of so many stages, and whether the limit cut it off."""

    stages: int
    seconds: float
    cut: bool


def fitted(points: list[Point]) -> str:
    """Exponent of seconds over stages, least squares on logarithms of medians that the limit did not cut off."""
    whole = [point for point in points if not point.cut]
    if len(whole) < 3:  # two points fit any power
        return "-"
    x, y = np.log([point.stages for point in whole]), np.log([point.seconds for point in whole])
    return f"{np.polyfit(x, y, 1)[0]:.1f}"


def draw(path: Path, curves: dict[str, list[Point]], limit: float) -> None:
    """Plot medians over stages, both axes logarithmic; hollow where the limit cut them off."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for (name, points), marker in zip(curves.items(), "osD^v", strict=False):
        x, y = [point.stages for point in points], [point.seconds for point in points]
        power = "" if fitted(points) == "-" else f", like stages$^{{{fitted(points)}}}$"
        (line,) = ax.plot(x, y, label=SHOWN[name] + power)
        for point in points:
            face = "white" if point.cut else line.get_color()
            ax.plot(point.stages, point.seconds, marker, color=line.get_color(), markerfacecolor=face)
    ax.axhline(limit, color="0.7", linestyle=":", label=f"limit, {limit:g} s")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks([shape_of(size)[0] for size in SIZES], SIZES, rotation=20)
    ax.set_xlabel("stages x thresholds x options")
    ax.set_ylabel("median seconds to the proof")
    ax.legend()
    figure.savefig(path, dpi=150)


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="STAGESxTHRESHOLDSxOPTIONS")
    parser.add_argument("--seeds", type=int, default=10, help="instances a size, for serflow-opt")
    parser.add_argument("--rival-seeds", type=int, default=3, help="of them, for the other methods")
    parser.add_argument("--first-seed", type=int, default=7000, help="change it for fresh instances")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one solve")
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--methods", nargs="+", default=list(SHOWN), choices=list(SHOWN))
    parser.add_argument("--plot", type=Path, help="picture to write")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    given = parser.parse_args()
    heading, lines, wrong = setting(), [], []
    curves: dict[str, list[Point]] = {name: [] for name in given.methods}
    for name in given.methods:
        METHODS[name][1](load("3x3x4", 0), given.limit, given.gap)  # imports and caches do not count
    alive = set(given.methods)
    for size in given.sizes:
        stages = shape_of(size)[0]
        seeds = range(given.first_seed, given.first_seed + (given.seeds if stages < 128 else 2))
        row: dict[str, list[Answer]] = {name: [] for name in given.methods}
        for number, seed in enumerate(seeds):
            instance, answers = load(size, seed), {}
            for name in given.methods:
                if name in alive and (name == "auto" or number < given.rival_seeds):
                    answers[name] = METHODS[name][1](instance, given.limit if name != "auto" else 600.0, given.gap)
                    row[name].append(answers[name])
                    print(f"{size} seed {seed} {name}: {shown(answers[name])}", file=sys.stderr)
            wrong += [f"{size} seed {seed}: {text}" for text in contradictions(answers, given.gap)]
        ours = [a.seconds for a in row["auto"]] if "auto" in row else []
        for name, answers_of in row.items():
            if not answers_of:
                continue
            seconds = [a.seconds for a in answers_of]
            proven = sum(a.status == "optimal" for a in answers_of)
            middle, cut = statistics.median(seconds), proven <= len(seconds) / 2
            paired = [a.seconds / b for a, b in zip(answers_of, ours, strict=False)]
            ratio = "1" if name == "auto" else f"{'> ' if cut else ''}{statistics.median(paired):,.0f}"
            lines.append([
                size, SHOWN[name], f"{'> ' if cut else ''}{middle:.3g} s",
                f"{min(seconds):.3g} .. {max(seconds):.3g} s", f"{proven} of {len(seconds)}", ratio,
            ])  # fmt: skip
            curves[name].append(Point(stages, middle, cut))
            if cut and name != "auto":
                alive.discard(name)
    verdict = "\n".join(f"* {line}" for line in wrong) or "All methods agree, plans with plans and bounds with plans."
    text = "\n\n".join([
        heading,
        f"Gap {given.gap:g}, limit {given.limit:g} s (ours 600 s), seeds from {given.first_seed} on.",
        table(["size", "method", "median", "from .. to", "proven", "times ours, same seeds"], lines),
        "Seconds grow with the stages, thresholds and options rising along, like stages to the power of: "
        + ", ".join(f"{SHOWN[name]} {fitted(points)}" for name, points in curves.items())
        + " (- where fewer than three medians are not cut off).",
        verdict,
    ])  # fmt: skip
    print(text)
    if given.plot:
        draw(given.plot, {name: points for name, points in curves.items() if points}, given.limit)
    if given.out:
        write(given.out, "growth", text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
