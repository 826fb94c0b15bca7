"""Rounds of GA-SGD, MA-SGD and ADMM by the number of workers, measured: logistic regression on real data.

Samples are dealt to workers at random. A round of GA-SGD averages the gradients of a batch of each worker, one of
MA-SGD the models of all after an epoch of their own, one of ADMM (consensus) the solutions of all. Each is tried with
some steps or penalties; the one that comes within a share of the least loss first counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.arrays import Floats
from serflow_opt.profiling.data.npz import read_npz

BATCH, LOCAL_STEPS = 16, 10
"""Samples of a worker's batch; Newton steps of ADMM's local solves, each a pass over the data."""
STEPS = {"ga-sgd": (0.25, 0.5, 1.0, 2.0), "ma-sgd": (0.25, 0.5, 1.0, 2.0), "admm": (1e-3, 1e-2, 1e-1, 1.0)}
ALGORITHMS = tuple(STEPS)
FALLING, LOOKS = 50, 5
"""Rounds of GA-SGD in which its step falls by the root of two; rounds from one look at its loss to the next."""

NPZ = "write digits, or a file .npz with arrays `inputs` and `labels`, of numpy.savez"
"""What data may be."""


@dataclass(frozen=True, slots=True)
class RoundsRow:
    """Rounds of an algorithm with so many workers; None: not within the most; passes over the data; step or penalty."""

    algorithm: str
    workers: int
    rounds: int | None
    passes: float | None
    step: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Logistic regression with a quadratic penalty: samples with a one added, labels -1 and 1."""

    inputs: Floats
    labels: Floats
    penalty: float

    def loss(self, model: Floats) -> float:
        """Return the mean loss and the penalty."""
        margin = self.labels * (self.inputs @ model)
        return float(np.logaddexp(0, -margin).mean() + self.penalty / 2 * model @ model)

    def gradient(self, model: Floats, rows: slice | Floats) -> Floats:
        """Return the gradient of some samples."""
        inputs, labels = self.inputs[rows], self.labels[rows]
        pull = -labels / (1 + np.exp(np.clip(labels * (inputs @ model), -500, 500)))
        found: Floats = inputs.T @ pull / len(labels) + self.penalty * model
        return found

    def least(self) -> float:
        """Return the least loss there is, by Newton's method."""
        return self.loss(_newton(self.inputs, self.labels, self.penalty, np.zeros(self.inputs.shape[1]), 30))


def _newton(
    inputs: Floats, labels: Floats, ridge: float, model: Floats, steps: int, pull: Floats | None = None
) -> Floats:
    """Minimise the mean loss, ridge/2 |model|² and pull' model."""
    extra = np.zeros_like(model) if pull is None else pull
    for _ in range(steps):
        share = 1 / (1 + np.exp(np.clip(labels * (inputs @ model), -500, 500)))
        gradient = -inputs.T @ (labels * share) / len(labels) + ridge * model + extra
        hessian = (inputs.T * (share * (1 - share))) @ inputs / len(labels) + ridge * np.eye(len(model))
        model = model - np.linalg.solve(hessian, gradient)
    return model


def regression_of(inputs: Floats, labels: Floats, penalty: float) -> Regression:
    """Return the problem of data: inputs are scaled to 0 .. 1, even classes against odd ones.

    Parameters
    ----------
    inputs, labels
        N x anything, and N classes.
    penalty
        Of the squared model.

    Raises
    ------
    InputError
        For a penalty that is not above 0.
    """
    with Arguments() as given:
        penalty = given.number("penalty", penalty, above=True)
    flat = np.asarray(inputs, dtype=float).reshape(len(inputs), -1)
    flat = (flat - flat.min()) / max(float(np.ptp(flat)), 1e-12)
    signs = np.where(np.asarray(labels, dtype=int) % 2 == 0, 1.0, -1.0)
    return Regression(np.hstack([flat, np.ones((len(flat), 1))]), signs, penalty)


def measured_rounds(
    data: Regression,
    workers: Sequence[int],
    *,
    within: float = 0.02,
    most: int = 2000,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> list[RoundsRow]:
    """Return rounds of each algorithm and number of workers.

    Parameters
    ----------
    data
        The regression.
    workers
        Numbers of them.
    within, most, seed
        Share above the least loss that is good enough; rounds at most; of dealing and batches.
    say
        Called with what is being measured.

    Raises
    ------
    InputError
        For arguments that are none, and more workers than samples.
    """
    with Arguments() as given:
        within, most = given.number("within", within, above=True), given.whole("most", most, 1)
        for own in workers:
            if not 1 <= own <= len(data.labels) // BATCH:
                given.misfit("workers", f"{own}", f"1 to {len(data.labels) // BATCH}: each has {BATCH} samples or more")
    enough, found = data.least() * (1 + within), []
    for algorithm in ALGORITHMS:
        for w in workers:
            if say is not None:
                say(f"{algorithm} with {w} workers")
            best: tuple[int, float] | None = None
            for step in STEPS[algorithm]:
                limit = most if best is None else best[0] - 1
                models = islice(MODELS[algorithm](data, w, step, np.random.default_rng(seed)), limit)
                every = LOOKS if algorithm == "ga-sgd" else 1
                looked = ((n, model) for n, model in enumerate(models, start=1) if n % every == 0)
                done = next((n for n, model in looked if data.loss(model) <= enough), None)
                best = best if done is None else (done, step)
            rounds = None if best is None else best[0]
            passes = None if rounds is None else _passes(algorithm, rounds, w, len(data.labels))
            found.append(RoundsRow(algorithm, w, rounds, passes, None if best is None else best[1]))
    return found


def _passes(algorithm: str, rounds: int, workers: int, samples: int) -> float:
    each = {"ga-sgd": BATCH * workers / samples, "ma-sgd": 1.0, "admm": float(LOCAL_STEPS)}
    return rounds * each[algorithm]


def _dealt(data: Regression, workers: int, draw: np.random.Generator) -> list[Floats]:
    parts: list[Floats] = np.array_split(draw.permutation(len(data.labels)), workers)
    return parts


def _ga(data: Regression, workers: int, step: float, draw: np.random.Generator) -> Iterator[Floats]:
    """Gradients of a batch of each worker, averaged; steps fall with the root of the round."""
    parts, model = _dealt(data, workers, draw), np.zeros(data.inputs.shape[1])
    for rounds in count():
        rows = np.concatenate([own[draw.integers(len(own), size=BATCH)] for own in parts])
        model = model - step / math.sqrt(1 + rounds / FALLING) * data.gradient(model, rows)
        yield model


def _ma(data: Regression, workers: int, step: float, draw: np.random.Generator) -> Iterator[Floats]:
    """Models of all after an epoch of batches, averaged; steps fall with the root of the round."""
    parts, model = _dealt(data, workers, draw), np.zeros(data.inputs.shape[1])
    rounds = 0
    while True:
        rounds += 1
        ended = []
        for own in parts:
            mine, order = model, draw.permutation(own)
            for first in range(0, len(order) - BATCH + 1, BATCH):
                mine = mine - step / math.sqrt(rounds) * data.gradient(mine, order[first : first + BATCH])
            ended.append(mine)
        model = np.mean(ended, axis=0)
        yield model


def _admm(data: Regression, workers: int, step: float, draw: np.random.Generator) -> Iterator[Floats]:
    """Solutions of all, each held to the mean by a penalty and a price."""
    parts, size = _dealt(data, workers, draw), data.inputs.shape[1]
    model: Floats = np.zeros(size)
    own: list[Floats] = [model] * workers
    price: list[Floats] = [model] * workers
    while True:
        for k, rows in enumerate(parts):
            inputs, labels = data.inputs[rows], data.labels[rows]
            pull = step * (price[k] - model)
            own = [*own[:k], _newton(inputs, labels, step, own[k], LOCAL_STEPS, pull), *own[k + 1 :]]
        model = step * (np.sum(own, axis=0) + np.sum(price, axis=0)) / (workers * (step + data.penalty))
        price = [b + a - model for a, b in zip(own, price, strict=True)]
        yield model


MODELS = {"ga-sgd": _ga, "ma-sgd": _ma, "admm": _admm}


def read_samples(name: str) -> tuple[Floats, Floats]:
    """Return inputs and classes: `digits` of scikit-learn, or of a file with arrays `inputs` and `labels`.

    Raises
    ------
    InputError
        For a file that has none, and where scikit-learn is not installed.
    """
    if name == "digits":
        from importlib.util import find_spec

        if find_spec("sklearn") is None:
            cure = "pip install 'serflow-opt[digits]', or name an .npz"
            raise InputError([Problem("", "DATA", "digits: scikit-learn is not installed", cure)])
        from sklearn.datasets import load_digits

        return load_digits(return_X_y=True)  # type: ignore[no-any-return]
    return read_npz(name, NPZ)
