"""Parts of a data set: disjoint, complete, alike, and the same for the same seed."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from serflow_opt.profiling.data.parts import SHARES, DataParts, Labelled, split


def numbered(*counts: int) -> Labelled:
    """Inputs that are their own number, with so many of each class, in turn."""
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
    return Labelled(torch.arange(len(labels)).reshape(-1, 1), labels)


def numbers(data: Labelled) -> list[int]:
    return data.inputs.squeeze(1).tolist()


@pytest.mark.parametrize("counts", [(100, 100), (40, 160, 7), (1, 1, 1), (3,), (1000, 11)])
def test_parts_are_disjoint_and_cover_everything(counts: tuple[int, ...]) -> None:
    """No input is in two parts and none is lost: leaks between parts would flatter every measure."""
    drawn = [number for part in split(numbered(*counts), seed=3) for number in numbers(part)]
    assert sorted(drawn) == list(range(sum(counts)))


def test_shares_add_up() -> None:
    """The shares of all parts are the whole."""
    assert sum(SHARES.values()) == pytest.approx(1)
    assert tuple(SHARES) == DataParts._fields


def test_every_class_is_split_alike() -> None:
    """Each class has its share in each part."""
    parts = split(numbered(200, 40, 100))
    assert [part.labels.bincount().tolist() for part in parts] == [
        [80, 16, 40],  # 40 %
        [10, 2, 5],  # 5 %
        [30, 6, 15],  # 15 %
        [80, 16, 40],  # the rest
    ]


def test_what_rounding_leaves_is_measured() -> None:
    """Inputs left over by rounding go to the measured part."""
    parts = split(numbered(13))  # 5.2, 0.65, 1.95, and the rest
    assert [len(part) for part in parts] == [5, 1, 2, 5]


def test_many_small_classes_fill_every_part() -> None:
    """Of 200 classes of five 5 % are calibrated with, though 5 % of five are less than one."""
    parts = split(numbered(*[5] * 200))
    for part, share in zip(parts, SHARES.values(), strict=True):
        assert len(part) == pytest.approx(1000 * share, rel=0.2)


def test_shares_of_ones_own() -> None:
    """Shares given by the caller are kept, a part of none included."""
    parts = split(numbered(10, 20), shares={"train": 0.5, "calibration": 0.2, "attack": 0.0})
    assert [part.labels.bincount(minlength=2).tolist() for part in parts] == [[5, 10], [2, 4], [0, 0], [3, 6]]


def test_inputs_keep_their_labels() -> None:
    """Shuffling moves inputs and labels together."""
    data = numbered(50, 30)
    for part in split(data, seed=5):
        assert part.labels.tolist() == [0 if number < 50 else 1 for number in numbers(part)]


def test_classes_are_mixed() -> None:
    """Data sorted by class come out shuffled: the chance that 40 + 40 labels stay sorted is 1 / C(80, 40)."""
    labels = split(numbered(100, 100)).train.labels
    assert labels.tolist() != labels.sort().values.tolist()


def test_the_same_seed_draws_the_same_parts_whatever_was_drawn_before() -> None:
    """Parts hang on their seed alone, and draw from nobody else's generator."""
    data = numbered(60, 60)
    torch.manual_seed(1)
    first = split(data, seed=7)
    torch.manual_seed(2)
    torch.rand(5)
    state = torch.get_rng_state()
    second = split(data, seed=7)
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(first, second, strict=True))
    assert torch.equal(torch.get_rng_state(), state), "the generator of others is left alone"
    assert numbers(split(data, seed=8).train) != numbers(first.train)


def test_classes_and_rows() -> None:
    """The number of classes is that of the largest label, and rows come in the order asked for."""
    data = numbered(2, 0, 3)
    assert (len(data), data.classes) == (5, 3)
    some = data.rows(torch.tensor([4, 0]))
    assert (numbers(some), some.labels.tolist()) == ([4, 0], [2, 0])
