"""The command `reproduce`: published figures, recomputed."""

from __future__ import annotations

from typing import Annotated

import typer

from serflow_opt.cli.common import OK, Debug, Json, Out, check_out, finish, hand_over, telling


def reproduce(
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Only claims like this, as branchynet*; repeatable.")
    ] = None,
    as_json: Json = False,
    out: Out = None,
    debug: Debug = False,
) -> None:
    """Figures that papers print, recomputed: confirmed, refuted or not reproducible."""

    def work() -> int:
        from serflow_opt.claims import reproduce as run

        check_out(out)
        with telling(not as_json) as tell:
            found = run(only or (), on_progress=tell)
        hand_over(found, as_json, out)
        return OK

    finish(work, debug)
