"""How well an attacker rebuilds the input from what crosses each cut, under each protection, and at what price.

Survey 2.1.2 and 3.2: for every cut and protection a decoder is trained on the `attack` part and judged on the
`measured` part, which nothing was fitted to; the network's cross-entropy and accuracy are taken there too, with the
protection in place. Everything is repeated with each seed.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.privacy_table import DISTANCE_CORRELATION, LAPLACE, NONE, PrivacyRow
from serflow_opt.profiling.data.parts import DataParts
from serflow_opt.profiling.measure.training import TrainingSettings
from serflow_opt.profiling.privacy.inversion import Attack, check_inputs, train_decoder
from serflow_opt.profiling.privacy.protection import (
    ClipAndNoise,
    Protection,
    largest_values,
    train_against_leak,
    unprotected,
)
from serflow_opt.profiling.privacy.similarity import squared_error, structural_similarity
from serflow_opt.profiling.stages.network import MultiExit

EPSILONS = (30.0, 10.0, 3.0)
"""Budgets of one value, from hardly any noise to noise that drowns the activation."""
WEIGHTS = (1.0, 10.0)
"""Weights of the distance correlation beside the joint cross-entropy."""
ATTACK = Attack()
TUNING = TrainingSettings(epochs=3, learning_rate=1e-3)
BATCH = 256
FRESH = 1_000_000
"""Added to a seed for the noise on measured data, so that it is not the noise the decoder has seen."""


class PrivacyProgress(NamedTuple):
    """Repetitions done, of how many, and what the last was of."""

    done: int
    total: int
    what: str


class Reconstruction(NamedTuple):
    """A row of the table and the first reconstructions behind it, of the first seed."""

    row: PrivacyRow
    inputs: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PrivacyMeasurement:
    """What `measure_privacy` found.

    Attributes
    ----------
    rows
        The table, by cut.
    baseline_mse, baseline_ssim
        Likeness of the mean training input to the measured ones: what an attacker reaches who sees nothing.
    originals
        The first measured inputs.
    rebuilt
        Their reconstructions, row by row; empty unless asked for.
    """

    rows: list[PrivacyRow]
    baseline_mse: float
    baseline_ssim: float | None
    originals: Tensor
    rebuilt: list[Reconstruction]


def measure_privacy(
    network: MultiExit,
    parts: DataParts,
    *,
    cuts: Sequence[int] | None = None,
    epsilons: Sequence[float] = EPSILONS,
    weights: Sequence[float] = WEIGHTS,
    seeds: Sequence[int] = (0, 1, 2),
    attack: Attack = ATTACK,
    tuning: TrainingSettings = TUNING,
    show: int = 0,
    on_progress: Callable[[PrivacyProgress], object] | None = None,
) -> PrivacyMeasurement:
    """Attack every cut under no protection, under clipping with Laplace noise, and after training against the leak.

    Parameters
    ----------
    network
        A trained network; its weights stay as they are.
    parts
        `train` serves training against the leak, `calibration` the clipping bound (the median of ‖x‖∞, survey
        3.2.1), `attack` the decoders, `measured` all figures.
    cuts
        Stages before the hand-over, 0..M-1; None: all. At cut 0 without protection the input itself crosses and no
        decoder is needed; training against the leak begins at cut 1, where there are weights to train.
    epsilons
        Budgets of one value for Laplace noise.
    weights
        Weights of the distance correlation of input and activation.
    seeds
        Each draws a decoder, its batches and the noise, and the order of the data in training against the leak.
    attack, tuning
        How decoders learn, and how the network learns against the leak (its seed is not used).
    show
        Number of reconstructions to keep for a picture.
    on_progress
        Called after each repetition.

    Raises
    ------
    InputError
        When inputs are not real numbers, a choice is out of range, or a cut hands on zeros only.
    """
    cuts = range(len(network.stages)) if cuts is None else sorted(set(cuts))
    check_inputs(parts.measured.inputs)
    _check_choices(len(network.stages), cuts, epsilons, weights, seeds)
    network.eval()
    bench = _Bench(parts, attack, tuning)
    total = len(seeds) * sum(1 + len(epsilons) + (len(weights) if cut else 0) for cut in cuts)
    guess = parts.train.inputs.mean(dim=0).expand_as(parts.measured.inputs)
    found = PrivacyMeasurement([], *bench.likeness(guess), parts.measured.inputs[:show], [])
    done = 0
    for cut in cuts:
        for setting in bench.settings(network, cut, epsilons, weights):
            outcomes = []
            for seed in seeds:
                outcomes.append(bench.outcome(setting, seed))
                done += 1
                if on_progress is not None:
                    on_progress(
                        PrivacyProgress(done, total, f"cut {cut}, {setting.row(cut, outcomes).setting}, seed {seed}")
                    )
            found.rows.append(setting.row(cut, outcomes))
            if show:
                found.rebuilt.append(Reconstruction(found.rows[-1], outcomes[0].rebuilt[:show]))
    return found


class _Crossing(NamedTuple):
    """A network cut in two, and what crosses for the attacker's and the measured inputs, before protection."""

    network: MultiExit
    cut: int
    attack: Tensor
    measured: Tensor


class _Outcome(NamedTuple):
    """What one seed gave; ssim is None where inputs are not images."""

    mse: float
    ssim: float | None
    cross_entropy: float
    accuracy: float
    rebuilt: Tensor


@dataclass(frozen=True, slots=True)
class _Setting:
    """A protection at a cut; `prepare` gives, by seed, what crosses and what is done to it on the way."""

    protection: str
    prepare: Callable[[int], tuple[_Crossing, Protection]]
    scale: float = 0.0
    epsilon: float | None = None
    clip: float | None = None
    added_flops: float = 0.0

    def row(self, cut: int, outcomes: Sequence[_Outcome]) -> PrivacyRow:
        """Return the row of the table that these repetitions give."""
        mse, mse_sd = _summary([outcome.mse for outcome in outcomes])
        entropy, entropy_sd = _summary([outcome.cross_entropy for outcome in outcomes])
        accuracy, accuracy_sd = _summary([outcome.accuracy for outcome in outcomes])
        likeness = [outcome.ssim for outcome in outcomes if outcome.ssim is not None]
        ssim, ssim_sd = _summary(likeness) if likeness else (None, None)
        return PrivacyRow(
            cut=cut,
            protection=self.protection,
            scale=self.scale,
            epsilon=self.epsilon,
            clip=self.clip,
            mse=mse,
            mse_sd=mse_sd,
            ssim=ssim,
            ssim_sd=ssim_sd,
            cross_entropy=entropy,
            cross_entropy_sd=entropy_sd,
            accuracy=accuracy,
            accuracy_sd=accuracy_sd,
            added_flops=self.added_flops,
            seeds=len(outcomes),
        )


def _summary(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean and the sample standard deviation."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


@dataclass(frozen=True, slots=True)
class _Bench:
    """The data and the way of training that every repetition shares."""

    parts: DataParts
    attack: Attack
    tuning: TrainingSettings

    def settings(
        self, network: MultiExit, cut: int, epsilons: Sequence[float], weights: Sequence[float]
    ) -> Iterator[_Setting]:
        """Yield the protections of a cut, weak ones first."""
        crossing = self.crossing(network, cut)

        def always(protect: Protection) -> Callable[[int], tuple[_Crossing, Protection]]:
            return lambda _: (crossing, protect)

        def tuned(weight: float) -> Callable[[int], tuple[_Crossing, Protection]]:
            def prepare(seed: int) -> tuple[_Crossing, Protection]:
                settings = replace(self.tuning, seed=seed)
                student = train_against_leak(network, self.parts.train, cut, weight, settings)
                return self.crossing(student, cut), unprotected

            return prepare

        yield _Setting(NONE, always(unprotected))
        if epsilons:
            bound = _bound(network, cut, self.parts.calibration.inputs)
            for epsilon in sorted(epsilons, reverse=True):
                noise = ClipAndNoise(epsilon, bound)
                flops = noise.operations(crossing.measured[0].numel())
                yield _Setting(LAPLACE, always(noise), noise.scale, epsilon, bound, flops)
        for weight in sorted(weights) if cut else ():
            yield _Setting(DISTANCE_CORRELATION, tuned(weight), weight)

    def crossing(self, network: MultiExit, cut: int) -> _Crossing:
        """Return what crosses a cut."""
        sides = (_handed_over(network, cut, part.inputs) for part in (self.parts.attack, self.parts.measured))
        return _Crossing(network, cut, *sides)

    def outcome(self, setting: _Setting, seed: int) -> _Outcome:
        """Train a decoder on the attacker's part, then judge it and the network on the measured part."""
        crossing, protect = setting.prepare(seed)
        generator = torch.Generator(crossing.measured.device).manual_seed(seed + FRESH)
        seen = protect(crossing.measured, generator)
        if crossing.cut == 0 and protect is unprotected:
            rebuilt = seen
        else:
            decoder = train_decoder(crossing.attack, self.parts.attack.inputs, protect, self.attack, seed=seed)
            rebuilt = decoder.rebuild(seen)
        return _Outcome(*self.likeness(rebuilt), *self.answers(crossing, seen), rebuilt)

    def likeness(self, rebuilt: Tensor) -> tuple[float, float | None]:
        """Return MSE and SSIM of reconstructions of the measured inputs, means over them."""
        originals = self.parts.measured.inputs
        mse = float(squared_error(rebuilt, originals).mean())
        if originals.dim() != 4:
            return mse, None
        span = float(self.parts.train.inputs.max() - self.parts.train.inputs.min())
        pairs = zip(rebuilt.split(BATCH), originals.split(BATCH), strict=True)
        return mse, float(torch.cat([structural_similarity(*pair, span) for pair in pairs]).mean())

    @torch.no_grad()
    def answers(self, crossing: _Crossing, seen: Tensor) -> tuple[float, float]:
        """Return cross-entropy (nats) and accuracy of the last classifier, given what has crossed."""
        network, labels = crossing.network, self.parts.measured.labels
        logits = torch.cat([network.after(crossing.cut, part)[-1] for part in seen.split(BATCH)])
        entropy = functional.cross_entropy(logits / network.temperatures[-1], labels)
        return float(entropy), float((logits.argmax(dim=1) == labels).float().mean())


@torch.no_grad()
def _handed_over(network: MultiExit, cut: int, inputs: Tensor) -> Tensor:
    return torch.cat([network.until(cut, part) for part in inputs.split(BATCH)])


def _bound(network: MultiExit, cut: int, inputs: Tensor) -> float:
    """Return the median of the largest absolute value of what crosses."""
    bound = float(largest_values(_handed_over(network, cut, inputs)).quantile(0.5))
    if bound > 0:
        return bound
    found = "half of the calibration inputs or more hand on zeros only, so clipping has no bound"
    raise InputError([Problem("", f"privacy, cut {cut}", found, "leave Laplace noise or this cut out")])


def _check_choices(
    stages: int, cuts: Sequence[int], epsilons: Sequence[float], weights: Sequence[float], seeds: Sequence[int]
) -> None:
    problems = []
    if wrong := [cut for cut in cuts if not 0 <= cut < stages]:
        problems.append(Problem("", "privacy, cuts", f"{wrong} of {stages} stages", f"choose from 0 to {stages - 1}"))
    for name, values in (("epsilons", epsilons), ("weights", weights)):
        if not all(0 < value < float("inf") for value in values):
            problems.append(Problem("", f"privacy, {name}", f"{list(values)}", "choose positive numbers"))
        elif len(set(values)) < len(values):
            problems.append(Problem("", f"privacy, {name}", f"{list(values)}", "name each one once"))
    if not seeds:
        problems.append(Problem("", "privacy, seeds", "none", "give at least one; three show error bars"))
    if problems:
        raise InputError(problems)
