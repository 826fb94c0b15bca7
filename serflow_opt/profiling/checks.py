"""Everything that can be wrong with what `profile` is given, found before the long work begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from serflow_opt.errors import Problem, first_line
from serflow_opt.profiling.data.parts import DataParts, Labelled
from serflow_opt.profiling.data.sources import Source
from serflow_opt.profiling.stages.network import MultiExit

if TYPE_CHECKING:
    from serflow_opt.profiling.rounds.measure import Federation
    from serflow_opt.profiling.settings import ProfileSettings

DEVICES = ("auto", "cpu", "cuda")


def wrong_folder(out: Path, force: bool) -> Iterator[Problem]:
    """Say why the folder cannot be made."""
    if not out.parent.is_dir():
        yield Problem(str(out), "", f"no folder {out.parent}", "make it first")
    elif out.exists() and not force:
        yield Problem(str(out), "", "exists already", "name a new folder, or give --force")
    elif out.exists() and not (out / "instance.toml").is_file():
        yield Problem(str(out), "--force", "is no instance folder", "only an instance is replaced; name a new folder")


def wrong_request(spec: str, has_data: bool, has_weights: bool, settings: ProfileSettings) -> Iterator[Problem]:
    """Say which options do not go together.

    Parameters
    ----------
    spec
        The network's name as it was given.
    has_data, has_weights
        Whether labelled data and a file of weights were given.
    settings
        How to profile; a GPU that it asks for is looked for.
    """
    asked = {
        "--train": settings.training != "no",
        "--privacy": settings.privacy,
        "--compression": settings.compression,
        "--training": bool(settings.trained),
        "--rounds": settings.federation is not None,
        "--weights": has_weights,
        "--data": has_data,
    }
    if spec.endswith(".onnx"):
        cure = "an ONNX file is counted, not run: remove it, or name the network in Python"
        for option in (option for option, given in asked.items() if given):
            yield Problem(spec, option, "not for an ONNX file", cure)
        return
    counts = {"--threads": settings.threads, "--batches": settings.batches, "--repeats": (settings.repeats - 1,)}
    for option, values in counts.items():
        if any(value < 1 for value in values):
            yield Problem("", option, "too few", "at least 1, and 2 repeats")
    if settings.trained == 1 or settings.trained < 0:
        yield Problem("", "--training-batch", f"{settings.trained}", "at least 2: normalisation needs several inputs")
    if settings.federation is not None:
        yield from _wrong_federation(settings.federation)
    if settings.device not in DEVICES:
        yield Problem("", "--device", f"'{settings.device}'", f"write {', '.join(DEVICES)}")
    if settings.device == "cuda" and not torch.cuda.is_available():
        yield Problem("", "--device", "no GPU that PyTorch can use", "take cpu, or mend the driver")
    if not has_data:
        for option in ("--train", "--rounds", "--privacy", "--compression"):
            if asked[option]:
                yield Problem(spec, option, "needs labelled data", "give --data")


def _wrong_federation(asked: Federation) -> Iterator[Problem]:
    """Say which numbers of simulated clients do not fit each other."""
    there = asked.clients - round(asked.stragglers * asked.clients)
    for drawn in (own for own in asked.drawn if own > there):
        cure = f"at most {there}: --clients {asked.clients} less {asked.clients - there} stragglers"
        yield Problem("", "--clients-per-round", f"{drawn}", cure)
    if not (math.isfinite(asked.concentration) and asked.concentration > 0):
        yield Problem("", "--concentration", f"{asked.concentration:g}", "write a number above 0")
    if not 0 < asked.enough <= 1:
        yield Problem("", "--until", f"{asked.enough:g}", "write a share right, above 0 and at most 1")


def wrong_fit(spec: str, source: Source, data: Labelled | None, settings: ProfileSettings) -> Iterator[Problem]:
    """Say where network, data and settings do not fit each other.

    Parameters
    ----------
    spec
        The network's name as it was given.
    source
        The network, which is run on two inputs, and examples of them.
    data
        All labelled data; None: the inputs are examples.
    settings
        How to profile.
    """
    network = source.network
    stages, exits = len(network.stages), len(network.classifier_stages)
    for cut in settings.cuts or ():
        if not 0 <= cut < stages:
            yield Problem(spec, "--cut", str(cut), f"take cuts from 0 to {stages - 1}")
    weights = settings.how.exit_weights
    if weights is not None and len(weights) != exits:
        yield Problem(spec, "--exit-weight", f"{len(weights)} of them", f"give one for each of {exits} exits")
    if weights is not None and not all(math.isfinite(weight) and weight >= 0 for weight in weights):
        yield Problem(spec, "--exit-weight", ", ".join(map(str, weights)), "give numbers of at least 0")
    if settings.training == "frozen" and not any(stage < stages for stage in network.exits):
        yield Problem(spec, "--train", "frozen, but there is no classifier beside the network", "train it jointly")
    try:
        with torch.inference_mode():
            answers = network(source.example(2) if data is None else data.inputs[:2])
    except Exception as error:  # whatever the network raises
        found = f"an input does not go through the network ({first_line(error)})"
        cure = "give data of its kind" if data is not None else "give the shape of one input"
        yield Problem(spec, "--input" if data is None else "--data", found, cure)
        return
    for stage, logits in zip(network.classifier_stages, answers, strict=True):
        if not isinstance(logits, torch.Tensor):
            found = f"the exit at stage {stage} gives a {type(logits).__name__}"
            yield Problem(spec, "", found, "let it give one tensor of logits")
        elif logits.is_floating_point() and not bool(torch.isfinite(logits).all()):
            yield Problem(spec, "", f"the exit at stage {stage} gives logits that are not finite", "mend the weights")
        elif data is not None and (logits.ndim != 2 or logits.shape[1] < data.classes):
            found = f"the exit at stage {stage} gives {tuple(logits.shape[1:])}, the labels go up to {data.classes - 1}"
            yield Problem(spec, "--data", found, "give each exit one logit a class, and number classes from 0")
    yield from _wrong_writes(spec, source.network, source.example(2) if data is None else data.inputs[:2])


@torch.inference_mode()
def _wrong_writes(spec: str, network: MultiExit, x: Tensor) -> Iterator[Problem]:
    """Say which parts change what they only ought to read.

    A classifier that works in place changes what the next stage gets, so that the network's answers depend on which
    exits are run; a first stage that does changes the data.
    """
    if _writes(network.stages[0], x):
        cure = "copy it first, or take inplace=True from the first operation"
        yield Problem(spec, "", "stage 1 changes its input in place", cure)
    last = len(network.stages)
    for number, stage in enumerate(network.stages, start=1):
        x = stage(x.clone())
        if number < last and number in network.exits and _writes(network.exits[number], x):
            found = f"the exit at stage {number} changes in place what stage {number + 1} reads, where it is run"
            cure = "take inplace=True from its first operation; train again if it was trained so"
            yield Problem(spec, "", found, cure)


def _writes(module: nn.Module, given: Tensor) -> bool:
    """Whether a module changes its input: this one, or one with numbers of both signs where it takes such."""
    tried = [given]
    if given.is_floating_point():
        generator = torch.Generator().manual_seed(0)
        tried.append(torch.randn(given.shape, generator=generator).to(given))
    for number, before in enumerate(tried):
        after = before.clone()
        try:
            module(after)
        except Exception:
            if number == 0:
                raise
            continue  # numbers that are no input of its kind
        if not torch.equal(after.nan_to_num(), before.nan_to_num()):
            return True
    return False


def wrong_parts(spec: str, parts: DataParts, settings: ProfileSettings) -> Iterator[Problem]:
    """Say which part of the data is too small for what is asked.

    Parameters
    ----------
    spec
        The network's name as it was given.
    parts
        The data; each part that is used needs two inputs.
    settings
        How to profile, which says the parts that are used.
    """
    needed = {"calibration": True, "measured": True, "train": settings.training != "no", "attack": settings.privacy}
    needed["train"] |= settings.compression or settings.privacy or settings.federation is not None
    for name in (name for name, need in needed.items() if need):
        if len(getattr(parts, name)) < 2:
            sizes = ", ".join(f"{len(part)} {part_name}" for part_name, part in zip(parts._fields, parts, strict=True))
            yield Problem(spec, "--data", f"too few inputs: {sizes}", f"at least 2 are needed for '{name}': give more")
            return
