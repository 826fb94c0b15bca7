"""When to serve with the second menu of thresholds: accuracy goes before requests do.

The first menu is overloaded where, at the rate of the last period, a block's machines that serve would let more be late
than the target allows and nobody else can take them: there is no function, or what is left for it is more than it takes
at once, or it refused some. The second menu sends requests out earlier, so the same machines carry more of them. The
first one is back when all blocks could carry it for two decisions in a row and what had to wait is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serflow_opt.errors import InputError, Problem
from serflow_opt.traffic.control.slack import MARGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.control.worth import MachineWorth
    from serflow_opt.traffic.service import Service

SECOND_MENU = ("controller", "whole")
"""Policies that serve with a second menu."""
CALM = 2
"""Decisions in a row without overload before the first menu is back."""


def check_second_menu(names: Collection[str], floor: float | None) -> None:
    """Raise InputError for a floor of a second menu that none of the policies that are named would use."""
    if floor is not None and not set(SECOND_MENU) & set(names):
        cure = f"take --policy {' or '.join(SECOND_MENU)}: no other serves with a second menu"
        found = f"with --policy {', '.join(names)}"
        raise InputError([Problem("", "--degraded-accuracy-min", found, cure)])


def with_lower_floor(instance: Instance, floor: float) -> Instance:
    """Return the instance with the floor of accuracy of a second menu.

    Raises
    ------
    InputError
        Where the floor is not below that of the first menu: under overload nothing would be gained.
    """
    first = instance.accuracy_min
    if first is not None and floor >= first:
        cure = f"give less than accuracy_min, {first:g}: a second menu is less accurate than the first"
        raise InputError([Problem(instance.name, "degraded accuracy", f"{floor:g}", cure)])
    return instance.with_limits(accuracy_min=floor)


@dataclass
class Overload:
    """Which menu a service is served with.

    Attributes
    ----------
    service
        With its second menu; where it has none the first one is kept.
    note
        Told when the menu changes.
    degraded
        Whether the second one is in force.
    calm
        Decisions without overload since then.
    """

    service: Service
    note: Callable[[str], None]
    degraded: bool = False
    calm: int = field(default=0)

    def decide(self, overloaded: list[int]) -> bool:
        """Take the blocks that the first menu would overload, and say whether the second one is to be used."""
        if self.service.degraded is None:
            return False
        self.calm = 0 if overloaded else self.calm + 1
        before, self.degraded = self.degraded, bool(overloaded) or (self.degraded and self.calm < CALM)
        if self.degraded != before:
            second = self.service.degraded.accuracy
            if self.degraded:
                names = ", ".join(str(b + 1) for b in overloaded)
                self.note(f"block {names} is overloaded: served with the second menu, accuracy {second:.4g}")
            else:
                self.note(f"back to the first menu, accuracy {self.service.accuracy:.4g}")
        return self.degraded


def overloaded(
    service: Service,
    b: int,
    worths: Mapping[str, MachineWorth],
    serving: Mapping[str, int],
    rate_per_s: float,
    refused: int,
) -> bool:
    """Whether a block cannot keep the target with the first menu.

    Parameters
    ----------
    service, b
        The service, and the block.
    worths, serving
        Its types, and how many machines of each serve.
    rate_per_s
        Requests of the first menu.
    refused
        Requests that its function refused since the last decision.
    """
    function = service.blocks[b].function
    first = next(iter(worths.values()), None)
    if refused:
        return True
    if first is None:
        left = rate_per_s
    else:
        alike = sum(count * worths[name].rate_per_s for name, count in serving.items()) / first.rate_per_s
        count = int(alike)
        if function is None:
            # without machines no menu helps
            return count > 0 and first.late_at(count, rate_per_s) > first.slack.allowed / MARGIN
        left = rate_per_s * first.lost_at(count, rate_per_s)
    if function is None or function.concurrency_max is None:
        return False
    shares = service.outcome_shares(b)
    busy = sum(p * t for p, t in zip(shares, function.seconds, strict=True))
    return left * busy > function.concurrency_max
