"""What is installed, what an import costs, and what must not stand in the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOPS = ("serflow_opt", "formulations", "instances")
SLOW = {"numpy", "scipy", "pandas", "pyomo", "highspy", "matplotlib"}
COMPILED = {".so", ".pyd"}
NOT_INSTALLED = {"__pycache__", ".ipynb_checkpoints"}

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="not run from the repository")


def setuptools() -> dict[str, Any]:
    """The [tool.setuptools] table."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, Any] = project["tool"]["setuptools"]
    return table


def package_of(folder: Path) -> str:
    """Name under which a folder is installed."""
    parts = folder.relative_to(ROOT).parts
    return ".".join(parts if parts[0] == "serflow_opt" else ("serflow_opt", *parts))


def package_folders() -> dict[str, Path]:
    """Every folder with an __init__.py that belongs to the package, by its installed name."""
    inits = (init for top in TOPS for init in (ROOT / top).rglob("__init__.py"))
    return {package_of(init.parent): init.parent for init in inits}


def test_every_package_is_listed() -> None:
    """A package that is not listed is missing from the wheel."""
    assert sorted(setuptools()["packages"]) == sorted(package_folders())
    assert len(set(setuptools()["packages"])) == len(setuptools()["packages"])


def test_the_version_is_one() -> None:
    """The package, what installs it, how it is cited, and the newest part of the changelog name the same."""
    from serflow_opt import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    changed = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited is not None
    assert changed is not None
    assert {project["version"], cited.group(1), changed.group(1)} == {__version__}


def test_package_folders_are_where_they_are_said_to_be() -> None:
    """Packages outside the main folder are installed from where they stand."""
    moved = {name: folder for name, folder in package_folders().items() if folder.parts[-1] in TOPS[1:]}
    assert setuptools()["package-dir"] == {name: str(folder.relative_to(ROOT)) for name, folder in moved.items()}


def data_files(name: str, folder: Path) -> Iterator[str]:
    """Files of a package that are no modules of it, relative to its folder."""
    others = [other for other in package_folders().values() if other != folder and folder in other.parents]
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or NOT_INSTALLED & set(file.parts) or any(other in file.parents for other in others):
            continue
        if file.suffix in COMPILED and file.parent == folder:
            continue  # a build puts them in
        if file.suffix != ".py" or file.parent != folder:
            yield file.relative_to(folder).as_posix()


@pytest.mark.parametrize("name", sorted(package_folders()))
def test_package_data_catches_every_file(name: str) -> None:
    """Every table and instance beside the code gets into the wheel."""
    patterns = setuptools()["package-data"].get(name, [])
    missed = [
        file
        for file in data_files(name, package_folders()[name])
        if not any(file.count("/") == pattern.count("/") and fnmatchcase(file, pattern) for pattern in patterns)
    ]
    assert missed == []


def test_shipped_instances_are_the_folders() -> None:
    """What `new --list` shows is what is there."""
    from serflow_opt.problem.loader import shipped

    folders = sorted(file.parent.name for file in (ROOT / "instances").glob("*/instance.toml"))
    assert folders
    assert sorted(shipped()) == folders


def imported(code: str) -> set[str]:
    """Top-level packages a fresh interpreter imports on the way."""
    done = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


def test_import_is_light() -> None:
    """Importing the package starts neither numpy nor the command line."""
    found = imported("import serflow_opt")
    assert "serflow_opt" in found
    assert found & (SLOW | {"pydantic", "typer", "rich"}) == set()


def test_help_is_light() -> None:
    """Help appears without loading a solver."""
    code = "import sys; sys.argv = ['serflow-opt', '--help']; from serflow_opt.cli.main import main; main()"
    found = imported(code)
    assert "typer" in found
    assert found & SLOW == set()


# The words are put together here so that this file does not contain them.
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "anaconda" + ".org", "index" + "-url", "trusted" + "-host")
PLACES = ("work", "root", "home", "Users", "private", "mnt")
UNWANTED = {
    "a package index": re.compile("|".join(map(re.escape, HOSTS)).encode()),
    "a local path": re.compile(rb"(?<![\w.~:/-])/(?:" + "|".join(PLACES).encode() + rb")(?:/|\b(?![\w.-]))"),
}


@pytest.mark.parametrize("what", UNWANTED)
def test_tracked_files_do_not_name(what: str) -> None:
    """No committed file names a path of one machine or a tool of one author."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git here")
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT, check=True).stdout
    found = [
        f"{name}:{number}: {line.strip()[:100].decode(errors='replace')}"
        for name in listed.decode().split("\0")
        if name and (ROOT / name).is_file()
        for number, line in enumerate((ROOT / name).read_bytes().splitlines(), start=1)
        if UNWANTED[what].search(line)
    ]
    assert found == []


@pytest.mark.parametrize("line", ["cd /" + "work/main", '"/' + 'root/x"', "path=/" + "home/me/a", "(/" + "work)"])
def test_local_paths_are_recognised(line: str) -> None:
    """The pattern for local paths finds them in any spelling."""
    assert UNWANTED["a local path"].search(line.encode())


@pytest.mark.parametrize(
    "line", ["docs/work/x", "n/root", "https://example.com/home/x", "/workload", "and/or", "1/home"]
)
def test_other_slashes_are_not(line: str) -> None:
    """The pattern for local paths leaves addresses and words with slashes alone."""
    assert not UNWANTED["a local path"].search(line.encode())
