"""What measurements were taken with, and settings that are given back."""

from __future__ import annotations

from contextlib import suppress

import pytest

pytest.importorskip("torch")

import torch

from serflow_opt.profiling.measure.machine import deterministic, device, versions


def test_deterministic_algorithms_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring on a GPU asks for repeatable algorithms and puts a program's own setting back, on errors, too."""
    set_to: list[bool] = []
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda mode, warn_only: set_to.append(mode))
    with suppress(RuntimeError), deterministic("cuda"):
        raise RuntimeError
    assert set_to == [True, torch.are_deterministic_algorithms_enabled()]
    with deterministic("cpu"):
        assert len(set_to) == 2


def test_a_device_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `auto` looks for a GPU."""
    for there, auto in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert (device("auto"), device("cpu"), device("cuda")) == (auto, "cpu", "cuda")


def test_versions_name_what_shaped_the_numbers() -> None:
    """A table of times says which PyTorch made them."""
    assert f"PyTorch {torch.__version__}" in versions()
