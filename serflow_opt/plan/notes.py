"""What a reader of a plan should know beside its numbers: provider limits, and tables that promise too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Metrics, Replayed
from serflow_opt.plan.names import ended
from serflow_opt.plan.samples import changes_answers
from serflow_opt.problem.catalog.ages import is_old
from serflow_opt.problem.consistency import joint_problems
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option
from serflow_opt.problem.uncertainty import Uncertainty

RUNS_ON = "exits.run_on: answers leave early, and inputs run on to the last stage: latency is saved, work is not"
TRAINED = "mode = 'train': every sample goes all the way, and its gradients come back"


def cautions(instance: Instance) -> list[str]:
    """Return what is likely to be meant otherwise, though nothing is wrong with it."""
    said = []
    if instance.inference is not None and any(max(menu.exit_rates) > 0 for menu in instance.inference.menus[:-1]):
        said.append(f"{TRAINED}; [exits] is ignored")
    said += _about_prices(instance.options)
    said += _about_shares(instance.uncertainty)
    burst = [option for option in instance.options if option.burstable]
    if burst:
        said.append(f"{_some(burst)}: burstable; kept busy they slow down, or each vCPU-hour beyond credits is billed")
    idle = [f"{option.name} ({option.idle_accelerator})" for option in instance.options if option.idle_accelerator]
    if not idle:
        return said
    cure = "give stage_times, or write them as [[tier.option]] with flops_per_s"
    return [*said, f"{', '.join(idle)}: at the speed of the vCPUs (flops_per_s_per_vcpu), the accelerator idle; {cure}"]


def _about_prices(options: Sequence[Option]) -> list[str]:
    """What prices leave out: their age, and that spot machines may be taken away."""
    said = []
    old = [option for option in options if option.price_day is not None and is_old(option.price_day)]
    if old:
        first = min(option.price_day for option in old if option.price_day is not None)
        said.append(f"{_some(old)}: priced more than a year ago, since {first}; give newer prices with --catalog")
    spot = [option for option in options if option.term == "spot"]
    if spot:
        said.append(f"{_some(spot)}: at spot prices, as if they were never taken away")
    committed = [option for option in options if option.term not in ("spot", "on-demand")]
    if committed:
        terms = ", ".join(sorted({option.term for option in committed}))
        said.append(f"{_some(committed)}: at the average discount of {terms}, paid whether used or not")
    return said


def _about_shares(asked: Uncertainty | None) -> list[str]:
    """Say what shares mean that are above 1: a factor, or a percentage, may have been meant."""
    if asked is None:
        return []
    shares = {"times": max(asked.times, default=0.0), "prices": max(asked.prices, default=0.0), "rate": asked.rate}
    return [
        f"uncertainty.{key} = {share:g} lets them be {1 + share:g} times what is believed; 0.5 is half as much again"
        for key, share in shares.items()
        if share > 1
    ]


def _some(options: Sequence[Option]) -> str:
    names = list(dict.fromkeys(option.name for option in options))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def notes_on(instance: Instance, decision: Decision, metrics: Metrics, replays: list[Replayed]) -> list[str]:
    """Return a sentence for each thing to know.

    Parameters
    ----------
    decision, metrics
        The plan, and its exact value.
    replays
        What its thresholds do on the samples, part by part; empty: there are none.
    """
    notes = cautions(instance)
    if instance.run_on:
        notes.append(RUNS_ON)
    if instance.mode == "train" and not any(note.startswith(TRAINED) for note in notes):
        notes.append(TRAINED)
    for part in replays:
        if instance.accuracy_min is not None and part.accuracy < instance.accuracy_min:
            if part.part == "held-out":
                why = "thresholds fit the samples they were chosen on a little too well; raise accuracy_min"
            elif clashes := joint_problems(replace(instance, joint=True), ""):
                places = " and ".join(problem.place for problem in clashes)
                why = f"exits are correlated; raise accuracy_min, or use exits.joint = true, without {places}"
            else:
                why = (
                    "exits are correlated; set exits.joint = true, without earlier_threshold: it chooses thresholds "
                    "on the samples themselves"
                )
            notes.append(
                f"run together on the {part.samples} {part.part} samples the thresholds reach accuracy "
                f"{part.accuracy:.4f}, below the {instance.accuracy_min:g} asked: {why}"
            )
    if instance.samples is not None and changes_answers(instance, decision):
        notes.append(
            "variants or hand-overs change the network's answers: what they lose is added up from their tables; "
            "thresholds were not run on the samples, which are of the network as it is"
        )
    sent = {crossing.before_stage - 1: crossing.bytes for crossing in metrics.crossings}
    decision = ended(instance, decision)
    for s, p in enumerate(decision.options):
        option = instance.options[p]
        if s and decision.options[s - 1] == p:
            continue
        size = sent.get(s, instance.received_bytes(s))
        if option.call_max_bytes is not None and size > option.call_max_bytes:
            notes.append(
                f"what stage {s + 1} receives ({size / 1e6:.3g} MB) is more than {option.name} takes in one call "
                f"({option.call_max_bytes / 1e6:.3g} MB): send it through storage, or rule it out with "
                f"payload_max_bytes = {option.call_max_bytes:.0f}"
            )
    return notes
