"""The command `diff`: two answers side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import OK, Debug, Json, Out, check_out, finish, hand_over


def diff(
    first: Annotated[Path, typer.Argument(help="Answer in JSON, as --out writes it.", metavar="A")],
    second: Annotated[Path, typer.Argument(help="Another one.", metavar="B")],
    as_json: Json = False,
    out: Out = None,
    debug: Debug = False,
) -> None:
    """What two answers ask, decide and achieve differently: plans, deployments, schedules, of any kind."""

    def work() -> int:
        from serflow_opt.families.differences import compared_files

        check_out(out)
        hand_over(compared_files(first, second), as_json, out)
        return OK

    finish(work, debug)
