"""What all commands share: options that mean the same everywhere, exit codes, and how work ends.

0 solved to the asked gap; 1 internal error; 2 bad input or usage; 3 proven infeasible; 4 stopped at a limit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from serflow_opt.errors import InputError, OutOfReach, Problem
from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.ground.stopping import INTERRUPTED, answered, ever_pressed

if TYPE_CHECKING:
    from rich.console import Console

    from serflow_opt.ground.display import Displayed

OK, INTERNAL, BAD_INPUT, INFEASIBLE, LIMIT = 0, 1, 2, 3, 4
EXIT_CODES = {"optimal": OK, "infeasible": INFEASIBLE, "feasible": LIMIT, "no_solution": LIMIT}
"""By the status of a plan, a deployment or a schedule."""


def shipped_like(incomplete: str) -> list[str]:
    """Return shipped instances whose names begin so, for the shell to complete."""
    from serflow_opt.problem.loader import shipped

    return [name for name in shipped() if name.startswith(incomplete)]


Files = Annotated[
    list[str],
    typer.Argument(
        help="Instance files, folders, folders of instances, patterns, or names of shipped instances.",
        metavar="FILE",
        autocompletion=shipped_like,
    ),
]
File = Annotated[
    str,
    typer.Argument(help="Instance file, folder, or shipped instance.", metavar="FILE", autocompletion=shipped_like),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")]
Jobs = Annotated[int, typer.Option(help="Processes.", min=1)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Catalogs = Annotated[
    list[Path] | None, typer.Option("--catalog", help="Price CSV that adds to or overrides the catalogue.")
]
Out = Annotated[Path | None, typer.Option(help="Write the JSON document to this file.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the plan into this file (.png, .pdf, .svg).")]

Include = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN",
        help="Only options like this pattern (name, family, arch, tier), in tiers where it matches; repeatable.",
    ),
]
Exclude = Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="No options like this pattern; repeatable.")]


class Objective(StrEnum):
    """What can be minimised."""

    cost = "cost"
    latency = "latency"
    privacy = "privacy"
    energy = "energy"
    carbon = "carbon"
    weighted = "weighted"


class Accounting(StrEnum):
    """How money is counted."""

    per_request = "per-request"
    reserved = "reserved"
    as_printed = "as-printed"


AccountingFlag = Annotated[Accounting | None, typer.Option("--accounting", help="How money is counted.")]
ModeFlag = Annotated[str | None, typer.Option("--mode", help="train: with the way back of gradients; infer.")]
Rate = Annotated[float | None, typer.Option(help="Requests per second.")]
AccuracyMin = Annotated[float | None, typer.Option(help="Accuracy floor, 0 to 1.")]
LatencySlo = Annotated[float | None, typer.Option(help="Latency bound, ms.")]
LatencyMeasure = Annotated[str | None, typer.Option(help="worst, mean, or p50 .. p99.9.")]
CostMax = Annotated[float | None, typer.Option(help="Limit on the cost of a request, USD.")]
EnergyMax = Annotated[float | None, typer.Option(help="Limit on the energy of a request, J.")]
CarbonMax = Annotated[float | None, typer.Option(help="Limit on the carbon of a request, g of CO2e.")]
PrivacyMax = Annotated[float | None, typer.Option(help="Limit on the privacy loss of a request.")]
ScenarioName = Annotated[
    str | None, typer.Option("--scenario", help="Lay [scenario.NAME] of the file over it.", metavar="NAME")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Another limit or goal, as files call it; for any kind; repeatable."
    ),
]


def finish(work: Callable[[], int], debug: bool, as_json: bool = False) -> NoReturn:
    """Run a command's work and turn what happens into an exit code; no traceback without --debug.

    Parameters
    ----------
    work
        Prints the answer, and returns the exit code.
    debug
        Let internal errors through.
    as_json
        Print a document, too, where time was up before there was an answer.
    """
    try:
        code = work()
    except InputError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        code = INFEASIBLE if isinstance(error, OutOfReach) else BAD_INPUT
    except OutOfTime as error:
        print(f"{'interrupted' if ever_pressed() else 'stopped'}: {error}", file=sys.stderr)
        if as_json:
            print(json.dumps({"status": "no_solution", "reason": str(error)}, indent=2))
        code = LIMIT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = OK
    except Exception as error:
        if debug:
            raise
        print(f"internal error: {type(error).__name__}: {error}; run with --debug for the traceback", file=sys.stderr)
        code = INTERNAL
    answered()
    raise typer.Exit(code)


def given_limits(limits: Mapping[str, object]) -> dict[str, object]:
    """Return what was given, words as words."""
    given = {key: value for key, value in limits.items() if value is not None}
    return {key: value.value if isinstance(value, StrEnum) else value for key, value in given.items()}


ROBUST = ("value", "pareto", "explain")
"""Verbs beside `solve` that hold [uncertainty]."""


def load_limited(
    file: str,
    catalog: list[Path] | None,
    verb: str,
    *,
    include: list[str] | None = None,
    exclude: list[str] | None = None,
    settings: list[str] | None = None,
    **limits: object,
) -> Any:
    """Load an instance for a verb, and put limits in the place of its own where they are given, by the names of files.

    Of its options those stay that `Instance.keep` keeps.

    Parameters
    ----------
    file, catalog
        Instance file, folder or name, and price files beside the catalogue.
    verb
        What it is loaded for; a family that has no answer to it says so.
    include, exclude
        Patterns of options.
    settings
        KEY=VALUE, by the keys of files.
    limits
        By the keys of files, in the units shown; None: as the instance has it.

    Returns
    -------
    The problem, of whatever family.

    Raises
    ------
    InputError
        For a file that does not hold a problem, and for limits it does not know.
    """
    from serflow_opt.families.loading import load
    from serflow_opt.families.registry import family_of
    from serflow_opt.families.verbs import answering

    scenario = limits.pop("scenario", None)
    problem = load(file, catalog or (), None if scenario is None else str(scenario))
    answering(verb, problem)
    family = family_of(problem)
    changes = given_limits({**limits, **read_settings(settings)})
    problem = family.changed(
        problem, {**changes, **({"include": include or (), "exclude": exclude or ()} if include or exclude else {})}
    )
    _warn(file, problem)
    if verb not in ROBUST and getattr(problem, "uncertainty", None) is not None:
        more = "a higher --rate-per-s" if verb == "provision" else "a --trace-scale above 1"
        text = f"`solve`, `pareto` and `explain` hold it; to be ready for more requests, give {more}"
        print(f"warning: {file}: [uncertainty] is left aside here: {text}", file=sys.stderr)
    return problem


def _warn(file: str, problem: Any) -> None:
    """Print what is likely to be meant otherwise."""
    from serflow_opt.families.registry import family_of

    for text in family_of(problem).cautions(problem):
        print(f"warning: {file}: {text}", file=sys.stderr)


def read_settings(given: list[str] | None) -> dict[str, object]:
    """Read KEY=VALUE, repeated: numbers as numbers, all else as words."""
    settings: dict[str, object] = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise InputError([Problem("", "--set", repr(text), "write KEY=VALUE, as --set accuracy_min=0.9")])
        try:
            settings[key] = float(value)
        except ValueError:
            settings[key] = value
    return settings


def load_given(
    files: list[str],
    include: list[str] | None,
    exclude: list[str] | None,
    catalogs: list[Path] | None,
    changes: dict[str, Any],
    jobs: int = 1,
    warned: bool = True,
) -> tuple[list[tuple[str, Any]], list[Problem]]:
    """Load every file and collect the problems of all of them.

    Parameters
    ----------
    files
        Instance files, folders and names, each on its own.
    include, exclude
        Patterns of options.
    catalogs
        Price files beside the catalogue.
    changes
        Limits by the keys of files, in the units shown; None: as the instance has it.
    jobs
        Processes.
    warned
        Whether what is likely to be meant otherwise is printed; plans of placements have it among their notes.

    Returns
    -------
    Each file with its problem, and what is wrong with the others.
    """
    from serflow_opt.cli.many import load_all

    given = {key: value for key, value in changes.items() if value is not None}
    loaded, problems = load_all(files, catalogs or (), given, include or (), exclude or (), jobs)
    for file, problem in loaded:
        if warned and problem.kind != "placement":
            _warn(file, problem)
    return loaded, problems


def spinner(console: Console) -> str:
    """Return what turns while something is done: in letters that the screen has."""
    return "dots" if console.encoding.startswith("utf") else "line"


@contextmanager
def telling(wanted: bool) -> Iterator[Callable[[str], None]]:
    """Give something to say what is being done with: a line on stderr, where somebody may be looking."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda text: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("", spinner=spinner(console)) as status:
        yield status.update


def hand_over(result: Displayed, as_json: bool, out: Path | None = None) -> None:
    """Print a result, as a table or as its document, and write the document where that is asked for.

    Parameters
    ----------
    result
        What was asked for.
    as_json
        Print the document instead of the table.
    out
        File for the document; None: none.

    Raises
    ------
    InputError
        Where the file cannot be written.
    """
    from serflow_opt.cli.output import show

    if out is not None:
        result.save(out)
    if as_json:
        print(json.dumps(result.to_dict(), indent=2))
    else:
        show(result)


def check_out(path: Path | None, *endings: str, flag: str = "--out") -> None:
    """Raise InputError for a file that cannot be written, before any work is done."""
    if path is None:
        return
    problems = []
    if endings and path.suffix.lower() not in endings:
        problems.append(Problem(str(path), flag, f"ending '{path.suffix}'", f"end in {' or '.join(endings)}"))
    if not path.parent.is_dir():
        problems.append(Problem(str(path), flag, "cannot write there: no such folder", "make the folder first"))
    if problems:
        raise InputError(problems)


def read_plan(path: Path, instance: str) -> dict[str, Any]:
    """Read the JSON document of a plan; a shipped instance's plan may be named without its folder."""
    from serflow_opt.files import read_json
    from serflow_opt.problem.loader import shipped, shipped_folder

    beside = shipped_folder() / instance / path
    if not path.exists() and instance in shipped() and beside.exists():
        path = beside
    return read_json(path, "give a plan as `solve --out` writes it", "plan")
