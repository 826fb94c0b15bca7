"""What [uncertainty] of an instance file says, as data: factors for each stage and tier, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from serflow_opt.errors import Problem, nearest
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.exits import read_menus
from serflow_opt.problem.network import Menu
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty
from serflow_opt.problem.uncertainty_table import ScenarioTable, UncertaintyTable


def read_uncertainty(
    table: UncertaintyTable,
    tiers: Sequence[str],
    menus: Sequence[Menu],
    folder: Path,
    file: str,
    problems: list[Problem],
) -> Uncertainty | None:
    """Return what may turn out otherwise; faults are added to the problems.

    Parameters
    ----------
    table
        What the file says.
    tiers, menus
        Names of the tiers, and exit tables stage by stage.
    folder, file
        Where tables are, and what messages call the instance.
    problems
        Takes every fault.
    """
    before = len(problems)
    reader = _UncertaintyReader(tiers, menus, folder, file, problems)
    found = reader.scenarios(table) if table.scenario else reader.budget(table)
    return found if len(problems) == before else None


class _UncertaintyReader:
    def __init__(
        self, tiers: Sequence[str], menus: Sequence[Menu], folder: Path, file: str, problems: list[Problem]
    ) -> None:
        self.tiers, self.menus, self.folder, self.file, self.problems = tiers, menus, folder, file, problems

    def wrong(self, key: str, found: str, cure: str) -> None:
        self.problems.append(Problem(self.file, f"uncertainty{key}", found, cure))

    def budget(self, table: UncertaintyTable) -> Uncertainty:
        """Parts that deviate within a budget."""
        if table.budget is None:
            self.wrong(".budget", "missing", "say how many parts deviate at once, or give [[uncertainty.scenario]]")
        for key in ("beta", "hold"):
            if key in table.model_fields_set:
                self.wrong(f".{key}", "given with a budget", "only scenarios have it: remove it")
        if table.objective in ("expected", "cvar"):
            cure = "a budget has no probabilities: write 'worst' or 'believed', or give scenarios"
            self.wrong(".objective", f"'{table.objective}'", cure)
        classifiers = [0.0 if max(menu.exit_rates) <= 0 else 1.0 for menu in self.menus[:-1]]
        exits = self._by_stage(".exits", table.exits, 0.0)
        found = Uncertainty(
            goal=table.objective or "worst",
            budget=table.budget,
            times=self._by_stage(".times", table.times, 0.0),
            exits=tuple(a * b for a, b in zip(exits, [*classifiers, 0.0], strict=True)) if exits else (),
            prices=self._by_tier(".prices", table.prices, 0.0),
            rate=table.rate,
        )
        if not table.model_fields_set & {"times", "exits", "prices", "rate"}:
            self.wrong("", "nothing may deviate", "give times, exits, prices or rate, or remove the table")
        return found

    def scenarios(self, table: UncertaintyTable) -> Uncertainty:
        """All there are, with probabilities."""
        for key in ("budget", "times", "exits", "prices", "rate"):
            if key in table.model_fields_set:
                self.wrong(f".{key}", "given with scenarios", "keep a budget or scenarios: remove one of them")
        if table.objective == "believed":
            cure = "leave it out, or give a scenario as believed the probability that it has"
            self.wrong(".objective", "'believed' with scenarios", cure)
        if (table.objective == "cvar") != (table.beta is not None):
            found = "beta without objective = 'cvar'" if table.beta is not None else "'cvar' without beta"
            self.wrong(".beta", found, "write objective = 'cvar' and beta = 0.9")
        names = [own.name for own in table.scenario]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.wrong(".scenario", f"'{name}' twice", "give each scenario its own name")
        given = [own.probability for own in table.scenario]
        known = [own for own in given if own is not None]
        if known and len(known) < len(given):
            self.wrong(".scenario", f"{len(given) - len(known)} without a probability", "give all of them one, or none")
        elif known and abs(math.fsum(known) - 1) > TOLERANCE:
            self.wrong(".scenario", f"probabilities add up to {math.fsum(known):.9g}", "make them add up to 1")
        equal = 1 / len(given)
        cases = tuple(self._case(own, n, own.probability or equal) for n, own in enumerate(table.scenario, 1))
        return Uncertainty(goal=table.objective or "expected", scenarios=cases, beta=table.beta or 0.0, hold=table.hold)

    def _case(self, own: ScenarioTable, number: int, probability: float) -> UncertainCase:
        place = f".scenario[{number}]"
        exits, menus = self._by_stage(f"{place}.exits", own.exits, 1.0), self._table(own, place)
        for s, (menu, factor) in enumerate(zip(menus or self.menus, exits, strict=False)):
            most = max((rate for rate in menu.exit_rates if rate < 1), default=0.0)
            if most * factor >= 1:
                found = f"{factor:g} times {most:g} at stage {s + 1}: everybody would leave"
                self.wrong(f"{place}.exits", found, f"write less than {1 / most:.6g}, or give a table")
        return UncertainCase(
            name=own.name,
            probability=probability,
            rate=own.rate,
            times=self._by_stage(f"{place}.times", own.times, 1.0),
            exits=exits,
            prices=self._by_tier(f"{place}.prices", own.prices, 1.0),
            menus=menus,
        )

    def _table(self, own: ScenarioTable, place: str) -> tuple[Menu, ...]:
        """Exit table of a scenario: with the thresholds there are, and everybody leaving at the same ones."""
        if own.table is None:
            return ()
        menus = read_menus(self.folder / own.table, len(self.menus), self.problems)
        for s, (menu, believed) in enumerate(zip(menus, self.menus, strict=False), start=1):
            all_of = [[rate >= 1 for rate in one.exit_rates] for one in (menu, believed)]
            if menu.thresholds != believed.thresholds or all_of[0] != all_of[1]:
                found = f"stage {s} has other thresholds, or others at which everybody leaves, than exits.table"
                self.wrong(f"{place}.table", found, "give a row for each row of exits.table, exit_rate 1 where it is")
        return menus

    def _by_stage(self, key: str, value: Any, neutral: float) -> tuple[float, ...]:
        if isinstance(value, list) and len(value) != len(self.menus):
            self.wrong(key, f"{len(value)} numbers", f"give one number, or {len(self.menus)}: one a stage")
        return _listed(value, neutral, lambda: [value] * len(self.menus))

    def _by_tier(self, key: str, value: Any, neutral: float) -> tuple[float, ...]:
        if isinstance(value, dict):
            for name in value:
                if name not in self.tiers:
                    self.wrong(f"{key}.{name}", f"no tier '{name}'", nearest(name, list(self.tiers)))
            value = [value.get(name, neutral) for name in self.tiers]
        return _listed(value, neutral, lambda: [value] * len(self.tiers))


def _listed(value: Any, neutral: float, spread: Callable[[], list[float]]) -> tuple[float, ...]:
    """Return numbers one by one; empty where all say what is believed."""
    values = value if isinstance(value, list) else spread()
    return tuple(map(float, values)) if any(own != neutral for own in values) else ()
