"""What docstrings of public functions say, and how equations are cited."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from project.architecture import modules

from serflow_opt.cli.main import app

MANY = 3
"""Arguments from which on a docstring says what each is."""
COMPILED = "kernels"
"""Their arguments are those of the numpy code that stands in for them."""
SYMBOLS = {"formulations.notation", "formulations.equations"}
"""Tables whose columns are the survey's sections."""
CITED = re.compile(r"(?<![\w.])2\.2\.[123](?![\w.])")
WELL = re.compile(r"survey 2\.2\.[123]( \(\d+\)(, \(\d+\))*)?(,? (and )?2\.2\.[123]( \(\d+\)(, \(\d+\))*)?)*")


def commands() -> set[str]:
    """Return the functions that Typer calls, whose options have help of their own."""
    return {info.callback.__name__ for info in app.registered_commands if info.callback is not None}


def functions() -> Iterator[tuple[str, ast.FunctionDef, list[str]]]:
    """Yield public functions and methods with where they stand and the names of their arguments."""
    for name, module in modules().items():
        for owner in [module.tree, *(node for node in module.tree.body if isinstance(node, ast.ClassDef))]:
            if isinstance(owner, ast.ClassDef) and owner.name.startswith("_"):
                continue
            for node in owner.body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    given = node.args
                    own = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
                    yield name, node, [arg for arg in own if arg not in ("self", "cls")]


def test_functions_of_three_arguments_say_what_these_are() -> None:
    """Each has `Parameters`; commands have the help of their options."""
    told_by_help, wrong = commands(), []
    for name, node, arguments in functions():
        if len(arguments) < MANY or name.startswith(COMPILED):
            continue
        if name.startswith("cli") and node.name in told_by_help:
            continue
        if "Parameters\n----------\n" not in (ast.get_docstring(node) or ""):
            wrong.append(f"{name}:{node.lineno} {node.name}")
    assert not wrong, "\n".join(wrong)


def test_equations_are_cited_in_one_form() -> None:
    """As `survey 2.2.1 (3)`, so that a search for it finds them all."""
    wrong = []
    for name, module in modules().items():
        if name in SYMBOLS:
            continue
        for n, line in enumerate(module.file.read_text("utf-8").splitlines(), start=1):
            if CITED.search(WELL.sub("", line)):
                wrong.append(f"{name}:{n}: {line.strip()}")
    assert not wrong, "\n".join(wrong)
