"""Samples in a file of numpy, and files that have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.profiling.data.npz import read_npz


def test_arrays_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Values and types; an array of another name is left aside."""
    inputs, labels = np.arange(6.0, dtype=np.float32).reshape(3, 2), np.array([0, 1, 1], dtype=np.uint8)
    np.savez(tmp_path / "d.npz", inputs=inputs, labels=labels, more=np.zeros(1))
    for found, wanted in zip(read_npz(str(tmp_path / "d.npz")), (inputs, labels), strict=True):
        assert (found.dtype, found.tolist()) == (wanted.dtype, wanted.tolist())


def test_what_is_wrong_with_a_file_is_told_with_what_could_be_given(tmp_path: Path) -> None:
    """No file, an array too few, and pickled objects, which nobody is advised to load."""
    file = tmp_path / "d.npz"
    with pytest.raises(so.InputError, match="no such file; write one"):
        read_npz(str(file), "write one")
    np.savez(file, labels=np.zeros(2))
    with pytest.raises(so.InputError, match="no array 'inputs': it holds labels; write one"):
        read_npz(str(file), "write one")
    np.savez(file, inputs=np.array([[1], [2, 3]], dtype=object), labels=np.zeros(2))
    with pytest.raises(so.InputError, match=r"not a .npz file \(ValueError\); write one"):
        read_npz(str(file), "write one")
