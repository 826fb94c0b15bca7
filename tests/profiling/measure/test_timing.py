"""Stages that take a known time, what a pass runs, and the file of times by hand."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from support.tiny_networks import Runs, told
from torch import Tensor, nn

from serflow_opt.profiling.measure.timing import StageTimes, option_name, thread_count, time_stages, write_times
from serflow_opt.profiling.stages.network import MultiExit

PAUSE, SLACK = 0.005, 0.1
"""What a stage sleeps, and what the busiest test machine may add to it, s."""
ONE = torch.zeros(1, 2)


def sleeps() -> Runs:
    """A stage of 5 ms."""
    return Runs(lambda _: time.sleep(PAUSE))


def test_a_stage_takes_as_long_as_it_takes() -> None:
    """A stage that sleeps is slow by its sleep, and its neighbours are not."""
    times = time_stages(MultiExit([nn.Identity(), sleeps(), nn.Identity()]), ONE, warmup=1, repeats=8)
    assert times.seconds.shape == (8, 3)
    assert (times.seconds[:, 1] >= PAUSE).all()
    assert (times.seconds > 0).all()
    quick, slow, last = np.median(times.seconds, axis=0)
    assert PAUSE <= slow < PAUSE + SLACK
    assert max(quick, last) < PAUSE


def test_a_classifier_is_part_of_its_stage() -> None:
    """An exit's time belongs to its stage."""
    network = MultiExit([nn.Identity(), nn.Identity()], {1: sleeps()})
    first, second = np.median(time_stages(network, ONE, warmup=1, repeats=4).seconds, axis=0)
    assert first >= PAUSE > second


def test_a_pass_is_the_sum_of_its_stages() -> None:
    """The mean of a pass is the sum of its stages' means."""
    times = StageTimes(1, 1, np.array([[0.1, 0.2], [0.3, 0.6]]))
    assert times.mean_s == pytest.approx((0.3 + 0.9) / 2)


def test_passes_take_inputs_in_turn_and_warm_up_first() -> None:
    """Two passes of two out of three inputs to warm up, then three that count, going round."""
    seen: list[list[int]] = []
    counted: list[tuple[int, int]] = []
    network = MultiExit([Runs(lambda x: seen.append(x[:, 0].int().tolist()))])
    inputs = torch.arange(3.0).repeat(2, 1).T
    times = time_stages(
        network, inputs, batch=2, warmup=2, repeats=3, on_pass=lambda number: counted.append((number, len(seen)))
    )
    assert seen[2:] == [[0, 1], [2, 0], [1, 2]]
    assert [len(rows) for rows in seen] == [2] * 5
    assert counted == [(1, 3), (2, 4), (3, 5)]
    assert (times.batch, times.seconds.shape) == (2, (3, 1))


def test_the_network_evaluates_without_gradients() -> None:
    """Times are those of evaluation, without gradients."""
    seen: list[tuple[bool, bool]] = []
    stage = Runs(lambda _: seen.append((stage.training, torch.is_grad_enabled())))
    network = MultiExit([stage]).train()
    time_stages(network, ONE, warmup=0, repeats=1)
    assert seen == [(False, False)]


def test_every_classifier_runs_once_a_pass() -> None:
    """Each exit runs once a pass, warm-up included."""
    network = told()
    time_stages(network, torch.zeros(1, 6), warmup=2, repeats=3)
    assert [classifier.calls for classifier in network.exits.values()] == [5, 5, 5]  # type: ignore[union-attr]


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_are_those_asked_for_and_put_back(threads: int) -> None:
    """Times are taken with the threads asked for, which are given back."""
    before, seen = torch.get_num_threads(), set[int]()
    times = time_stages(
        MultiExit([Runs(lambda _: seen.add(torch.get_num_threads()))]), ONE, threads=threads, warmup=0, repeats=2
    )
    assert seen == {threads}
    assert times.threads == threads
    assert torch.get_num_threads() == before


def test_threads_are_put_back_after_an_exception() -> None:
    """A failure in the middle leaves the threads as they were."""
    before = torch.get_num_threads()

    def fail(_: Tensor) -> None:
        assert torch.get_num_threads() == before + 1
        raise RuntimeError("no luck today")

    with pytest.raises(RuntimeError, match="no luck today"):
        time_stages(MultiExit([Runs(fail)]), ONE, threads=before + 1)
    assert torch.get_num_threads() == before
    with pytest.raises(KeyboardInterrupt), thread_count(before + 2):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("threads", "name"), [(0, "gpu"), (1, "1-thread"), (2, "2-threads"), (16, "16-threads")])
def test_options_are_called_by_their_threads(threads: int, name: str) -> None:
    """Options are named by their threads, so that tables can be read."""
    assert option_name(threads) == name
    assert StageTimes(threads, 1, np.ones((1, 1))).option == name


def test_the_file_by_hand(tmp_path: Path) -> None:
    """Times 1, 2, 3 ms: mean 2, sample deviation 1, 95 % at 1 + 0.95 x 2 = 2.9 between the second and the third.

    4, 4, 4 ms are 4 throughout; one pass alone has no deviation.
    """
    first = StageTimes(1, 1, np.array([[1, 4], [2, 4], [3, 4]]) / 1000)
    second = StageTimes(2, 1, np.array([[0.5, 0.25]]) / 1000)
    write_times([first, second], tmp_path / "times.csv")
    assert (tmp_path / "times.csv").read_bytes().decode() == (
        "stage,option,mean_ms,sd_ms,p95_ms,p99_ms\n"
        "1,1-thread,2,1,2.9,2.98\n"
        "2,1-thread,4,0,4,4\n"
        "1,2-threads,0.5,0,0.5,0.5\n"
        "2,2-threads,0.25,0,0.25,0.25\n"
    )
