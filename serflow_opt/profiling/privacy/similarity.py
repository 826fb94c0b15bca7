"""How alike two batches are: squared error and structural similarity by image, distance correlation as a whole."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
"""Window side and standard deviation, pixels, and the two constants of Wang et al. (2004), section III-B."""


def squared_error(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean squared difference of each pair of rows, N, in squared units of the inputs."""
    return (x - y).flatten(1).square().mean(dim=1)


def structural_similarity(x: Tensor, y: Tensor, data_range: float) -> Tensor:
    """Return the mean structural similarity (SSIM) of each pair of images.

    Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, *Image Quality Assessment: From Error Visibility to
    Structural Similarity*, IEEE Transactions on Image Processing 13(4), 2004, equation 13 averaged by equation 17.

    Parameters
    ----------
    x, y
        Images, N x channels x height x width.
    data_range
        Largest minus smallest value a pixel can have, L.

    Returns
    -------
    Tensor
        N values from -1 to 1: the mean over channels and over the places where the Gaussian window lies inside the
        image. On images smaller than 11 pixels the window shrinks to the largest odd side that fits, cut from the
        same Gaussian (σ = 1.5) and scaled to sum 1 again.
    """
    line = _window(min(WINDOW, *x.shape[-2:]), x)

    def local(values: Tensor) -> Tensor:
        single = values.flatten(0, 1)[:, None]
        blurred = functional.conv2d(functional.conv2d(single, line[None, None, :, None]), line[None, None, None, :])
        return blurred.view(*values.shape[:2], *blurred.shape[2:])

    mean_x, mean_y = local(x), local(y)
    variance_x = local(x * x) - mean_x**2
    variance_y = local(y * y) - mean_y**2
    covariance = local(x * y) - mean_x * mean_y
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return (luminance * structure).flatten(1).mean(dim=1)


def _window(side: int, like: Tensor) -> Tensor:
    """Return one line of the Gaussian window (it is a product of two), of the largest odd length that fits, sum 1."""
    reach = (side - 1) // 2
    line = torch.arange(-reach, reach + 1, dtype=like.dtype, device=like.device)
    bell = torch.exp(-(line**2) / (2 * SIGMA**2))
    return bell / bell.sum()


def distance_correlation(x: Tensor, y: Tensor) -> Tensor:
    """Return the sample distance correlation of two batches, 0..1, differentiable.

    G. J. Székely, M. L. Rizzo and N. K. Bakirov, *Measuring and testing dependence by correlation of distances*,
    Annals of Statistics 35(6), 2007, definitions 4 and 5 with exponent 1. It is the plain statistic, as in training
    against leaks (Vepakomma et al., *NoPeek*, 2020; survey 3.2.2), so it is above 0 for independent batches too,
    the more the smaller the batch and the more values a row has.

    Parameters
    ----------
    x, y
        N rows each; their shapes beyond the first dimension may differ.

    Returns
    -------
    Tensor
        A scalar; 0 when all rows of one batch are equal. The gradient is 0 where a root has none: at equal rows and
        at correlation 0.
    """
    a, b = _centred_distances(x), _centred_distances(y)
    spread = _root((a * a).mean() * (b * b).mean())
    return _root((a * b).mean() / torch.where(spread > 0, spread, 1))


def _centred_distances(x: Tensor) -> Tensor:
    """Return the distances between rows less their row and column means plus their mean, N x N."""
    rows = x.flatten(1)
    rows = rows - rows[:1].detach()  # distances stay, and equal rows become exactly zero
    products = rows @ rows.T
    norms = products.diagonal()
    sums = norms[:, None] + norms[None, :]
    squared = sums - 2 * products
    noise = 4 * torch.finfo(x.dtype).eps * sums  # below this the difference is rounding
    distances = _root(torch.where(squared > noise, squared, 0))
    return distances - distances.mean(0, keepdim=True) - distances.mean(1, keepdim=True) + distances.mean()


def _root(value: Tensor) -> Tensor:
    """Return the square root, 0 with gradient 0 where the value is not positive."""
    positive = value > 0
    return torch.where(positive, torch.where(positive, value, 1).sqrt(), 0)
