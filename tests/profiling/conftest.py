"""Fixtures: a tiny network profiled by the command, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.helpers import run
from support.profiles import INPUTS, TRAIN, profile


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with net.py, data.npz, the instance `tiny` trained from them, and its plan.json; not to be changed."""
    from support.tiny_networks import clusters, write_data, write_network

    folder = tmp_path_factory.mktemp("profiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_network(folder)
        write_data(folder / "data.npz", clusters(INPUTS))
        ran = profile("net.py:Net", "--data", "data.npz", "--out", "tiny", *TRAIN)
        assert ran.code == 0, ran.stderr
        (folder / "shown.txt").write_text(ran.stderr)
        solved = run("solve", "tiny", "--out", "plan.json")
        assert solved.code == 0, solved.stdout + solved.stderr
        yield folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with net.py and data.npz."""
    from support.tiny_networks import write_data, write_network

    monkeypatch.chdir(tmp_path)
    write_network(tmp_path)
    write_data(tmp_path / "data.npz")
    return tmp_path
