"""Keep-alive and pre-warm windows as a family of problems: `kind = "keep-alive"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from serflow_opt.families.keep_alive.problem import HYBRID
from serflow_opt.families.protocol import Family, Goal, Other, Quantity, Question, Valued
from serflow_opt.families.standard import Standard, Tables

if TYPE_CHECKING:
    from serflow_opt.errors import Problem
    from serflow_opt.families.found import Found
    from serflow_opt.families.keep_alive.problem import Idle, KeepAliveWindow
    from serflow_opt.search.outcome import SearchSettings

MOST_TIMES = 20_000
USUAL_S = 600.0
"""What providers are said to keep an idle function for."""


class KeepAliveTables(Tables):
    """The tables of a keep-alive instance."""

    kind: Literal["keep-alive"]
    idle_times: str = Field(description="CSV beside the file: idle_s, and count where one comes more than once")
    resolution_s: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="idle times are rounded up to this")
    memory_gb: float = Field(default=1.0, gt=0, allow_inf_nan=False, description="of the loaded function")
    usd_per_gb_s: float = Field(ge=0, allow_inf_nan=False, description="of being loaded")
    usd_per_cold_start: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="what one is worth")
    rate_per_s: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="requests a second; left out: as idle times say"
    )


class KeepAlives(Standard):
    """When an idle function is loaded again, and how long it is kept."""

    kind = "keep-alive"
    words = "when an idle function is loaded again before the next request, and how long it is kept"
    document = KeepAliveTables
    quantities: Sequence[Quantity] = (
        Quantity("cost", unit="USD/request", limit="cost_max_usd"),
        Quantity("cold", label="cold starts", unit="of all requests"),
        Quantity("idle", label="idle time", unit="s/request", limit="idle_max_s"),
        Quantity("held", label="cost of being loaded", unit="USD/hour", limit="held_max_usd_per_hour"),
    )
    shared = "held"
    own: Mapping[str, str] = {"simulate": "families.keep_alive.replay:simulate"}

    def data(
        self, document: KeepAliveTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
    ) -> Idle | None:
        """Return idle times and prices.

        Parameters
        ----------
        document, path, catalogs, problems
            As `Standard.data` takes them; prices come from the file itself.
        """
        import numpy as np

        from serflow_opt.errors import Problem
        from serflow_opt.families.keep_alive.problem import Idle
        from serflow_opt.problem.tables import Column, read_table

        source, before = path.parent / document.idle_times, len(problems)
        rows = read_table(source, [Column("idle_s", low=0), Column("count", low=0, required=False)], problems)
        if len(problems) > before:
            return None
        counts = np.array([row.number("count") if "count" in row.cells else 1.0 for row in rows])
        times, which = np.unique([row.number("idle_s") for row in rows], return_inverse=True)
        shares = np.bincount(which, weights=counts)
        if not shares.sum() > 0:
            problems.append(Problem(str(source), "column count", "no idle time at all", "give at least one"))
        if len(times) > MOST_TIMES:
            cure = f"round them: at most {MOST_TIMES:,} different ones"
            problems.append(Problem(str(source), "column idle_s", f"{len(times):,} different idle times", cure))
        mean = float(times @ shares / max(shares.sum(), 1.0))
        if document.rate_per_s is None and not mean > 0:
            problems.append(Problem(str(path), "rate_per_s", "missing", "give it: all idle times are 0"))
        if len(problems) > before:
            return None
        return Idle(
            times[shares > 0],
            shares[shares > 0] / shares.sum(),
            document.resolution_s,
            document.memory_gb * document.usd_per_gb_s,
            document.usd_per_cold_start,
            document.rate_per_s or 1 / mean,
        )

    def value(self, data: Idle, decision: KeepAliveWindow) -> Valued:
        """Value a window exactly."""
        from serflow_opt.families.keep_alive.evaluate import value

        return value(data, decision)

    def model(self, data: Idle) -> tuple[Any, Mapping[str, Any]]:
        """Return the choice of opening and end as a model."""
        from serflow_opt.families.keep_alive.windows import closings, openings, straight
        from serflow_opt.formulations.keep_alive import End, window

        model, parts = window(
            *(
                [End(*map(float, own)) for own in zip(by.from_s, by.idle, by.cold, strict=True)]
                for by in (openings(data), closings(data))
            )
        )
        quantities = {}
        for own in self.quantities:
            per_idle, per_cold = straight(data, {own.name: 1.0})
            quantities[own.name] = per_idle * parts["idle"] + per_cold * parts["cold"]
        return model, quantities

    def read(self, data: Idle, model: Any, value: Callable[[Any], float]) -> KeepAliveWindow:
        """Return the window whose opening and end are chosen.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        from serflow_opt.families.keep_alive.problem import KeepAliveWindow
        from serflow_opt.families.keep_alive.windows import closings, openings

        i = next(i for i in model.I if value(model.P[i]) > 0.5)
        j = next(j for j in model.J if value(model.X[j]) > 0.5)
        return KeepAliveWindow(float(openings(data).times_s[i]), float(closings(data).times_s[j]))

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Look at every window that can be best.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        import math

        from serflow_opt.families.found import Found
        from serflow_opt.families.keep_alive.windows import best_window
        from serflow_opt.families.witnessed import settle

        if any(by < 0 for by in goal.values()):
            return None
        found = Found(method="every window that can be best, valued by the exact evaluator")
        weights = goal if len(goal) > 1 else dict.fromkeys(goal, 1.0)  # one alone is minimised as it is
        best = best_window(problem.data, weights, problem.limits)
        if best is None:
            found.infeasible, found.bound, found.checked = True, math.inf, math.inf
            return found
        found.bound = best[1]
        settle(self, problem, goal, found, best[0])
        return found

    def told(self, data: Idle, decision: KeepAliveWindow) -> dict[str, Any]:
        """Return a window as documents have it."""
        return {"prewarm_s": decision.prewarm_s, "keep_alive_s": decision.keep_s}

    def decided(self, data: Idle, document: Mapping[str, Any]) -> KeepAliveWindow:
        """Return the window of a document."""
        import math

        from serflow_opt.errors import InputError, Problem
        from serflow_opt.families.keep_alive.problem import KeepAliveWindow
        from serflow_opt.ground.arguments import as_number

        opens, ends = (as_number(document.get(key)) for key in ("prewarm_s", "keep_alive_s"))
        problems = [
            Problem("", key, f"{document.get(key)!r}", "write seconds, at least 0")
            for key, own in (("prewarm_s", opens), ("keep_alive_s", ends))
            if not (math.isfinite(own) and own >= 0)
        ]
        if not problems and ends < opens:
            problems.append(Problem("", "keep_alive_s", f"{ends:g}", f"at least prewarm_s, {opens:g}"))
        if problems:
            raise InputError(problems)
        return KeepAliveWindow(opens, ends)

    def beside(self, problem: Question) -> list[Other]:
        """Return what not keeping, always keeping, ten minutes, and a hybrid histogram policy come to."""
        import numpy as np

        from serflow_opt.families.keep_alive.problem import KeepAliveWindow

        data, upto = problem.data, np.cumsum(problem.data.shares)
        last = float(data.times_s[-1])
        low, high = (float(data.times_s[min(int(np.searchsorted(upto, q)), len(upto) - 1)]) for q in HYBRID)
        low = max(low - data.resolution_s, 0.0)
        ways = [
            ("never kept", "unloaded at once", KeepAliveWindow(0.0, 0.0)),
            ("always kept", "until the longest idle time", KeepAliveWindow(0.0, last)),
            ("ten minutes", "unloaded after ten minutes", KeepAliveWindow(0.0, USUAL_S)),
            (
                "hybrid",
                f"loaded at the {HYBRID[0]:.0%} quantile, unloaded at the {HYBRID[1]:.0%} one",
                KeepAliveWindow(low, high),
            ),
        ]
        return [Other(name, words, self.value(data, window).values) for name, words, window in ways]

    def in_a_line(self, problem: Question) -> str:
        """Say how many idle times there are."""
        data = problem.data
        mean = float(data.times_s @ data.shares)
        return f"{len(data.times_s):,} different idle times, {mean:.4g} s on average, {data.rate:.4g} requests/s"


KEEP_ALIVE: Family = KeepAlives()
