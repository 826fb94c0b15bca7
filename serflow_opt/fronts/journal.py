"""Journals of what was found: one JSON line each, so that a search that ended early goes on where it was."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.files import write_atomically
from serflow_opt.ground.arrays import Ints
from serflow_opt.plan.decision import BatchedBlock, Decision
from serflow_opt.problem.instance import Instance

Point = tuple[float, ...]


class RowJournal:
    """Rows of a search, in their order.

    Parameters
    ----------
    path
        The file. A new one is begun; one that exists must be of the same question.
    instance, question
        What is searched: the problem, and what of it.

    Raises
    ------
    InputError
        When the file is of another question, or cannot be read or written.
    """

    def __init__(self, path: Path, instance: Instance, question: str) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        digest = hashlib.sha256(f"{instance!r} {question}".encode()).hexdigest()[:16]
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            if lines and json.loads(lines[0]) != {"question": digest}:
                cure = "remove it, or name another file"
                raise InputError([Problem(str(path), "line 1", "it belongs to another instance or question", cure)])
            for number, line in enumerate(lines[1:], start=2):
                try:
                    self.rows.append(json.loads(line))
                except ValueError:
                    if number < len(lines):
                        raise
                    lines.pop()  # cut off while it was written
            whole = "\n".join([*(lines or [json.dumps({"question": digest})]), ""])
            write_atomically(path, lambda draft: draft.write_text(whole, encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError([Problem(str(path), "", f"cannot be used: {error}", "name another file")]) from None

    def note(self, row: dict[str, Any]) -> None:
        """Write a row at the end of the file.

        Raises
        ------
        OSError
            When the file cannot be written any more.
        """
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


class BoxJournal(RowJournal):
    """Answers of a search of boxes, by the bounds they were found under; as `RowJournal`."""

    def __init__(self, path: Path, instance: Instance, question: str) -> None:
        super().__init__(path, instance, question)
        with _readable(path):
            self.answers = [_read(row) for row in self.rows]

    def add(self, bounds: Point, decision: Decision | None, point: Point | None) -> None:
        """Note an answer, at the end of the file.

        Parameters
        ----------
        bounds
            On all objectives but the first, less is better; infinite where there is none.
        decision, point
            What is best within them, and all its objectives; None: there is nothing.

        Raises
        ------
        OSError
            When the file cannot be written any more.
        """
        plan = None
        if decision is not None:
            blocks = [(own.first, own.last, own.size, own.wait_s) for own in decision.batches]
            plan = [decision.options, decision.weights, decision.ways, decision.variants, blocks]
        self.note({"bounds": [None if math.isinf(b) else b for b in bounds], "plan": plan, "point": point})


class PlacementJournal(RowJournal):
    """Placements that a front was searched in, and their plans; as `RowJournal`.

    Attributes
    ----------
    done
        By position of a placement, the gap to which all its plans are covered by what is known.
    plans
        Positions of placements, and thresholds of plans found there, P x M.
    """

    def __init__(self, path: Path, instance: Instance, question: str) -> None:
        super().__init__(path, instance, question)
        with _readable(path):
            found = [(int(row["placement"]), float(row["gap"]), np.array(row["levels"], int)) for row in self.rows]
        self.done: dict[int, float] = {}
        for n, gap, _ in found:
            self.done[n] = min(gap, self.done.get(n, math.inf))
        self.plans = [(n, levels) for n, _, levels in found if len(levels)]

    def add(self, n: int, gap: float, levels: Ints) -> None:
        """Note that a placement is done.

        Parameters
        ----------
        n
            Its position.
        gap
            To which its plans are covered now.
        levels
            Thresholds of the plans of it that are new, P x M.
        """
        self.note({"placement": n, "gap": gap, "levels": levels.tolist()})


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Refuse a file with other rows in it."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise InputError([Problem(str(path), "", f"cannot be used: {error!r}", "name another file")]) from None


def _read(row: dict[str, Any]) -> tuple[Point, Decision | None, Point | None]:
    bounds = tuple(math.inf if bound is None else float(bound) for bound in row["bounds"])
    if row["plan"] is None:
        return bounds, None, None
    options, weights, ways, variants, *batches = row["plan"]  # journals of older versions know no batches
    blocks = tuple(BatchedBlock(*own) for own in (batches[0] if batches else ()))
    decision = Decision(tuple(options), tuple(map(tuple, weights)), tuple(ways), tuple(variants), blocks)
    return bounds, decision, tuple(row["point"])
