"""The command `report`: an answer as one page for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import OK, Debug, check_out, finish


def report(
    answer: Annotated[
        Path,
        typer.Argument(help="JSON of a plan, front, comparison, .., as --out or --json wrote it.", metavar="ANSWER"),
    ],
    out: Annotated[Path, typer.Option(help="The page, ending in .html.")] = Path("report.html"),
    debug: Debug = False,
) -> None:
    """An answer as one page: drawing, figures, limits, fronts to click through, traffic over time.

    The page is one file that fetches nothing: it can be sent, printed, and read on a
    phone.
    """

    def work() -> int:
        from serflow_opt.pages import write_page

        check_out(out, ".html", ".htm")
        write_page(answer, out)
        print(f"{out} written")
        return OK

    finish(work, debug)
