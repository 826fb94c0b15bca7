"""A journal of answers: one JSON line each, so that a search that ended early goes on where it was."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

from serflow_opt.errors import InputError, Problem
from serflow_opt.files import write_atomically
from serflow_opt.plan.decision import Decision
from serflow_opt.problem.instance import Instance

Point = tuple[float, ...]


class BoxJournal:
    """Answers of a search, by the bounds they were found under.

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
        self.answers: list[tuple[Point, Decision | None, Point | None]] = []
        digest = hashlib.sha256(f"{instance!r} {question}".encode()).hexdigest()[:16]
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            if lines and json.loads(lines[0]) != {"question": digest}:
                cure = "remove it, or name another file"
                raise InputError([Problem(str(path), "line 1", "it belongs to another instance or question", cure)])
            for number, line in enumerate(lines[1:], start=2):
                try:
                    self.answers.append(_read(line))
                except ValueError:
                    if number < len(lines):
                        raise
                    lines.pop()  # cut off while it was written
            whole = "\n".join([*(lines or [json.dumps({"question": digest})]), ""])
            write_atomically(path, lambda draft: draft.write_text(whole, encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError([Problem(str(path), "", f"cannot be used: {error}", "name another file")]) from None

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
            plan = [decision.options, decision.weights, decision.ways, decision.variants]
        row = {"bounds": [None if math.isinf(b) else b for b in bounds], "plan": plan, "point": point}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _read(line: str) -> tuple[Point, Decision | None, Point | None]:
    row = json.loads(line)
    bounds = tuple(math.inf if bound is None else float(bound) for bound in row["bounds"])
    if row["plan"] is None:
        return bounds, None, None
    options, weights, ways, variants = row["plan"]
    decision = Decision(tuple(options), tuple(map(tuple, weights)), tuple(ways), tuple(variants))
    return bounds, decision, tuple(row["point"])
