"""What every classifier says of every measured input: the rows of samples.csv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from serflow_opt.files import write_atomically
from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.training import all_logits
from serflow_opt.profiling.stages.network import MultiExit


@dataclass(frozen=True, slots=True, eq=False)
class ExitSamples:
    """Answers of the exits.

    Attributes
    ----------
    labels
        True class, N.
    confidence
        Largest calibrated softmax probability, N x exits.
    answer
        Class answered, N x exits.
    """

    labels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    answer: NDArray[np.int64]

    @property
    def accuracy(self) -> tuple[float, ...]:
        """Share right by exit, had every input gone that far."""
        return tuple((self.answer == self.labels[:, None]).mean(axis=0).tolist())


def sample_exits(network: MultiExit, data: Labelled) -> ExitSamples:
    """Run every input through every classifier."""
    logits = all_logits(network, data.inputs)
    pairs = zip(network.classifier_stages, logits, strict=True)
    with torch.inference_mode():
        confidence = torch.stack([network.confidence(stage, answer) for stage, answer in pairs], dim=1)
        answer = torch.stack([answer.argmax(dim=1) for answer in logits], dim=1)
    return ExitSamples(data.labels.cpu().numpy(), confidence.double().cpu().numpy(), answer.cpu().numpy())


def write_samples(samples: ExitSamples, path: Path) -> None:
    """Write sample_id,label,conf_exit1,pred_exit1,correct_exit1,...

    Confidences keep every digit: a threshold that is one of them has to find its own sample.
    """
    exits = range(samples.confidence.shape[1])
    header = ["sample_id", "label"] + [f"{what}_exit{k + 1}" for k in exits for what in ("conf", "pred", "correct")]
    lines = [",".join(header)]
    for row, label in enumerate(samples.labels.tolist()):
        cells = [str(row), str(label)]
        for k in exits:
            answer = int(samples.answer[row, k])
            cells += [f"{samples.confidence[row, k]:.17g}", str(answer), str(int(answer == label))]
        lines.append(",".join(cells))
    write_atomically(path, lambda draft: draft.write_text("\n".join(lines) + "\n", encoding="utf-8"))
