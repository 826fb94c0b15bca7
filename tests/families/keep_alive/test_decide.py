"""Windows of documents, and documents of windows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.idle_times import write

import serflow_opt as so
from serflow_opt.families.keep_alive.decide import decided, told
from serflow_opt.families.keep_alive.problem import KeepAliveWindow


def test_a_window_comes_back_from_its_document(tmp_path: Path) -> None:
    """Seconds stay what they are."""
    data = so.load(write(tmp_path, [(1.0, 1)])).data
    assert decided(data, told(data, KeepAliveWindow(1.0, 2.5))) == KeepAliveWindow(1.0, 2.5)


@pytest.mark.parametrize("document", [{}, {"prewarm_s": 2, "keep_alive_s": 1}, {"prewarm_s": -1, "keep_alive_s": 1}])
def test_what_is_no_window_is_told(tmp_path: Path, document: dict[str, float]) -> None:
    """By its place in the document."""
    data = so.load(write(tmp_path, [(1.0, 1)])).data
    with pytest.raises(so.InputError):
        decided(data, document)
