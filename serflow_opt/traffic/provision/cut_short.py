"""Networks cut short: where a threshold lets everybody leave, what comes behind need not run anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import Menu


def cut_short(instance: Instance) -> Iterator[Instance]:
    """Yield the instance's network up to each stage, but the last, at which a threshold lets everybody leave.

    Of several such thresholds the most accurate is left: they differ in nothing else. Networks that cannot be as
    accurate as is asked are left out.
    """
    for s, menu in enumerate(instance.menus[:-1]):
        all_leave = [level for level, rate in enumerate(menu.exit_rates) if rate >= 1]
        if not all_leave:
            continue
        right = max(menu.accuracies[level] for level in all_leave)
        for before in reversed(instance.menus[:s]):
            pairs = zip(before.exit_rates, before.accuracies, strict=True)
            right = max((rate * own if rate else 0.0) + (1 - rate) * right for rate, own in pairs)
        if instance.accuracy_min is not None and right < instance.accuracy_min * (1 - TOLERANCE):
            continue
        best = max(all_leave, key=lambda level: menu.accuracies[level])
        last = Menu((menu.thresholds[best],), (menu.exit_rates[best],), (menu.accuracies[best],))
        yield replace(
            instance,
            stages=instance.stages[: s + 1],
            menus=(*instance.menus[:s], last),
            ways=instance.ways[: s + 1],
            options=tuple(
                replace(option, stage_seconds=option.stage_seconds[: s + 1], stage_sd_s=option.stage_sd_s[: s + 1])
                for option in instance.options
            ),
        )
