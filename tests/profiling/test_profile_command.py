"""`serflow-opt profile` and `run`, whole: a tiny network measured, solved and run; and all that may be wrong."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from scipy.stats import beta
from support.helpers import Ran, has_line, run
from support.tiny_networks import clusters, differing, write_data, write_network
from torch import Tensor, nn

import serflow_opt as so

QUICK = ("--threads", "1", "--repeats", "5", "--warmup", "1", "--device", "cpu")
STAGES = '[network]\nstages = "stages.csv"\ninput_bytes = 16'
TRAIN = ("--train", "joint", "--epochs", "4", "--batch-size", "32", "--learning-rate", "0.02")
INPUTS, MEASURED, HELD_OUT = 1200, 480, 240
"""400 a class: 160 + 20 + 60 train, calibrate and attack, 160 are measured; half of these stay out of the tables."""


def profile(*arguments: str | Path) -> Ran:
    """Profile with few passes."""
    return run("profile", *QUICK, *arguments)


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with net.py, data.npz, the instance `tiny` trained from them, and its plan.json; not to be changed."""
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
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path)
    write_data(tmp_path / "data.npz")
    return tmp_path


def left_behind(folder: Path) -> set[str]:
    """Names in a folder, hidden ones too, but for what Python caches."""
    return {path.name for path in folder.iterdir()} - {"__pycache__"}


def loaded(path: Path) -> dict[str, Tensor]:
    """A saved state dictionary."""
    state: dict[str, Tensor] = torch.load(path, weights_only=True)
    return state


class TestTheWholePath:
    """profile, solve, run."""

    def test_the_folder(self, profiled: Path) -> None:
        """A profile leaves its tables and weights, and nothing beside its folder."""
        tables = {"instance.toml", "stages.csv", "samples.csv", "times.csv", "network.pt"}
        assert left_behind(profiled / "tiny") == tables
        assert left_behind(profiled) == {"net.py", "data.npz", "tiny", "plan.json", "shown.txt"}

    def test_progress_is_shown(self, profiled: Path) -> None:
        """Each epoch, temperature and pass is told on standard error."""
        shown = (profiled / "shown.txt").read_text()
        for epoch in range(1, 5):
            assert has_line(shown, f"epoch {epoch}/4", "loss")
        for stage in (1, 2, 3):
            assert has_line(shown, f"exit at stage {stage}", "temperature")
        assert has_line(shown, "1-thread", "ms a pass")

    def test_stages_by_hand(self, profiled: Path) -> None:
        """Linear layers: 2 FLOPs a weight; classifiers, 8 to 3, count with their stage; 4 bytes a number.

        Stage 1: 4 x 8 + 8 x 3 weights, + 8 + 3 biases, + 4 x 8 of batch normalisation and its counter of 8 bytes.
        Stage 2: 8 x 8 + 8 x 3, + 8 + 3. Stage 3: 8 x 3, + 3. They hand on 8, 8 and 3 numbers.
        """
        assert (profiled / "tiny" / "stages.csv").read_text() == (
            "stage,flops,activation_bytes,parameter_bytes\n"
            f"1,{2 * (32 + 24)},32,{4 * (32 + 24 + 11 + 32) + 8}\n"
            f"2,{2 * (64 + 24)},32,{4 * (64 + 24 + 11)}\n"
            f"3,{2 * 24},12,{4 * (24 + 3)}\n"
        )
        assert so.load(profiled / "tiny").input_bytes == 4 * 4

    def test_samples_are_what_the_saved_network_says(self, profiled: Path) -> None:
        """Row by row: confidence, answer and correctness of the network that was saved, on data never trained on."""
        state = loaded(profiled / "tiny" / "network.pt")
        rows = np.genfromtxt(profiled / "tiny" / "samples.csv", delimiter=",", names=True)
        assert len(rows) == MEASURED
        assert np.bincount(rows["label"].astype(int)).tolist() == [160, 160, 160]
        temperatures = state["temperatures"].tolist()
        assert all(temperature != 1 for temperature in temperatures)
        for k in (1, 2, 3):
            assert (rows[f"correct_exit{k}"] == (rows[f"pred_exit{k}"] == rows["label"])).all()
            assert ((rows[f"conf_exit{k}"] > 1 / 3) & (rows[f"conf_exit{k}"] <= 1)).all()
        # centres are 3 sqrt(2) apart: the best rule errs on about 3 %
        assert rows["correct_exit3"].mean() > 0.9

    def test_provenance(self, profiled: Path) -> None:
        """The instance says what was measured and how."""
        text = (profiled / "tiny" / "instance.toml").read_text()
        for line in (
            'network = "net.py:Net"',
            'data = ["data.npz"]',
            'weights = "network.pt"',
            "warmup = 1",
            "repeats = 5",
        ):
            assert line in text.splitlines()
        for key in ("machine", "versions", "date"):
            assert has_line(text, f"{key} = ")

    def test_the_run_is_what_the_samples_say(self, profiled: Path) -> None:
        """Counted on the held-out rows of samples.csv: the same shares, to the request, and their exact intervals.

        Where the plan ends, everybody leaves.
        """
        ran = run("run", "tiny", "plan.json", "--json")
        assert ran.code == 0, ran.stderr
        served: dict[str, Any] = ran.document
        samples = so.load(profiled / "tiny").samples
        assert samples is not None
        plan = json.loads((profiled / "plan.json").read_text())["plan"]
        end = len(plan["placement"])
        thresholds = {choice["stage"]: choice["threshold"] for choice in plan["thresholds"]}
        left, right = dict.fromkeys((1, 2, 3), 0), 0
        for row in np.flatnonzero(samples.held_out):
            sure = [k for k in (1, 2) if k in thresholds and samples.confidence[row, k - 1] >= thresholds[k]]
            stage = sure[0] if sure else end
            left[stage] += 1
            right += samples.correct[row, stage - 1]
        assert served["requests"] == HELD_OUT
        assert served["accuracy"]["measured"] == pytest.approx(right / HELD_OUT)
        assert [served["exit_share"][str(k)]["measured"] for k in (1, 2, 3)] == pytest.approx(
            [left[k] / HELD_OUT for k in (1, 2, 3)]
        )
        assert served["accuracy"]["low"] == pytest.approx(beta.ppf(0.025, right, HELD_OUT - right + 1))
        assert served["mean_ms"] > 0

    def test_the_run_is_compared_with_the_plan(self, profiled: Path) -> None:
        """The run puts what was measured beside what the plan promised."""
        metrics = json.loads((profiled / "plan.json").read_text())["metrics"]
        served = run("run", "tiny", "plan.json", "--json").document
        assert served["accuracy"]["promised"] == pytest.approx(metrics["accuracy"])
        assert [share["promised"] for share in served["exit_share"].values()] == pytest.approx(metrics["exit_share"])
        assert served["promised_mean_ms"] == pytest.approx(metrics["latency_mean_ms"]), "all of it runs here"
        shown = run("run", "tiny", "plan.json").stdout
        assert has_line(shown, f"{HELD_OUT} requests", "exit tables", "together", "measured")
        assert has_line(shown, "accuracy", f"{metrics['accuracy']:.4f}")
        assert has_line(shown, "leave at stage 1")
        assert has_line(shown, "mean time, ms")

    def test_the_document_of_a_run_says_what_the_table_says(self, profiled: Path) -> None:
        """The document holds the agreement and ratio that the table shows."""
        served = run("run", "tiny", "plan.json", "--json").document
        assert served["accuracy"]["agrees"] in (True, False)
        assert served["time_ratio"] == pytest.approx(served["mean_ms"] / served["promised_mean_ms"])

    def test_other_threads_promise_no_time(self, profiled: Path) -> None:
        """A plan for one thread promises no time on two."""
        served = run("run", "tiny", "plan.json", "--threads", "2", "--json").document
        assert served["promised_mean_ms"] is None

    def test_stages_elsewhere_promise_no_time(self, profiled: Path, tmp_path: Path) -> None:
        """The same thresholds on a VM: shares are promised as before."""
        document = json.loads((profiled / "plan.json").read_text())
        for place in document["plan"]["placement"]:
            place |= {"tier": "vm", "option": "c6i.large"}
        (tmp_path / "vm.json").write_text(json.dumps(document))
        ran = run("run", "tiny", tmp_path / "vm.json", "--json")
        assert ran.code == 0, ran.stderr
        assert ran.document["promised_mean_ms"] is None
        assert ran.document["accuracy"]["promised"] == pytest.approx(document["metrics"]["accuracy"])

    def test_fresh_data(self, profiled: Path, tmp_path: Path) -> None:
        """All of them are served, whatever labels they have."""
        fresh = write_data(tmp_path / "fresh.npz", clusters(30, seed=9))
        assert run("run", "tiny", "plan.json", "--data", fresh, "--json").document["requests"] == 30
        two = clusters(30, seed=9)
        write_data(fresh, two.rows((two.labels < 2).nonzero().squeeze(1)))
        assert run("run", "tiny", "plan.json", "--data", fresh, "--json").document["requests"] == 20

    def test_the_same_seed_measures_the_same(self, profiled: Path, tmp_path: Path) -> None:
        """All but the times, to the byte."""
        again = tmp_path / "tiny"
        torch.rand(5)
        assert profile("net.py:Net", "--data", "data.npz", "--out", again, *TRAIN).code == 0
        for name in ("stages.csv", "samples.csv"):
            assert (again / name).read_bytes() == (profiled / "tiny" / name).read_bytes()
        assert not differing(loaded(again / "network.pt"), loaded(profiled / "tiny" / "network.pt"))
        other = tmp_path / "other"
        assert profile("net.py:Net", "--data", "data.npz", "--out", other, *TRAIN, "--seed", "1").code == 0
        assert (other / "samples.csv").read_bytes() != (profiled / "tiny" / "samples.csv").read_bytes()

    def test_weights_go_on_with_a_frozen_backbone(self, profiled: Path, tmp_path: Path) -> None:
        """Other data, the same backbone to the bit; only the classifiers and temperatures move."""
        data, before = write_data(tmp_path / "d.npz", clusters(240, seed=5)), profiled / "tiny" / "network.pt"
        out = tmp_path / "frozen"
        arguments = ("net.py:Net", "--data", data, "--out", out, "--weights", before, "--train", "frozen")
        assert profile(*arguments, "--epochs", "1").code == 0
        changed = differing(loaded(before), loaded(out / "network.pt"))
        assert changed
        assert not [name for name in changed if name.startswith("stages.")]

    def test_python_may_do_the_same(self, profiled: Path, tmp_path: Path) -> None:
        """The function does what the command does, and leaves global settings alone."""
        from serflow_opt.profiling.profile import ProfileSettings, profile

        said: list[str] = []
        torch.use_deterministic_algorithms(False)
        settings = ProfileSettings(warmup=0, repeats=2, device="cpu", input_shape=(4,))
        path = profile("net.py:Net", tmp_path / "made", settings=settings, say=said.append)
        assert path == tmp_path / "made" / "instance.toml"
        assert so.solve(so.load(path)).status == "optimal"
        assert has_line("\n".join(said), "3 stages")
        assert not torch.are_deterministic_algorithms_enabled(), "what others set stays as it is"


class TestLess:
    """Without data, without exits, with more threads and batches."""

    def test_without_data_no_exits_are_measured(self, here: Path) -> None:
        """Without data there are times and stages, and the instance solves."""
        ran = profile("net.py:Net", "--input", "4", "--out", "bare")
        assert ran.code == 0, ran.stderr
        assert left_behind(here / "bare") == {"instance.toml", "stages.csv", "times.csv"}
        assert so.load("bare").samples is None
        assert run("solve", "bare").code == 0

    def test_a_network_without_exits_is_cut_and_gets_classifiers(self, here: Path) -> None:
        """Two stages, an exit after each; run cuts it as profile did."""
        arguments = ("net.py:plain", "--data", "data.npz", "--stages", "2", "--out", "cut", *TRAIN)
        ran = profile(*arguments)
        assert ran.code == 0, ran.stderr
        samples = so.load("cut").samples
        assert samples is not None
        assert samples.classifier_stages == (1, 2)
        assert run("solve", "cut", "--accuracy-min", "0.5", "--out", "plan.json").code == 0
        ran = run("run", "cut", "plan.json", "--json")
        assert ran.code == 0, ran.stderr
        assert ran.document["requests"] == 48, "80 a class, 32 of them measured, half of those held out"
        two = clusters(30, seed=9)
        write_data(here / "two.npz", two.rows((two.labels < 2).nonzero().squeeze(1)))
        assert run("run", "cut", "plan.json", "--data", "two.npz", "--json").document["requests"] == 20

    def test_threads_and_batches(self, here: Path) -> None:
        """Threads become options and batches a tier that can be pasted and provisioned."""
        ran = run(
            *("profile", "net.py:Net", "--input", "4", "--out", "bare", "--repeats", "3", "--device", "cpu"),
            *("--threads", "1", "--threads", "2", "--batches", "1,4,8"),
        )
        assert ran.code == 0, ran.stderr
        tables = {"batches.csv", "batch_fit.csv", "batch_memory.csv"}
        assert left_behind(here / "bare") == {"instance.toml", "stages.csv", "times.csv", *tables}
        assert [option.name for option in so.load("bare").options if option.tier == 0] == ["1-thread", "2-threads"]
        text = (here / "bare" / "instance.toml").read_text(encoding="utf-8")
        tier = text[text.index("# [[tier]]") :].split("\n\n")[0].replace("\n# ", "\n").replace("\n#", "\n")[2:]
        served = here / "bare" / "served.toml"
        limits = "[workload]\nrate_per_s = 100.0\nlatency_slo_ms = 1000.0\n"
        served.write_text(f'schema = 1\nname = "s"\n{STAGES}\n{limits}\n{tier}\n', encoding="utf-8")
        found = so.load(served).options[1].batching
        assert found is not None
        assert (found.sizes, len(found.seconds[0])) == ((1, 4, 8), 8)
        assert so.provision(served, confirm=False).status == "optimal"

    def test_files_are_readable_as_others_are(self, here: Path) -> None:
        """The folder and all in it have the rights of any folder and file made here."""
        assert profile("net.py:Net", "--input", "4", "--out", "bare").code == 0
        (here / "usual").mkdir()
        assert (here / "bare").stat().st_mode == (here / "usual").stat().st_mode
        assert {path.stat().st_mode for path in (here / "bare").iterdir()} == {(here / "net.py").stat().st_mode}


class TestTheFolder:
    """A folder that is there already."""

    def test_it_is_left_alone(self, here: Path) -> None:
        """A folder that exists is not written into without being asked."""
        (here / "out").mkdir()
        ran = profile("net.py:Net", "--input", "4", "--out", "out")
        assert ran.code == 2
        assert has_line(ran.stderr, "out", "exists already", "--force")
        assert left_behind(here / "out") == set()

    def test_force_replaces_an_instance(self, here: Path) -> None:
        """With --force the old instance is gone whole, tables included."""
        assert profile("net.py:Net", "--input", "4", "--out", "out", "--batches", "2").code == 0
        assert profile("net.py:Net", "--input", "4", "--out", "out", "--force").code == 0
        assert left_behind(here / "out") == {"instance.toml", "stages.csv", "times.csv"}
        assert left_behind(here) == {"net.py", "data.npz", "out"}

    def test_force_replaces_nothing_else(self, here: Path) -> None:
        """--force does not delete what is no instance."""
        (here / "thesis").mkdir()
        (here / "thesis" / "chapter.tex").touch()
        for out in ("thesis", "net.py"):
            ran = profile("net.py:Net", "--input", "4", "--out", out, "--force")
            assert ran.code == 2
            assert has_line(ran.stderr, out, "is no instance folder")
        assert left_behind(here / "thesis") == {"chapter.tex"}
        assert left_behind(here) == {"net.py", "data.npz", "thesis"}

    def test_a_failure_leaves_the_old_one_in_place(self, here: Path) -> None:
        """A profile that fails leaves the old one as it was, to the byte."""
        assert profile("net.py:Net", "--input", "4", "--out", "out").code == 0
        before = {path.name: path.read_bytes() for path in (here / "out").iterdir()}
        assert profile("net.py:fails", "--input", "4", "--out", "out", "--force").code == 2
        assert {path.name: path.read_bytes() for path in (here / "out").iterdir()} == before
        assert left_behind(here) == {"net.py", "data.npz", "out"}

    def test_it_may_be_the_one_we_are_in(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`--out .` names a folder like any other."""
        assert profile(here / "net.py:Net", "--input", "4", "--out", "out").code == 0
        monkeypatch.chdir(here / "out")
        ran = profile(f"{here / 'net.py'}:Net", "--input", "4", "--out", ".", "--force")
        assert ran.code in (0, 2), ran.stderr
        assert left_behind(here / "out") == {"instance.toml", "stages.csv", "times.csv"}
        assert left_behind(here) == {"net.py", "data.npz", "out"}

    def test_it_needs_a_parent(self, here: Path) -> None:
        """A missing parent folder is told before anything is measured."""
        ran = profile("net.py:Net", "--input", "4", "--out", "no/such/out")
        assert ran.code == 2
        assert has_line(ran.stderr, "no/such", "make it first")
        assert left_behind(here) == {"net.py", "data.npz"}


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


def test_a_stop_leaves_nothing_behind(here: Path) -> None:
    """Stopped while the stages are timed, after the first tables were written."""
    text = """
from torch import nn
class Stops(nn.Module):
    passes = 0
    def forward(self, x):
        Stops.passes += 1
        if Stops.passes > 5:
            raise KeyboardInterrupt
        return x
class Net:
    stages = [Stops(), nn.Linear(4, 3)]
    exits = {}
"""
    write_network(here, text, "stops.py")
    before = left_behind(here)
    ran = profile("stops.py:Net", "--input", "4", "--out", "out")
    assert ran.code != 0
    assert left_behind(here) == before


class TestRunning:
    """What `run` is given."""

    def test_only_profiles_are_run(self, profiled: Path, tmp_path: Path) -> None:
        """An instance that was not profiled has no network to run."""
        shipped = "vgg16-cifar10-hybrid"
        assert run("solve", shipped, "--out", tmp_path / "p.json").code == 0
        ran = run("run", shipped, tmp_path / "p.json")
        assert ran.code == 2
        assert has_line(ran.stderr, "profile", "missing")

    def test_the_plan_must_be_one(self, profiled: Path, tmp_path: Path) -> None:
        """A missing or wrong plan is told by its file."""
        (tmp_path / "p.json").write_text("[]")
        for plan, said in [(tmp_path / "none.json", "no such file"), (tmp_path / "p.json", "a list")]:
            ran = run("run", "tiny", plan)
            assert ran.code == 2
            assert has_line(ran.stderr, plan.name, said)

    def test_what_it_ran_on_must_be_there(self, profiled: Path, tmp_path: Path) -> None:
        """Data or a network that is gone is told by its name."""
        for arguments in (("--data", "none.npz"), ("--network", "none.py:Net")):
            ran = run("run", "tiny", "plan.json", *arguments)
            assert ran.code == 2
            assert has_line(ran.stderr, "none.", "no such file")

    def test_the_network_may_have_moved(self, profiled: Path, tmp_path: Path) -> None:
        """A network that moved can be pointed to."""
        moved = write_network(tmp_path, name="moved.py")
        ran = run("run", "tiny", "plan.json", "--network", f"{moved}:Net", "--json")
        assert ran.document["requests"] == HELD_OUT

    def test_another_network_is_refused(self, profiled: Path, tmp_path: Path) -> None:
        """Weights of another network are refused, not run."""
        ran = run("run", "tiny", "plan.json", "--network", "net.py:plain")
        assert ran.code == 2
        assert has_line(ran.stderr, "net")

    @pytest.mark.parametrize(("count", "seed"), [(INPUTS // 2, 0), (INPUTS, 1)], ids=["fewer", "as many"])
    def test_other_data_are_not_taken_for_those_held_out(
        self, profiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, seed: int
    ) -> None:
        """The file that the profile names holds something else now."""
        for name in ("tiny", "net.py", "plan.json"):
            (tmp_path / name).symlink_to(profiled / name)
        write_data(tmp_path / "data.npz", clusters(count, seed))
        monkeypatch.chdir(tmp_path)
        ran = run("run", "tiny", "plan.json")
        assert ran.code == 2
        assert has_line(ran.stderr, "the data changed")


class TestWithoutPyTorch:
    """Without the extra."""

    @pytest.fixture(autouse=True)
    def no_torch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find = importlib.util.find_spec

        def none(name: str, package: str | None = None) -> ModuleSpec | None:
            return None if name == "torch" else find(name, package)

        monkeypatch.setattr(importlib.util, "find_spec", none)

    def test_profile_says_how_to_get_it(self, here: Path) -> None:
        """Without PyTorch `profile` names the extra, and leaves nothing behind."""
        ran = profile("net.py:Net", "--input", "4", "--out", "out")
        assert ran.code == 2
        assert has_line(ran.stderr, "PyTorch is not installed", "pip install 'serflow-opt[profile]'")
        assert left_behind(here) == {"net.py", "data.npz"}

    def test_run_says_how_to_get_it(self, profiled: Path) -> None:
        """Without PyTorch `run` names the extra to install."""
        ran = run("run", "tiny", "plan.json")
        assert ran.code == 2
        assert has_line(ran.stderr, "serflow-opt run", "pip install 'serflow-opt[profile]'")

    def test_all_else_works(self, profiled: Path) -> None:
        """Without PyTorch a profile that was made can still be solved."""
        assert run("solve", "tiny").code == 0
        assert run("profile", "--help").code == 0
        assert run("run", "--help").code == 0


def test_pytorch_is_not_read_before_it_is_needed() -> None:
    """Help of `profile` does not wait for PyTorch."""
    code = """
import sys
import serflow_opt.cli.main
from typer.testing import CliRunner
assert CliRunner().invoke(serflow_opt.cli.main.app, ["profile", "--help"]).exit_code == 0
print([name for name in ("torch", "onnx", "scipy", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_options_that_would_do_nothing_are_refused(here: Path) -> None:
    """A flag without its effect is told which flag gives it one."""
    ran = profile("net.py:Net", "--data", "data.npz", "--out", "idle", "--epochs", "3", "--cut", "1", "--epsilon", "2")
    assert ran.code == 2
    assert has_line(ran.stderr, "--epochs", "add --train")
    assert has_line(ran.stderr, "--cut", "--privacy or --compression")
    assert has_line(ran.stderr, "--epsilon", "add --privacy")
    assert not (here / "idle").exists()


HEAD = "nn.Sequential(nn.ReLU(inplace={}), nn.Linear(8, 3))"


@pytest.mark.parametrize(
    ("first", "head", "said"), [(True, False, "stage 1 changes its input"), (False, True, "stage 2 reads")]
)
def test_what_works_in_place_on_what_others_read_is_refused(here: Path, first: bool, head: bool, said: str) -> None:
    """Measured with its exits run, such a network is another than the one that is served."""
    text = (
        "from torch import nn\nfrom serflow_opt.profiling.stages.network import MultiExit\n"
        f"def build(first={first}, head={head}):\n"
        "    one = nn.Sequential(nn.ReLU(inplace=first), nn.Linear(4, 8))\n"
        "    two = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(8, 8))\n"  # inside a stage nobody minds
        f"    return MultiExit([one, two], {{1: {HEAD.format(head)}, 2: nn.Linear(8, 3)}})\n"
    )
    (here / "place.py").write_text(text)
    ran = profile("place.py:build", "--input", "4", "--out", "out")
    assert ran.code == 2
    assert has_line(ran.stderr, "place.py:build", said, "inplace=True")
    assert len(ran.stderr.splitlines()) == 1
