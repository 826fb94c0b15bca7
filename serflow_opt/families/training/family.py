"""Training among clients as a family of problems: `kind = "training"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serflow_opt.families.protocol import Built, Family, Goal, NoModel, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard
from serflow_opt.families.training.decide import decided, obstacles, told
from serflow_opt.families.training.document import TrainingTables
from serflow_opt.families.training.evaluate import value
from serflow_opt.families.training.read import read

if TYPE_CHECKING:
    from serflow_opt.errors import Problem
    from serflow_opt.families.found import Found
    from serflow_opt.families.training.problem import Training, TrainingPlan
    from serflow_opt.search.outcome import SearchSettings


class Trainings(Standard):
    """Who trains which part of a network: clients, servers or both, how, and for how many rounds."""

    kind = "training"
    words = "who trains which part of a network, what is sent and how, and for how many rounds"
    document = TrainingTables
    functions = FamilyFunctions(value, told, decided, read, obstacles)
    quantities: Sequence[Quantity] = (
        Quantity("time", unit="s", shown=1 / 3600, shown_unit="h", limit="deadline_h"),
        Quantity("cost", unit="USD", limit="cost_max_usd"),
        Quantity("energy", label="energy of clients", unit="J", limit="energy_max_j"),
        Quantity("privacy", label="worst leak", unit="leak"),
        Quantity("accuracy", unit="share right", sense="max"),
        Quantity("traffic", unit="bytes", shown=1 / 1e9, shown_unit="GB", limit="traffic_max_gb"),
    )
    shared = ""
    own: Mapping[str, str] = {
        "layout": "families.training.report:plan_parts",
        "words": "families.training.report:plan_words",
        "front": "families.training.front:whole_front",
        "explain": "families.training.explain:explain",
        "simulate": "families.training.simulate:simulate",
        "export": "families.training.flower:flower_settings",
        "plot": "families.training.plot:plot_round",
    }

    def resolve(
        self, raw: Mapping[str, Any], path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
    ) -> Question | None:
        """Return the problem of a parsed file; an accuracy that nobody measured is a fault of it.

        Parameters
        ----------
        raw, path, catalogs, problems
            As `Family.resolve` takes them.
        """
        from serflow_opt.errors import Problem

        asked = super().resolve(raw, path, catalogs, problems)
        if asked is not None and "accuracy" in asked.limits:
            best = max(own.accuracy for own in asked.data.settings)
            if -asked.limits["accuracy"] > best:
                found, cure = f"{-asked.limits['accuracy']:g}", f"at most {best:g}: no more was measured"
                problems.append(Problem(str(path), "limits.accuracy_min", found, cure))
        return asked

    def changed(self, problem: Question, changes: Mapping[str, Any]) -> Question:
        """Return a copy with another objective or other limits, or with one of the modes on offer alone."""
        from dataclasses import replace

        from serflow_opt.errors import InputError, Problem, nearest

        rest = dict(changes)
        mode = rest.pop("mode", None)
        problem = super().changed(problem, rest)
        if mode is None:
            return problem
        data: Training = problem.data
        if mode not in data.modes:
            raise InputError([Problem(problem.name, "mode", repr(mode), nearest(str(mode), data.modes))])
        settings = tuple(own for own in data.settings if own.mode == mode)
        return replace(problem, data=replace(data, modes=(str(mode),), settings=settings))

    def model(self, data: Training) -> tuple[Any, Mapping[str, Any]]:
        """Return the choice of a setting, of rows and of a round's time."""
        from serflow_opt.families.training.blocks import block_of
        from serflow_opt.families.training.rows import rows_of
        from serflow_opt.formulations.training import rounds_model

        known = [(own, rows_of(data, own)) for own in data.settings]
        settings = [(own, rows) for own, rows in known if rows is not None and rows.offered.any(axis=1).all()]
        if not settings:
            raise NoModel
        model, quantities = rounds_model([block_of(rows) for _, rows in settings], data.same_cut)
        model.settings = settings
        return model, quantities

    def build(self, problem: Question, goal: Goal) -> Built:
        """Return the model; settings and rows are what tells plans apart.

        Raises
        ------
        NoModel
            Where no setting has a row for every group.
        """
        built = super().build(problem, goal)
        return Built(built.model, told=[*built.model.y.values(), *built.model.x.values()])

    def read(self, data: Training, model: Any, value: Callable[[Any], float]) -> TrainingPlan:
        """Return the setting and the rows that are taken.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        from serflow_opt.families.training.problem import ClientRow, TrainingPlan

        g = max(range(len(model.settings)), key=lambda n: value(model.y[n]))
        setting, rows = model.settings[g]
        chosen: list[ClientRow | None] = [None] * len(data.clients)
        for k, member in enumerate(rows.members):
            offered = [o for o in range(len(rows.rows)) if rows.offered[k, o]]
            chosen[int(member)] = rows.rows[max(offered, key=lambda o: value(model.x[g, k, o]))]
        return TrainingPlan(setting, tuple(chosen))

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Search setting by setting, the most promising first.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        from serflow_opt.families.training.search import TrainingSearch

        if not problem.data.synchronous or any(by < 0 for by in goal.values()):
            return None
        return TrainingSearch(self, problem, goal, settings).run()

    def in_a_line(self, problem: Question) -> str:
        """Say how many clients, settings and rows there are."""
        data = problem.data
        number = sum(own.count for own in data.clients)
        modes = list(dict.fromkeys(own.mode for own in data.settings))
        return (
            f"{number:,} clients in {len(data.clients):,} groups, {len(data.network.stages)} stages, "
            f"{len(data.settings):,} settings: {', '.join(modes)}"
        )

    def cautions(self, problem: Question) -> list[str]:
        """Return what is likely to be meant otherwise."""
        return list(problem.data.cautions)


TRAINING: Family = Trainings()
