"""Hand results over: tables and JSON on stdout, files written whole, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from serflow_opt.backend.running import Progress
    from serflow_opt.problem.instance import Instance


def progress_rows(problem: Any, named: bool) -> Callable[[Progress], None]:
    """Print a row for a new best plan, and now and then the bound, once a search takes longer than a second."""
    from serflow_opt.families.registry import family_of

    family = family_of(problem)
    asked = family.optimised(problem)
    unit = next((own.unit for own in family.quantities if own.name == asked), "")
    printed = 0.0

    def show(progress: Progress) -> None:
        nonlocal printed
        if progress.seconds < 1 or (not progress.improved and progress.seconds - printed < 2):
            return
        printed = progress.seconds
        best = "none yet" if progress.incumbent is None else f"{progress.incumbent:.6g}"
        mark = "*" if progress.improved else " "
        name = f"{problem.name} " if named else ""
        print(
            f"{name}{mark}{progress.seconds:7.1f} s  best {best}  bound {progress.bound:.6g} {unit}".rstrip(),
            file=sys.stderr,
        )

    return show


def check_plot(path: Path | None) -> None:
    """Raise InputError for a picture that cannot be written, before any work is done."""
    known = ("png", "pdf", "svg", "jpg", "webp")
    if path is not None and path.suffix[1:].lower() not in known:
        raise InputError([Problem(str(path), "--plot", f"ending '{path.suffix}'", f"end in .{', .'.join(known)}")])


def deliver(plans: list[Any], as_json: bool, out: Path | None, plot: Path | None) -> None:
    """Print and write what was asked for: answers of any kinds.

    Parameters
    ----------
    plans
        Answers, at least one.
    as_json
        Print the documents instead of tables.
    out, plot
        File for the documents, and for the picture of the first answer; None: none.

    Raises
    ------
    InputError
        Where a file cannot be written.
    """
    documents: Any = [plan.to_dict() for plan in plans]
    text = json.dumps(documents[0] if len(documents) == 1 else documents, indent=2)
    if out:
        from serflow_opt.files import write_atomically

        write_atomically(out, lambda path: path.write_text(text + "\n", encoding="utf-8"))
    if plot:
        _draw(plans[0], plot)
    if as_json:
        print(text)
        return
    if len(plans) == 1:
        show(plans[0])
    else:
        from serflow_opt.families.verbs import answering_all

        show(answering_all("table", plans)(plans))


def _draw(plan: Any, path: Path) -> None:
    from matplotlib.figure import Figure

    from serflow_opt.families.verbs import answering_all
    from serflow_opt.files import write_atomically

    if plan.plan is None:
        print(f"{path}: not drawn, there is no plan", file=sys.stderr)
        return
    figure = Figure(figsize=(10, 4), layout="constrained")
    answering_all("plot", [plan])(plan, figure.subplots())
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=150))


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table into a CSV file, whole or not at all."""
    from serflow_opt.files import write_atomically

    write_atomically(path, lambda draft: frame.to_csv(draft, index=False))


def draw_panels(path: Path, panels: int, draw: Callable[[Any], object]) -> None:
    """Draw panels below each other into a file, whole or not at all.

    Parameters
    ----------
    path
        The picture.
    panels
        How many.
    draw
        Takes the axes, one a panel.
    """
    from matplotlib.figure import Figure

    from serflow_opt.files import write_atomically

    figure = Figure(figsize=(10, 2.2 + 1.8 * panels), layout="constrained")
    draw(figure.subplots(panels, 1, squeeze=False)[:, 0])
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=150))


def write_lp_file(instance: Instance, path: Path) -> None:
    from serflow_opt.files import write_atomically
    from serflow_opt.formulations.lp import write_lp
    from serflow_opt.formulations.model import Disconnected
    from serflow_opt.plan.samples import tables_wanted

    if instance.minimize == "weighted" or instance.families:
        found = "sizes or noise from a range" if instance.families else "a weighted objective"
        cure = "list the choices" if instance.families else "write the model of one objective: --objective cost"
        raise InputError([Problem(str(path), "--write-lp", f"{found} is solved as several models", cure)])
    if problems := tables_wanted(instance, "--write-lp writes a model"):
        raise InputError(problems)
    try:
        write_atomically(path, lambda draft: write_lp(instance, draft))
    except Disconnected:
        print(f"{path}: not written, no placement runs all stages", file=sys.stderr)


def spell_out(stream: Any) -> None:
    """Let a stream write what it has no letters for as codes, instead of failing."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def show(renderable: Any) -> None:
    """Print for people: as wide as the terminal, and wide enough for a table when there is none."""
    from rich.console import Console

    from serflow_opt.ground.display import text

    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        console.print(renderable)
    else:
        print(text(renderable))
