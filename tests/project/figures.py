"""Figures of the layers, read off the source."""

from __future__ import annotations

import ast
from collections import Counter

from project.architecture import ROOT, arrows, asking_for_tests, home_of_tests, layer_of, modules, packages, rings
from project.docstrings import explained, functions_of_many

ON_THE_GROUND = {"errors", "files", "ground", "kernels"}
"""Packages that know nothing of the field, and that any other may use."""


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
    asked = asking_for_tests()
    many = functions_of_many()
    return {
        "modules": len(modules()),
        "modules in the root": len(list((ROOT / "serflow_opt").glob("*.py"))),
        "packages and modules of the root": len(packages()),
        "modules in rings": sum(len(ring) for ring in rings()),
        "arrows between packages": len(between),
        "of these into what stands on the ground": sum(other in ON_THE_GROUND for _, other in between),
        "arrows that point up": sum(layer_of(other) >= layer_of(own) for own, other in between),
        "modules with functions": len(asked),
        "of these with a test of their name": sum(home_of_tests(name).exists() for name in asked),
        "class names": len(names),
        "class names borne twice": sum(count > 1 for count in names.values()),
        "public functions of three arguments": len(many),
        "of these with Parameters": sum(explained(node) for _, node in many),
    }


if __name__ == "__main__":
    for what, count in figures().items():
        print(f"{count:6,}  {what}")
