"""A request on its way: what it meets at each stage of a plan. The exact evaluation sums this up.

In training it comes back, too: a step then is a stage there and back, from what the instance for inference and
the option say of each way. Nothing here is scaled, linearised or relaxed, and nothing is imported from `formulations`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from serflow_opt.plan.decision import BatchedBlock, Decision
from serflow_opt.plan.names import ended, link_before
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS, BACKWARD
from serflow_opt.problem.network import PLAIN, HandoverMode, Variant
from serflow_opt.problem.offers import Link, Option, Tier


class Step(NamedTuple):
    """One stage on the way of a request.

    Attributes
    ----------
    stage
        Position of the stage.
    option, tier, variant
        What runs it; variant None: as it is.
    sender, sender_tier
        What ran the stage before, and where the request came from; None: nothing, the client.
    link, way, sent_bytes, back_bytes
        What is crossed on the way in, and the size of the gradient that comes back in training; link None: nothing.
    reach, leave, right
        Share of all requests that enter, that leave here, and that leave here with the right answer.
    load
        Share of all requests whose input is worked on here: the reach, or all where inputs run on.
    lost
        Share of all requests that lose their right answer by how they came here or what runs here.
    wait_s, encode_s, decode_s
        Hand-over: transfer, and what compression and protection add before and after it.
    cold_s, cold_share
        Cold start of a function that begins here, and the share of requests that meet one.
    compute_s, sd_s
        Time of the stage, and its standard deviation.
    flops
        Operations of the stage.
    begins
        Whether the option takes over here.
    coding
        How often the operations of compression and protection are done: once, in training also on the way back.
    block, gather_s
        The block of batches, and what its first request may wait for others, where it begins here. `compute_s` is the
        time of a full batch then.
    """

    stage: int
    option: Option
    tier: Tier
    variant: Variant | None
    sender: Option | None
    sender_tier: Tier | None
    link: Link | None
    way: HandoverMode
    sent_bytes: float
    back_bytes: float
    reach: float
    leave: float
    right: float
    load: float
    lost: float
    wait_s: float
    encode_s: float
    decode_s: float
    cold_s: float
    cold_share: float
    compute_s: float
    sd_s: float
    flops: float
    begins: bool
    coding: float
    block: BatchedBlock | None = None
    gather_s: float = 0.0

    @property
    def entering_usd(self) -> float:
        """USD that a request pays on entering a function here: the fee, and its share of a cold start."""
        return self.option.usd_per_request + self.option.usd_per_s * self.cold_s * self.cold_share

    @property
    def whole_s(self) -> float:
        """Seconds from the end of the stage before to the end of this one, cold start whole."""
        return self.gather_s + self.encode_s + self.wait_s + self.cold_s + self.decode_s + self.compute_s

    @property
    def warm_s(self) -> float:
        """The same without the cold start."""
        return self.gather_s + self.encode_s + self.wait_s + self.decode_s + self.compute_s

    @property
    def mean_s(self) -> float:
        """The same with the cold start by its share, times the reach (survey 2.2.1 (1), discounted by reach)."""
        cold = self.cold_s * self.cold_share
        return self.reach * (self.gather_s + self.encode_s + self.wait_s + cold + self.decode_s + self.compute_s)


class _Own(NamedTuple):
    """Seconds and operations of a stage as it is."""

    seconds: float
    flops: float


def _stage(instance: Instance, option: Option, s: int, batch: int) -> _Own:
    """What a stage takes on an option: for a full batch; in training there and back."""
    if batch > 1 and option.batching is not None:
        return _Own(option.batching.seconds[s][batch - 1], instance.stages[s].flops)
    if instance.inference is None:
        return _Own(option.stage_seconds[s], instance.stages[s].flops)
    stage, there = instance.inference.stages[s], option.forward_seconds[s]
    back = option.backward_seconds[s] if option.backward_seconds else BACKWARD * there
    again = BACKWARD * stage.flops if stage.backward_flops is None else stage.backward_flops
    return _Own(there + back, stage.flops + again)


def walk(instance: Instance, decision: Decision) -> list[Step]:
    """Walk a decision stage by stage, as far as anybody gets."""
    decision = ended(instance, decision)
    steps: list[Step] = []
    reach = 1.0
    source = next((tier for tier in instance.tiers if tier.name == instance.source), None)
    for s, p in enumerate(decision.options):
        option = instance.options[p]
        tier = instance.tiers[option.tier]
        position = decision.variant(s)
        variant = None if position == AS_IS else instance.variants[position]
        menu = instance.menu(s, position)
        entries = zip(decision.weights[s], menu.exit_rates, menu.accuracies, strict=True)
        used = [(weight * rate, accuracy) for weight, rate, accuracy in entries if weight]
        rate = math.fsum(leave for leave, _ in used)
        mass = math.fsum(leave * accuracy for leave, accuracy in used if leave > 0)
        before = steps[-1].option if steps else None
        link = link_before(instance, decision.options, s)
        way = PLAIN if link is None else instance.ways[s][decision.way(s)]
        sent = instance.sent_bytes(s, decision.variant(s - 1) if s else AS_IS, way)
        block = decision.block(s)
        begins = before is not option or (block is not None and block.first == s)
        cold = option.cold_start_s if tier.kind == "function" and begins and option.cold_share > 0 else 0.0
        own = _stage(instance, option, s, 1 if block is None else block.size)
        again = link is not None and s > 0 and instance.mode == "train"  # its gradient comes back
        coding = 1.0 if instance.mode == "infer" else 1 + BACKWARD
        factor = variant.flops_factor if variant else 1.0
        enters_block = variant is not None and variant.first == s
        added = coding * variant.added_flops if variant and enters_block else 0.0
        lost = (way.accuracy_loss if link else 0.0) + (variant.accuracy_loss if variant and enters_block else 0.0)
        steps.append(
            Step(
                stage=s,
                option=option,
                tier=tier,
                variant=variant,
                sender=before,
                sender_tier=steps[-1].tier if steps else source,
                link=link,
                way=way,
                sent_bytes=sent,
                back_bytes=sent if again else 0.0,
                reach=reach,
                leave=reach * rate,
                right=reach * mass,
                load=1.0 if instance.run_on else reach,
                lost=reach * lost,
                wait_s=link.seconds(sent) + (link.seconds(sent) if again else 0.0) if link else 0.0,
                encode_s=coding * way.encode_flops / before.flops_per_s if link and before else 0.0,
                decode_s=coding * way.decode_flops / option.flops_per_s if link else 0.0,
                cold_s=cold,
                cold_share=option.cold_share,
                compute_s=own.seconds * factor + added / option.flops_per_s,
                sd_s=option.stage_sd_s[s] * factor if option.stage_sd_s else 0.0,
                flops=own.flops * factor + added,
                coding=coding,
                begins=begins,
                block=block,
                gather_s=block.wait_s if block is not None and block.first == s else 0.0,
            )
        )
        reach *= 1 - rate
    return steps
