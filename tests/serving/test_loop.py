"""The loop: what is taken in, decided, kept and gone on from, whatever clocks and disks do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.serving import START_S, HandClocks, counted, loop_on, one_block, two_blocks

from serflow_opt.errors import InputError
from serflow_opt.serving import loop as module
from serflow_opt.serving.loop import ControlLoop, Receipt
from serflow_opt.serving.measurement import MachineReport, Measurement
from serflow_opt.serving.store import StoreError
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.scaling_policy import Orders, Seen

ONE = one_block()


@pytest.fixture
def clocks() -> HandClocks:
    return HandClocks()


def told(loop: ControlLoop, monkeypatch: pytest.MonkeyPatch) -> list[Seen]:
    """What the controller is told, decision by decision."""
    seen: list[Seen] = []
    decide = loop.controller.decide

    def watched(own: Seen) -> Orders:
        seen.append(own)
        return decide(own)

    monkeypatch.setattr(loop.controller, "decide", watched)
    return seen


def test_counts_of_senders_add_up(tmp_path: Path, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two senders, three seconds; a second that nobody told of is not known, not 0; fractions belong to a second."""
    loop = loop_on(tmp_path / "s.db", clocks)
    seen = told(loop, monkeypatch)
    loop.take([counted(ONE, 1, 2, 3, from_s=START_S - 6), counted(ONE, 10, None, 30, from_s=START_S - 5.8)])
    loop.decide()
    assert seen[0].now_s == START_S - 2
    np.testing.assert_array_equal(seen[0].counts[0], [11, 2, 33, np.nan])
    clocks.passes(3)
    loop.take([counted(ONE, 5)])  # the last whole second
    clocks.passes(1)
    loop.decide()
    np.testing.assert_array_equal(seen[1].counts[0], [np.nan, np.nan, np.nan, np.nan])
    clocks.passes(1)
    loop.decide()
    np.testing.assert_array_equal(seen[2].counts[0], [5.0])


def test_what_comes_again_counts_once(tmp_path: Path, clocks: HandClocks) -> None:
    """By the number of the source, also after a restart; others' numbers are their own."""
    loop = loop_on(tmp_path / "s.db", clocks)
    first = counted(ONE, 4, source="a", number=1)
    assert loop.take([first, first, counted(ONE, 4, source="b", number=1)]) == [
        Receipt(1),
        Receipt(repeated=True),
        Receipt(1),
    ]
    loop.store.close()
    loop = loop_on(tmp_path / "s.db", clocks)
    assert loop.take([first]) == [Receipt(repeated=True)]
    assert loop.take([counted(ONE, 4, source="a", number=2)]) == [Receipt(1)]
    assert list(loop.store.counts()) == [(0, int(START_S) - 1, 12.0)]


def test_a_restart_goes_on_as_if_nothing_had_been(tmp_path: Path, clocks: HandClocks) -> None:
    """Interrupted after each step or not at all, orders are the same."""
    found = []
    for restarted in (False, True):
        own, path = HandClocks(), tmp_path / f"{restarted}.db"
        loop = loop_on(path, own, two_blocks())
        documents = []
        for minute in range(12):
            for second in range(60):
                own.passes(1)
                if second % 20 == 19:
                    counts = [30.0 + minute] * 20
                    loop.take([counted(two_blocks(), *counts), counted(two_blocks(), *counts, block=2)])
            loop.take([Measurement(machines=(MachineReport(0, "small", 1, 0, int(minute == 5)),))])
            documents.append(loop.decide())
            if restarted:
                loop.store.close()  # its memory is gone
                loop = loop_on(path, own, two_blocks())
                assert loop.orders == documents[-1]
        found.append(documents)
    assert found[0] == found[1]
    assert found[0][-1]["blocks"][0]["machines"][0]["count"] > 0


def test_late_seconds_are_told_and_left_out(tmp_path: Path, clocks: HandClocks) -> None:
    """They were decided upon."""
    loop = loop_on(tmp_path / "s.db", clocks)
    loop.decide()
    assert loop.take([counted(ONE, 1, 2, 3, 4, from_s=START_S - 4)]) == [Receipt(accepted=2, late=2)]
    assert loop.counts.late == 2
    assert any("came late" in event.text for event in loop.events)


def test_news_are_told_once(tmp_path: Path, clocks: HandClocks) -> None:
    """Of the controller and of the loop, those that are new."""
    loop = loop_on(tmp_path / "s.db", clocks)
    assert loop.news() == []
    loop.take([Measurement(machines=(MachineReport(0, "large", 0, 0, 1),)), counted(ONE, 1, from_s=START_S + 99)])
    loop.decide()
    assert [event.text.partition(":")[0] for event in loop.news()] == [
        "1 x large did not start",
        "requests[0].from_s",
    ]
    assert loop.news() == []
    clocks.wall_s += 60
    loop.decide()
    assert len(loop.news()) == 1
    assert len(loop.events) == 3


def test_stamps_ahead_are_refused(tmp_path: Path, clocks: HandClocks) -> None:
    """By how far, and what to do; the others of the same commit are taken in."""
    loop = loop_on(tmp_path / "s.db", clocks)
    early, good = loop.take([counted(ONE, 1, from_s=START_S + 100), counted(ONE, 1)])
    assert isinstance(early, InputError)
    assert "requests[0].from_s: 1800000100 and 1 s are 101 s ahead of this clock" in str(early)
    assert good == Receipt(1)
    assert loop.counts.early == 1


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 86_400.0 * 365 * 3, -86_400.0 * 365 * 3])
def test_a_clock_that_is_set_loses_nothing(
    tmp_path: Path, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """Senders whose clocks moved along and senders whose did not: every second arrives, and it is told."""
    loop = loop_on(tmp_path / "s.db", clocks)
    seen = told(loop, monkeypatch)
    loop.take([counted(ONE, 9, 9, 9)])
    loop.decide()
    clocks.passes(60)
    clocks.wall_s += jump
    moved, still = clocks.wall_s - 50, clocks.wall_s - jump - 40
    assert loop.take([counted(ONE, 7, from_s=moved), counted(ONE, 8, from_s=still)]) == [Receipt(1), Receipt(1)]
    loop.decide()
    expected = np.full(60, np.nan)
    expected[:2], expected[12], expected[22] = 9, 7, 8  # decided were the seconds up to two before the start
    np.testing.assert_array_equal(seen[1].counts[0], expected)
    assert loop.counts.clock_jumps == 1
    assert any("clock of this machine was set" in event.text for event in loop.events)


def test_a_clock_set_back_while_nobody_ran(tmp_path: Path, clocks: HandClocks) -> None:
    """The own clock goes on from where it was; senders who were set back, too, are understood."""
    loop = loop_on(tmp_path / "s.db", clocks)
    loop.take([counted(ONE, 5)])
    loop.decide()
    loop.store.close()
    clocks.wall_s -= 7200
    loop = loop_on(tmp_path / "s.db", clocks)
    clocks.passes(10)
    assert loop.take([counted(ONE, 5, from_s=clocks.wall_s - 3)]) == [Receipt(1)]
    assert loop.decide()["number"] == 2


def test_a_long_stop_takes_no_more_memory_than_two_days(
    tmp_path: Path, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three years later."""
    loop = loop_on(tmp_path / "s.db", clocks)
    loop.take([counted(ONE, 5)])
    loop.decide()
    clocks.passes(86_400 * 365 * 3)
    seen = told(loop, monkeypatch)
    loop.take([counted(ONE, 5)])
    loop.decide()
    assert len(seen[0].counts[0]) == 2 * 86_400


def test_what_cannot_be_kept_is_not_taken_in(
    tmp_path: Path, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither measurements nor decisions: all is as before, and the same can be tried again."""
    loop = loop_on(tmp_path / "s.db", clocks)
    loop.take([counted(ONE, *[50] * 60)])
    clocks.passes(3)
    loop.decide()
    before = (loop.controller.state(), loop.machines.state(), loop.orders)
    whole, sent = loop.store.keep, [counted(ONE, 1), Measurement(machines=(MachineReport(0, "large", 9),))]

    def full(key: str, value: Any) -> None:
        raise StoreError("full")

    monkeypatch.setattr(loop.store, "keep", full)
    with pytest.raises(StoreError):
        loop.take(sent)
    with pytest.raises(StoreError):
        loop.decide()
    assert (loop.controller.state(), loop.machines.state(), loop.orders) == before
    assert loop.counts.store_failures == 2
    monkeypatch.setattr(loop.store, "keep", whole)
    assert loop.take(sent) == [Receipt(1), Receipt()]
    assert loop.decide()["number"] == 2


def test_sources_are_forgotten_in_the_end(tmp_path: Path, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those unheard of for longest, in memory and in the file."""
    monkeypatch.setattr(module, "MOST_SOURCES", 3)
    loop = loop_on(tmp_path / "s.db", clocks)
    for source in "abcade":
        loop.take([counted(ONE, 1, source=source, number=ord(source) + len(loop.store.sources()))])
        clocks.passes(1)
    assert list(loop.store.sources()) == list(loop._sources) == ["a", "d", "e"]


def test_orders_grow_stale(tmp_path: Path, clocks: HandClocks) -> None:
    """After three intervals without a decision; the next is due after one."""
    loop = loop_on(tmp_path / "s.db", clocks)
    assert loop.stale
    loop.decide()
    assert loop.due_s == START_S + 60
    assert not loop.stale
    clocks.passes(181)
    assert loop.stale
    assert loop.age_s == 181


def test_reports_of_machines_reach_the_controller(
    tmp_path: Path, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And starts that failed and requests that were refused, once."""
    loop = loop_on(tmp_path / "s.db", clocks)
    seen = told(loop, monkeypatch)
    loop.take([Measurement(machines=(MachineReport(0, "large", 2, 1, 4),), throttled=((0, 6),))])
    loop.decide()
    clocks.passes(60)
    loop.decide()
    assert (seen[0].ready, seen[0].starting, seen[0].failed, seen[0].throttled) == (
        ({"large": 2},),
        ({"large": 1},),
        ({"large": 4},),
        (6,),
    )
    assert (seen[1].ready, seen[1].failed, seen[1].throttled) == (({"large": 2},), ({"large": 0},), (0,))


def test_the_loop_orders_what_the_controller_alone_orders(tmp_path: Path, clocks: HandClocks) -> None:
    """Told the same seconds."""
    loop, alone = loop_on(tmp_path / "s.db", clocks, settle_s=0.0), Controller(one_block(), every_s=60.0)
    have: dict[str, int] = {"large": 0}
    for minute in range(10):
        counts = [40.0 + 5 * minute] * 60
        clocks.passes(60)
        report = MachineReport(0, "large", have["large"])
        loop.take([counted(ONE, *counts), Measurement(machines=(report,))])
        said = loop.decide()["blocks"][0]
        seen = Seen(START_S + 60 * (minute + 1), (np.array(counts),), (have,), ({},), ({},), (0,))
        orders = alone.decide(seen)
        assert said["machines"][0]["count"] == orders.machines[0]["large"]
        assert said["queue_max"] == orders.queue_max[0]
        have = {"large": orders.machines[0]["large"]}
    assert have["large"] > 2
