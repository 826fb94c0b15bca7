"""Profile a network: train and calibrate it, count it, sample its exits, time its stages, attack its cuts."""

from __future__ import annotations

import datetime
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import torch

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.network import Stage
from serflow_opt.problem.profile_table import ProfileTable
from serflow_opt.profiling.at_cuts import Say, write_compressed, write_leaks
from serflow_opt.profiling.checks import wrong_fit, wrong_folder, wrong_parts, wrong_request
from serflow_opt.profiling.data.parts import DataParts, Labelled, split
from serflow_opt.profiling.data.sources import Example, Source, load_data, load_network
from serflow_opt.profiling.folder import MeasuredNetwork, install, write_instance, write_stages
from serflow_opt.profiling.measure import machine
from serflow_opt.profiling.measure.backward import time_training, write_layers, write_training
from serflow_opt.profiling.measure.batches import rising, write_batches, write_fit, write_memory
from serflow_opt.profiling.measure.calibration import calibrate
from serflow_opt.profiling.measure.consistent import settle
from serflow_opt.profiling.measure.counting import count
from serflow_opt.profiling.measure.exit_samples import sample_exits, write_samples
from serflow_opt.profiling.measure.timing import StageTimes, thread_count, time_stages, write_times
from serflow_opt.profiling.measure.training import Epoch, train
from serflow_opt.profiling.rounds.table import write_among_clients
from serflow_opt.profiling.settings import ProfileSettings
from serflow_opt.profiling.stages.network import MultiExit

WEIGHTS = "network.pt"
DEFAULTS = ProfileSettings()


def profile(
    spec: str,
    out: Path,
    *,
    data: Sequence[str] = (),
    weights: Path | None = None,
    settings: ProfileSettings = DEFAULTS,
    force: bool = False,
    say: Say = lambda line: None,
) -> Path:
    """Measure a network and write an instance folder.

    Parameters
    ----------
    spec
        The network: see `sources.load_network`; or an ONNX file, which is counted without being run.
    out
        Folder to make.
    data
        Labelled data: see `sources.load_data`. Without any, exits are not measured.
    weights
        Trained weights.
    force
        Put the new tables in the place of those of an instance that is there; other files in the folder stay.
    say
        Gets a line for each step.

    Returns
    -------
    Path
        The instance file.

    Raises
    ------
    InputError
        When something given does not fit; nothing is written then.
    """
    begin = time.perf_counter()

    def step(line: str) -> None:
        say(f"{time.perf_counter() - begin:6.1f} s  {line}")

    place = out.resolve()
    wrong = [*wrong_folder(place, force), *wrong_request(spec, bool(data), weights is not None, settings)]
    if spec.endswith(".onnx"):
        _refuse(wrong)
        with _draft(place) as folder:
            _count_onnx(spec, folder, place.name, settings, step)
            install(folder, place)
    else:
        source, labelled = _load(spec, data, weights, settings, wrong)
        on = machine.device(settings.device)
        with (
            _draft(place) as folder,
            machine.deterministic(on),
            thread_count(settings.work_threads or machine.hardware_threads()),
        ):
            _measure(spec, source, labelled, folder, place.name, data, settings, step)
            install(folder, place)
    return out / "instance.toml"


class _draft:
    """A folder beside the one to make, gone afterwards."""

    def __init__(self, place: Path) -> None:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        except OSError as error:
            cure = "choose a folder you may write to"
            raise InputError([Problem(str(place), "", f"cannot be made ({error.strerror})", cure)]) from None

    def __enter__(self) -> Path:
        return self.folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _refuse(*checks: Sequence[Problem] | Iterator[Problem]) -> None:
    """Raise InputError with everything that checks found."""
    if problems := list(chain(*checks)):
        raise InputError(problems)


def _load(
    spec: str, data: Sequence[str], weights: Path | None, settings: ProfileSettings, wrong: list[Problem]
) -> tuple[Source, Labelled | None]:
    """Load data and network, and refuse everything that is wrong with them at once."""
    labelled = source = None
    try:
        labelled = load_data(data) if data else None
    except InputError as error:
        wrong += error.problems
    if weights is not None and not weights.is_file():
        wrong.append(Problem(str(weights), "--weights", "no such file", "give a state dictionary of the network"))
        weights = None
    try:
        source = load_network(
            spec,
            seed=settings.seed,
            input_shape=settings.input_shape,
            data=labelled,
            most=settings.most,
            weights=weights,
        )
    except InputError as error:
        lacking = [problem for problem in error.problems if problem.place == "--input"]
        wrong += error.problems if labelled is not None or not data else [p for p in error.problems if p not in lacking]
    if source is not None:
        wrong += wrong_fit(spec, source, labelled, settings)
    _refuse(wrong)
    assert source is not None
    return source, labelled


def _measure(
    spec: str,
    source: Source,
    labelled: Labelled | None,
    folder: Path,
    name: str,
    data: Sequence[str],
    settings: ProfileSettings,
    say: Say,
) -> None:
    """Run the network and write what was measured."""
    network = source.network
    stages, input_bytes, uncounted = count(network, source.example(1))
    for operation in uncounted:
        say(f"not counted: {operation}; its FLOPs are missing in stages.csv")
    say(f"{_size(stages)}, exits {list(network.classifier_stages)}")
    provenance = _provenance(spec, data, labelled, settings)
    final_accuracy = None
    parts = None if labelled is None else split(labelled, settings.seed)
    if parts is not None:
        _refuse(wrong_parts(spec, parts, settings))
        _fit(spec, network, parts, settings, say)
        torch.save(network.state_dict(), folder / WEIGHTS)
        samples = sample_exits(network, parts.measured)
        write_samples(samples, folder / "samples.csv")
        final_accuracy = samples.accuracy[-1]
        say(f"{len(parts.measured)} samples: right {_shares(samples.accuracy)}")
    inputs = source.example if parts is None else lambda _: parts.measured.inputs
    times = _times(network, inputs, settings, say)
    write_times([t for t in times if t.batch == 1], folder / "times.csv")
    if settings.batches:
        _batches(network, inputs, times, folder, say)
    write_stages(stages, folder / "stages.csv")
    if settings.trained:
        _training(network, source, parts, folder, settings, say)
    if parts is not None and settings.federation:
        write_among_clients(network, parts, folder, settings.federation, say)
    if parts is not None and settings.privacy:
        baseline = write_leaks(
            network, parts, folder, cuts=settings.cuts, epsilons=settings.epsilons, seeds=settings.seeds, say=say
        )
        provenance = provenance.model_copy(update={"baseline_mse": float(f"{baseline:.6g}")})
    if parts is not None and settings.compression:
        write_compressed(network, parts, folder, cuts=settings.cuts, seed=settings.seed, say=say)
    measured = MeasuredNetwork(
        name=name,
        stages=stages,
        input_bytes=input_bytes,
        provenance=provenance,
        classifier_stages=network.classifier_stages if parts else (),
        final_accuracy=final_accuracy,
        times=[t for t in times if t.batch == 1],
        batches=sorted({t.batch for t in times}) if settings.batches else (),
        uncounted=uncounted,
    )
    _write_settled(measured, folder / "instance.toml", say)


def _fit(spec: str, network: MultiExit, parts: DataParts, settings: ProfileSettings, say: Say) -> None:
    """Train if asked, on the GPU where there is one, and calibrate in any case."""

    def epoch(done: Epoch) -> None:
        say(f"epoch {done.number}/{done.epochs}: loss {done.loss:.4f}, right {_shares(done.accuracy)}")

    if settings.training != "no":
        say(f"training ({settings.training}) on {len(parts.train)} inputs")
        device = machine.device(settings.device)
        data = Labelled(parts.train.inputs.to(device), parts.train.labels.to(device))
        try:
            train(network.to(device), data, settings.how, frozen=settings.training == "frozen", on_epoch=epoch)
        except ValueError as error:
            raise InputError([Problem(spec, "--train", str(error), "see --learning-rate and --exit-weight")]) from None
        network.cpu()
    for done in calibrate(network, parts.calibration):
        errors = f"{done.error_before:.3f} -> {done.error_after:.3f}"
        say(
            f"exit at stage {done.stage}: temperature {done.temperature:.3f}, "
            f"calibration error on the data of the fit {errors}"
        )


def _times(network: MultiExit, inputs: Example, settings: ProfileSettings, say: Say) -> list[StageTimes]:
    """Time every number of threads and every batch, and the GPU when there is one."""
    devices = [("cpu", threads) for threads in settings.threads]
    if machine.device(settings.device) == "cuda":
        devices.append(("cuda", 0))
    times = []
    for batch in dict.fromkeys((1, *settings.batches)):
        for device, threads in devices:
            measured = time_stages(
                network.to(device),
                inputs(batch).to(device),
                threads=threads,
                batch=batch,
                warmup=settings.warmup,
                repeats=settings.repeats,
            )
            say(f"{measured.option}, batch {batch}: {measured.mean_s * 1000:.4g} ms a pass")
            times.append(measured)
    network.cpu()
    return times


def _batches(network: MultiExit, inputs: Example, times: Sequence[StageTimes], folder: Path, say: Say) -> None:
    """Write times by batch, their fit, and what batches hold."""
    measured = rising(times)
    write_batches(measured, folder / "batches.csv")
    write_fit(measured, folder / "batch_fit.csv")
    for own in measured:
        if own.evened:
            say(f"stage {own.stage}, {own.option}: a larger batch was quicker, evened out in batches.csv; repeat more")
    worst = max((own.fit.worst for own in measured), key=abs)
    say(f"fixed and per-request parts: {worst:+.1%} off at most (batch_fit.csv)")
    sizes = sorted({t.batch for t in times})
    held = write_memory(network, inputs, sizes, folder / "batch_memory.csv")
    say("held beside weights: " + ", ".join(f"{own / 1e6:.4g} MB by {n}" for n, own in held.items()))


def _training(
    network: MultiExit, source: Source, parts: DataParts | None, folder: Path, settings: ProfileSettings, say: Say
) -> None:
    """Time ways there and back, and write the tables of training and pipeline instances."""
    batch = settings.trained
    inputs = source.example(batch) if parts is None else parts.train.inputs
    labels = torch.zeros(len(inputs), dtype=torch.int64) if parts is None else parts.train.labels
    threads, repeats = settings.threads[0], max(settings.repeats // batch, 5)
    measured = time_training(network, inputs, labels, batch=batch, threads=threads, warmup=3, repeats=repeats)
    write_training(measured, folder / "training_stages.csv")
    write_layers(measured, folder / "layers.csv")
    there, back = (own.sum(axis=1).mean() * 1000 for own in (measured.forward_s, measured.backward_s))
    say(f"mini-batches of {batch}, {threads} threads: {there:.4g} ms there, {back:.4g} ms back")


def _write_settled(measured: MeasuredNetwork, file: Path, say: Say) -> None:
    """Write the instance, with its exit tables taken where its plan uses them."""

    def write(thresholds: tuple[float, ...]) -> None:
        write_instance(replace(measured, earlier_thresholds=thresholds), file)

    if len(measured.classifier_stages) < 2:
        write(())
    elif found := settle(file, measured.classifier_stages, write):
        say(f"exit tables settled: the plan promises {found.promised:.4f}, its thresholds give {found.together:.4f}")
    else:
        say("exit tables not settled: no plan keeps the limits that were written")


def _count_onnx(spec: str, folder: Path, name: str, settings: ProfileSettings, say: Say) -> None:
    """Write an instance from the sizes of an ONNX graph."""
    from serflow_opt.profiling.onnx.model import read_onnx

    found = read_onnx(spec, settings.input_shape, settings.most)
    for line in (*found.notes, *(f"not counted: {operation}" for operation in found.uncounted)):
        say(line)
    say(_size(found.stages))
    write_stages(found.stages, folder / "stages.csv")
    provenance = ProfileTable(network=Path(spec).name, versions=machine.versions(), date=_today())
    measured = MeasuredNetwork(name, found.stages, found.input_bytes, provenance, uncounted=found.uncounted)
    write_instance(measured, folder / "instance.toml")


def _provenance(spec: str, data: Sequence[str], labelled: Labelled | None, settings: ProfileSettings) -> ProfileTable:
    return ProfileTable(
        network=spec,
        weights=None if labelled is None else WEIGHTS,
        data=list(data),
        data_digest="" if labelled is None else labelled.digest,
        classes=None if labelled is None else labelled.classes,
        training=None if labelled is None else settings.training,
        stages=settings.most,
        input=list(settings.input_shape or ()),
        seed=settings.seed,
        warmup=settings.warmup,
        repeats=settings.repeats,
        machine=machine.machine(),
        versions=machine.versions(),
        date=_today(),
    )


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _size(stages: Sequence[Stage]) -> str:
    return f"{len(stages)} stages, {sum(stage.flops for stage in stages) / 1e6:.4g} MFLOP"


def _shares(accuracy: Sequence[float]) -> str:
    return " ".join(f"{share:.4f}" for share in accuracy)
