"""The reference tables in the docs are those of the code."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import tiny

from serflow_opt.formulations import coefficients as data
from serflow_opt.formulations import equations, sets
from serflow_opt.formulations.notation import NOTATION, as_markdown
from serflow_opt.plan import document as plan
from serflow_opt.problem import instance, schema
from serflow_opt.problem.schema import keys_as_markdown
from serflow_opt.traffic import carrying, service

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_every_key_of_the_instance_file_is_documented() -> None:
    assert keys_as_markdown() in (DOCS / "instance-files.md").read_text(encoding="utf-8")


def test_the_notation_table_is_current() -> None:
    assert as_markdown() in (DOCS / "model.md").read_text(encoding="utf-8")


def test_the_table_of_equations_is_current() -> None:
    """The remedy: put what `python -m serflow_opt.formulations.equations` prints there."""
    assert equations.as_markdown() in (DOCS / "equations.md").read_text(encoding="utf-8")


def test_every_equation_of_the_survey_stands_somewhere_or_is_not_used() -> None:
    """2.2.1 has ten, 2.2.2 four, 2.2.3 ten."""
    cited = {f"{section} ({number})" for entry in equations.entries() for section, number in entry.cited}
    printed = {f"2.2.1 ({n})" for n in range(1, 11)} | {f"2.2.2 ({n})" for n in range(1, 5)}
    printed |= {f"2.2.3 ({n})" for n in range(1, 11)} | {"2.2 (1)", "2.2 (2)"}
    assert cited | set(equations.NOT_USED) == printed
    assert not cited & set(equations.NOT_USED)


def test_citations_have_one_form() -> None:
    """A search for `survey 2.2.3 (4)` finds what is meant: no `survey 2.2.3 (1), (4)`, no `2.2.3, equation 4`."""
    wrong = re.compile(r"(?<!survey )\b2\.2\.[123] \(|survey 2\.2(\.\d)? \(\d+\)(,| and) \(|2\.2\.[123], equation")
    files = [*ROOT.glob("formulations/*.py"), *ROOT.glob("serflow_opt/**/*.py")]
    told = [
        f"{file.name}: {line}"
        for file in files
        if file.name != "notation.py"  # its column is headed `survey`
        for line in file.read_text(encoding="utf-8").splitlines()
        if wrong.search(line) and '"2.2.3 (8)"' not in line
    ]
    assert told == []


def test_links_of_the_equations_lead_to_headings() -> None:
    """Each page there is, and has the heading."""
    for link in {*equations.PAGES.values(), *equations.SECTIONS.values()}:
        page, _, anchor = link.partition("#")
        heads = re.findall(r"^#+ (.*)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert not anchor or anchor in {
            re.sub(r"[^\w\s-]", "", head).strip().lower().replace(" ", "-") for head in heads
        }


@pytest.mark.parametrize("name", sorted({name for s in NOTATION for name in s.model.split(", ") if "." in name}))
def test_the_notation_names_what_there_is(name: str) -> None:
    owner, attribute = name.rsplit(".", 1)
    known = (data, sets, instance, plan, schema, service, carrying)
    home = next((getattr(module, owner) for module in known if hasattr(module, owner)), None)
    home = import_module(f"serflow_opt.{owner}") if home is None else home
    fields = {*getattr(home, "__annotations__", {}), *getattr(home, "model_fields", {})}
    if owner == "Sets":
        fields |= vars(sets.Sets(tiny.two_stages())).keys()
    assert hasattr(home, attribute) or attribute in fields
