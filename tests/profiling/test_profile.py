"""`profile`, whole: a tiny network measured, solved and run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta
from support.helpers import has_line, run

import serflow_opt as so

pytest.importorskip("torch")

import torch
from support.profiles import HELD_OUT, MEASURED, TRAIN, left_behind, profile
from support.tiny_networks import clusters, differing, write_data, write_network
from torch import Tensor

STAGES = '[network]\nstages = "stages.csv"\ninput_bytes = 16'


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
