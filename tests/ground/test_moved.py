"""Old import paths give what stands at the new ones, and say so."""

from __future__ import annotations

import subprocess
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import serflow_opt as so
from serflow_opt.ground.moved import MODULES, NAMES

NEED_TORCH = {"profiling.measure.training", "profiling.settings"}  # tried in tests/profiling/test_settings.py
LIGHT = [name for name in MODULES if not name.startswith("profiling.")]  # those need PyTorch


@pytest.fixture
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget old modules that were imported, before and after."""
    for name in MODULES:
        monkeypatch.delitem(sys.modules, f"serflow_opt.{name}", raising=False)


@pytest.mark.parametrize("old", LIGHT)
@pytest.mark.usefixtures("afresh")
def test_an_old_path_gives_the_module_itself(old: str) -> None:
    """Not a copy: classes are the same, and the module keeps its name."""
    new = f"serflow_opt.{MODULES[old]}"
    with pytest.warns(DeprecationWarning, match=f"serflow_opt.{old} is now {new};"):
        assert import_module(f"serflow_opt.{old}") is import_module(new)
    assert sys.modules[new].__spec__ is not None
    assert sys.modules[new].__spec__.name == new


SHOWN = """
from serflow_opt.loader import shipped_folder
from serflow_opt.plan import Plan
from serflow_opt.relaxing import relax
from serflow_opt.traffic.comparing import service_for
"""


@pytest.mark.usefixtures("afresh")
@pytest.mark.parametrize("line", SHOWN.split("\n")[1:-1])
def test_the_paths_that_pages_showed(line: str) -> None:
    """As they were printed; the warning points at the line that has the old path."""
    found: dict[str, Any] = {}
    with pytest.warns(DeprecationWarning, match="next release") as told:
        exec(compile(line, "mine.py", "exec"), found)
    assert {warning.filename for warning in told} == {"mine.py"}
    name = line.split()[-1]
    assert found[name] is getattr(so, name, found[name])


@pytest.mark.parametrize("package", [name for name in NAMES if name not in NEED_TORCH])
def test_a_package_in_the_place_of_a_module_has_its_names(package: str) -> None:
    """Those that are known to have been imported from it; others are an `AttributeError`."""
    module = import_module(f"serflow_opt.{package}")
    with pytest.raises(AttributeError, match="frobnicate"):
        module.frobnicate  # noqa: B018
    if package.startswith("profiling."):
        return
    for name, place in NAMES[package].items():
        home, _, own = place.partition(":")
        with pytest.warns(DeprecationWarning, match=f"is now serflow_opt.{home}.{own or name};"):
            assert getattr(module, name) is getattr(import_module(f"serflow_opt.{home}"), own or name)


PLACES = {place.partition(":")[0] for homes in NAMES.values() for place in homes.values()}


@pytest.mark.parametrize("new", sorted({*MODULES.values(), *PLACES}))
def test_new_paths_exist_without_a_warning(new: str) -> None:
    """So that nobody is sent astray; the package itself uses no old path."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_spec(f"serflow_opt.{new}") is not None


def test_old_names_are_free() -> None:
    """No module stands where an old one stood, and would be taken for it."""
    folder = Path(so.__file__).parent
    for old in MODULES:
        assert not (folder / old.replace(".", "/")).with_suffix(".py").exists(), old
        assert not (folder / old.replace(".", "/") / "__init__.py").exists(), old


def test_the_package_loads_no_module_more() -> None:
    """`import serflow_opt` stays quick: the table is read when an old name is asked for."""
    code = "import sys, serflow_opt; print([name for name in sys.modules if name.startswith('serflow_opt')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['serflow_opt']"
