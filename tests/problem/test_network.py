"""Menus and variants of a network."""

from __future__ import annotations

from serflow_opt.problem.network import NO_CLASSIFIER, Menu, Variant


def test_everybody_leaves_only_at_a_share_of_one() -> None:
    """A share ever so near to 1, used ever so seldom, sends somebody on; one that is not used does not."""
    menu = Menu((0.1, 0.5, 0.9), (1.0, 1.0 - 1e-12, 0.3), (0.8, 0.8, 0.9))
    assert menu.lets_all_leave((1.0, 0.0, 0.0))
    assert not menu.lets_all_leave((0.0, 1.0, 0.0))
    assert not menu.lets_all_leave((0.999, 0.0, 0.001))
    assert menu.chooses
    assert not NO_CLASSIFIER.chooses
    assert not NO_CLASSIFIER.lets_all_leave((1.0,))


def test_a_variant_covers_its_block_and_no_more() -> None:
    """Both ends belong to it."""
    variant = Variant("int8", 1, 2)
    assert [variant.covers(s) for s in range(4)] == [False, True, True, False]
