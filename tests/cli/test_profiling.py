"""The commands `profile` and `run` where something is wrong: said, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.helpers import has_line

pytest.importorskip("torch")

import torch
from support.profiles import TRAIN, left_behind, profile
from support.tiny_networks import clusters, write_data, write_network
from torch import nn

SECOND = """
import torch
from torch import nn

class Wide(nn.Module):
    '''Seven logits a request, of a shape of its own.'''
    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 7)])
        self.exits = {1: nn.Unflatten(1, (2, 4))}

class Ends(nn.Module):
    '''Nothing but stages.'''
    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 3)])
        self.exits = {}

class Pair(nn.Module):
    '''A stage that hands two tensors on.'''
    def __init__(self):
        super().__init__()
        self.stages = [nn.LSTM(4, 8), nn.Linear(8, 3)]
        self.exits = {}

class Lost(nn.Module):
    '''Its answers are not numbers.'''
    def __init__(self):
        super().__init__()
        self.stages = [nn.Linear(4, 3)]
        self.exits = {}
        nn.init.constant_(self.stages[0].weight, float("nan"))
"""
WRONG: list[tuple[tuple[str, ...], list[str]]] = [
    (("nett.py:Net", "--data", "data.npz"), ["nett.py", "no such file"]),
    (("digit", "--data", "data.npz"), ["did you mean digits"]),
    (("net.py:Nett", "--data", "data.npz"), ["did you mean Net"]),
    (("broken.py:Net", "--data", "data.npz"), ["SyntaxError"]),
    (("net.py:fails", "--data", "data.npz"), ["no luck today"]),
    (("net.py:number", "--data", "data.npz"), ["a int"]),
    (("net.py:Net",), ["--input"]),
    (("net.py:Net", "--input", "4x"), ["--input", "4x"]),
    (("net.py:Net", "--input", "0"), ["--input"]),
    (("net.py:Net", "--input", "5"), ["net.py:Net"]),
    (("net.py:Net", "--data", "none.npz"), ["none.npz", "no such file"]),
    (("net.py:Net", "--data", "nan.npz"), ["nan.npz", "not finite"]),
    (("net.py:Net", "--data", "negative.npz"), ["negative.npz", "-1"]),
    (("net.py:Net", "--data", "shapes.npz"), ["shapes.npz", "(6, 4)"]),
    (("net.py:Net", "--data", "wide.npz"), ["net.py:Net"]),
    (("net.py:Net", "--data", "whole.npz"), ["net.py:Net"]),
    (("net.py:Net", "--data", "classes.npz", *TRAIN), ["classes"]),
    (("net.py:Net", "--data", "classes.npz"), ["classes"]),
    (("net.py:Net", "--data", "few.npz", *TRAIN), []),
    (("net.py:Net", "--data", "few.npz"), []),
    (("second.py:Wide", "--data", "data.npz"), ["second.py:Wide"]),
    (("second.py:Pair", "--data", "data.npz"), ["second.py:Pair"]),
    (("second.py:Pair", "--input", "4"), ["second.py:Pair"]),
    (("second.py:Lost", "--data", "data.npz"), ["second.py:Lost"]),
    (("net.py:Net", "--data", "data.npz", "--weights", "none.pt"), ["none.pt", "no such file"]),
    (("net.py:Net", "--data", "data.npz", "--weights", "other.pt"), ["other.pt", "does not fit"]),
    (("net.py:Net", "--input", "4", "--train", "joint"), ["--train", "needs labelled data"]),
    (("net.py:Net", "--input", "4", "--device", "tpu"), ["--device", "tpu"]),
    (("net.py:Net", "--data", "data.npz", *TRAIN, "--exit-weight", "1"), ["--exit-weight", "3"]),
    (("net.py:Net", "--data", "data.npz", *TRAIN, *("--exit-weight", "-1") * 3), ["--exit-weight", "-1"]),
    (("net.py:Net", "--data", "data.npz", *TRAIN, *("--exit-weight", "nan") * 3), ["--exit-weight", "nan"]),
    (("net.py:Net", "--data", "data.npz", *TRAIN[:-1], "1e30"), ["--learning-rate"]),
    (("second.py:Ends", "--data", "data.npz", "--train", "frozen"), ["--train"]),
    (("net.py:Net", "--data", "data.npz", "--train", "joint", "--batch-size", "1"), ["--batch-size"]),
    (("net.py:Net", "--data", "data.npz", "--threads", "0"), ["--threads"]),
    (("net.onnx",), ["net.onnx"]),
    (("text.onnx",), ["text.onnx"]),
    (("net.onnx", "--data", "data.npz"), ["--data", "not for an ONNX file"]),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with net.py and data.npz."""
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path)
    write_data(tmp_path / "data.npz")
    return tmp_path


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_what_is_wrong_is_said_and_nothing_left_behind(here: Path, arguments: tuple[str, ...], said: list[str]) -> None:
    """Each wrong flag, network or file ends with code 2, a line with its cure, and no new file."""
    write_network(here, "class Net(:\n", "broken.py")
    write_network(here, SECOND, "second.py")
    (here / "text.onnx").write_text("no graph at all")
    torch.save(nn.Linear(2, 2).state_dict(), here / "other.pt")
    data = clusters(6)
    write_data(here / "nan.npz", inputs=np.full((3, 4), np.nan), labels=[0, 1, 2])
    write_data(here / "negative.npz", inputs=data.inputs, labels=[0, 1, 2, 0, 1, -1])
    write_data(here / "shapes.npz", data, labels=[0, 1])
    write_data(here / "wide.npz", inputs=np.zeros((240, 5), dtype=np.float32), labels=clusters().labels.tolist())
    write_data(here / "whole.npz", inputs=np.zeros((240, 4), dtype=np.int64), labels=clusters().labels.tolist())
    write_data(here / "classes.npz", clusters(), labels=[k % 8 for k in range(240)])
    write_data(here / "few.npz", data)
    before = left_behind(here)
    ran = profile(*arguments, "--out", "out")
    assert ran.code == 2, ran.stderr
    assert has_line(ran.stderr, *said), ran.stderr
    assert left_behind(here) == before


def test_all_that_is_wrong_is_said_at_once(here: Path) -> None:
    """Folder, options, data and network do not hide each other's faults."""
    ran = profile("nett.py:Net", "--data", "none.npz", "--data", "no.npz", "--weights", "none.pt", "--out", "no/out")
    assert ran.code == 2
    for said in ("no/out", "nett.py", "none.npz", "no.npz", "none.pt"):
        assert has_line(ran.stderr, said, "no "), f"{said} not in {ran.stderr}"
    ran = profile("net.onnx", "--data", "data.npz", "--weights", "none.pt", "--train", "joint", "--out", "out")
    for option in ("--data", "--weights", "--train"):
        assert has_line(ran.stderr, option, "not for an ONNX file")
    ran = profile("net.py:Net", "--train", "joint", "--privacy", "--compression", "--device", "tpu", "--out", "out")
    for option in ("--train", "--privacy", "--compression", "--device"):
        assert has_line(ran.stderr, option)
    assert left_behind(here) == {"net.py", "data.npz"}


def test_options_that_would_do_nothing_are_refused(here: Path) -> None:
    """A flag without its effect is told which flag gives it one."""
    ran = profile("net.py:Net", "--data", "data.npz", "--out", "idle", "--epochs", "3", "--cut", "1", "--epsilon", "2")
    assert ran.code == 2
    assert has_line(ran.stderr, "--epochs", "add --train")
    assert has_line(ran.stderr, "--cut", "--privacy or --compression")
    assert has_line(ran.stderr, "--epsilon", "add --privacy")
    assert not (here / "idle").exists()
