"""Keep-alive and pre-warm windows as a family of problems: `kind = "keep-alive"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.families.keep_alive.decide import decided, told
from serflow_opt.families.keep_alive.document import KeepAliveTables
from serflow_opt.families.keep_alive.evaluate import value
from serflow_opt.families.keep_alive.problem import HYBRID, KeepAliveWindow
from serflow_opt.families.keep_alive.read import read
from serflow_opt.families.protocol import Family, Goal, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.found import Found
    from serflow_opt.families.keep_alive.problem import Idle
    from serflow_opt.search.outcome import SearchSettings

USUAL_S = 600.0
"""What providers are said to keep an idle function for."""


class KeepAlives(Standard):
    """When an idle function is loaded again, and how long it is kept."""

    kind = "keep-alive"
    words = "when an idle function is loaded again before the next request, and how long it is kept"
    document = KeepAliveTables
    functions = FamilyFunctions(value, told, decided, read)
    quantities: Sequence[Quantity] = (
        Quantity("cost", unit="USD/request", limit="cost_max_usd"),
        Quantity("cold", label="cold starts", unit="of all requests"),
        Quantity("idle", label="idle time", unit="s/request", limit="idle_max_s"),
        Quantity("held", label="cost of being loaded", unit="USD/hour", limit="held_max_usd_per_hour"),
    )
    shared = "held"
    own: Mapping[str, str] = {"simulate": "families.keep_alive.replay:simulate"}

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

        from serflow_opt.families.found import Found
        from serflow_opt.families.keep_alive.windows import best_window
        from serflow_opt.families.witnessed import settle_exact

        if any(by < 0 for by in goal.values()):
            return None
        found = Found(method="every window that can be best, valued by the exact evaluator")
        weights = goal if len(goal) > 1 else dict.fromkeys(goal, 1.0)  # one alone is minimised as it is
        best = best_window(problem.data, weights, problem.limits)
        return settle_exact(self, problem, goal, found, None if best is None else (best[1], best[0]))

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return what not keeping, always keeping, ten minutes, and a hybrid histogram policy come to."""
        import numpy as np

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
        return [Other(name, words, value(data, window).values) for name, words, window in ways]

    def in_a_line(self, problem: Question) -> str:
        """Say how many idle times there are."""
        data = problem.data
        mean = float(data.times_s @ data.shares)
        return f"{len(data.times_s):,} different idle times, {mean:.4g} s on average, {data.rate:.4g} requests/s"


KEEP_ALIVE: Family = KeepAlives()
