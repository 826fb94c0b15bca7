"""Write the pages that are read off the code, the instances and the notebooks.

    python docs/generate.py

A test holds them current. Lines are at most 80 characters, but for tables.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

DOCS = Path(__file__).parent
ROOT = DOCS.parent


def equations() -> str:
    """Where each equation of the survey stands."""
    from serflow_opt.formulations.equations import as_markdown

    return f"""# Where each equation stands

By the numbers of the [survey](survey.md), section 2.2. `name` is a constraint,
as `--write-lp` names it; `name()` a function that makes a term, a coefficient
or a set. A search of `formulations/` for `survey 2.2.1 (3)` finds the same
lines.

{as_markdown()}
"""


def instances() -> str:
    """What is shipped, by the instances' own descriptions."""
    from serflow_opt.families.registry import DEFAULT

    rows, of_others = [], []
    for folder in sorted(file.parent for file in (ROOT / "instances").glob("*/instance.toml")):
        said = tomllib.loads((folder / "instance.toml").read_text(encoding="utf-8"))
        others = ", ".join(f"`{file.name}`" for file in sorted(folder.glob("*.toml")) if file.name != "instance.toml")
        what = " ".join(said["description"].replace("README.md names the source of every number.", "").split())
        link = f"[{folder.name}](../instances/{folder.name}/README.md)"
        if said.get("kind", DEFAULT) != DEFAULT:
            of_others.append(f"| {link} | {said['kind']} | {what} | {others} |")
            continue
        stages = len((folder / said["network"]["stages"]).read_text(encoding="utf-8").splitlines()) - 1
        exits = said.get("exits", {})
        leave = "samples" if "samples" in exits else "table" if "table" in exits else "none"
        tiers = ", ".join(tier["name"] for tier in said["tier"])
        if "`serflow-opt profile`" in what:  # the words of all that are measured: the README says more
            text = " ".join((folder / "README.md").read_text(encoding="utf-8").split("\n\n")[1].split())
            what = re.split(r"(?<=\.) (?=[A-Z])", text)[0]
        rows.append(f"| {link} | {what} | {stages} | {leave} | {tiers} | {others} |")
    table, of_families = "\n".join(rows), "\n".join(of_others)
    return f"""# Shipped instances

`serflow-opt solve NAME` solves one, `serflow-opt new mine --from NAME` copies
it. The page behind each name is its README, which names the source of every
number. *Also* are other files of the same folder: `instances/NAME/FILE`.

| instance | what | stages | exits | tiers | also |
|---|---|---|---|---|---|
{table}

Of [other families of problems](families.md):

| instance | kind | what | also |
|---|---|---|---|
{of_families}
"""


def notebooks() -> str:
    """The notebooks by their titles and first sentences."""
    parts = []
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        title, _, text = "".join(cells[0]["source"]).partition("\n")
        first = " ".join(text.strip().split("\n\n")[0].split())
        first = first[: first.rindex(".") + 1]
        link = f"[{title.removeprefix('# ')}](../notebooks/{file.name})"
        parts.append(textwrap.fill(f"* {link}: {first}", 80, subsequent_indent="  ", **WRAP))
    listed = "\n".join(parts)
    return f"""# Notebooks

All run without a network connection: `pip install '.[notebooks]'`, and any
Jupyter front end.

{listed}
"""


def commands() -> str:
    """Every command with its arguments and options, by its own help."""
    from serflow_opt.cli.main import app

    parts = []
    for command in app.registered_commands:
        assert command.callback is not None
        parts.append(_command(command.name or command.callback.__name__.replace("_", "-"), command.callback))
    listed = "\n\n".join(parts)
    return f"""# Commands

`serflow-opt COMMAND --help` says the same. Results go to standard output,
progress and problems to standard error. Exit codes: 0 solved to the asked gap,
1 internal error, 2 bad input or usage, 3 proven infeasible, 4 stopped at a
limit, 130 ended by a second Ctrl-C.

{listed}
"""


def reproduced() -> str:
    """What papers print and what comes out, by `serflow-opt reproduce`."""
    from serflow_opt.claims import reproduce
    from serflow_opt.report.claims import as_markdown

    found = reproduce()
    if stopped := [row.key for row in found.rows if row.verdict == "not computed"]:
        raise SystemExit(f"not computed: {', '.join(stopped)}; run it again")
    counted = ", ".join(f"{count} {name}" for name, count in found.verdicts.items())
    return f"""# Published figures, recomputed

`serflow-opt reproduce` computes these again, in seconds: {len(found.rows)} claims,
{counted}. `--only 'lambdaml*'` takes some, `--json` writes them as data.

* **confirmed**: within half of the last digit that is printed, or within what
  the row says where a measured time stands beside an arithmetic one;
* **refuted**: not, although all that it takes is published;
* **not reproducible**: the paper leaves something out, as the row says. That
  says nothing against the figure.

{as_markdown(found)}

A claim is a row of `serflow_opt/claims/`; more are welcome.
"""


WRAP: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def _command(name: str, callback: Callable[..., Any]) -> str:
    arguments, options = [], []
    for said, is_argument in _parameters(callback):
        (arguments if is_argument else options).append(said)
    usage = " ".join(["serflow-opt", name, "[OPTIONS]", *(usage for usage, _, _ in arguments)])
    text = [textwrap.fill(part, 80, **WRAP) for part in inspect.cleandoc(callback.__doc__ or "").split("\n\n")]
    items = [
        textwrap.fill(f"* {head}: {' '.join(words.split())}", 80, subsequent_indent="  ", **WRAP)
        for _, head, words in [*arguments, *options]
    ]
    return "\n\n".join([f"## {name}", f"    {usage}", *text, "\n".join(items)])


def _parameters(callback: Callable[..., Any]) -> Iterator[tuple[tuple[str, str, str], bool]]:
    """Yield usage, head and words of each parameter, and whether it is an argument."""
    hints = get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        if get_origin(hints[name]) is not Annotated:  # the context
            continue
        kind, info = get_args(hints[name])[0], hints[name].__metadata__[0]
        is_argument = type(info).__name__ == "ArgumentInfo"
        if getattr(info, "hidden", False):
            continue
        default = parameter.default
        words = [info.help or ""]
        value = _metavar(kind, info.metavar, name if is_argument else "")
        if len(value) > 50:
            words.append(f"One of {value.replace('|', ', ')}.")
            value = name.upper()
        words += [f"At least {info.min:g}."] if info.min is not None else []
        words += [f"At most {info.max:g}."] if info.max is not None else []
        if not (default is inspect.Parameter.empty or default is None or isinstance(default, bool | list | tuple)):
            words.append(f"Default: {getattr(default, 'value', default)}." if info.show_default else "")
        if is_argument:
            usage = f"{value}..." if get_origin(_bare(kind)) is list else value
            usage = usage if default is inspect.Parameter.empty else f"[{usage}]"
            yield (usage, f"`{usage}`", " ".join(words)), True
        else:
            given = [decl for decl in (info.default, *(info.param_decls or ())) if str(decl).startswith("-")]
            flags = given or ["--" + name.replace("_", "-")]
            if _bare(kind) is bool and not given:
                flags.append("--no-" + name.replace("_", "-"))
            head = ", ".join(f"`{flag} {value}`".replace(" `", "`") for flag in flags)
            yield ("", head, " ".join(words)), False


def _bare(kind: Any) -> Any:
    """Return a type without None."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind


def _metavar(kind: Any, given: str | None, argument: str) -> str:
    """Return what stands for a value."""
    kind = _bare(kind)
    if given or argument:
        return given or argument.upper()
    if kind is bool:
        return ""
    if get_origin(kind) is list:
        kind = get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(member.value) for member in kind)
    return {"str": "TEXT", "int": "INTEGER", "float": "NUMBER", "Path": "PATH"}[kind.__name__]


TITLES = {
    "problem": "Instances and prices",
    "solving": "Solving",
    "plan": "Plans and their exact value",
    "fronts": "Fronts",
    "sensitivity": "Explaining and relaxing",
    "planner": "Planning inside a service",
    "fleets": "Many services",
    "traffic": "Traffic",
    "errors": "Errors",
}
"""Packages of the public names, by the title of their page."""
MEASURING = (
    "profile.profile",
    "settings.ProfileSettings",
    "stages.cutting.cut",
    "stages.heads.attach",
    "stages.network.MultiExit",
    "measure.counting.count",
    "measure.training.train",
    "measure.calibration.calibrate",
    "measure.timing.time_stages",
    "privacy.measure.measure_privacy",
    "compression.measure.measure_compression",
    "onnx.model.read_onnx",
)
"""What `serflow_opt.profiling` offers."""


def public_names() -> dict[str, str]:
    """Return the module that each public name is in, read off the imports for type checkers."""
    names = _imported("serflow_opt/__init__.py")
    return {name: names[name] for name in sorted(names) if f'"{name}",' in _source("serflow_opt/__init__.py")}


def _source(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def _imported(file: str) -> dict[str, str]:
    """Return the module that each name of ours is imported from."""
    return {
        alias.name: node.module
        for node in ast.walk(ast.parse(_source(file)))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("serflow_opt.")
        for alias in node.names
    }


def reference() -> str:
    """All public names, with the first lines of their docstrings."""
    rows = []
    for name, module in public_names().items():
        tree = ast.parse(_source(_file_of(module)))
        node = next(n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == name)
        first = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        rows.append(f"| [`so.{name}`]({module.split('.')[1]}.md#{module}.{name}) | {first} |")
    table = "\n".join(rows)
    return f"""# Python reference

`import serflow_opt as so` offers the names below; `serflow_opt.plotting`,
`serflow_opt.pages`, `serflow_opt.profiling` and `serflow_opt.formulations` are
public, too, and have pages of their own: [pictures](plotting.md), [answers as a
page](../pages.md), [measuring](profiling.md), [the
formulations](formulations.md). Everything else may change.

| name | what |
|---|---|
{table}
"""


def _file_of(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"


def _documented(title: str, names: Iterable[str], words: str = "") -> str:
    return "\n\n".join([f"# {title}", *([words] if words else []), *(f"::: {name}" for name in names)]) + "\n"


def _api_pages() -> dict[str, Callable[[], str]]:
    """Return the pages of the reference; the names are read off when a page is made."""

    def package(key: str) -> str:
        names = [f"{module}.{name}" for name, module in public_names().items() if module.split(".")[1] == key]
        return _documented(TITLES[key], names)

    def pictures() -> str:
        names = _imported("serflow_opt/plotting/__init__.py")
        words = "All are imported as `from serflow_opt.plotting import plot_plan`."
        return _documented("Pictures", [f"{names[name]}.{name}" for name in sorted(names)], words)

    def mathematics() -> str:
        files = sorted(file.stem for file in (ROOT / "formulations").glob("*.py") if file.stem != "__init__")
        words = "Installed as `serflow_opt.formulations`. [Equations by their numbers](../equations.md)."
        return _documented("The formulations", [f"formulations.{name}" for name in files], words)

    pages: dict[str, Callable[[], str]] = {"api/index.md": reference}
    pages |= {f"api/{key}.md": partial(package, key) for key in TITLES}
    pages["api/plotting.md"] = pictures
    names = [f"serflow_opt.profiling.{name}" for name in MEASURING]
    pages["api/profiling.md"] = partial(_documented, "Measuring", names, "Needs the extra `profile`.")
    pages["api/formulations.md"] = mathematics
    return pages


def _with_table(page: str, table: Callable[[], str]) -> str:
    """A page that is written by hand, its table of this head put in place of the one it has."""
    text, fresh = (DOCS / page).read_text(encoding="utf-8"), table()
    begin = text.index(fresh.partition("\n")[0])
    return text[:begin] + fresh + text[text.index("\n\n", begin) :]


def keys() -> str:
    """Every key of instance files of placements."""
    from serflow_opt.problem.schema import keys_as_markdown

    return _with_table("instance-files.md", keys_as_markdown)


def notation() -> str:
    """Every letter of the model."""
    from serflow_opt.formulations.notation import as_markdown

    return _with_table("model.md", as_markdown)


PAGES: dict[str, Callable[[], str]] = {
    **_api_pages(),
    "commands.md": commands,
    "equations.md": equations,
    "instance-files.md": keys,
    "instances.md": instances,
    "model.md": notation,
    "notebooks.md": notebooks,
    "reproduced.md": reproduced,
}
"""All pages that are generated, by file."""

if __name__ == "__main__":
    (DOCS / "api").mkdir(exist_ok=True)
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
