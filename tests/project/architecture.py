"""Which modules import which, read off the source: type-only imports and those inside functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "kernels"),
    ("files",),
    ("ground",),
    ("backend", "problem"),
    ("formulations", "plan", "speed"),
    ("search",),
    ("infeasibility",),
    ("traffic",),
    ("fronts", "solving"),
    ("export",),
    ("planner", "sensitivity", "fleets"),
    ("families",),
    ("claims",),
    ("report", "plotting", "__init__"),
    ("pages", "profiling", "serving"),
    ("cli",),
)
"""Packages and modules of the root, from the ground up: each imports from itself and from below only."""
MOST_LINES = 400
"""Of a module, and of a test module."""


@dataclass(frozen=True)
class Module:
    """A module: its dotted name under `serflow_opt`, its file, and its tree."""

    name: str
    file: Path
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the tree, walked once."""
        return tuple(ast.walk(self.tree))

    @property
    def package(self) -> str:
        """The package of the root, or the module of the root, that it belongs to."""
        return self.name.split(".")[0]


@cache
def modules() -> dict[str, Module]:
    """Return all modules of the package, by name."""
    found = {}
    for top, prefix in ((ROOT / "serflow_opt", ()), (ROOT / "formulations", ("formulations",))):
        for file in sorted(top.rglob("*.py")):
            parts = (*prefix, *file.relative_to(top).with_suffix("").parts)
            if parts[-1] == "__init__" and len(parts) > 1:
                parts = parts[:-1]
            name = ".".join(parts)
            found[name] = Module(name, file, ast.parse(file.read_text(encoding="utf-8")))
    return found


def imported(module: Module) -> Iterator[tuple[str, list[str]]]:
    """Yield each module of ours that a module imports, with the names it takes."""
    known = modules()
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "serflow_opt":
            home = node.module.removeprefix("serflow_opt").removeprefix(".")
            for alias in node.names:
                inner = f"{home}.{alias.name}".removeprefix(".")
                if inner in known:
                    yield inner, [alias.name]
                else:
                    yield home or "__init__", [alias.name]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "serflow_opt":
                    yield alias.name.removeprefix("serflow_opt").removeprefix(".") or "__init__", []


@cache
def arrows() -> dict[str, dict[str, list[str]]]:
    """Return for each module those that it imports, with the names it takes from each."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, module in modules().items():
        into: dict[str, list[str]] = {}
        for other, names in imported(module):
            if other != name:
                into.setdefault(other, []).extend(names)
        found[name] = into
    return found


def asking_for_tests() -> list[str]:
    """Return the modules that do something: data alone, and what only passes names on, needs no test."""
    doing = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        name
        for name, module in modules().items()
        if module.file.name not in ("__init__.py", "__main__.py") and any(isinstance(n, doing) for n in module.nodes)
    ]


def home_of_tests(module: str) -> Path:
    """Return where the tests of a module stand: `tests/` mirrors the packages."""
    *inside, name = module.split(".")
    return (ROOT / "tests").joinpath(*inside, f"test_{name}.py")


def packages() -> set[str]:
    """Return the packages and modules of the root."""
    return {module.package for module in modules().values()}


def layer_of(package: str) -> int:
    """Return the number of the layer that a package stands in."""
    return next(i for i, names in enumerate(LAYERS) if package in names)


def rings() -> list[list[str]]:
    """Return the sets of modules that import each other in a ring: Tarjan's strongly connected components of two up."""
    graph = arrows()
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph.get(name, {}):
            if other not in graph:
                continue
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            ring = []
            while True:
                ring.append(stack.pop())
                if ring[-1] == name:
                    break
            if len(ring) > 1:
                found.append(sorted(ring))

    for name in graph:
        if name not in index:
            visit(name)
    return found
