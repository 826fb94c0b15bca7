"""Models as files."""

from __future__ import annotations

import logging
from pathlib import Path as File

import pytest
from support import (
    tiny,
)
from support.golden_core import whole_instance
from support.golden_parts import GOLDEN, normal

from serflow_opt.formulations.lp import write_lp


def test_written_model_is_the_whole_model(tmp_path: File) -> None:
    """`write_lp` (the option --write-lp) writes what `build` makes."""
    write_lp(whole_instance(), tmp_path / "model.lp")
    expected = (GOLDEN / "model.build.lp").read_text(encoding="utf-8")
    assert normal((tmp_path / "model.lp").read_text(encoding="utf-8")) == normal(expected)


def test_writing_says_nothing(tmp_path: File, caplog: pytest.LogCaptureFixture) -> None:
    """Writing a model does not spill warnings on the user's screen."""
    with caplog.at_level(logging.WARNING):
        write_lp(tiny.two_stages(), tmp_path / "model.lp")
    assert [record.getMessage() for record in caplog.records] == []
