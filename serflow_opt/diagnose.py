"""Why no plan exists, and the least change to one limit that would make one exist.

Each limit is dropped in turn and the best value it could have is found while the others hold. "The fastest plan with
accuracy 0.9 takes 412 ms" is what a person can act on; an irreducible set of two hundred rows is not.
"""

from __future__ import annotations

import time
from dataclasses import replace

from serflow_opt.instance import Instance
from serflow_opt.plan import Clash
from serflow_opt.search import Settings, search


def clashes(instance: Instance, settings: Settings) -> list[Clash]:
    """Explain a proven infeasibility.

    Parameters
    ----------
    instance
        An instance without any plan.
    settings
        Of the solve; the time limit holds for the explanation anew.
    """
    settings = replace(settings, on_progress=None)
    began = time.monotonic()

    def best(relaxed: Instance) -> float | None:
        found = search(relaxed, settings, began)
        return found.value if found.decision is not None else None

    free = replace(instance, accuracy_min=None, latency_slo_s=None)
    anything = search(replace(free, minimize="latency", latency_measure="worst"), settings, began)
    if anything.decision is None and not anything.infeasible:
        return [_out_of_time()]
    if anything.infeasible:
        message = (
            "no placement exists even without targets: no chain of links, memory and payload limits lets every "
            "stage run somewhere; check [[link]], memory_mb and payload_max_bytes"
        )
        return [Clash(limit="placement", asked=0.0, best=None, message=message)]
    found: list[Clash] = []
    if instance.latency_slo_s is not None:
        fastest = best(replace(instance, latency_slo_s=None, minimize="latency"))
        if fastest is not None:
            asked = instance.latency_slo_s * 1000
            given = "" if instance.accuracy_min is None else f" with accuracy at least {instance.accuracy_min:g}"
            message = (
                f"latency ({instance.latency_measure}): the fastest plan{given} takes {fastest * 1000:.6g} ms, "
                f"{asked:g} ms were asked; allow --latency-slo-ms {_up(fastest * 1000):g}"
            )
            found.append(Clash(limit="latency_slo_ms", asked=asked, best=fastest * 1000, message=message))
    if instance.accuracy_min is not None:
        accuracy = _most_accurate(replace(instance, accuracy_min=None), settings, began)
        if accuracy is not None:
            given = ""
            if instance.latency_slo_s is not None:
                given = f" within {instance.latency_slo_s * 1000:g} ms ({instance.latency_measure})"
            message = (
                f"accuracy: the most accurate plan{given} reaches {accuracy:.6g}, {instance.accuracy_min:g} was asked; "
                f"allow --accuracy-min {_down(accuracy):g}"
            )
            found.append(Clash(limit="accuracy_min", asked=instance.accuracy_min, best=accuracy, message=message))
    if not found:  # each is out of reach even without the other
        fastest = best(replace(free, minimize="latency"))
        accuracy = _most_accurate(free, settings, began)
        if fastest is None or accuracy is None:
            return [_out_of_time()]
        message = (
            "latency_slo_ms and accuracy_min are both out of reach, even one at a time: "
            f"without an accuracy floor the fastest plan takes {fastest * 1000:.6g} ms "
            f"({instance.latency_measure}), without a latency bound the most accurate one reaches {accuracy:.6g}"
        )
        found.append(Clash(limit="latency_slo_ms, accuracy_min", asked=0.0, best=None, message=message))
    return found


def _out_of_time() -> Clash:
    message = "time ran out before the reason was found; allow more with --time-limit"
    return Clash(limit="unknown", asked=0.0, best=None, message=message)


def _most_accurate(instance: Instance, settings: Settings, began: float) -> float | None:
    found = search(instance, settings, began, "accuracy")
    return -found.value if found.decision is not None else None


def _up(value: float) -> float:
    """Round up to four digits, so that the suggested bound is feasible."""
    from decimal import ROUND_CEILING, Context, Decimal

    return float(Context(prec=4, rounding=ROUND_CEILING).create_decimal(Decimal(f"{value:.12g}")))


def _down(value: float) -> float:
    """Round down to four digits."""
    from decimal import ROUND_FLOOR, Context, Decimal

    return float(Context(prec=4, rounding=ROUND_FLOOR).create_decimal(Decimal(f"{value:.12g}")))
