"""MobileNet-V3 against the tables of its paper."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")


from support.counted_networks import FP32, built, counted, parameters

MOBILENET = """
3 16 16 - RE 1
3 64 24 - RE 2
3 72 24 - RE 1
5 72 40 SE RE 2
5 120 40 SE RE 1
5 120 40 SE RE 1
3 240 80 - HS 2
3 200 80 - HS 1
3 184 80 - HS 1
3 184 80 - HS 1
3 480 112 SE HS 1
3 672 112 SE HS 1
5 672 160 SE HS 2
5 960 160 SE HS 1
5 960 160 SE HS 1
"""
"""Table 1 of the paper: kernel, expanded size, output channels, squeeze-and-excite, non-linearity, stride."""
SQUEEZED = {72: 24, 120: 32, 480: 120, 672: 168, 960: 240}
"""A quarter of the expanded channels, rounded to a multiple of 8 (18 would lose more than a tenth as 16)."""


def mobilenet_by_hand() -> tuple[list[int], list[int], int]:
    """Return multiply-accumulates and outputs of each stage, and the learnt parameters."""

    def normalised(weights: int, channels: int) -> int:
        return weights + 2 * channels

    macs, sizes = [27 * 16 * 112**2], [16 * 112**2]
    learnt = normalised(27 * 16, 16)
    channels, size = 16, 112
    for row in MOBILENET.split("\n")[1:-1]:
        kernel, expanded, outputs, excite, _, stride = row.split()
        k, e, o = int(kernel), int(expanded), int(outputs)
        work = 0
        if e != channels:
            work += channels * e * size**2
            learnt += normalised(channels * e, e)
        size //= int(stride)
        work += k**2 * e * size**2 + e * o * size**2
        learnt += normalised(k**2 * e, e) + normalised(e * o, o)
        if excite == "SE":
            work += 2 * e * SQUEEZED[e]
            learnt += 2 * e * SQUEEZED[e] + e + SQUEEZED[e]
        macs.append(work)
        sizes.append(o * size**2)
        channels = o
    macs += [160 * 960 * 7**2, 960 * 1280 + 1280 * 1000]
    learnt += normalised(160 * 960, 960) + 960 * 1280 + 1280 + 1280 * 1000 + 1000
    return macs, [*sizes, 960, 1000], learnt


def test_mobilenet_v3_large() -> None:
    """MobileNet-V3 has the operations of its table, within rounding of what the paper prints."""
    macs, sizes, learnt = mobilenet_by_hand()
    stages, network = counted("mobilenet-v3-large")
    assert [s.flops for s in stages] == [2 * m for m in macs]
    assert [s.activation_bytes for s in stages] == [FP32 * size for size in sizes]
    assert parameters(network) == learnt == 5_483_032
    # table 3 of the paper prints 219 M and 5.4 M
    assert sum(macs) == pytest.approx(219e6, rel=0.02)
    assert learnt == pytest.approx(5.4e6, rel=0.02)


def test_mobilenet_non_linearities_follow_the_table() -> None:
    """Each row of the paper's table has its own non-linearity."""
    network = built("mobilenet-v3-large")
    for row, stage in zip(MOBILENET.split("\n")[1:-1], network.stages[1:16], strict=True):
        kinds = {type(module).__name__ for module in stage.modules()}
        assert ("Hardswish" in kinds) == ("HS" in row)
        assert ("Hardsigmoid" in kinds) == ("SE" in row)
