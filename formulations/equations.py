"""Where each equation of the survey stands: read off the citations in this folder.

A constraint carries them as a comment on the line of its name, anything else in its docstring, each as
`survey 2.2.1 (3)`. The equation that a constraint stands for is the line of its module's docstring that ends with its
name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PRINTED = {"2.2": 2, "2.2.1": 10, "2.2.2": 4, "2.2.3": 10}
"""Equations of each section of the survey."""
NOT_USED: dict[str, str] = {}
"""Equations that nothing here stands for, and why."""
SECTIONS = {
    "2.2": "survey.md#22-the-weighted-sum",
    "2.2.1": "survey.md#221-latency",
    "2.2.2": "survey.md#222-privacy",
    "2.2.3": "survey.md#223-monetary-cost",
}
"""How the equations of a section are read."""
PAGES = {
    "adaptation": "adaptation.md",
    "as_printed": "survey.md#the-cost-as-printed-and-repaired-side-by-side",
    "batching": "batching.md#the-mathematics",
    "blocked": "blocked.md#the-mathematics",
    "budget": "robust.md#by-duality-in-one-model",
    "cluster": "cluster.md#the-mathematics",
    "coefficients": "model.md#notation",
    "cost": "model.md#latency-and-cost",
    "energy": "adaptation.md",
    "carbon": "carbon.md",
    "exits": "model.md#exits-a-choice-times-a-flow",
    "jobs": "jobs.md#the-mathematics",
    "keep_alive": "keep-alive.md#the-mathematics",
    "latency": "model.md#latency-and-cost",
    "model": "several-objectives.md",
    "piecewise": "model.md#exits-a-choice-times-a-flow",
    "pipelines": "pipelines.md#the-mathematics",
    "placement": "model.md#placement-a-path",
    "privacy": "adaptation.md",
    "provisioning": "model.md#traffic-a-second-flow-through-the-same-thresholds",
    "reductions": "model.md#placement-a-path",
    "scaling": "model.md#traffic-a-second-flow-through-the-same-thresholds",
    "sets": "model.md#placement-a-path",
    "training": "training.md#the-mathematics",
}
"""The page about a module of this folder; `model.md` about others."""
CITATION = re.compile(r"survey (2\.2(?:\.\d)?) \((\d+)\)")


class Entry(NamedTuple):
    """What a line of this folder defines: its module and name, the equations cited, and its own equation."""

    module: str
    name: str
    cited: tuple[tuple[str, int], ...]
    equation: str
    is_constraint: bool


def entries() -> list[Entry]:
    """Return all constraints, and all else that cites an equation, in the order of the files."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [entry for file in files for entry in _entries_of(file)]


def _entries_of(file: Path) -> Iterator[Entry]:
    text = file.read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    equations = _equations_of(ast.get_docstring(tree) or "")
    methods = {id(node): owner.name for owner in tree.body if isinstance(owner, ast.ClassDef) for node in owner.body}
    seen = set()
    for node in ast.walk(tree):
        name, cited = _constraint(node, lines)
        if name and name not in seen:
            seen.add(name)
            yield Entry(file.stem, name, _cited(cited), equations.get(name, ""), True)
        elif not name and isinstance(node, ast.FunctionDef):
            found = _cited(ast.get_docstring(node) or "")
            if found:
                owner = f"{methods[id(node)]}." if id(node) in methods else ""
                yield Entry(file.stem, owner + node.name, found, "", False)


def _constraint(node: ast.AST, lines: list[str]) -> tuple[str, str]:
    """Return the name of the constraint that a node defines, and the line of that name; nothing for other nodes."""
    match node:
        case ast.FunctionDef(decorator_list=[ast.Call(func=ast.Attribute(attr="Constraint")), *_]):
            return node.name, lines[node.lineno - 1]
        case ast.Assign(targets=[ast.Attribute(attr=name)], value=ast.Call(func=ast.Attribute(attr=kind))) if kind in (
            "Constraint",
            "ConstraintList",
        ):
            return name, lines[node.lineno - 1]
    return "", ""


def _cited(text: str) -> tuple[tuple[str, int], ...]:
    return tuple(dict.fromkeys((section, int(number)) for section, number in CITATION.findall(text)))


def _equations_of(docstring: str) -> dict[str, str]:
    """Return the equations of a module's docstring by the names of constraints in their last columns."""
    found: dict[str, str] = {}
    for line in docstring.splitlines():
        columns = re.split(r" {2,}", line.strip())
        for column in columns[1:]:
            if line.startswith("    ") and re.fullmatch(r"[a-z_]+(, [a-z_]+)*", column):
                for name in column.split(", "):
                    found.setdefault(name, columns[0])
    return found


def as_markdown() -> str:
    """Return the tables in Markdown."""
    known = entries()
    parts = []
    for section, last in PRINTED.items():
        rows = []
        for number in range(1, last + 1):
            here = [entry for entry in known if (section, number) in entry.cited]
            rows += [_row(f"{section} ({number})", entry) for entry in sorted(here, key=lambda e: not e.is_constraint)]
        head = ["| survey | constraint or term | file | in the model | about it |", "|---|---|---|---|---|"]
        parts.append("\n".join([f"## {section}", "", f"[How they are read]({SECTIONS[section]})", "", *head, *rows]))
    unused = [f"* {equation}: {why}" for equation, why in NOT_USED.items()]
    if unused:
        parts.append("\n".join(["## Not used, because", "", *unused]))
    own = [entry for entry in known if entry.is_constraint and not entry.cited]
    head = ["| constraint | file | in the model | about it |", "|---|---|---|---|"]
    parts.append("\n".join(["## Constraints that the survey does not have", "", *head, *(_row("", e) for e in own)]))
    return "\n\n".join(parts)


def _row(equation: str, entry: Entry) -> str:
    name = f"`{entry.name}`" if entry.is_constraint else f"`{entry.name}()`"
    own = "`" + entry.equation.replace("|", "\\|") + "`" if entry.equation else ""
    page = PAGES.get(entry.module, "model.md")
    columns = [name, f"`formulations/{entry.module}.py`", own, f"[{page.split('.')[0]}]({page})"]
    return "| " + " | ".join([equation, *columns] if equation else columns) + " |"


if __name__ == "__main__":
    print(as_markdown())
