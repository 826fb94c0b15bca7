"""Figures of the layers, read off the source."""

from __future__ import annotations

import ast
from collections import Counter

from project.architecture import ROOT, arrows, layer_of, modules, packages, rings
from project.docstrings import explained, functions_of_many


def figures() -> dict[str, int]:
    """Count modules, rings, arrows, names and docstrings."""
    between = {
        (name.split(".")[0], other.split(".")[0])
        for name, into in arrows().items()
        for other in into
        if name.split(".")[0] != other.split(".")[0]
    }
    names = Counter(
        node.name for module in modules().values() for node in module.nodes if isinstance(node, ast.ClassDef)
    )
    tests = {file.stem.removeprefix("test_") for file in (ROOT / "tests").rglob("test_*.py")}
    many = functions_of_many()
    return {
        "modules": len(modules()),
        "modules in the root": len(list((ROOT / "serflow_opt").glob("*.py"))),
        "packages and modules of the root": len(packages()),
        "modules in rings": sum(len(ring) for ring in rings()),
        "arrows between packages": len(between),
        "arrows that point up": sum(layer_of(other) >= layer_of(own) for own, other in between),
        "modules with a test of their name": sum(name.rpartition(".")[2] in tests for name in modules()),
        "class names": len(names),
        "class names borne twice": sum(count > 1 for count in names.values()),
        "public functions of three arguments": len(many),
        "of these with Parameters": sum(explained(node) for _, node in many),
    }


if __name__ == "__main__":
    for what, count in figures().items():
        print(f"{count:6,}  {what}")
