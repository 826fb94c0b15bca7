"""Open an ONNX file and fix the shapes of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.profiling.onnx.shapes import dimensions, reads

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

InputShape = Sequence[int] | Mapping[str, Sequence[int]]

NAMELESS = ("?", "-1", "None")
"""What exporters call dimensions they know nothing of: two of that name need not be equal."""
CURE = "give the shape of the input with --input, such as 1x3x224x224"


def open_model(path: Path) -> ModelProto:
    """Read a file, leaving external data aside.

    Raises
    ------
    InputError
        When it is no ONNX model, or one whose operations are out of order.
    """
    if find_spec("onnx") is None:
        raise InputError([Problem(str(path), "", "onnx is not installed", "pip install 'serflow-opt[profile]'")])
    import onnx
    from onnx.inliner import inline_local_functions

    try:
        model = onnx.load(str(path), format="protobuf", load_external_data=False)
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise InputError([Problem(str(path), "", found, "give a readable file")]) from None
    except Exception:  # protobuf's DecodeError
        model = onnx.ModelProto()
    if not model.graph.node or not model.graph.output:
        raise InputError([Problem(str(path), "", "is no ONNX model", "give a file that torch.onnx.export has written")])
    if model.functions:
        model = inline_local_functions(model)
    _check_order(str(path), model)
    _open_unknown(model)
    return model


def fix_inputs(file: str, model: ModelProto, given: InputShape | None, fixed: Sequence[str]) -> None:
    """Write sizes into all inputs of a model and into what else it says about shapes.

    Parameters
    ----------
    given, fixed
        `input_shape` and `fixed` of `onnx_model.read_onnx`.

    Raises
    ------
    InputError
        When a size stays unknown, or what is given does not fit.
    """
    held = {tensor.name for tensor in model.graph.initializer}
    held |= {tensor.values.name for tensor in model.graph.sparse_initializer}
    inputs = [value for value in model.graph.input if value.name not in held]
    names = [value.name for value in inputs]
    if given is not None and not isinstance(given, Mapping):
        given = dict.fromkeys([name for name in names if name not in fixed][:1], given)
    given = given or {}
    wrong = [name for name in (*given, *fixed) if name not in names]
    problems = [Problem(file, "--input", f"there is no input '{name}'", nearest(name, names)) for name in wrong]
    symbols: dict[str, int] = {}
    for value in inputs:
        if value.name in given:
            problems += _fit(file, value, given[value.name], symbols)
    for value in inputs:
        for dimension in value.type.tensor_type.shape.dim[:1]:
            if not dimension.dim_value:
                name = dimension.dim_param
                dimension.dim_value = symbols.setdefault(name, 1) if name else 1
    for value in (*inputs, *model.graph.value_info, *model.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param in symbols:
                dimension.dim_value = symbols[dimension.dim_param]
    problems += [problem for value in inputs for problem in _open(file, value)]
    if problems:
        raise InputError(problems)


def _open_unknown(model: ModelProto) -> None:
    """Leave open what a file says of sizes it does not know: some exporters write -1, or a name that stands for any."""
    graph = model.graph
    for value in (*graph.input, *graph.value_info, *graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.HasField("dim_value") and dimension.dim_value < 0:
                dimension.ClearField("dim_value")
            elif dimension.dim_param in NAMELESS:
                dimension.ClearField("dim_param")


def _check_order(file: str, model: ModelProto) -> None:
    graph = model.graph
    known = {value.name for value in (*graph.input, *graph.initializer)}
    known |= {tensor.values.name for tensor in graph.sparse_initializer}
    problems = []
    for node in graph.node:
        missing = [value for value in dict.fromkeys(reads(node)) if value not in known]
        found = f"{node.op_type} reads it, but no operation before makes it"
        problems += [Problem(file, f"value '{value}'", found, "export the model again") for value in missing]
        known |= {*node.output, *missing}
    for output in graph.output:
        if output.name not in known:
            problems.append(Problem(file, f"output '{output.name}'", "no operation makes it", "export the model again"))
    if problems:
        raise InputError(problems)


def _fit(file: str, value: ValueInfoProto, shape: Sequence[int], symbols: dict[str, int]) -> list[Problem]:
    """Give an input a shape; return what speaks against it."""
    said = value.type.tensor_type.shape
    known = dimensions(value.type)
    declared = "x".join(dim.dim_param or str(dim.dim_value or "?") for dim in said.dim)
    if known is None:
        said.dim.extend([type(said).Dimension(dim_value=size) for size in shape])
        return []
    fits = len(known) == len(shape) and all(size > 0 for size in shape)
    for size, dimension in zip(shape, said.dim, strict=False):
        name = dimension.dim_param
        expected = dimension.dim_value or (symbols.setdefault(name, size) if name else size)
        fits = fits and size == expected
        dimension.dim_value = expected
    found = "x".join(map(str, shape))
    return [] if fits else [Problem(file, f"input '{value.name}'", found, f"the file says {declared}")]


def _open(file: str, value: ValueInfoProto) -> list[Problem]:
    place = f"input '{value.name}'"
    if dimensions(value.type) is None:
        return [Problem(file, place, "its shape is unknown", CURE)]
    return [
        Problem(file, place, f"dimension {number}{dim.dim_param and f' ({dim.dim_param})'} is open", CURE)
        for number, dim in enumerate(value.type.tensor_type.shape.dim, start=1)
        if not dim.dim_value
    ]
