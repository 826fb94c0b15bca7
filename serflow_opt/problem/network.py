"""A network: stages, exits, the ways to hand over between stages, variants of blocks, and samples of its exits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stage:
    """A contiguous block of the network (the survey's partition pid).

    Attributes
    ----------
    flops
        f_s, operations per request, FLOP.
    activation_bytes
        a_s, size of what the stage hands on, bytes.
    parameter_bytes
        w_s, bytes.
    backward_flops
        Operations of the way back in training, FLOP; None: `BACKWARD` times flops. In an instance in mode train `flops`
        has them, too.
    """

    flops: float
    activation_bytes: float
    parameter_bytes: float
    backward_flops: float | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    """What can happen at the end of a stage, one entry a threshold.

    A stage without classifier has one entry that lets nobody leave; the last stage has one that lets everybody
    leave.

    Attributes
    ----------
    thresholds
        α, rising; empty for a stage without classifier.
    exit_rates
        ε_{s,l}, P(leaves here | reached the stage), weakly falling.
    accuracies
        r_{s,l}, accuracy of those that leave; NaN at the last stage when nothing is known about accuracy.
    """

    thresholds: tuple[float, ...]
    exit_rates: tuple[float, ...]
    accuracies: tuple[float, ...]

    @property
    def chooses(self) -> bool:
        """Whether there is more than one entry to choose from."""
        return len(self.exit_rates) > 1

    def lets_all_leave(self, weights: Sequence[float]) -> bool:
        """Whether everybody leaves with entries used so often: a share ever so near to 1 sends somebody on."""
        if max(self.exit_rates) < 1:  # the last stage is mostly the only one with such an entry
            return False
        return all(rate >= 1 for rate, weight in zip(self.exit_rates, weights, strict=True) if weight > 0)


NO_CLASSIFIER = Menu((), (0.0,), (0.0,))


@dataclass(frozen=True, slots=True)
class HandoverMode:
    """One way to hand over before a stage: a compression (survey's γ) and a protection (survey 2.2.2).

    Attributes
    ----------
    compression, protection, scale
        Their names, and the strength of the protection.
    kept
        Bytes on the link / bytes of the activation.
    encode_flops, decode_flops
        Operations added on the option that sends and on the one that receives.
    accuracy_loss
        Share of right answers lost by those that cross; negative where it helps.
    cross_entropy, cross_entropy_added
        Nats, with this way and more than without; None: unknown.
    mse
        Error of an attacker's reconstruction; None: unknown.
    leak
        1 - mse / error of an attacker who sees nothing, 0 at least; 1 where unknown.
    """

    compression: str = "none"
    protection: str = "none"
    scale: float = 0.0
    kept: float = 1.0
    encode_flops: float = 0.0
    decode_flops: float = 0.0
    accuracy_loss: float = 0.0
    cross_entropy: float | None = None
    cross_entropy_added: float = 0.0
    mse: float | None = None
    leak: float = 1.0


PLAIN = HandoverMode()
"""As it is: neither compressed nor protected."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another form of a block of stages: quantised, pruned, distilled (survey's κ).

    Attributes
    ----------
    first, last
        Positions of its first and last stage.
    flops_factor, parameters_kept, activations_kept
        Times those of each stage of the block as it is.
    added_flops
        Operations added in its first stage.
    accuracy_loss
        Share of right answers lost by those that enter the block.
    menus
        Own menus of stages in the block, by position; others keep theirs.
    added_parameter_bytes
        Parameters added in its first stage, bytes.
    ramp
        Whether it is a stage with its classifier on, which as it is has none (`ramps.py`).
    """

    name: str
    first: int
    last: int
    flops_factor: float = 1.0
    added_flops: float = 0.0
    parameters_kept: float = 1.0
    activations_kept: float = 1.0
    accuracy_loss: float = 0.0
    menus: dict[int, Menu] = field(default_factory=dict)
    added_parameter_bytes: float = 0.0
    ramp: bool = False

    def covers(self, stage: int) -> bool:
        """Whether the stage at this position is in the block."""
        return self.first <= stage <= self.last


@dataclass(frozen=True, slots=True)
class Privacy:
    """How leaks and lost cross-entropy are weighed, and what is asked of hand-overs; None where nothing is."""

    weight_mse: float = 1.0
    weight_cross_entropy: float = 0.0
    mse_min: float | None = None
    cross_entropy_max: float | None = None


UNWEIGHED = Privacy()
"""Leaks count as they are, and nothing is asked of hand-overs."""
OFF = 2.0
"""A threshold that no confidence reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One row per validation sample.

    Attributes
    ----------
    confidence
        Largest softmax probability at each exit, N x exits.
    correct
        Whether the exit was right, N x exits.
    classifier_stages
        Stage (1..M) of each exit.
    held_out
        Rows kept out of the derived tables, length N.
    """

    confidence: NDArray[np.float64]
    correct: NDArray[np.bool_]
    classifier_stages: tuple[int, ...]
    held_out: NDArray[np.bool_]
