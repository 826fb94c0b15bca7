"""The table of leaks, `privacy.csv`: one row for each cut and protection; no PyTorch needed.

Columns: cut, protection, scale, epsilon, clip, mse, mse_sd, ssim, ssim_sd, cross_entropy, cross_entropy_sd, accuracy,
accuracy_sd, added_flops, seeds. A cell is empty where the figure does not exist.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby, pairwise
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.files import write_atomically
from serflow_opt.problem.tables import Column, Row, read_table

NONE, LAPLACE, DISTANCE_CORRELATION = "none", "laplace", "distance-correlation"


@dataclass(frozen=True, slots=True)
class PrivacyRow:
    """How well an attacker rebuilds the input at one cut under one protection, and what the protection costs.

    Attributes
    ----------
    cut
        Stages before the hand-over; 0: the input itself crosses.
    protection, scale
        Its name, and its strength, which rises with it: 0 without protection, the scale b of the noise for
        `laplace`, the weight of the penalty for `distance-correlation`.
    epsilon, clip
        Privacy budget of one value and bound C of `laplace`.
    mse, ssim
        Reconstruction on measured data against the input, mean over inputs and seeds; mse in squared units of the
        input; no ssim where the input is not an image.
    cross_entropy, accuracy
        Of the last classifier with the protection in place; cross-entropy in nats.
    added_flops
        Elementwise operations of the protection for one request.
    seeds
        Repetitions. Each `_sd` is the sample standard deviation over them; none for a single one.
    """

    cut: int
    protection: str
    scale: float
    epsilon: float | None
    clip: float | None
    mse: float
    mse_sd: float | None
    ssim: float | None
    ssim_sd: float | None
    cross_entropy: float
    cross_entropy_sd: float | None
    accuracy: float
    accuracy_sd: float | None
    added_flops: float
    seeds: int

    @property
    def setting(self) -> str:
        """Name of the protection with the strength its user chose: the same at every cut."""
        if self.epsilon is not None:
            return f"{self.protection} ε = {self.epsilon:g}"
        return f"{self.protection} {self.scale:g}" if self.scale else self.protection

    @property
    def strength(self) -> float:
        """What its user chose, comparable between cuts and rising with protection: 1 / ε, or the scale."""
        return self.scale if self.epsilon is None else 1 / self.epsilon


def write_privacy(rows: Iterable[PrivacyRow], path: Path) -> None:
    """Write the table.

    Raises
    ------
    InputError
        When the folder does not exist or cannot be written to.
    """
    names = [field.name for field in fields(PrivacyRow)]

    def write(draft: Path) -> None:
        with draft.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(names)
            lines.writerows([_cell(getattr(row, name)) for name in names] for row in rows)

    write_atomically(path, write)


def _cell(value: float | str | None) -> str:
    return f"{value:.9g}" if isinstance(value, float) else "" if value is None else str(value)


def privacy_columns(stages: int) -> list[Column]:
    """Return the columns of the table for a network of M stages."""
    return [
        Column("cut", "whole", 0, stages - 1),
        Column("protection", "text"),
        Column("scale", low=0),
        Column("epsilon", low=math.ulp(0), required=False),
        Column("clip", low=math.ulp(0), required=False),
        Column("mse", low=0),
        Column("mse_sd", low=0, required=False),
        Column("ssim", low=-1, high=1, required=False),
        Column("ssim_sd", low=0, required=False),
        Column("cross_entropy", low=0),
        Column("cross_entropy_sd", low=0, required=False),
        Column("accuracy", low=0, high=1),
        Column("accuracy_sd", low=0, required=False),
        Column("added_flops", low=0),
        Column("seeds", "whole", 1),
    ]


def read_privacy(path: Path, stages: int, problems: list[Problem]) -> tuple[PrivacyRow, ...]:
    """Read the table of a network of M stages; no row when a fault was found.

    Parameters
    ----------
    problems
        Receives every fault, among them a protection listed twice at a cut with the same scale.
    """
    before = len(problems)
    seen: dict[tuple[int, str, float], int] = {}
    rows = []
    for row in read_table(path, privacy_columns(stages), problems):
        rows.append(_privacy_row(row))
        key = (rows[-1].cut, rows[-1].protection, rows[-1].scale)
        if key in seen:
            found = f"cut {key[0]}, {key[1]}, scale {key[2]:g} stands on line {seen[key]} already"
            problems.append(Problem(str(path), f"line {row.line}", found, "keep one row for each strength"))
        seen.setdefault(key, row.line)
    return tuple(rows) if len(problems) == before else ()


def _privacy_row(row: Row) -> PrivacyRow:
    def optional(name: str) -> float | None:
        return row.number(name) if name in row.cells else None

    return PrivacyRow(
        cut=row.whole("cut"),
        protection=str(row.cells["protection"]),
        scale=row.number("scale"),
        epsilon=optional("epsilon"),
        clip=optional("clip"),
        mse=row.number("mse"),
        mse_sd=optional("mse_sd"),
        ssim=optional("ssim"),
        ssim_sd=optional("ssim_sd"),
        cross_entropy=row.number("cross_entropy"),
        cross_entropy_sd=optional("cross_entropy_sd"),
        accuracy=row.number("accuracy"),
        accuracy_sd=optional("accuracy_sd"),
        added_flops=row.number("added_flops"),
        seeds=row.whole("seeds"),
    )


def trend(rows: Sequence[PrivacyRow]) -> list[str]:
    """Say where a deeper cut or a stronger protection does not raise the reconstruction error beyond error bars.

    A step goes to the next cut under the same setting, or to the next strength of a protection at the same cut
    (the first step from no protection). It raises the error when the means differ by more than the standard
    deviation of their difference, √(sd₁² + sd₂²).

    Returns
    -------
    list of str
        A sentence that counts, then one for each step that does not rise.
    """
    steps = list(_steps(rows))
    exceptions = []
    for label, before, after in steps:
        bar = math.hypot(before.mse_sd or 0, after.mse_sd or 0)
        if after.mse - before.mse > bar:
            continue
        verb = "lowers the error" if before.mse - after.mse > bar else "does not change the error beyond error bars"
        exceptions.append(f"{label} {verb}: {_with_bar(before)} to {_with_bar(after)}.")
    counted = f"{len(steps) - len(exceptions)} of {len(steps)} steps to a deeper cut or a stronger protection"
    return [f"{counted} raise the reconstruction error beyond error bars.", *exceptions]


def _steps(rows: Sequence[PrivacyRow]) -> Iterator[tuple[str, PrivacyRow, PrivacyRow]]:
    """Yield what changes, the row before and the row after."""
    by_setting = sorted(rows, key=lambda row: (row.protection, row.strength, row.cut))
    for _, group in groupby(by_setting, key=lambda row: (row.protection, row.strength)):
        for before, after in pairwise(group):
            yield f"{before.setting}: cut {before.cut} to {after.cut}", before, after
    plain = {row.cut: row for row in rows if row.protection == NONE}
    others = (row for row in rows if row.protection != NONE)
    by_cut = sorted(others, key=lambda row: (row.cut, row.protection, row.scale))
    for (cut, _), group in groupby(by_cut, key=lambda row: (row.cut, row.protection)):
        for before, after in pairwise([plain[cut], *group] if cut in plain else group):
            yield f"cut {cut}: {before.setting} to {after.setting}", before, after


def _with_bar(row: PrivacyRow) -> str:
    return f"{row.mse:.3g}" + ("" if row.mse_sd is None else f" ± {row.mse_sd:.1g}")
