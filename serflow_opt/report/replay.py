"""Keep-alive policies over the same requests as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.keep_alive.replay import Replay

TITLES = ("policy", "decides", "cold starts", "idle s/request", "USD/request")


def replay_table(replay: Replay) -> RenderableType:
    """Lay a replay out: a row for each policy."""
    rows = [
        (own.policy, own.words, f"{own.cold:.3%}", f"{own.idle_s:.5g}", f"{own.cost_usd:.5g}")
        for own in replay.policies
    ]
    days = replay.seconds / 86_400
    head = f"{replay.requests:,} requests of {replay.trace} over {days:.3g} days, each idle time after the one before"
    left = TITLES[:2]
    return Group(Text(f"{replay.instance}  {head}"), Sheet(TITLES, rows, left=left, folds=left[1:]))
