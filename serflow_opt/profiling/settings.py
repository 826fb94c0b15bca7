"""What `profile` is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from serflow_opt.ground.moved import old_names
from serflow_opt.profiling.measure.training import TrainingSettings
from serflow_opt.profiling.rounds.measure import Federation

if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """What to do with the network.

    Attributes
    ----------
    training, how
        no: take the weights as they are; joint: train everything; frozen: train the early classifiers alone.
    seed
        Draws the weights and the parts of the data.
    threads
        Numbers of threads to time with.
    work_threads
        Threads for everything else; None: all there are.
    batches
        Sizes of batches to time beside single inputs; none: no batches.
    warmup, repeats
        Passes before, and passes timed.
    most, input_shape
        Stages to cut into at most; shape of one input where neither data nor architecture tell it.
    privacy, compression
        Also measure reconstruction by an attacker, and compression, at every cut.
    trained
        Inputs of a mini-batch whose ways there and back are timed, too; 0: none.
    federation
        Simulated clients to train a copy of the network among; None: none.
    cuts, epsilons
        Cuts to do that at, and budgets of the noise; None: all, and those of `privacy`.
    seeds
        Of the repetitions of the attack.
    device
        Where to train, and to time beside the CPU: auto, cpu, cuda.
    """

    training: Literal["no", "joint", "frozen"] = "no"
    how: TrainingSettings = field(default_factory=TrainingSettings)
    seed: int = 0
    threads: tuple[int, ...] = (1,)
    work_threads: int | None = None
    batches: tuple[int, ...] = ()
    warmup: int = 20
    repeats: int = 500
    most: int | None = None
    input_shape: tuple[int, ...] | None = None
    privacy: bool = False
    compression: bool = False
    trained: int = 0
    federation: Federation | None = None
    cuts: tuple[int, ...] | None = None
    epsilons: tuple[float, ...] | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    device: str = "auto"
