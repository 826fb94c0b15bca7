"""Many instances on the command line: which files are meant, how far the work is, and a table with a row for each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from serflow_opt.errors import InputError, Problem

WORTH_IT = 64
"""Files that one process loads sooner than others are started."""


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
) -> tuple[list[tuple[str, Any]], list[Problem]]:
    """Load instances with other targets and fewer options, and collect the problems of all of them.

    Several processes share the work where there are more than `WORTH_IT` files.

    Parameters
    ----------
    files, catalogs
        Instance files, each on its own, and price files beside the catalogue.
    changes
        Limits by the keys of files, in the units shown.
    include, exclude
        Patterns of options.
    jobs
        Processes.

    Returns
    -------
    Each file with its problem, in turn, and what is wrong with the others.
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
) -> Any | list[Problem]:
    from serflow_opt.families.loading import load
    from serflow_opt.families.registry import family_of

    options = {"include": include, "exclude": exclude} if include or exclude else {}
    try:
        asked = {**changes, **options}
        problem = load(file, catalogs, asked.pop("scenario", None))
        return family_of(problem).changed(problem, asked)
    except InputError as error:
        return list(error.problems)


@contextmanager
def counting(wanted: bool, total: int, doing: str) -> Iterator[Callable[[], None]]:
    """Give something to call after each of `total` pieces of work: a bar on stderr, where somebody may be looking.

    Parameters
    ----------
    wanted
        Whether a bar may be shown.
    total
        Pieces of work.
    doing
        What is being done, in a word.
    """
    if not (wanted and total > 1 and sys.stderr.isatty()):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda: progress.advance(task)


def write_csv(answers: Sequence[Any], path: Path) -> None:
    """Write a row for each answer; what one does not have stays empty."""
    from serflow_opt.families.registry import family_of
    from serflow_opt.files import write_rows

    rows = [family_of(answer).row(answer) for answer in answers]
    write_rows(path, list(dict.fromkeys(column for row in rows for column in row)), rows)
