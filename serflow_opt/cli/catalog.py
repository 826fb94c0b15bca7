"""The command `catalog`: prices, found by cloud, region, term, GPU and rent; and price files of other tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import OK, Debug, Exclude, Json, finish
from serflow_opt.errors import InputError, Problem

SECONDS = 60
"""A price file is there by then, or its server does not answer."""


def catalog(
    pattern: Annotated[list[str] | None, typer.Argument(help="Names, families, regions, architectures.")] = None,
    exclude: Exclude = None,
    cloud: Annotated[
        str | None, typer.Option(help="Only this provider: aws, azure, gcp, oci, lambda_labs, modal ...")
    ] = None,
    region: Annotated[str | None, typer.Option(help="Only regions like this, such as 'eu-*'.")] = None,
    term: Annotated[str | None, typer.Option(help="Only this term: on-demand, spot, or a commitment.")] = None,
    gpu: Annotated[str | None, typer.Option(help="Only machines with GPUs like this; '*': any.")] = None,
    max_price: Annotated[float | None, typer.Option(help="Only machines of at most this rent, USD per hour.")] = None,
    add: Annotated[list[Path] | None, typer.Option("--catalog", help="Price CSV to add.")] = None,
    import_: Annotated[
        str | None,
        typer.Option("--import", metavar="FILE|URL", help="Turn SkyPilot's or Infracost's CSV into a price file."),
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="Day of the imported prices, YYYY-MM-DD; left out: today.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the imported prices to this file.")] = None,
    egress: Annotated[bool, typer.Option("--egress", help="List prices of bytes that leave instead.")] = False,
    instances: Annotated[bool, typer.Option("--instances", help="List the shipped instances instead.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List prices with source and date, or import them; without a filter: how many there are, by region."""

    def work() -> int:
        if instances:
            from serflow_opt.cli.instances import list_instances

            return list_instances(as_json)
        if egress:
            return _egress(cloud, as_json)
        if import_ is not None:
            return _import(import_, as_of, out)
        from serflow_opt.cli.output import show
        from serflow_opt.problem.catalog import load_catalog
        from serflow_opt.problem.catalog.ages import is_old
        from serflow_opt.report.catalog import as_documents, as_summary, as_table

        rows = load_catalog().with_rows(*(add or [])).filter(pattern or (), exclude or ())
        fields = {"provider": cloud, "region": region, "gpu": gpu}
        for field, value in fields.items():
            rows = rows if value is None else rows.filter([f"{field}={value}"])
        rows = rows if term is None else rows.on_term(term)
        rows = rows if max_price is None else rows.cheaper_than(max_price)
        if not rows.vms and not rows.functions and not rows.commitments:
            given = {"cloud": cloud, "region": region, "gpu": gpu, "term": term, "max-price": max_price}
            asked = [*(pattern or []), *(f"--{key} {value}" for key, value in given.items() if value is not None)]
            cure = "patterns match names, families, regions and architectures; try c6i.* or eu-west-1"
            raise InputError([Problem("catalogue", "", f"nothing like {' '.join(asked) or 'this'}", cure)])
        if as_json:
            print(json.dumps(as_documents(rows), indent=2))
            return OK
        narrowed = any((pattern, exclude, term, max_price is not None, *fields.values()))
        show(as_table(rows) if narrowed else as_summary(rows))
        old = [row.as_of for row in rows.rows if is_old(row.as_of)]
        if old:
            told = f"{len(old)} of these prices are more than a year old, the oldest of {min(old)}"
            print(f"warning: {told}; newer ones: --import, --catalog", file=sys.stderr)
        return OK

    finish(work, debug)


def _egress(cloud: str | None, as_json: bool) -> int:
    """List the tariffs of bytes that leave, of all clouds or of one."""
    from serflow_opt.cli.output import show
    from serflow_opt.errors import nearest
    from serflow_opt.problem.egress_rows import egress_rows
    from serflow_opt.report.catalog import egress_table

    every = egress_rows()
    rows = [row for row in every if cloud in (None, row.provider)]
    if not rows:
        cure = nearest(str(cloud), sorted({row.provider for row in every}))
        raise InputError([Problem("catalogue", "--cloud", f"no tariff of '{cloud}'", cure)])
    if as_json:
        print(json.dumps({"egress": [row.to_dict() for row in rows]}, indent=2))
    else:
        show(egress_table(rows))
    return OK


def _import(source: str, as_of: str | None, out: Path | None) -> int:
    from datetime import date

    from serflow_opt.files import write_atomically
    from serflow_opt.problem.catalog.ages import today
    from serflow_opt.problem.catalog.foreign import as_csv, foreign_rows

    try:
        day = today() if as_of is None else date.fromisoformat(as_of)
    except ValueError:
        raise InputError([Problem("", "--as-of", f"'{as_of}'", "write the day as YYYY-MM-DD")]) from None
    rows, left_out = foreign_rows(_text_of(source), source, day)
    text = as_csv(rows)
    if out is None:
        print(text, end="")
    else:
        write_atomically(out, lambda path: path.write_text(text, encoding="utf-8"))
        print(f'{out}: {len(rows)} prices of {day}; use them with --catalog {out}, or catalog = "{out}" in an instance')
    for reason, names in left_out.items():
        kinds = list(dict.fromkeys(names))
        which = ", ".join(kinds[:5]) + (f" and {len(kinds) - 5} more" if len(kinds) > 5 else "")
        print(f"{len(names)} rows of {source} left out, {reason}: {which}", file=sys.stderr)
    unknown = sorted({row["name"] for row in rows if not row["vcpus"] or not row["memory_mb"]})
    if unknown:
        which = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        print(
            f"vCPUs or memory of {which} unknown: give stage_times, or write them as [[tier.option]]", file=sys.stderr
        )
    return OK


def _text_of(source: str) -> str:
    from serflow_opt.files import MAX_BYTES, read_text

    if not source.startswith(("http://", "https://")):
        problems: list[Problem] = []
        text = read_text(Path(source), problems, absent="check the name")
        if text is None:
            raise InputError(problems)
        return text
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(source, timeout=SECONDS) as answer:
            body: bytes = answer.read(MAX_BYTES + 1)
    except (URLError, OSError, ValueError) as error:
        cure = "check the address, or download the file and name it"
        raise InputError([Problem(source, "--import", f"cannot be fetched ({error})", cure)]) from None
    if len(body) > MAX_BYTES:
        cure = "download it and keep the regions you need"
        raise InputError([Problem(source, "--import", f"more than {MAX_BYTES / 1e6:.0f} MB", cure)])
    return body.decode("utf-8-sig", errors="replace")
