"""Rules over the same market, each beside what nobody can stay below who has as many late requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from serflow_opt.families.spot.foresight import foresight
from serflow_opt.families.spot.market import Market, MarketMachines
from serflow_opt.families.spot.market_file import read_market
from serflow_opt.families.spot.odds import TUNED, Odds, OddsTuning
from serflow_opt.families.spot.problem import DAY_S, SpotPool
from serflow_opt.families.spot.rules import EXTRA, MarketRule, SpotHedge, Steady, spot_offers, steady_offer
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.document import Answer, Document
from serflow_opt.ground.stopping import stoppable

if TYPE_CHECKING:
    import pandas as pd

    from serflow_opt.families.protocol import Question

HOUR_S = 3600.0
LATE_MAX = 0.01
"""What may be late where the instance does not say."""


class SpotRuleRow(Document):
    """What a rule came to."""

    rule: str
    words: str
    usd_per_hour: float
    late: float = Field(description="share of all requests")
    enough: float = Field(description="share of the steps in which enough workers served")
    starts: int = Field(description="of machines")
    bound_usd_per_hour: float | None = Field(description="nobody with as many late pays less; None: not found in time")

    @property
    def over(self) -> float:
        """How much more than the bound, relative; NaN where there is none."""
        bound = self.bound_usd_per_hour
        return self.usd_per_hour / bound - 1 if bound else math.nan


class SpotComparison(Answer):
    """Rules side by side, as `compare --json` prints it."""

    kind: str
    instance: str
    trace: str
    days: float
    step_s: float
    late_max: float
    rules: list[SpotRuleRow]
    enough_usd_per_hour: float | None = Field(description="nobody pays less with whom enough serve in every step")
    limit_usd_per_hour: float | None = Field(description="nobody pays less with whom `late_max` are late")
    reasons: dict[str, str] = Field(default={}, description="why rules are left out")

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return self.model_dump(mode="json")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a rule."""
        import pandas as pd

        return pd.DataFrame([own.model_dump() | {"over": own.over} for own in self.rules])

    def _said(self) -> str:
        return f"{self.instance}: {len(self.rules)} rules over {self.days:.3g} days of {self.trace}"


@stoppable()
def compare(
    problem: Question,
    trace: str | Path,
    *,
    every_s: float = 60.0,
    rules: bool = True,
    tuning: OddsTuning = TUNED,
    time_limit: float | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> SpotComparison:
    """Run rules over a market, and bound what they pay.

    Parameters
    ----------
    problem
        Of kind spot; its limit on late requests is that of our rule, 1 % where there is none. How often single machines
        are interrupted is left out: the trace says what happens.
    trace
        CSV of `seconds`, a column a zone, and `rate_per_s` where it varies; or a shipped one, spot-v100/hours.csv.
    every_s
        Seconds between decisions.
    rules
        Whether rules are run; else the bounds are told alone.
    tuning
        Of the rule `odds`.
    time_limit
        Seconds; bounds that are not found by then are left out.
    on_progress
        Called with what is being done.

    Raises
    ------
    InputError
        For a file that is no market, and for arguments that are none.
    """
    with Arguments() as given:
        step_s = given.number("every_s", every_s, 0.0, above=True)
        deadline = Deadline(given.limit("time_limit", time_limit))
    pool: SpotPool = problem.data
    market = read_market(pool, Path(trace), step_s)
    late_max = problem.limits.get("late", LATE_MAX)
    hours = len(market) * step_s / HOUR_S

    def bound(most: float | None) -> float | None:
        usd = foresight(pool, market, most, deadline) if not deadline.expired else math.nan
        return usd / hours if math.isfinite(usd) else None

    rows: list[SpotRuleRow] = []
    made, reasons = rules_of(pool, late_max, tuning) if rules else ({}, {})
    for name, (words, rule) in made.items():
        if on_progress is not None:
            on_progress(name)
        usd, late, enough, starts = followed(pool, market, rule)
        rows.append(
            SpotRuleRow(
                rule=name,
                words=words,
                usd_per_hour=usd / hours,
                late=late,
                enough=enough,
                starts=starts,
                bound_usd_per_hour=bound(late),
            )
        )
    return SpotComparison(
        kind=problem.kind,
        instance=problem.name,
        trace=market.name,
        days=len(market) * step_s / DAY_S,
        step_s=step_s,
        late_max=late_max,
        rules=rows,
        enough_usd_per_hour=bound(None),
        limit_usd_per_hour=bound(late_max),
        reasons=reasons,
    )


def bounds(problem: Question, trace: str | Path, **asked: Any) -> SpotComparison:
    """Bound what anybody pays over a market, and run no rule: the verb `scale`.

    Parameters
    ----------
    problem, trace, asked
        As `compare` takes them.
    """
    return compare(problem, trace, rules=False, **asked)


def rules_of(
    pool: SpotPool, late_max: float, tuning: OddsTuning = TUNED
) -> tuple[Mapping[str, tuple[str, MarketRule]], dict[str, str]]:
    """Return the rules that a pool allows, by name, each with how it decides; and why others are left out.

    Parameters
    ----------
    pool, late_max
        What there is, and the share of requests that may be late.
    tuning
        Of the rule `odds`.
    """
    found: dict[str, tuple[str, MarketRule]] = {
        "odds": (f"least cost by the odds of losses, {late_max:.3g} late", Odds(pool, late_max, tuning))
    }
    reasons = {}
    if steady_offer(pool) is None:
        reasons["on demand"] = "no offer stands in no zone"
    else:
        found["on demand"] = ("as many on demand as are enough", Steady(pool))
    if not spot_offers(pool):
        reasons["spot hedge"] = reasons["spot first"] = "no offer stands in a zone"
        return found, reasons
    found["spot first"] = ("spread over zones, on demand for what is lost", SpotHedge(pool, 0))
    found["spot hedge"] = (f"SpotHedge of SkyServe: the same with {EXTRA} spot more", SpotHedge(pool))
    return found, reasons


def followed(pool: SpotPool, market: Market, rule: MarketRule) -> tuple[float, float, float, int]:
    """Return USD, shares of late requests and of steps in which enough served, and starts of a rule.

    Parameters
    ----------
    pool, market, rule
        Who decides what, in what.
    """
    machines, late, enough = MarketMachines(pool, market), 0.0, 0
    for t in range(len(market)):
        machines.next_step()
        rule(machines)
        machines.pay()
        workers = machines.workers()
        share = float(market.late[int(market.which[t]), workers])
        late += share * float(market.requests[t])
        enough += workers >= market.need[t]
        rule.saw(share, float(market.requests[t]))
    usd = math.fsum(paid * own.usd_per_s for paid, own in zip(machines.paid_s, pool.offers, strict=True))
    return usd, late / float(market.requests.sum()), enough / len(market), sum(machines.starts)
