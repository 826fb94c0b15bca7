"""What chosen thresholds do on the samples behind the exit tables: the joint truth beside the table's promise."""

from __future__ import annotations

import math
from dataclasses import replace

from serflow_opt.errors import Problem
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Replayed
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.network import OFF


def replayed(instance: Instance, decision: Decision) -> list[Replayed]:
    """Run a decision's thresholds over the instance's samples, and over those held out where there are any.

    Samples are of the network as it is: nothing comes back where adaptations change what it answers.
    """
    if instance.samples is None or instance.threshold_mode == "randomized" or changes_answers(instance, decision):
        return []
    from serflow_opt.problem.exits import replay

    thresholds = sampled_thresholds(instance, decision)
    parts = []
    for held_out in (False, True) if instance.samples.held_out.any() else (False,):
        result = replay(instance.samples, thresholds, held_out=held_out)
        parts.append(
            Replayed(
                part="held-out" if held_out else "table",
                samples=result.samples,
                accuracy=result.accuracy,
                accuracy_low=result.accuracy_low,
                accuracy_high=result.accuracy_high,
                exit_share=list(result.exit_share),
            )
        )
    return parts


def changes_answers(instance: Instance, decision: Decision) -> bool:
    """Whether variants or hand-overs of a decision change the network's answers."""
    lossy = (ways[decision.way(s)].accuracy_loss != 0 for s, ways in enumerate(instance.ways))
    forms = [instance.variants[v] for v in decision.variants if v != AS_IS]
    return not all(form.ramp for form in forms) or any(lossy)


def sampled_thresholds(instance: Instance, decision: Decision) -> list[float]:
    """Return a decision's threshold at each exit of the samples, one that no confidence reaches where nobody comes.

    Where a plan ends before the last stage, everybody leaves: 0.
    """
    if instance.samples is None:
        return []

    def threshold(s: int) -> float:
        end = len(decision.weights)
        if s >= end:
            return 0.0 if s == end else OFF
        levels = instance.menu(s - 1, decision.variant(s - 1)).thresholds
        return math.fsum(w * t for w, t in zip(decision.weights[s - 1], levels, strict=True)) if levels else OFF

    return [threshold(s) for s in instance.samples.classifier_stages]


def tables_wanted(instance: Instance, what: str) -> list[Problem]:
    """Return the problem of an instance whose exits are samples with something that works on exit tables."""
    if not instance.joint:
        return []
    cure = "set exits.joint = false to work on tables derived from the samples, or solve the instance"
    return [Problem(instance.name, "exits.joint", f"true, but {what} on exit tables", cure)]


def tables_scope(instance: Instance) -> str:
    """Say what is proven where tables stand for samples: nothing about thresholds behind other earlier ones."""
    if instance.samples is None or instance.joint or len(instance.samples.classifier_stages) < 2:
        return ""
    return (
        "exit tables, each made from the samples at one setting of the earlier thresholds; exits.joint = true works on "
        "the samples themselves"
    )


def at_thresholds(instance: Instance, decision: Decision) -> Instance:
    """Return a joint instance with menus that are true at the decision's thresholds; any other instance as it is."""
    if not instance.joint or instance.samples is None:
        return instance
    from serflow_opt.problem.exits import menus_at

    return replace(instance, menus=menus_at(instance.samples, instance.menus, sampled_thresholds(instance, decision)))
