"""The command `rounds`: rounds of training algorithms by the number of workers, measured, as jobs read them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import OK, Debug, Json, check_out, finish, telling
from serflow_opt.errors import InputError, Problem


def rounds(
    data: Annotated[str, typer.Argument(help="digits (scikit-learn's), or a file .npz with inputs and labels.")],
    workers: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Numbers of workers, like 1,2,5,10.")
    ] = "1,2,5,10,20,50",
    within: Annotated[float, typer.Option(help="Share above the least loss that is good enough.", min=0.0)] = 0.02,
    rounds_max: Annotated[int, typer.Option(help="Most rounds that are tried.", min=1)] = 2000,
    penalty: Annotated[float, typer.Option(help="Of the squared model.", min=0.0)] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of dealing samples, and of batches.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Write rounds.csv as instances of kind job read it.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure how many rounds GA-SGD, MA-SGD and ADMM take by the number of workers.

    Logistic regression of even classes against odd ones; the best of four steps or penalties counts.
    """

    def work() -> int:
        from serflow_opt.cli.output import show
        from serflow_opt.files import write_atomically
        from serflow_opt.ground.sheet import Sheet
        from serflow_opt.profiling.convex import measured_rounds, read_samples, regression_of

        check_out(out, ".csv")
        numbers = _numbers(workers)
        problem = regression_of(*read_samples(data), penalty)
        with telling(not as_json) as tell:
            found = measured_rounds(problem, numbers, within=within, most=rounds_max, seed=seed, say=tell)
        done = [own for own in found if own.rounds is not None]
        lines = [f"{own.algorithm},{own.workers},{own.rounds},{own.passes:.6g}" for own in done]
        if out is not None:
            text = "\n".join(["algorithm,workers,rounds,passes", *lines]) + "\n"
            write_atomically(out, lambda draft: draft.write_text(text, encoding="utf-8"))
        if as_json:
            print(
                json.dumps(
                    {"data": data, "least_loss": problem.least(), "rows": [asdict(own) for own in found]}, indent=2
                )
            )
        else:
            rows = [
                (own.algorithm, f"{own.workers}", f"over {rounds_max}", "", "")
                if own.rounds is None or own.passes is None or own.step is None
                else (own.algorithm, f"{own.workers}", f"{own.rounds}", f"{own.passes:.4g}", f"{own.step:g}")
                for own in found
            ]
            show(Sheet(("algorithm", "workers", "rounds", "passes", "step or penalty"), rows, left=("algorithm",)))
        return OK

    finish(work, debug)


def _numbers(text: str) -> list[int]:
    """Read 1,2,5."""
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise InputError([Problem("", "--workers", repr(text), "write whole numbers, like 1,2,5")]) from None
