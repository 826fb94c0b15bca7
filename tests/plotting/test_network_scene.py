"""Where everything is in a picture of a network: columns, strips of tiers, and letters that fit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support import tiny

from serflow_opt.plan.decision import Decision
from serflow_opt.plan.walk import walk
from serflow_opt.plotting.network_scene import BOX, HOP, Scene, new_axes, pen_for, scene_of

matplotlib.use("Agg")
SPLIT, WHOLE = Decision((0, 1), ((1.0, 0.0), (1.0,))), Decision((0, 0), ((1.0, 0.0), (1.0,)))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def scene(decision: Decision) -> Scene:
    """Of the two stages on VM and function, or on the VM alone."""
    instance = tiny.two_stages()
    return scene_of(instance, walk(instance, decision))


def test_columns_are_further_apart_where_a_link_is_crossed() -> None:
    """From the client into the first stage, and between VM and function; within the VM the next is one further."""
    split, whole = scene(SPLIT), scene(WHOLE)
    assert split.x == pytest.approx([1 + HOP, 2 + 2 * HOP])
    assert whole.x == pytest.approx([1 + HOP, 2 + HOP])
    assert split.right >= split.x[-1] + BOX / 2


def test_strips_lie_below_each_other() -> None:
    """Client, VM, function from above; a tier that runs nothing is a thin one; the lanes of the bars are below all."""
    for own, used in ((scene(SPLIT), [True, True, True]), (scene(WHOLE), [True, True, False])):
        bands = list(own.bands.values())
        assert [band.name for band in bands] == ["client", "vm", "fn"]
        assert [band.used for band in bands] == used
        for band, below in pairwise(bands):
            assert band.high > band.centre > band.low == below.high
        assert own.lanes[1] < own.lanes[0] < bands[-1].low
        assert own.bottom < own.lanes[1]
    thin = scene(WHOLE).bands["fn"]
    assert thin.high - thin.low < scene(SPLIT).bands["fn"].high - scene(SPLIT).bands["fn"].low


def test_stages_of_one_option_share_a_colour() -> None:
    """Both on the VM are alike, VM and function are not."""
    assert len(set(scene(WHOLE).colours)) == 1
    assert len(set(scene(SPLIT).colours)) == 2


def test_letters_fit_the_picture() -> None:
    """From 5 to 8 points, smaller on a small figure; dollar signs are no formula."""
    own = scene(SPLIT)
    large = pen_for(new_axes(own), own)
    small = pen_for(plt.subplots(figsize=(2, 1))[1], own)
    assert 5.0 <= small.size <= large.size <= 8.0
    large.write(0.0, 0.0, "$1 and $2")
    large.ax.figure.canvas.draw()
    assert large.ax.texts[0].get_fontsize() == large.size
    large.write(0.0, 0.0, "x", fontsize=5.5)
    assert large.ax.texts[1].get_fontsize() == 5.5
