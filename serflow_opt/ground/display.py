"""Results with the same verbs, all of them: printed as a table, kept as a JSON document, read back."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import RenderableType

VIEWS = {
    "BatchingSimulated": "report.training:batching_table",
    "CostBound": "report.bound:bound_table",
    "Comparison": "report.traffic:comparison_table",
    "Deployment": "report.traffic:deployment_table",
    "Differences": "report.differences:differences_table",
    "EventsSimulated": "report.events:events_table",
    "Explanation": "report.explanation:explanation_table",
    "Fleet": "report.fleet:fleet_table",
    "Front": "report.front:front_table",
    "LimitCosts": "report.solution:limits_table",
    "Plan": "report.plan:plan_table",
    "PoolSimulated": "report.spot:pool_table",
    "Policy": "report.policy:policy_table",
    "Reproduction": "report.claims:claims_table",
    "RoundsSimulated": "report.training:rounds_table",
    "PipelineSimulated": "report.training:pipeline_table",
    "Schedule": "report.traffic:schedule_table",
    "Simulation": "report.traffic:simulation_table",
    "Solution": "report.solution:solution_table",
    "SolutionFleet": "report.solution:fleet_table",
    "SolutionFront": "report.solution:front_table",
    "SpotComparison": "report.spot:spot_comparison_table",
    "SweptValues": "report.sweep:sweep_table",
    "TrainingCosts": "report.training:costs_table",
}
"""What lays out each result: results know what they say, not how it looks."""
WIDE = 200
"""Characters a line may have where nobody watches: files and pipes."""


class Displayed:
    """Something that lays itself out with rich, and whose document is enough to have it again."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of.

        Raises
        ------
        InputError
            For a document of something else.
        """
        raise NotImplementedError

    def save(self, path: str | Path) -> None:
        """Write the document to a file; `load` reads it.

        Raises
        ------
        InputError
            Where nothing can be written.
        """
        from serflow_opt.files import write_atomically

        text = json.dumps(self._whole(), indent=2) + "\n"
        write_atomically(Path(path), lambda draft: draft.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save`, or a command's `--out`, wrote.

        Raises
        ------
        InputError
            For a file that is none, with file, place, value and cure.
        """
        from dataclasses import replace

        from serflow_opt.errors import InputError
        from serflow_opt.files import read_json

        document = read_json(path, f"give what {cls.__name__}.save wrote", cls.__name__)
        try:
            return cls.from_dict(document)
        except InputError as error:
            raise InputError(replace(problem, file=str(path)) for problem in error.problems) from None

    def _whole(self) -> dict[str, Any]:
        """Return the document with all that it takes to have the same again."""
        return self.to_dict()

    def _said(self) -> str:
        """Say what it is in a line."""
        raise NotImplementedError

    def __rich__(self) -> RenderableType:
        """Return the layout."""
        layout: RenderableType = named(VIEWS[type(self).__name__])(self)
        return layout

    def __str__(self) -> str:
        """Return the table."""
        return text(self.__rich__())

    def __repr__(self) -> str:
        """Return a line."""
        return f"<{type(self).__name__} {self._said()}>"

    def _repr_html_(self) -> str:
        return html(self.__rich__(), 160)


def named(where: str) -> Any:
    """Return what a registry names as `module:name`, imported now."""
    module, _, name = where.partition(":")
    return getattr(import_module(f"serflow_opt.{module}"), name)


def html(renderable: RenderableType, width: int = 130) -> str:
    """Render what rich can print for a notebook, so many characters wide."""
    import io

    from rich.console import Console

    console = Console(record=True, width=width, file=io.StringIO(), force_jupyter=False, markup=False, emoji=False)
    console.print(renderable)
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def text(renderable: RenderableType) -> str:
    """Render what rich can print without colours: as wide as the terminal or COLUMNS says, else wide enough."""
    import io
    import shutil

    from rich.console import Console

    known = os.environ.get("COLUMNS", "")
    width = int(known) if known.isdecimal() and int(known) else 0
    if not width and sys.stdout is not None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    console = Console(
        highlight=False,
        markup=False,
        emoji=False,
        width=width or WIDE,
        color_system=None,
        file=io.StringIO(),
        force_jupyter=False,
        force_terminal=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(renderable, soft_wrap=not width)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
