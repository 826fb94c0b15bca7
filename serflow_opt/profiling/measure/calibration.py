"""Make confidences mean what they say: one temperature a classifier (Guo et al., ICML 2017, section 4.2).

T divides the logits before the softmax and is the one that minimises the cross-entropy on the calibration part. It
changes how sure an answer is, never which answer it is; thresholds on confidences become comparable between exits.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.training import all_logits
from serflow_opt.profiling.stages.network import MultiExit

LOG_T = 5.0
"""T is sought between exp(-5) and exp(5)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A classifier's temperature, and its expected calibration error before and after, on the data of the fit."""

    stage: int
    temperature: float
    error_before: float
    error_after: float


def calibrate(network: MultiExit, data: Labelled) -> list[Calibration]:
    """Set the network's temperatures, in place.

    Raises
    ------
    ValueError
        When there are no data.
    """
    if not len(data):
        raise ValueError("no data to calibrate with")
    done = []
    for position, (stage, logits) in enumerate(
        zip(network.classifier_stages, all_logits(network, data.inputs), strict=True)
    ):
        temperature = best_temperature(logits, data.labels)
        network.temperatures[position] = temperature
        before, after = (calibration_error(logits / t, data.labels) for t in (1.0, temperature))
        done.append(Calibration(stage, temperature, before, after))
    return done


def best_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the T that minimises the cross-entropy of softmax(logits / T), which is convex in 1 / T.

    One more answer is counted that spreads evenly over the classes (as Platt, 1999, counts one of each kind): where
    every answer is right, T would fall to 0 and all confidences be 1.
    """
    from scipy.optimize import minimize_scalar

    logits, labels = logits.double().cpu(), labels.cpu()

    def loss(log_t: float) -> float:
        log_p = torch.log_softmax(logits / np.exp(log_t), dim=1)
        return -float(log_p.gather(1, labels[:, None]).sum() + log_p.mean(dim=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-LOG_T, LOG_T), method="bounded").x))


def calibration_error(logits: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Return the expected calibration error: |accuracy - confidence| in equal bins of confidence, weighted by size.

    Parameters
    ----------
    logits, labels
        Answers, N x K, and the right classes, N.
    bins
        Number of bins, of equal width (Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017, section 2).
    """
    confidence, answer = torch.softmax(logits, dim=1).max(dim=1)
    sure: NDArray[np.float64] = confidence.double().cpu().numpy()
    right: NDArray[np.bool_] = (answer == labels).cpu().numpy()
    error = 0.0
    for low, high in pairwise(np.linspace(0, 1, bins + 1)):
        inside = (sure > low) & (sure <= high)
        if inside.any():
            error += float(inside.mean()) * abs(float(right[inside].mean()) - float(sure[inside].mean()))
    return error
