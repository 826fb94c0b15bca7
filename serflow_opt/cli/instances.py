"""The commands about instances and their files: what is wrong with them, new ones, the schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import BAD_INPUT, OK, Catalogs, Debug, Files, Json, finish, load_given
from serflow_opt.errors import InputError, Problem


def validate(
    files: Files,
    catalog: Catalogs = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Everything that is wrong with instance files."""

    def work() -> int:
        from serflow_opt.cli.many import expand
        from serflow_opt.families.registry import family_of

        instances, problems = load_given(expand(files), None, None, catalog, {}, warned=False)
        told = {file: family_of(instance).cautions(instance) for file, instance in instances}
        if as_json:
            fields = ("file", "place", "found", "cure")
            document = {
                "valid": not problems,
                "problems": [{f: getattr(p, f) for f in fields} for p in problems],
                "warnings": [{"file": file, "text": text} for file, texts in told.items() for text in texts],
            }
            print(json.dumps(document, indent=2))
            return BAD_INPUT if problems else OK
        for file, instance in instances:
            print(f"{file}: valid; {family_of(instance).in_a_line(instance)}")
        for file, texts in told.items():
            for text in texts:
                print(f"warning: {file}: {text}", file=sys.stderr)
        if problems:
            raise InputError(problems)
        return OK

    finish(work, debug)


def new(
    folder: Annotated[Path | None, typer.Argument(help="Folder to make.", metavar="DIR")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Shipped instance to start from; left out: a small one, commented.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what there is to start from.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make an instance to start from: a small one with every line explained, or a copy of a shipped one."""

    def work() -> int:
        import shutil

        from serflow_opt.errors import nearest
        from serflow_opt.problem.loader import shipped, shipped_folder

        if listed:
            return list_instances(as_json)
        if folder is None:
            raise InputError([Problem("", "DIR", "missing", "name the folder to make; --list shows what there is")])
        if from_ is not None and from_ not in shipped():
            cure = f"{nearest(from_, shipped())} (serflow-opt new --list)"
            raise InputError([Problem("", "--from", f"no shipped instance '{from_}'", cure)])
        if folder.exists():
            raise InputError([Problem(str(folder), "", "exists already", "name a folder that does not")])
        template = Path(__file__).parent / "blank" if from_ is None else shipped_folder() / from_
        try:
            shutil.copytree(template, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
        except OSError as error:
            cure = "choose a folder you may write to"
            raise InputError([Problem(str(folder), "", f"cannot be made ({error.strerror})", cure)]) from None
        print(f"{folder / 'instance.toml'}: edit it, then `serflow-opt solve {folder}`")
        return OK

    finish(work, debug)


def schema(
    what: Annotated[str, typer.Argument(help="instance, plan, or a kind of instances")] = "instance",
    debug: Debug = False,
) -> None:
    """JSON Schema of instance files and of plans."""

    def work() -> int:
        from serflow_opt.families.registry import DEFAULT, get, kinds
        from serflow_opt.plan.document import Plan

        if what == "plan":
            print(json.dumps(Plan.document_schema(), indent=2))
        elif what == "instance" or what in kinds():
            print(json.dumps(get(DEFAULT if what == "instance" else what).schema(), indent=2))
        else:
            cure = f"write instance or plan, or a kind of instances: {', '.join(kinds())}"
            raise InputError([Problem("", "schema", f"'{what}'", cure)])
        return OK

    finish(work, debug)


def list_instances(as_json: bool) -> int:
    """Print what is shipped, a line each."""
    from serflow_opt.families.loading import load
    from serflow_opt.problem.loader import shipped

    rows = [(name, load(name)) for name in shipped()]
    if as_json:
        print(json.dumps([{"name": name, "description": instance.description} for name, instance in rows], indent=2))
    else:
        for name, instance in rows:
            print(f"{name}: {' '.join(instance.description.split())}")
    return OK
