"""Where functions are faster than machines for a training job, and where they are cheaper: LambdaML's conclusion.

    python benchmarks/jobs.py [--out docs/jobs.png]

The job is `higgs-lr` without limits, its model and the number of its exchanges changed; passes over the data stay.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

import serflow_opt as so
from serflow_opt.families.job.menu import KINDS, menu_of
from serflow_opt.families.job.problem import Job

SIZES = [224.0 * 10 ** (k / 2) for k in range(13)]
ROUNDS = [10 ** (k / 2) for k in range(-2, 5)]


def best(job: Job) -> dict[str, tuple[float, float]]:
    """The least time and the least cost of each kind of platform."""
    menu = menu_of(job)
    kinds = np.array(menu.kinds)
    return {
        name: tuple(menu.values[kinds == k, :2].min(axis=0).tolist())
        for k, name in enumerate(KINDS)
        if (kinds == k).any()
    }


def main() -> None:
    """Print both tables, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    data: Job = so.load("higgs-lr").data
    faster, cheaper = (np.full((len(ROUNDS), len(SIZES)), np.nan) for _ in range(2))
    for i, factor in enumerate(ROUNDS):
        algorithms = tuple(
            replace(own, rounds=tuple(max(round(r * factor), 1) for r in own.rounds)) for own in data.algorithms
        )
        for j, size in enumerate(SIZES):
            own = best(replace(data, model_bytes=size, algorithms=algorithms))
            if "functions" in own and "machines" in own:
                faster[i, j] = own["machines"][0] / own["functions"][0]
                cheaper[i, j] = own["machines"][1] / own["functions"][1]
    for title, table in (("times as fast on functions", faster), ("times as cheap on functions", cheaper)):
        print(f"{title}: most {np.nanmax(table):.2f}, least {np.nanmin(table):.3f}")
        print("exchanges x |" + "".join(f"{size:>9.2g}" for size in SIZES) + " bytes")
        for factor, row in zip(ROUNDS, table, strict=True):
            print(f"{factor:>11.2g} |" + "".join(f"{own:>9.2f}" for own in row))
    if out is not None:
        draw(out, faster, cheaper)


def draw(out: Path, *tables: np.ndarray) -> None:
    """Draw both ratios on a scale that is even about 1."""
    from matplotlib.colors import TwoSlopeNorm
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    titles = ("fastest on machines / fastest on functions", "cheapest on machines / cheapest on functions")
    for axes, table, title in zip(figure.subplots(1, 2), tables, titles, strict=True):
        known = np.log10(table)
        most = float(np.nanmax(np.abs(known)))
        shown = axes.pcolormesh(SIZES, ROUNDS, known, cmap="RdBu", norm=TwoSlopeNorm(0.0, -most, most))
        axes.set(xscale="log", yscale="log", xlabel="bytes of model", ylabel="times as many exchanges", title=title)
        marks = [own for own in (0.2, 0.3, 0.5, 0.7, 1, 1.4, 2, 3, 5) if abs(np.log10(own)) <= most]
        bar = figure.colorbar(shown, ax=axes, ticks=np.log10(marks))
        bar.set_ticklabels([f"{own:g}" for own in marks])
        axes.contour(SIZES, ROUNDS, np.nan_to_num(known, nan=-1.0), levels=[0.0], colors="black")
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
