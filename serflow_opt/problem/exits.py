"""Exit tables: read as they are, or derived from one row per validation sample.

Samples hold the joint distribution of the confidences. A table holds, for each classifier on its own, how many
requests leave at a threshold and how many of those are right. Exits are correlated (easy requests are easy for
every classifier), so a table is true only for the earlier thresholds it was taken at: `earlier_threshold` states
them, and `replay` tells what chosen thresholds do on the samples themselves.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from serflow_opt.errors import Problem
from serflow_opt.ground.shares import interval
from serflow_opt.problem.network import NO_CLASSIFIER, OFF, Menu, Samples
from serflow_opt.problem.tables import Column, read_table

if TYPE_CHECKING:
    from serflow_opt.problem.schema import ExitsTable

_EXIT_COLUMN = re.compile(r"(conf|correct|pred)_exit(\d+)")


@dataclass(frozen=True, slots=True)
class SampleReplay:
    """What thresholds do on samples: exit share by exit, accuracy, and its 95 % Clopper-Pearson interval."""

    samples: int
    exit_share: tuple[float, ...]
    accuracy: float
    accuracy_low: float
    accuracy_high: float


def derive_menus(
    samples: Samples,
    stages: int,
    levels: int | None = 10,
    earlier_threshold: float | Sequence[float] | None = None,
    always_off: bool = False,
) -> tuple[Menu, ...]:
    """Make exit tables from samples.

    Parameters
    ----------
    samples
        Rows marked `held_out` are not used.
    stages
        M; stages without an exit get no classifier.
    levels
        Thresholds for each classifier, placed at quantiles of the confidences of the samples that reach it, so
        that exit rates are about evenly spaced. Equal quantiles give fewer. Where no confidence reaches 1, the
        threshold 1 is added: it switches the classifier off. None: every confidence of theirs.
    earlier_threshold
        A sample reaches a classifier when no earlier confidence is at or above this; None: always. With one value
        for each classifier but the last, each value is also in that classifier's menu: a plan that chooses exactly
        these thresholds gets from the tables what it does on the samples.
    always_off
        Add `OFF` where a confidence reaches 1, so that every classifier can be switched off.

    Returns
    -------
    tuple of Menu
        One a stage. A request leaves when its confidence is at least the threshold. Where nobody leaves,
        accuracy is written as 0.
    """
    used = ~samples.held_out
    confidence, correct = samples.confidence[used], samples.correct[used]
    reached = np.ones(len(confidence), dtype=bool)
    menus = [NO_CLASSIFIER] * stages
    exits = len(samples.classifier_stages)
    own = isinstance(earlier_threshold, Sequence)
    earlier = [*earlier_threshold, None] if isinstance(earlier_threshold, Sequence) else [earlier_threshold] * exits
    for column, stage in enumerate(samples.classifier_stages):
        here, right = confidence[reached, column], correct[reached, column]
        if stage == stages:
            menus[stage - 1] = Menu((0.0,), (1.0,), (float(right.mean()) if len(right) else 0.0,))
        elif len(here):
            spread = here if levels is None else np.quantile(here, np.linspace(0, 1, levels), method="higher")
            added = [1.0] if here.max() < 1 else [OFF] * always_off
            thresholds = np.unique(np.concatenate([spread, added, [earlier[column]] if own else []]))
            menus[stage - 1] = _menu(here, right, thresholds)
        if (strict := earlier[column]) is not None:
            reached &= confidence[:, column] < strict
    return tuple(menus)


def menus_at(samples: Samples, menus: Sequence[Menu], thresholds: Sequence[float]) -> tuple[Menu, ...]:
    """Return menus with what their thresholds do behind chosen earlier thresholds: the samples' own truth there.

    Parameters
    ----------
    samples
        Rows marked `held_out` are not used.
    menus
        One a stage, with the thresholds to take.
    thresholds
        The chosen threshold of each exit, in order; that of the last is not used.

    Returns
    -------
    tuple of Menu
        The same thresholds with exit rate and accuracy among the samples that reach the stage. A plan that chooses
        exactly these thresholds gets from them what it does on the samples. Where nobody comes, nobody leaves.
    """
    used = ~samples.held_out
    confidence, correct = samples.confidence[used], samples.correct[used]
    reached = np.ones(len(confidence), dtype=bool)
    found = list(menus)
    for column, stage in enumerate(samples.classifier_stages):
        menu = menus[stage - 1]
        if not menu.thresholds:
            continue
        here, right = confidence[reached, column], correct[reached, column]
        if column == len(samples.classifier_stages) - 1:  # everybody leaves
            found[stage - 1] = Menu(menu.thresholds, (1.0,), (float(right.mean()) if len(right) else 0.0,))
        else:
            found[stage - 1] = _menu(here, right, np.asarray(menu.thresholds))
        reached &= confidence[:, column] < thresholds[column]
    return tuple(found)


def _menu(confidence: NDArray[np.float64], correct: NDArray[np.bool_], thresholds: NDArray[np.float64]) -> Menu:
    """Return what rising thresholds do on samples that reach them."""
    order = np.argsort(confidence)
    below = np.searchsorted(confidence[order], thresholds, side="left")
    leaving = len(order) - below
    right = np.concatenate([correct[order][::-1].cumsum()[::-1], [0]])[below]
    rates, accuracies = leaving / max(len(order), 1), right / np.maximum(leaving, 1)
    return Menu(tuple(thresholds.tolist()), tuple(rates.tolist()), tuple(accuracies.tolist()))


def answered(
    samples: Samples, thresholds: Sequence[float], *, held_out: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the exit at which each sample leaves, and whether that exit is right; see `replay`.

    Parameters
    ----------
    thresholds
        One an exit, in order; that of the last is not used.
    held_out
        Use the rows kept out of the tables instead of those the tables were made from.

    Returns
    -------
    tuple of arrays
        The first exit, from 0, whose threshold a sample passes, at the latest the last one, and whether it is right;
        N each.
    """
    rows = samples.held_out if held_out else ~samples.held_out
    passes = samples.confidence[rows] >= np.asarray(thresholds)[None, :]
    passes[:, -1] = True
    first = passes.argmax(axis=1)
    return first, samples.correct[rows][np.arange(len(first)), first]


def replay(samples: Samples, thresholds: Sequence[float], *, held_out: bool = False) -> SampleReplay:
    """Run thresholds (one an exit, in order) over samples: the truth a table only approximates.

    Parameters
    ----------
    held_out
        Use the rows kept out of the tables instead of those the tables were made from.

    Raises
    ------
    ValueError
        When no such samples are left.
    """
    first, answers = answered(samples, thresholds, held_out=held_out)
    if not len(first):
        raise ValueError("no samples to replay")
    right = int(answers.sum())
    share = np.bincount(first, minlength=len(thresholds)) / len(first)
    return SampleReplay(len(first), tuple(share.tolist()), right / len(first), *interval(right, len(first)))


def exit_columns(stages: int) -> list[Column]:
    """Return the columns of an exit table."""
    shares = [Column(name, "number", 0, 1) for name in ("threshold", "exit_rate", "accuracy")]
    return [Column("stage", "whole", 1, stages), *shares]


def read_menus(
    path: Path, stages: int, problems: list[Problem], within: tuple[int, int] | None = None
) -> tuple[Menu, ...]:
    """Read an exit table: stage,threshold,exit_rate,accuracy (survey 2.2.1, α, β, A).

    Thresholds of a stage rise strictly, exit rates fall weakly with them, and the last stage has one row with
    threshold 0 and exit rate 1.

    Parameters
    ----------
    path
        The CSV file.
    stages
        M.
    problems
        Takes what is wrong with the table.
    within
        First and last stage, from 1: rows are of these only, and stage M may have none; None: of all.

    Returns
    -------
    tuple of Menu
        One a stage; empty where rows cannot be read.
    """
    before = len(problems)
    rows = read_table(path, exit_columns(stages), problems)
    if len(problems) > before:
        return ()
    name = str(path)
    menus = [NO_CLASSIFIER] * stages
    for stage in range(1, stages + 1):
        mine = sorted((row for row in rows if row.whole("stage") == stage), key=lambda row: row.number("threshold"))
        for lower, upper in itertools.pairwise(mine):
            place = f"line {upper.line}"
            if upper.number("threshold") == lower.number("threshold"):
                found = f"stage {stage} has threshold {upper.number('threshold'):g} on line {lower.line} already"
                problems.append(Problem(name, place, found, "keep one row a threshold"))
            elif upper.number("exit_rate") > lower.number("exit_rate"):
                found = (
                    f"stage {stage}: exit_rate rises from {lower.number('exit_rate'):g} (line {lower.line}) "
                    f"to {upper.number('exit_rate'):g} while the threshold rises"
                )
                problems.append(Problem(name, f"{place}, column exit_rate", found, "a stricter exit lets fewer leave"))
        if mine:
            menus[stage - 1] = Menu(
                *(tuple(row.number(c) for row in mine) for c in ("threshold", "exit_rate", "accuracy"))
            )
    outside = [row for row in rows if within is not None and not within[0] <= row.whole("stage") <= within[1]]
    for row in outside:
        found = f"stage {row.whole('stage')} is outside the block [{within[0]}, {within[1]}]" if within else ""
        problems.append(Problem(name, f"line {row.line}", found, "remove the row"))
    last = menus[-1]
    if within is not None and last is NO_CLASSIFIER:
        return tuple(menus)
    if last.exit_rates != (1.0,) or last.thresholds != (0.0,):
        found = (
            "no row" if last is NO_CLASSIFIER else f"{len(last.thresholds)} row(s) other than threshold 0, exit_rate 1"
        )
        cure = f"give the last stage the one row {stages},0,1,<accuracy>"
        problems.append(Problem(name, f"stage {stages}", found, cure))
    return tuple(menus)


def read_samples(path: Path, exits: ExitsTable, stages: int, file: str, problems: list[Problem]) -> Samples | None:
    """Read sample_id,[label],conf_exit1,[pred_exit1],correct_exit1,... and mark the hold-out.

    Parameters
    ----------
    path
        The CSV file.
    exits
        Section of the instance: which stages have the exits, which share is held out, and the seed that draws it.
    stages
        M.
    file
        The instance file, for messages about its keys.
    problems
        Takes what is wrong.

    Returns
    -------
    Samples or None
        None where anything is wrong.
    """
    count = 0

    def columns(header: list[str]) -> list[Column]:
        nonlocal count
        numbers = [int(match[2]) for match in map(_EXIT_COLUMN.fullmatch, header) if match]
        count = max(numbers, default=1)
        wanted = [Column("sample_id", "text"), Column("label", "text", required=False)]
        for k in range(1, count + 1):
            wanted += [
                Column(f"conf_exit{k}", "number", 0, 1),
                Column(f"pred_exit{k}", "text", required=False),
                Column(f"correct_exit{k}", "whole", 0, 1),
            ]
        return wanted

    before = len(problems)
    rows = read_table(path, columns, problems)
    if len(problems) > before:
        return None
    where = exits.classifier_stages
    if where is None or len(where) != count or sorted(set(where)) != where or where[-1] != stages:
        found = "missing" if where is None else f"{where} for {count} exits"
        cure = f"list the stage of each of the {count} exits, rising, the last one {stages}"
        problems.append(Problem(file, "exits.classifier_stages", found, cure))
        return None
    confidence = np.array([[row.number(f"conf_exit{k}") for k in range(1, count + 1)] for row in rows])
    correct = np.array([[row.whole(f"correct_exit{k}") == 1 for k in range(1, count + 1)] for row in rows])
    held_out = np.zeros(len(rows), dtype=bool)
    chosen = np.random.default_rng(exits.seed).permutation(len(rows))[: round(exits.holdout_share * len(rows))]
    held_out[chosen] = True
    if held_out.all():
        found = f"{exits.holdout_share:g} of {len(rows)} samples leaves none for the tables"
        problems.append(Problem(file, "exits.holdout_share", found, "hold out less"))
        return None
    return Samples(confidence, correct, tuple(where), held_out)
