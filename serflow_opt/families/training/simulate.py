"""Rounds of a training plan, client by client: who is drawn, is late or never answers, and when the round is over.

A round that somebody drops out of lasts until its end as planned: the server cannot know that nobody comes. Otherwise
it is over when the last of those drawn is in. Where nobody waits for others, each client goes round on its own until
enough updates have come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from serflow_opt.families.simulated import SimulatedAnswer, SimulatedFigure, beside, decision_to_run
from serflow_opt.families.training.evaluate import ClientRound, PlanValue, value_plan
from serflow_opt.families.training.expected import expected_round
from serflow_opt.families.training.problem import Client, Training, TrainingPlan
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.families.answer import Solution
    from serflow_opt.families.protocol import Question
    from serflow_opt.ground.arrays import Floats

TRAININGS = 50
"""Simulated, where it is not said how many."""
MOST_DRAWS = 20_000_000


class RoundsSimulated(SimulatedAnswer):
    """Simulated trainings beside their plan, as `simulate --json` prints them."""

    kind: str
    instance: str
    trainings: int
    rounds: float
    seed: int
    figures: list[SimulatedFigure]
    longest_s: float = Field(description="the longest round")
    arrived: float = Field(description="updates that arrive in a round, on average")
    lost: float = Field(description="share of those drawn whose updates do not arrive")
    held_up: dict[str, float] = Field(description="share of the rounds that a group was the last of")
    plan: dict[str, Any]

    def _ran(self) -> str:
        return f"{self.trainings} trainings"


@stoppable()
def simulate(
    problem: Question,
    plan: Solution | Mapping[str, Any] | None = None,
    *,
    trainings: int = TRAININGS,
    seed: int = 0,
    on_progress: Callable[[str], None] | None = None,
) -> RoundsSimulated:
    """Simulate trainings by a plan.

    Parameters
    ----------
    problem
        A training.
    plan
        An answer, or its document; None: the best there is.
    trainings
        How many are simulated.
    seed
        Of all that is drawn.
    on_progress
        Called with what is being done.

    Raises
    ------
    InputError
        For arguments that are none, and for a plan that does not fit.
    """
    from serflow_opt.families.registry import family_of

    with Arguments() as given:
        trainings, seed = given.whole("trainings", trainings, 1), given.whole("seed", seed)
    decision: TrainingPlan = decision_to_run(problem, plan, on_progress)
    data: Training = problem.data
    valued = value_plan(data, decision)
    with Arguments() as given:
        draws = trainings * math.ceil(valued.rounds) * decision.setting.clients
        if draws > MOST_DRAWS:
            most = max(MOST_DRAWS * trainings // draws, 1)
            given.misfit("trainings", f"{trainings}: {draws:,} draws", f"at most {most}, of {MOST_DRAWS:,} draws")
    if on_progress:
        on_progress("simulating")
    run = _Together(data, decision, valued, trainings, np.random.default_rng(seed))
    outcome = run.without_waiting() if not data.synchronous else run.in_rounds()
    return RoundsSimulated(
        kind=problem.kind,
        instance=problem.name,
        trainings=trainings,
        rounds=valued.rounds,
        seed=seed,
        plan=family_of(problem).document_of(problem, decision),
        **outcome,
    )


class _Together:
    """Trainings by a plan, all at once."""

    def __init__(
        self, data: Training, plan: TrainingPlan, valued: PlanValue, trainings: int, draw: np.random.Generator
    ) -> None:
        self.data, self.setting, self.valued, self.trainings, self.draw = data, plan.setting, valued, trainings, draw
        both = zip(data.clients, valued.groups, strict=True)
        self.part: list[tuple[Client, ClientRound]] = [(client, own) for client, own in both if own is not None]
        self.server = None if plan.setting.server < 0 else data.servers[plan.setting.server]
        self.rent = plan.setting.workers * self.server.rent if self.server else 0.0
        self.shared = self.server is not None and not self.server.is_function

    def in_rounds(self) -> dict[str, Any]:
        """Rounds that wait for those who take part."""
        valued, setting, draw = self.valued, self.setting, self.draw
        central, split = setting.mode == "central", setting.mode == "split"
        count = self.trainings * round(valued.rounds)
        ends, served, usd = np.zeros((len(self.part), count)), np.zeros(count), np.zeros(count)
        drawn_all, arrived_all = 0.0, 0.0
        planned = max(valued.chain, valued.served)
        for k, (client, own) in enumerate(self.part):
            whole = math.floor(own.drawn + TOLERANCE)
            drawn = whole + (draw.random(count) < own.drawn - whole) if not central else np.full(count, own.drawn)
            served += drawn * own.waits / max(setting.workers, 1) if self.shared else 0.0
            if central:
                usd += drawn * own.usd
                continue
            number = drawn.astype(np.int64)
            gone = draw.binomial(number, client.drops)
            late = draw.binomial(number - gone, client.late)
            on_time = number - gone - late
            longer = own.chain * client.late_factor
            in_time = longer <= setting.deadline * (1 + TOLERANCE)
            busy = own.usd - client.usd_per_s * own.chain * (1 + client.late * (client.late_factor - 1))
            paid_late = client.late if client.drops == 0 else 0.0
            spent = own.chain * (number - late) + longer * late if paid_late else own.chain * number
            usd += number * busy + client.usd_per_s * spent
            if split:
                ends[k] = own.chain * (number - late) + longer * late
            else:
                ends[k] = np.where(on_time > 0, own.chain, 0.0)
                ends[k] = np.where(late > 0, longer if in_time else planned, ends[k])
                ends[k] = np.where(gone > 0, planned, ends[k])
            drawn_all += float(number.sum())
            arrived_all += float(on_time.sum() + (late.sum() if in_time else 0))
        chain = ends.sum(axis=0) if split else ends.max(axis=0)
        if central and self.server is not None and self.server.is_function:
            served = np.full(count, valued.served)
        length = np.maximum(chain, 0.0 if split else served) + self.data.aggregation_s
        last: list[float] = []
        if not central:
            last = (np.bincount(ends.argmax(axis=0), minlength=len(self.part)) / count).tolist()
        round_s = float(length.mean())
        expected = expected_round(self.data, self.setting, valued)
        lost = 1 - arrived_all / drawn_all if drawn_all else 0.0
        values, rounds = valued.values, valued.rounds
        fixed = values["cost"] - rounds * self.rent * valued.round
        cost = rounds * (self.rent * round_s + float(usd.mean())) + self._besides(valued)
        return {
            "figures": [
                beside("round", "s", valued.round, expected, round_s),
                beside(
                    "time",
                    "h",
                    values["time"] / 3600,
                    *((rounds * own + valued.once) / 3600 for own in (expected, round_s)),
                ),
                beside("cost", "USD", values["cost"], fixed + rounds * self.rent * expected, cost),
            ],
            "longest_s": float(length.max()),
            "arrived": arrived_all / count if not central else float(setting.clients),
            "lost": lost,
            "held_up": {client.name: share for (client, _), share in zip(self.part, last, strict=bool(len(last)))},
        }

    def _besides(self, valued: PlanValue) -> float:
        """USD that hang on nobody's being drawn: traffic of edge servers, samples sent once."""
        paid = sum(own.drawn * own.usd for _, own in self.part)
        return valued.values["cost"] - valued.rounds * (paid + self.rent * valued.round)

    def without_waiting(self) -> dict[str, Any]:
        """Each client goes round on its own."""
        valued, draw = self.valued, self.draw
        needed = math.ceil(valued.rounds * self.setting.clients * (1 - TOLERANCE))
        times, arrived = [], 0
        horizon = valued.values["time"]
        for _ in range(self.trainings):
            comes: list[Floats] = []
            for client, own in self.part:
                slots = own.drawn * (1 - client.drops)
                whole = math.floor(slots + TOLERANCE)
                for n in range(math.ceil(slots - TOLERANCE)):
                    turns = math.ceil(2 * horizon / own.chain) + 2
                    late = draw.random(turns) < client.late
                    at = np.cumsum(own.chain * np.where(late, client.late_factor, 1.0))  # all begin at once
                    share = (1 - client.drops) * (1.0 if n < whole else slots - whole)  # the last is busy now and then
                    comes.append(at[draw.random(turns) < share])
            every = np.sort(np.concatenate(comes))
            arrived += len(every) >= needed
            times.append(float(every[min(needed, len(every)) - 1]))
        time = float(np.mean(times))
        rate = valued.values["cost"] / horizon
        return {
            "figures": [
                beside("time", "h", horizon / 3600, horizon / 3600, time / 3600),
                beside("cost", "USD", rate * horizon, rate * horizon, rate * time),
            ],
            "longest_s": max(own.lasts for _, own in self.part),
            "arrived": float(self.setting.clients),
            "lost": 0.0,
            "held_up": {},
        }
