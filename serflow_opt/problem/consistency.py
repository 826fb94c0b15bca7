"""What does not go together in an instance's targets, accounting, tiers and exits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from serflow_opt.errors import Problem
from serflow_opt.ground.arguments import as_number, shown
from serflow_opt.ground.tolerances import SMALLEST
from serflow_opt.problem.kinds import CLIENT, LATENCY_MEASURE, LATENCY_MEASURES_IN_WORDS


def consistency_problems(instance: Any, file: str) -> list[Problem]:
    """Return what does not go together in an instance's targets, accounting and tiers.

    Parameters
    ----------
    instance
        An `Instance`, whose module imports this one.
    file
        What messages name.
    """
    problems: list[Problem] = []

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(file, place, found, cure))

    slo = instance.latency_slo_s
    for place, value, low, high in (
        ("workload.rate_per_s", instance.rate_per_s, 0.0, math.inf),
        ("workload.latency_slo_ms", None if slo is None else as_number(slo) * 1000, 0.0, math.inf),
        ("workload.accuracy_min", instance.accuracy_min, -SMALLEST, 1.0),
        ("workload.cost_max_usd", instance.cost_max_usd, 0.0, math.inf),
        ("workload.energy_max_j", instance.energy_max_j, 0.0, math.inf),
        ("workload.carbon_max_g", instance.carbon_max_g, 0.0, math.inf),
        ("workload.privacy_max", instance.privacy_max, -SMALLEST, math.inf),
        ("workload.mse_min", instance.privacy.mse_min, 0.0, math.inf),
        ("workload.cross_entropy_max", instance.privacy.cross_entropy_max, 0.0, math.inf),
    ):
        if value is None:
            continue
        number = as_number(value)
        if not (low < number <= high and math.isfinite(number)):
            found = shown(value) if math.isnan(number) else f"{number:g}"
            wrong(place, found, "write a number from 0 to 1" if high == 1.0 else "write a number above 0")
        elif 0 < number < SMALLEST:
            wrong(place, f"{number:g}", f"nothing that small can be reckoned with: write at least {SMALLEST:g}")
    if instance.tail != "fixed" and instance.quantile is None:
        wrong(
            "workload.tail",
            f"'{instance.tail}' with latency_measure '{instance.latency_measure}'",
            "write pNN, or remove tail",
        )
    if not re.fullmatch(LATENCY_MEASURE, instance.latency_measure):
        wrong("workload.latency_measure", f"'{instance.latency_measure}'", LATENCY_MEASURES_IN_WORDS)
    _check_accounting(instance, wrong)
    if instance.accuracy_min is not None and not instance.accuracy_known:
        wrong(
            "workload.accuracy_min",
            f"{instance.accuracy_min:g} without an [exits] section",
            "give the last stage's accuracy in an exits table, or remove accuracy_min",
        )
    if (instance.minimize == "weighted") != bool(instance.weights):
        found = "weights without minimize = 'weighted'" if instance.weights else "'weighted' without weights"
        wrong("objective.weights", found, "write minimize = 'weighted' and weights = { cost = 1.0, latency = 1.0 }")
    if instance.then and (instance.minimize == "weighted" or instance.families):
        found = "then with 'weighted'" if instance.minimize == "weighted" else "then with sizes or noise from a range"
        wrong(
            "objective.then", found, "remove one of them: equally good plans are told apart for single objectives only"
        )
    if not instance.accuracy_known and "accuracy" in (*dict(instance.weights), *instance.then):
        wrong("objective", "accuracy without an [exits] section", "give the last stage's accuracy in an exits table")
    asked = ["objective"] if "carbon" in (instance.minimize, *dict(instance.weights), *instance.then) else []
    asked += ["workload.carbon_max_g"] if instance.carbon_max_g is not None else []
    for place in asked if not instance.carbon_known else ():
        wrong(place, "carbon, which is not counted", "write [carbon], and watts where the catalogue has none")
    most = instance.ramps_max
    if most is not None and not (as_number(most) >= 0 and as_number(most) == int(as_number(most))):
        wrong("exits.ramps_max", shown(most), "write a whole number of at least 0")
    elif most is not None and not instance.ramps and any(menu.chooses for menu in instance.menus[:-1]):
        wrong("exits.ramps_max", shown(most), "classifiers are always on here: write ramps_max in the file itself")
    if instance.run_on and (instance.accounting == "as-printed" or instance.mode == "train"):
        found = "true, with " + ("mode = 'train'" if instance.mode == "train" else "accounting = 'as-printed'")
        wrong("exits.run_on", found, "leave it out: the whole path is paid for there anyway")
    problems.extend(joint_problems(instance, file))
    problems.extend(uncertain_problems(instance, file))
    problems.extend(egress_problems(instance, file))
    problems.extend(speed_problems(instance, file))
    names = [tier.name for tier in instance.tiers]
    if instance.source != CLIENT and instance.source not in names:
        wrong("workload.source", f"'{instance.source}'", f"use 'client' or a tier: {', '.join(names)}")
    return problems


def _check_accounting(instance: Any, wrong: Callable[[str, str, str], None]) -> None:
    """Tell what does not go with how money is counted."""
    if instance.accounting == "reserved" and instance.rate_per_s is None:
        wrong("objective.accounting", "'reserved' without a rate", "set workload.rate_per_s: VMs are rented for a rate")
    if instance.accounting == "as-printed" and instance.mode == "train":
        found, cure = "'as-printed' with mode = 'train'", "the survey's formula is 0 for training: write 'per-request'"
        wrong("objective.accounting", found, cure)
    if instance.accounting == "as-printed":
        if len(instance.tiers) != 2:
            wrong(
                "objective.accounting",
                f"'as-printed' with {len(instance.tiers)} tier(s)",
                "the survey's formula has exactly two tiers, IaaS then FaaS",
            )
        if instance.variants or any(len(ways) > 1 for ways in instance.ways):
            wrong(
                "objective.accounting",
                "'as-printed' with adaptations",
                "the survey's formula has none: remove [[variant]], [adaptation] and privacy.table",
            )
        if any(tier.stage_specific for tier in instance.tiers):
            wrong(
                "objective.accounting",
                "'as-printed' with stage_specific tiers",
                "the survey's formula has one capacity a tier: remove stage_specific",
            )


def joint_problems(instance: Any, file: str) -> list[Problem]:
    """Return what does not go together with thresholds chosen on the samples themselves."""
    problems: list[Problem] = []
    asked = instance.accuracy_confidence
    if not instance.joint:
        if asked is not None:
            found = f"{asked:g} without exits.joint"
            cure = "set exits.joint = true (with exits.samples and holdout_share), or remove it"
            problems.append(Problem(file, "workload.accuracy_confidence", found, cure))
        return problems

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(file, place, found, cure))

    if instance.run_on:
        wrong("exits.run_on", "true with joint", "thresholds are chosen on tables: remove joint, or run_on")
    if instance.threshold_mode != "menu":
        wrong("exits.thresholds", f"'{instance.threshold_mode}' with joint", "write 'menu', or remove joint")
    if instance.ramps:
        found = f"{instance.ramps} classifiers on or off, with exits.joint"
        wrong("exits.ramps_max", found, "remove joint, or ramps_max, ramp_flops and ramp_parameter_bytes")
    elif any(variant.menus or variant.accuracy_loss for variant in instance.variants):
        found = "a variant with exits or accuracy_loss of its own, with exits.joint"
        wrong("variant", found, "the samples are of the network as it is: remove the variant, or joint")
    if any(way.accuracy_loss for ways in instance.ways for way in ways):
        found = "compressions or protections that lose accuracy, with exits.joint"
        wrong("adaptation", found, "the samples are of the network as it is: keep lossless methods, or remove joint")
    if instance.families:
        wrong("exits.joint", "true with sizes or noise from a range", "list single sizes (memory_mb), or remove joint")
    if instance.minimize == "weighted":
        wrong("objective.minimize", "'weighted' with exits.joint", "minimise one objective and limit the others")
    if asked is not None:
        held_out = instance.samples is not None and instance.samples.held_out.any()
        if not held_out:
            wrong(
                "workload.accuracy_confidence", f"{asked:g} without held-out samples", "set exits.holdout_share = 0.5"
            )
        if instance.accuracy_min is None:
            wrong("workload.accuracy_confidence", f"{asked:g} without a floor", "set workload.accuracy_min")
    return problems


def uncertain_problems(instance: Any, file: str) -> list[Problem]:
    """Return what does not go together with [uncertainty]."""
    asked = instance.uncertainty
    if asked is None:
        return []
    problems: list[Problem] = []

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(file, place, f"{found} with [uncertainty]", cure))

    if instance.threshold_mode != "menu":
        wrong("exits.thresholds", f"'{instance.threshold_mode}'", "write 'menu': the same thresholds in every case")
    if instance.joint:
        wrong("exits.joint", "true", "remove joint: thresholds are chosen on tables then")
    if instance.families:
        wrong("tier", "sizes or noise from a range", "list single sizes (memory_mb) and strengths")
    if instance.minimize == "weighted":
        wrong("objective.minimize", "'weighted'", "minimise one objective and limit the others")
    if instance.accounting == "as-printed":
        wrong("objective.accounting", "'as-printed'", "write 'per-request' or 'reserved'")
    if asked.budget is not None and instance.quantile is not None:
        cure = "write worst or mean, or give [[uncertainty.scenario]] in the place of a budget"
        wrong("workload.latency_measure", f"'{instance.latency_measure}' and a budget", cure)
    if asked.hold < 1 and instance.quantile is not None and instance.latency_slo_s is not None:
        cure = "write worst or mean, or let limits hold in every scenario"
        wrong("workload.latency_measure", f"'{instance.latency_measure}' and hold = {asked.hold:g}", cure)
    if asked.rate and instance.rate_per_s is None:
        wrong("uncertainty.rate", f"{asked.rate:g} without a rate", "set workload.rate_per_s")
    return problems


def speed_problems(instance: Any, file: str) -> list[Problem]:
    """Return what is wrong where operations are added to stages whose measured times are of none."""
    timed = any(sum(option.stage_seconds) > 0 and math.isinf(option.flops_per_s) for option in instance.options)
    if not timed or any(stage.flops for stage in instance.stages):
        return []
    added = ["hand-overs"] if any(way.encode_flops or way.decode_flops for row in instance.ways for way in row) else []
    added += [f"variant '{variant.name}'" for variant in instance.variants if variant.added_flops]
    cure = "give the stages' flops: what is added takes its operations / (all flops / all seconds)"
    found = f"flops of 0 at every stage, with operations added by {' and '.join(added)}"
    return [Problem(file, "network.stages", found, cure)] if added else []


def egress_problems(instance: Any, file: str) -> list[Problem]:
    """Return what does not go together with prices by volume."""
    if not instance.egress:
        return []
    place = f'egress "{instance.egress[0].name}"'
    if instance.rate_per_s is None:
        cure = "set workload.rate_per_s: how much is sent in a month is a matter of the rate"
        return [Problem(file, place, "prices by volume without a rate", cure)]
    if instance.joint:
        what = "exits.joint"
    elif instance.families:
        what = "sizes or noise from a range"
    elif instance.uncertainty is not None:
        what = "[uncertainty]"
    elif instance.takes_batches:
        what = "tiers that take batches"
    elif instance.accounting == "as-printed":
        what = "accounting = 'as-printed'"
    else:
        return []
    cure = f"write usd_per_gb in its links in the place of egress, or do without {what}"
    return [Problem(file, place, f"prices by volume with {what}", cure)]
