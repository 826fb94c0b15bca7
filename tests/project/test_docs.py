"""The reference tables in the docs are those of the code."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import generate
import pytest
import typer
from project.architecture import LAYERS
from support import tiny
from support.helpers import run

import serflow_opt as so
from serflow_opt.cli.main import app
from serflow_opt.formulations import coefficients as data
from serflow_opt.formulations import equations, sets
from serflow_opt.formulations.notation import NOTATION
from serflow_opt.plan import document as plan
from serflow_opt.problem import instance, schema
from serflow_opt.traffic import carrying, service

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("page", generate.PAGES)
def test_generated_pages_are_current(page: str) -> None:
    """The remedy: `python docs/generate.py`."""
    assert (DOCS / page).read_text(encoding="utf-8") == generate.PAGES[page]()


def test_the_page_of_commands_has_every_option() -> None:
    """What Click knows and what the page says are the same, command by command."""
    parts = {part.split("\n")[0]: part for part in generate.commands().split("\n## ")[1:]}
    group: Any = typer.main.get_command(app)
    assert list(parts) == list(group.commands)
    for name, command in group.commands.items():
        flags = {flag for p in command.params for flag in (*p.opts, *p.secondary_opts) if flag.startswith("-")}
        assert set(re.findall(r"[`/](--?[a-z][-a-z]*)", parts[name])) == flags - {"--help"}, name
    assert max(len(line) for line in generate.commands().splitlines()) <= 80


def test_the_reference_has_every_public_name() -> None:
    """And a page for each package that they are in."""
    assert list(generate.public_names()) == sorted(so.__all__)
    assert {module.split(".")[1] for module in generate.public_names().values()} == set(generate.TITLES)


def test_contributing_has_the_layers() -> None:
    """The table names each package in its layer."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert sorted((int(layer), name) for layer, name in rows) == sorted(
        (layer, name) for layer, names in enumerate(LAYERS, 1) for name in names
    )


def test_modules_that_pages_name_exist() -> None:
    """As `serflow_opt.sensitivity.relax.relax` or as `serflow_opt/backend/options.py`, in text and code."""
    files = [*ROOT.glob("serflow_opt/**/*.py"), *ROOT.glob("formulations/*.py"), *ROOT.glob("instances/*.py")]
    parts = {file: file.relative_to(ROOT).with_suffix("").parts for file in files}
    known = {".".join(p if p[0] == "serflow_opt" else ("serflow_opt", *p)): file for file, p in parts.items()}
    known |= {name.removesuffix(".__init__"): file for name, file in known.items()}
    wrong = []
    for page in (*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"\b(?:serflow_opt|formulations|tests|docs|benchmarks)/[\w/]+\.py", text):
            wrong += [] if (ROOT / path).is_file() else [f"{page.name}: {path}"]
        for name in re.findall(r"serflow_opt(?:\.\w+)+", text):
            owner, _, last = name.rpartition(".")
            there = name in known or (owner in known and f" {last}" in known[owner].read_text(encoding="utf-8"))
            wrong += [] if there else [f"{page.name}: {name}"]
    assert wrong == []


def anchor(heading: str) -> str:
    """What a heading is linked by: its text without marks, in small letters, with dashes."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub("[`*]", "", heading.strip().lower()))
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def test_links_between_pages_lead_somewhere() -> None:
    """Of all Markdown files, to files that there are and to headings of theirs."""
    pages = [
        own
        for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "instances/*/README.md")
        for own in ROOT.glob(pattern)
    ]
    texts = {page.resolve(): page.read_text(encoding="utf-8") for page in pages}
    headings = {
        page: {anchor(own) for own in re.findall(r"^#+ (.*)$", text, re.MULTILINE)} for page, text in texts.items()
    }
    wrong = []
    for page, text in texts.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, heading = link.partition("#")
            there = (page.parent / file).resolve() if file else page
            if not re.match(r"\w+:", link) and (
                not there.exists() or (heading and there in headings and heading not in headings[there])
            ):
                wrong.append(f"{page.relative_to(ROOT.resolve())}: {link}")
    assert wrong == []


def test_every_page_is_in_the_table_of_contents() -> None:
    """And every instance and notebook is linked."""
    listed = re.findall(r"^ +- (?:.*: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md"))


def test_the_first_steps_print_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of the page is that of the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    text = (DOCS / "first-steps.md").read_text(encoding="utf-8")
    assert run("new", "mine").code == 0
    assert run("validate", "mine").code == 0
    table = text.split("```text\n")[1].split("```")[0]
    assert table in run("solve", "mine").stdout
    assert run("solve", "mine", "--latency-slo-ms", "20").code == 0


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
    """Each symbol points to an attribute that exists."""
    owner, attribute = name.rsplit(".", 1)
    known = (data, sets, instance, plan, schema, service, carrying)
    home = next((getattr(module, owner) for module in known if hasattr(module, owner)), None)
    home = import_module(f"serflow_opt.{owner}") if home is None else home
    fields = {*getattr(home, "__annotations__", {}), *getattr(home, "model_fields", {})}
    if owner == "Sets":
        fields |= vars(sets.Sets(tiny.two_stages())).keys()
    assert hasattr(home, attribute) or attribute in fields
