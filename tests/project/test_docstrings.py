"""What docstrings of public functions say, and how equations are cited."""

from __future__ import annotations

import re

from project.architecture import ROOT, modules
from project.docstrings import explained, functions_of_many

SYMBOLS = {"formulations.notation", "formulations.equations"}
"""Tables whose columns are the survey's sections."""
CITED = re.compile(r"(?<![\w.])2\.2\.[123](?![\w.])")
WELL = re.compile(r"survey 2\.2\.[123]( \(\d+\)(, \(\d+\))*)?(,? (and )?2\.2\.[123]( \(\d+\)(, \(\d+\))*)?)*")


def test_functions_of_three_arguments_say_what_these_are() -> None:
    """Each has `Parameters`; commands have the help of their options."""
    wrong = [f"{name}:{node.lineno} {node.name}" for name, node in functions_of_many() if not explained(node)]
    assert not wrong, "\n".join(wrong)


def test_pages_of_the_api_name_what_is_there() -> None:
    """What a page takes from docstrings is a module, or a class or function of one."""
    for page in sorted((ROOT / "docs" / "api").glob("*.md")):
        for name in re.findall(r"^::: serflow_opt\.([\w.]+)$", page.read_text("utf-8"), re.MULTILINE):
            home, _, own = name.rpartition(".")
            if name not in modules():
                assert own in {getattr(node, "name", "") for node in modules()[home].tree.body}, (page.name, name)


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
