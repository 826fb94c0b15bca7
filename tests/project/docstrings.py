"""Public functions and what their docstrings say."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from project.architecture import modules

from serflow_opt.cli.main import app

MANY = 3
"""Arguments from which on a docstring says what each is."""
COMPILED = "kernels"
"""Their arguments are those of the numpy code that stands in for them."""


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


def explained(node: ast.FunctionDef) -> bool:
    """Whether a docstring says what the arguments are."""
    return "Parameters\n----------\n" in (ast.get_docstring(node) or "")


def functions_of_many() -> list[tuple[str, ast.FunctionDef]]:
    """Return public functions of `MANY` arguments and more with where they stand; without commands and kernels."""
    by_help = commands()
    return [
        (name, node)
        for name, node, arguments in functions()
        if len(arguments) >= MANY
        and not name.startswith(COMPILED)
        and not (name.startswith("cli") and node.name in by_help)
    ]
