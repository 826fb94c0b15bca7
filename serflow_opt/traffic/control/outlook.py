"""What a controller expects of a block: measurements in, a forecast that can be believed out.

The user's forecaster may fail or talk nonsense; a plain window listens beside it and speaks in its place.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import SHARES
from serflow_opt.traffic.demand import saved
from serflow_opt.traffic.demand.forecast import Forecaster, RecentWindow
from serflow_opt.traffic.demand.intake import IMPOSSIBLE, Intake
from serflow_opt.traffic.demand.rates import Rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

BEYOND = 20.0
"""A forecast of so many times the busiest second seen is not believed."""


class Outlook:
    """What is known of the requests of a block.

    Parameters
    ----------
    smooth_s
        Seconds over which the window averages rates.
    forecaster
        The user's; None: the window speaks.
    note
        Told what is wrong.
    """

    def __init__(self, smooth_s: int, forecaster: Forecaster | None, note: Callable[[str], None]) -> None:
        self._plain = RecentWindow(smooth_s=smooth_s)
        self._forecaster: Forecaster = self._plain if forecaster is None else forecaster
        self._intake = Intake()
        self._note = note

    def observe(self, from_s: float, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take in requests second by second from a moment on; what is late, repeated or absurd is noted.

        Parameters
        ----------
        from_s, counts
            The second of the first count, and requests second by second; NaN: not known.

        Returns
        -------
        array
            What is new and believed of it.
        """
        values, wrong = self._intake.take(from_s, counts)
        for text in wrong:
            self._note(text)
        if not len(values):
            return values
        self._plain.observe(values)
        if self._forecaster is not self._plain:
            try:
                self._forecaster.observe(values)
            except Exception as error:  # as in `rates`
                self._note(f"the forecaster failed ({type(error).__name__}: {error})")
        return values

    def rates(self) -> Rates | None:
        """Return the forecast, or the plain window's where it is nonsense."""
        try:
            rates = self._forecaster.rates()
            wrong = "" if rates is None else self._nonsense(rates)
        except Exception as error:  # a forecaster of the user's: whatever it does, serving goes on
            wrong = f"the forecaster failed ({type(error).__name__}: {error})"
        if wrong:
            self._note(wrong)
            return self._plain.rates()
        return rates or self._plain.rates()

    def state(self) -> dict[str, Any]:
        """Return all of it, to be written as JSON."""
        same = self._plain is self._forecaster
        intake = self._intake
        return {
            "forecaster": self._written(),
            "plain": None if same else self._plain.state(),
            "intake": {
                "until_s": intake.until_s,
                "largest": intake.largest,
                "suspected": intake.suspected,
                "elsewhere_s": intake.elsewhere_s,
            },
        }

    def restored(self, own: Mapping[str, Any], place: str, later: float) -> Outlook:
        """Return a copy that goes on from a saved state.

        Parameters
        ----------
        own, place
            The mapping that has it, and what leads there, as `blocks[0].`.
        later
            Seconds by which the new clock is ahead of the old one.

        Raises
        ------
        InputError
            Names the key that is damaged.
        """
        fresh = copy.copy(self)
        fresh._forecaster = _restored(self._forecaster, own, "forecaster", place)
        fresh._plain = (
            fresh._forecaster  # type: ignore[assignment]  # which is a window
            if self._plain is self._forecaster
            else _restored(self._plain, own, "plain", place)
        )
        clock, inside = saved.mapping(saved.entry(own, "intake", place), f"{place}intake"), f"{place}intake."
        suspected = saved.entry(clock, "suspected", inside)
        if not isinstance(suspected, bool):
            raise saved.damaged(f"{inside}suspected", suspected, "true or false")
        largest = saved.number(clock, "largest", inside, low=0.0, high=IMPOSSIBLE)
        known = _moved(clock, "until_s", inside, later)
        away = _moved(clock, "elsewhere_s", inside, later) if "elsewhere_s" in clock else None  # older states had none
        fresh._intake = Intake(known, largest, suspected, away)
        return fresh

    def _written(self) -> Any:
        """Return the forecaster's state; None where one of the user's is no JSON."""
        try:
            state = self._forecaster.state()
            json.dumps(state, allow_nan=False)
        except Exception as error:  # as in `rates`
            self._note(f"the forecaster's state is lost ({type(error).__name__}: {error})")
            return None
        return state

    def _nonsense(self, rates: Rates) -> str:
        """Say what is wrong with a forecast; nothing: nothing."""
        if not isinstance(rates, Rates):
            return f"the forecast is no Rates but {type(rates).__name__}"
        values, shares = np.asarray(rates.rates, dtype=float), np.asarray(rates.shares, dtype=float)
        good = values.ndim == 1 and values.shape == shares.shape and len(values) and np.isfinite(values).all()
        if not (good and (values >= 0).all() and (np.diff(values) > 0).all() and (shares >= 0).all()):
            return "the forecast is no distribution: rates from 0 on, rising, each with its share"
        if not abs(shares.sum() - 1) <= SHARES:
            return f"the shares of the forecast sum to {shares.sum():g}"
        largest = max(self._intake.largest, 1.0)
        if rates.mean > BEYOND * largest:
            return f"the forecast of {rates.mean:g}/s is over {BEYOND:g} times the most seen, {largest:g}/s"
        return ""


def _moved(clock: Mapping[str, Any], key: str, inside: str, later: float) -> int | None:
    """Return a saved second on a clock that is ahead by `later`; None: there was none."""
    if saved.entry(clock, key, inside) is None:
        return None
    return max(0, saved.whole(clock, key, inside, low=0.0) + round(later))


def _restored(forecaster: Forecaster, own: Mapping[str, Any], key: str, place: str) -> Any:
    """Return a copy of a forecaster that goes on from a saved state; None: it starts afresh."""
    state, fresh = saved.entry(own, key, place), copy.deepcopy(forecaster)
    if state is None:
        return fresh
    try:
        fresh.restore(saved.mapping(state, ""))
    except InputError as error:
        raise InputError(
            replace(problem, place=f"{place}{key}.{problem.place}".rstrip(".")) for problem in error.problems
        ) from None
    except Exception as error:  # a forecaster of the user's
        found = f"the forecaster cannot restore it ({type(error).__name__}: {error})"
        raise InputError([Problem("state", f"{place}{key}", found, saved.CURE)]) from None
    return fresh
