"""Many instances on the command line: which files are meant, how far the work is, and a table with a row for each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from serflow_opt.plan.document import Plan
    from serflow_opt.problem.instance import Instance

WORTH_IT = 64
"""Files that one process loads sooner than others are started."""
OF_PLAN = ("instance", "status", "objective", "value", "unit", "bound", "gap", "seconds")
OF_METRICS = (
    "cost_usd_per_request",
    "cost_usd_per_hour",
    "accuracy",
    "latency_worst_ms",
    "latency_mean_ms",
    "privacy_loss",
    "energy_j_per_request",
)
CSV_COLUMNS = (*OF_PLAN, *OF_METRICS, "runs_on", "thresholds", "because")


def expand(names: Sequence[str]) -> list[str]:
    """Return the instances that are meant: a folder that is none stands for those in it, a pattern for what it matches.

    Raises
    ------
    InputError
        For patterns that match no instance.
    """
    found: list[str] = []
    problems = []
    for name in names:
        path = Path(name)
        if has_magic(name) and not path.exists():
            here = [match for match in sorted(glob(name, recursive=True)) if _is_instance(Path(match))]
            if not here:
                problems.append(Problem(name, "", "matches no instance", "a file ends in .toml, a folder has one"))
        elif path.is_dir() and not (path / "instance.toml").exists():
            here = [str(child) for child in sorted(path.iterdir()) if _is_instance(child)] or [name]
        else:
            here = [name]
        found += here
    if problems:
        raise InputError(problems)
    return found


def _is_instance(path: Path) -> bool:
    return path.suffix == ".toml" if path.is_file() else (path / "instance.toml").is_file()


def load_all(
    files: Sequence[str],
    catalogs: Sequence[Path],
    changes: Mapping[str, Any],
    include: Sequence[str],
    exclude: Sequence[str],
    jobs: int = 1,
) -> tuple[list[tuple[str, Instance]], list[Problem]]:
    """Load instances with other targets and fewer options, and collect the problems of all of them.

    Several processes share the work where there are more than `WORTH_IT` files.
    """
    one = partial(_load, catalogs=catalogs, changes=changes, include=include, exclude=exclude)
    if jobs > 1 and len(files) > WORTH_IT:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(min(jobs, len(files))) as pool:
            answers = list(pool.map(one, files, chunksize=16))
    else:
        answers = [one(file) for file in files]
    loaded = [(file, own) for file, own in zip(files, answers, strict=True) if not isinstance(own, list)]
    return loaded, [problem for own in answers if isinstance(own, list) for problem in own]


def _load(
    file: str,
    catalogs: Sequence[Path],
    changes: Mapping[str, Any],
    include: Sequence[str],
    exclude: Sequence[str],
) -> Instance | list[Problem]:
    from serflow_opt.problem.loader import load

    try:
        return load(file, catalogs).with_limits(**changes).keep(include, exclude)
    except InputError as error:
        return list(error.problems)


@contextmanager
def counting(wanted: bool, total: int, doing: str) -> Iterator[Callable[[], None]]:
    """Give something to call after each of `total` pieces of work: a bar on stderr, where somebody may be looking."""
    if not (wanted and total > 1 and sys.stderr.isatty()):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda: progress.advance(task)


def write_csv(plans: Sequence[Plan], path: Path) -> None:
    """Write a row for each plan; what a plan does not have stays empty."""
    from serflow_opt.files import write_rows

    write_rows(path, CSV_COLUMNS, [_row(plan) for plan in plans])


def _row(plan: Plan) -> dict[str, object]:
    from serflow_opt.plan.document import runs_on

    return {
        "instance": plan.instance,
        "status": plan.status,
        "objective": plan.objective.name,
        "value": plan.objective.value,
        "unit": plan.objective.unit,
        "bound": plan.bound,
        "gap": plan.gap,
        "seconds": round(plan.seconds, 6),
        **{name: getattr(plan.metrics, name) for name in OF_METRICS if plan.metrics is not None},
        "runs_on": runs_on(plan),
        "thresholds": " ".join(f"{c.stage}:{c.threshold:.6g}" for c in plan.thresholds if c.threshold is not None),
        "because": "; ".join(clash.message for clash in plan.infeasible_because),
    }
