"""A floor that holds beyond the samples: candidate plans from one part of them, tested on the other.

Thresholds fit the samples they are chosen on, so their accuracy there is too high, and a binomial interval on the same
samples would be wrong. On samples held out the number of right answers of a fixed plan is binomial, and

    p = P(Binomial(n, floor) >= right answers seen)

is the p-value of "its true accuracy is below the floor". Rejecting at 1 - confidence is the same as an exact
(Clopper-Pearson) lower bound of at least the floor. Trying several plans on the same held-out samples would spoil
that, unless they are tried in an order fixed before looking: fixed-sequence testing, the family-wise control of Learn
then Test (Angelopoulos, Bates, Candès, Jordan and Lei, 2021, arXiv:2110.01052). The candidates are best plans for
floors on the other part that fall in equal steps from the most accurate thresholds to the floor itself. They are tested
in this order until one fails; the last that passes is the cheapest certified. The chance that any plan accepted
has a true accuracy below the floor is at most 1 - confidence, over the draw of the held-out samples, provided these are
drawn independently from what will be served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serflow_opt.ground.shares import lower_bound
from serflow_opt.plan.document import Clash
from serflow_opt.plan.samples import sampled_thresholds
from serflow_opt.problem.exits import answered
from serflow_opt.problem.instance import Instance

if TYPE_CHECKING:
    from serflow_opt.search.joint.floors import Joint

CANDIDATES = 8
"""Floors on the samples thresholds are chosen on: more find a cheaper plan and take longer."""
MOST_NEEDED = 10_000_000
"""Numbers of samples are looked for up to here."""


@dataclass(frozen=True, slots=True)
class FloorCertificate:
    """What the tests said.

    Attributes
    ----------
    confidence, asked
        What was asked for.
    floor
        Floor of the candidate on the samples it was chosen on; of the first one where none passed.
    right, held_out
        Its right answers on the held-out samples, and their number.
    lower
        Exact one-sided lower bound of its true accuracy at the confidence.
    passed, tested
        Whether any candidate passed, and how many were tested.
    """

    confidence: float
    asked: float
    floor: float
    right: int
    held_out: int
    lower: float
    passed: bool
    tested: int

    def method(self) -> str:
        """Say how the floor was certified."""
        return (
            f"floor {self.asked:g} certified with confidence {self.confidence:g} by fixed-sequence tests on "
            f"{self.held_out} held-out samples (the best plan at {self.floor:.6g} on the others)"
        )

    def said(self) -> str:
        """Say what was reached."""
        return (
            f"with confidence {self.confidence:g} the true accuracy is at least {self.lower:.4f}: "
            f"{self.right} of {self.held_out} held-out samples are right"
        )

    def clash(self) -> Clash:
        """Say why nothing could be certified."""
        seen = self.right / self.held_out
        message = (
            f"accuracy_confidence: the most accurate plan is right on {self.right} of {self.held_out} held-out "
            f"samples, which shows {self.lower:.4f} with confidence {self.confidence:g}, not {self.asked:g}; "
        )
        needed = samples_needed(seen, self.asked, self.confidence)
        if needed is None:
            message += "no number of samples can show it at this accuracy: lower accuracy_min"
        else:
            message += f"at this accuracy about {needed} held-out samples would show it"
        return Clash(limit="accuracy_confidence", asked=self.asked, best=self.lower, message=message)


def samples_needed(share: float, floor: float, confidence: float) -> int | None:
    """Return about the least number of samples whose lower bound reaches the floor.

    Parameters
    ----------
    share
        Of the samples that are right, assumed to stay as it is.
    floor
        Accuracy to be shown, a share.
    confidence
        Of the exact one-sided bound, between 0 and 1.

    Returns
    -------
    int | None
        None where no number does, or none up to `MOST_NEEDED`.
    """
    low, high = 1, 1
    while lower_bound(round(share * high), high, confidence) < floor:
        high *= 2
        if high > MOST_NEEDED or share <= floor:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if lower_bound(round(share * middle), middle, confidence) < floor:
            low = middle
        else:
            high = middle
    return high


def certified(
    instance: Instance, solve: Callable[[float], Joint], highest: float
) -> tuple[Joint, FloorCertificate | None]:
    """Return the cheapest plan whose accuracy floor is certified, or the most accurate where none is.

    The test is None where there was no plan to test: other limits, or time, left none.

    Parameters
    ----------
    instance
        With held-out samples, an accuracy floor and a confidence.
    solve
        Finds the best plan for a floor on the samples not held out.
    highest
        The highest floor to try, as a share of those samples.
    """
    asked, confidence = instance.accuracy_min, instance.accuracy_confidence
    assert asked is not None
    assert confidence is not None
    top = max(highest, asked)
    floors = [top - (top - asked) * step / (CANDIDATES - 1) for step in range(CANDIDATES)] if top > asked else [asked]
    kept: tuple[Joint, FloorCertificate] | None = None
    first: tuple[Joint, FloorCertificate | None] | None = None
    for number, floor in enumerate(floors, start=1):
        joint = solve(floor)
        if joint.decision is None:
            if first is None and number < len(floors):
                continue  # other limits rule the most accurate plans out; whether they do is known before looking
            first = first or (joint, None)
            break
        test = _test(instance, joint, floor, number)
        first = first or (joint, test)
        if not test.passed:
            break
        kept = joint, test
    assert first is not None
    return kept or first


def _test(instance: Instance, joint: Joint, floor: float, number: int) -> FloorCertificate:
    assert instance.samples is not None
    assert joint.decision is not None
    asked, confidence = instance.accuracy_min or 0.0, instance.accuracy_confidence or 0.0
    _, right = answered(instance.samples, sampled_thresholds(instance, joint.decision), held_out=True)
    lower = lower_bound(int(right.sum()), len(right), confidence)
    return FloorCertificate(confidence, asked, floor, int(right.sum()), len(right), lower, lower >= asked, number)
